use std::process::Command;

use mongodb::bson::{DateTime, Document, doc};

use crate::support::{App, PASSWORD};

/// Runs a command against the app's database. Returns whether it succeeded, and its output.
fn cloakroom(app: &App, arguments: &[&str]) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_cloakroom"))
        .args(arguments)
        .env("MONGODB_URI", app.uri())
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

#[rocket::async_test]
async fn only_an_admin_gets_in_and_grant_makes_one() {
    let app = App::on_mongodb().await;
    app.browser().get("/admin").await.expect_redirect("/login?next=/admin");
    let mut rosa = app.browser();
    rosa.sign_up("Rosa").await;
    assert_eq!(rosa.get("/admin").await.status, 403);

    let (ok, text) = cloakroom(&app, &["grant", "rosa"]);
    assert!(ok && text.contains("is now an admin"), "{text}");
    rosa.get("/admin").await.expect_page(200, "Rosa");
    assert!(cloakroom(&app, &["revoke", "rosa"]).0);
    assert_eq!(rosa.get("/admin").await.status, 403, "at the very next request");
    let (ok, text) = cloakroom(&app, &["grant", "unknown"]);
    assert!(!ok && text.contains("\"unknown\""), "{text}");
}

#[rocket::async_test]
async fn an_admin_ends_the_sessions_of_any_user() {
    let app = App::on_mongodb().await;
    let (mut admin, mut rosa, mut phone) = (app.browser(), app.browser(), app.browser());
    admin.sign_up("ada").await;
    rosa.sign_up("rosa").await;
    phone.log_in("rosa").await;
    let path = "/admin/sessions/revoke";
    assert_eq!(rosa.post(path, &[("username", "ada")]).await.status, 403, "no admin");
    app.browser().post(path, &[("username", "rosa")]).await.expect_redirect("/login?next=/admin");
    assert!(cloakroom(&app, &["grant", "ada"]).0);
    for unknown in ["unknown", "", "$ne"] {
        let answer = admin.post(path, &[("username", unknown)]).await;
        answer.expect_error_at(422, "username");
    }
    admin.post(path, &[("username", "Rosa")]).await.expect_redirect("/admin");
    admin.get("/admin").await.expect_page(200, "id=\"flash\"");
    assert!(!rosa.is_logged_in().await && !phone.is_logged_in().await);
    rosa.get("/login").await.expect_page(200, "data-ended=\"by-admin\"");
    assert!(admin.is_logged_in().await);
}

#[rocket::async_test]
async fn unlock_resets_the_failed_login_counter() {
    let app = App::on_mongodb().await;
    app.browser().register("rosa").await;
    let (_, text) = cloakroom(&app, &["unlock", "rosa"]);
    assert!(text.contains("No failed logins are counted for rosa."), "{text}");
    while app.browser().try_log_in("rosa", "wrong horse battery").await.status == 422 {}
    assert_eq!(app.browser().try_log_in("rosa", PASSWORD).await.status, 429);
    let (ok, text) = cloakroom(&app, &["unlock", "Rosa"]);
    assert!(ok && text.contains("Reset the failed-login counter of Rosa."), "{text}");
    app.browser().log_in("rosa").await;
}

#[rocket::async_test]
async fn unlock_all_resets_the_counters_of_all_accounts_and_addresses() {
    let app = App::on_mongodb().await;
    app.browser().register("rosa").await;
    let _ = app.browser().try_log_in("rosa", "wrong horse battery").await;
    // The buckets of the account, of the address and of registrations, filled directly in the database.
    let counters = app.database().collection::<Document>("throttle");
    let later = DateTime::from_millis(DateTime::now().timestamp_millis() + 48 * 3_600_000);
    counters.update_many(doc! {}, doc! { "$set": { "until": later } }).await.unwrap();
    assert_eq!(app.browser().try_log_in("rosa", PASSWORD).await.status, 429);
    for wrong in [&["unlock"][..], &["unlock", "rosa", "--all"]] {
        assert!(!cloakroom(&app, wrong).0, "exactly one of both: {wrong:?}");
    }
    assert_eq!(app.browser().try_log_in("rosa", PASSWORD).await.status, 429);
    let (ok, text) = cloakroom(&app, &["unlock", "--all"]);
    assert!(ok && text.contains("Reset all counters"), "{text}");
    assert!(text.contains(" INFO audit: UnlockAll Done address=console"), "{text}");
    app.browser().log_in("rosa").await;
    app.browser().register("ruth").await;
}
