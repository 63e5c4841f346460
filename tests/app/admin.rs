use std::process::Command;

use crate::support::App;

#[rocket::async_test]
async fn only_an_admin_gets_in_and_grant_makes_one() {
    let app = App::on_mongodb().await;
    app.browser().get("/admin").await.expect_redirect("/login?next=/admin");
    let mut rosa = app.browser();
    rosa.sign_up("Rosa").await;
    rosa.get("/admin").await.expect_page(403, "You may not do that");

    let cloakroom = |arguments: &[&str]| {
        let uri = app.uri();
        let output = Command::new(env!("CARGO_BIN_EXE_cloakroom"))
            .args(arguments)
            .env("MONGODB_URI", uri)
            .output()
            .unwrap();
        (
            output.status.success(),
            String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned(),
        )
    };
    let (ok, text) = cloakroom(&["grant", "rosa"]);
    assert!(ok && text.contains("is now an admin"), "{text}");
    rosa.get("/admin").await.expect_page(200, "Rosa");
    assert!(cloakroom(&["revoke", "rosa"]).0);
    assert_eq!(rosa.get("/admin").await.status, 403, "at the very next request");
    let (ok, text) = cloakroom(&["grant", "nobody"]);
    assert!(!ok && text.contains("no account called \"nobody\""), "{text}");
}
