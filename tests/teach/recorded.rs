//! Nothing that is recorded is worth anything to a thief.

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
    let story: [(&str, &[(&str, &str)]); 7] = [
        ("/login", &[("username", "rosa"), ("password", PASSWORD), ("remember", "on")]),
        ("/coat", &[("item", "a red scarf")]),
        ("/coat/count", &[]),
        ("/account/password", &[("current", PASSWORD), ("new", new)]),
        ("/account/sessions/revoke-others", &[("password", new)]),
        ("/logout", &[]),
        ("/login", &[("username", "rosa"), ("password", new)]),
    ];
    for (path, fields) in story {
        rosa.post_patiently(path, fields).await;
        if let Some(ticket) = rosa.ticket() {
            let (sid, signature) = ticket[2..].rsplit_once('.').unwrap();
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
    assert!(text.matches("<li class=\"ray").count() > 80);
    for secret in secrets {
        assert!(!text.contains(&secret), "{secret}");
    }
    assert!(!text.contains("argon2id$"));
}
