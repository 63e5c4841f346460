//! The labs under a crowd: guests displace guests, and what one address or account stores has an end.

use rocket::futures::future::join_all;

use crate::class;
use crate::support::{App, Browser};

/// Boot number and counter in memory, as the page shows them.
async fn little_server(browser: &mut Browser) -> (String, String) {
    let page = browser.get("/lab/two-stores").await.body;
    let shown = |label: &str| {
        let rest = page.split_once(label).unwrap().1.split_once("<dd>").unwrap().1;
        rest.split('<').next().unwrap().to_owned()
    };
    (shown("Boot number"), shown("Counter in its memory"))
}

/// So many requests without a cookie, forty at a time.
async fn crowd(app: &App, count: usize, request: impl AsyncFn(&mut Browser)) {
    for _ in 0..count / 40 {
        join_all((0..40).map(async |_| request(&mut app.browser()).await)).await;
    }
}

#[rocket::async_test]
async fn a_crowd_of_visitors_leaves_a_learners_little_server_alone() {
    let app = class().await;
    let mut rosa = app.browser();
    rosa.sign_up("rosa").await;
    rosa.post("/lab/two-stores", &[("do", "count")]).await;
    let before = little_server(&mut rosa).await;
    assert_eq!(before.1, "1");
    crowd(&app, 1_000, async |visitor| drop(visitor.get("/lab/two-stores").await)).await;
    crowd(&app, 600, async |visitor| {
        visitor.post("/lab/two-stores", &[("do", "count")]).await;
    })
    .await;
    assert_eq!(little_server(&mut rosa).await, before);
}

#[rocket::async_test]
async fn a_visitor_gets_a_little_server_with_the_first_count() {
    let app = class().await;
    let mut visitor = app.browser();
    let none = ("none yet: your first count starts it".to_owned(), "0".to_owned());
    assert_eq!(little_server(&mut visitor).await, none);
    visitor.post("/lab/two-stores", &[("do", "restart")]).await;
    assert_eq!(little_server(&mut visitor).await, none, "there is none to restart");
    assert!(visitor.jar.is_empty(), "nothing is kept");
    visitor.post("/lab/two-stores", &[("do", "count")]).await;
    let (boot, counter) = little_server(&mut visitor).await;
    assert!(boot.parse::<u32>().is_ok() && counter == "1", "{boot} {counter}");
    visitor.post("/lab/two-stores", &[("do", "restart")]).await;
    let again = little_server(&mut visitor).await;
    assert!(again.0 != boot && again.1 == "0", "{again:?}");
}
