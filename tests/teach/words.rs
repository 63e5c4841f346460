//! The words of the lessons: for all visitors, and linked from the lessons.

use std::collections::BTreeSet;

use crate::class;

#[rocket::async_test]
async fn the_words_are_public_in_the_order_of_the_alphabet_and_linked_from_each_lesson() {
    let app = class().await;
    let mut guest = app.browser();
    let page = guest.get("/learn/words").await;
    assert_eq!(page.status, 200);
    let words: Vec<&str> = page
        .body
        .split("<div class=\"why\" id=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
        .collect();
    assert!(words.len() >= 30 && words.is_sorted(), "{words:?}");
    assert_eq!(words.iter().collect::<BTreeSet<_>>().len(), words.len(), "each has its own anchor");
    for word in &words {
        assert!(page.body.contains(&format!("href=\"#{word}\"")), "{word}");
    }
    // Each link leads to a lesson that there is.
    let links: BTreeSet<&str> = page
        .body
        .split("<br><a href=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
        .collect();
    assert!(links.len() > 5, "{links:?}");
    for link in links {
        assert_eq!(guest.get(link).await.status, 200, "{link}");
    }
    for path in ["/learn", "/learn/the-seal", "/learn/http-forgets"] {
        guest.get(path).await.expect_page(200, "href=\"/learn/words\"");
    }
    assert_eq!(guest.session_id(), None, "reading stores nothing");
}
