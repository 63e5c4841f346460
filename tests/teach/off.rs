//! Without `teaching`, there are no lessons and no class.

use crate::class::teacher;
use crate::support::{App, PASSWORD};

#[rocket::async_test]
async fn without_teaching_every_address_of_it_is_a_404_and_no_page_speaks_of_it() {
    for app in App::on_both_stores().await {
        let mut rosa = app.browser();
        rosa.sign_up("rosa").await;
        for path in [
            "/learn",
            "/learn/http-forgets",
            "/learn/handout",
            "/xray",
            "/xray/code/login",
            "/lab/the-seal",
            "/class",
        ] {
            assert_eq!(rosa.get(path).await.status, 404, "{path}");
        }
        assert_eq!(rosa.post("/lab/the-seal", &[("do", "new")]).await.status, 404);
        for path in ["/", "/dashboard", "/account", "/nowhere"] {
            let page = rosa.get(path).await.body;
            for word in ["/learn", "/xray", "x-ray", "xray.css"] {
                assert!(!page.contains(word), "{path} has {word}");
            }
        }
        let attached = |(_, path): &(String, String)| {
            ["/learn", "/lab", "/xray", "/class"].iter().any(|part| path.starts_with(part))
        };
        assert!(!app.routes.iter().any(attached), "{:?}", app.routes);
        rosa.try_log_in("rosa", PASSWORD).await.expect_redirect("/dashboard");
    }
}

/// The check is before all routes; this test shows it for these.
#[rocket::async_test]
async fn forms_of_lessons_and_labs_are_refused_from_another_site() {
    let app = crate::class().await;
    let mut rosa = teacher(&app).await;
    let posts = app.routes.iter().filter(|(method, path)| {
        let is_ours = ["/learn", "/lab", "/class"].iter().any(|part| path.starts_with(part));
        // Lesson 8 takes a form from another site at this address alone (other_site.rs).
        method == "POST" && is_ours && path != "/lab/another-site/target"
    });
    let mut count = 0;
    for (_, path) in posts {
        let path = path.replace("<_>", "the-seal");
        let request = rosa.request(reqwest::Method::POST, &path).form(&[("do", "new")]);
        let answer = rosa.send(request.header("sec-fetch-site", "cross-site")).await;
        assert_eq!(answer.status, 403, "{path}");
        let request = rosa.request(reqwest::Method::POST, &path).body("do=new");
        let answer = rosa.send(request.header("content-type", "text/plain")).await;
        assert_eq!(answer.status, 415, "{path}");
        count += 1;
    }
    assert!(count >= 12, "{count}");
    let progress = app.database().collection::<mongodb::bson::Document>("progress");
    assert_eq!(progress.count_documents(mongodb::bson::doc! {}).await.unwrap(), 0);
}
