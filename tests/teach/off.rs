//! Off means off.

use crate::support::{App, PASSWORD};

#[rocket::async_test]
async fn without_teaching_every_address_of_it_is_a_404_and_no_page_speaks_of_it() {
    for app in App::on_both_stores().await {
        let mut rosa = app.browser();
        rosa.sign_up("rosa").await;
        for path in
            ["/learn", "/learn/http-forgets", "/learn/handout", "/xray", "/xray/x", "/lab/the-seal"]
        {
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
            ["/learn", "/lab", "/xray"].iter().any(|part| path.starts_with(part))
        };
        assert!(!app.routes.iter().any(attached), "{:?}", app.routes);
        rosa.try_log_in("rosa", PASSWORD).await.expect_redirect("/dashboard");
    }
}
