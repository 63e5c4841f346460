//! A thief cannot log in with anything that is recorded, nor with the ID of a recording.

use crate::support::PASSWORD;
use crate::{class, exchanges};

#[rocket::async_test]
async fn no_recording_holds_a_password_a_whole_sid_or_a_signature() {
    let app = class().await;
    let mut rosa = app.browser();
    let (wrong, new) = ("wrong horse battery", "a better horse battery");
    rosa.register("rosa").await;
    rosa.try_log_in("rosa", wrong).await;
    let mut secrets = vec![PASSWORD.to_owned(), wrong.to_owned(), new.to_owned()];
    let mut ids = vec![];
    let forms: [(&str, &[(&str, &str)]); 7] = [
        ("/login", &[("username", "rosa"), ("password", PASSWORD), ("remember", "on")]),
        ("/coat", &[("item", "a red scarf")]),
        ("/coat/count", &[]),
        ("/account/password", &[("current", PASSWORD), ("new", new)]),
        ("/account/sessions/revoke-others", &[("password", new)]),
        ("/logout", &[]),
        ("/login", &[("username", "rosa"), ("password", new)]),
    ];
    for (path, fields) in forms {
        rosa.post_patiently(path, fields).await;
        if let Some(cookie) = rosa.signed_id() {
            let (sid, signature) = cookie[2..].rsplit_once('.').unwrap();
            secrets.extend([sid.to_owned(), sid[..12].to_owned(), signature.to_owned()]);
        }
        secrets.extend(rosa.jar.get("device").cloned());
        let page = rosa.get("/account").await;
        ids.extend(if page.status == 200 { exchanges(&page) } else { vec![] });
    }
    let mut text = rosa.get("/xray").await.body;
    assert!(ids.len() > 8, "{ids:?}");
    for id in &ids {
        text += &rosa.get(&format!("/xray/{id}?step=999")).await.body;
    }
    assert!(text.matches(" data-step=\"").count() > 80);
    for secret in secrets {
        assert!(!text.contains(&secret), "{secret}");
    }
    assert!(!text.contains("argon2id$"));
}

#[rocket::async_test]
async fn an_id_of_an_exchange_gives_a_right_to_read_and_nothing_more() {
    let app = class().await;
    let (mut rosa, mut oskar) = (app.browser(), app.browser());
    oskar.sign_up("oskar").await;
    rosa.sign_up("rosa").await;
    let login = exchanges(&rosa.get("/dashboard").await)[0].clone();
    let lesson = exchanges(&rosa.get("/learn/http-forgets").await)[0].clone();
    let mut old_browser = oskar.copy();
    oskar.post("/logout", &[]).await;
    oskar.log_in("oskar").await;
    for id in [&login, &lesson] {
        let who = format!("/learn/http-forgets/who?page={id}");
        for _ in 0..25 {
            oskar.get(&who).await.expect_page(200, "You are oskar.");
            old_browser.get(&who).await.expect_page(200, "you are anonymous");
        }
        let of_rosa = rosa.get("/xray").await.body;
        assert!(!of_rosa.contains("/who"), "{of_rosa}");
        for _ in 0..25 {
            app.browser().get(&who).await.expect_page(200, "you are anonymous");
        }
    }
    // The request without a cookie belongs to the browser that asked for the lesson's page, once.
    let list = crate::unescape(rosa.get("/xray").await.body);
    assert!(list.contains("POST /login"), "{list}");
    assert_eq!(list.matches("GET /learn/http-forgets/who 200</span>").count(), 1, "{list}");
    assert_eq!(app.browser().get(&format!("/xray/{login}")).await.status, 200, "to read");
}
