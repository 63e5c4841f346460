//! MongoDB is slow, or fails between one command of a request and the next.

use mongodb::Client;
use mongodb::bson::{Document, doc};

use crate::forgotten::{said, words_in};
use crate::support::{App, Browser, Mongod, PASSWORD, cloakroom, launch};

/// A MongoDB server of its own, because a fail point affects all its clients.
async fn world() -> (Mongod, App, Client) {
    let mongod = Mongod::start(&[]);
    let app = App::on(&mongod.database("faults")).await;
    let client = Client::with_uri_str(mongod.database("admin")).await.unwrap();
    (mongod, app, client)
}

async fn tell(client: &Client, mode: &str, data: Document) {
    let fail = doc! { "configureFailPoint": "failCommand", "mode": mode, "data": data };
    client.database("admin").run_command(fail).await.unwrap();
}

#[rocket::async_test]
async fn a_redirect_never_overtakes_a_slow_save() {
    let (mongod, app, client) = world().await;
    let mut rosa = app.browser();
    rosa.register("rosa").await;
    let slow = doc! { "failCommands": ["insert"], "blockConnection": true, "blockTimeMS": 200 };
    tell(&client, "alwaysOn", slow).await;
    for _ in 0..5 {
        rosa.log_in("rosa").await;
        // Another connection: a new client with the same cookies.
        rosa.copy().get("/dashboard").await.expect_page(200, "rosa");
    }
    mongod.stop();
}

#[rocket::async_test]
async fn no_cookie_goes_out_for_a_session_that_was_not_stored() {
    let (mongod, app, client) = world().await;
    let mut rosa = app.browser();
    rosa.register("rosa").await;
    let broken = |command: &str| doc! { "failCommands": [command], "errorCode": 1 };
    tell(&client, "alwaysOn", broken("insert")).await;
    let fields = [("username", "rosa"), ("password", PASSWORD)];
    let answer = rosa.post("/login", &fields).await;
    assert_eq!((answer.status, answer.session_cookie()), (503, None));
    assert_eq!(answer.header("cache-control"), Some("no-store"));

    tell(&client, "off", doc! {}).await;
    rosa.log_in("rosa").await;
    tell(&client, "alwaysOn", broken("delete")).await;
    let answer = rosa.post("/logout", &[]).await;
    assert_eq!(answer.status, 503, "a logout that did not happen is no success");
    tell(&client, "alwaysOn", broken("update")).await;
    let answer = rosa.post("/coat", &[("item", "red scarf")]).await;
    assert_eq!((answer.status, answer.session_cookie()), (503, None));
    tell(&client, "off", doc! {}).await;
    let page = rosa.get("/dashboard").await;
    assert!(
        page.status == 200 && !page.body.contains("red scarf"),
        "still logged in, and nothing hung"
    );
    mongod.stop();
}

#[rocket::async_test]
async fn a_changed_password_ends_the_others_even_when_their_end_cannot_be_stored() {
    let (mongod, app, client) = world().await;
    let (mut rosa, mut thief) = (app.browser(), app.browser());
    rosa.sign_up("rosa").await;
    thief.log_in("rosa").await;
    // The password is updated; then the reasons and the new session would be inserted.
    tell(&client, "alwaysOn", doc! { "failCommands": ["insert"], "errorCode": 1 }).await;
    let change = [("current", PASSWORD), ("new", "a better horse battery")];
    assert_eq!(rosa.post("/account/password", &change).await.status, 503);
    let off = doc! { "configureFailPoint": "failCommand", "mode": "off" };
    client.database("admin").run_command(off).await.unwrap();
    assert!(!thief.is_logged_in().await && !rosa.is_logged_in().await);
    assert_eq!(rosa.try_log_in("rosa", "a better horse battery").await.status, 303);
    mongod.stop();
}

#[rocket::async_test]
async fn a_failure_after_a_change_does_not_claim_that_nothing_was_changed() {
    let (mongod, app, client) = world().await;
    let (mut rosa, mut phone) = (app.browser(), app.browser());
    rosa.sign_up("rosa").await;
    phone.log_in("rosa").await;
    // The other session cannot be deleted.
    tell(&client, "alwaysOn", doc! { "failCommands": ["delete"], "errorCode": 1 }).await;
    let change = [("current", PASSWORD), ("new", "a better horse battery")];
    rosa.post("/account/password", &change).await.expect_redirect("/account");
    rosa.get("/account").await.expect_flash("password-changed-alone");
    assert!(!phone.is_logged_in().await);
    // The reason for the revocation cannot be stored.
    tell(&client, "alwaysOn", doc! { "failCommands": ["insert"], "errorCode": 1 }).await;
    let delete = [("password", "a better horse battery")];
    rosa.post("/account/delete", &delete).await.expect_redirect("/login");
    rosa.get("/login").await.expect_flash("account-deleted");
    let off = doc! { "configureFailPoint": "failCommand", "mode": "off" };
    client.database("admin").run_command(off).await.unwrap();
    assert_eq!(rosa.try_log_in("rosa", "a better horse battery").await.status, 422);
    mongod.stop();
}

#[rocket::async_test]
async fn a_store_that_fails_half_way_logs_no_user_in() {
    let (mongod, app, client) = world().await;
    let mut rosa = app.browser();
    rosa.sign_up("rosa").await;
    for command in ["find", "findAndModify", "insert"] {
        tell(&client, "alwaysOn", doc! { "failCommands": [command], "errorCode": 1 }).await;
        for password in [PASSWORD, "wrong horse battery"] {
            let fields = [("username", "rosa"), ("password", password)];
            let answer = app.browser().post("/login", &fields).await;
            // If the password was checked, it is a wrong password and nothing else.
            let wrong_is_told = command == "insert" && password != PASSWORD;
            assert_eq!(answer.status, if wrong_is_told { 422 } else { 503 }, "{command}");
            assert_eq!(answer.session_cookie(), None, "{command}");
        }
        let with_a_ticket = rosa.get("/dashboard").await.status;
        assert_eq!(with_a_ticket, if command == "find" { 503 } else { 200 }, "{command}");
    }
    // If only the refund of an attempt fails, the attempt stays counted.
    tell(&client, "alwaysOn", doc! { "failCommands": ["update"], "errorCode": 1 }).await;
    app.browser().log_in("rosa").await;
    mongod.stop();
}

#[rocket::async_test]
async fn a_page_is_shown_although_its_session_cannot_be_extended() {
    let mongod = Mongod::start(&[]);
    let client = Client::with_uri_str(mongod.database("admin")).await.unwrap();
    let mut command = cloakroom(&[]);
    command.env("MONGODB_URI", mongod.database("faults"));
    // With `rolling`, each response whose session was touched brings the cookie.
    command.env("ROCKET_SESSION", "{touch_after=0,rolling=true}");
    let (running, url, _) = launch(&mut command);
    let mut rosa = Browser::new(&url);
    rosa.sign_up("rosa").await;
    assert!(rosa.get("/dashboard").await.session_cookie().is_some());
    tell(&client, "alwaysOn", doc! { "failCommands": ["update"], "errorCode": 1 }).await;
    let answer = rosa.get("/dashboard").await;
    answer.expect_page(200, "rosa");
    assert_eq!(answer.session_cookie(), None);
    tell(&client, "off", doc! {}).await;
    let answer = rosa.get("/dashboard").await;
    answer.expect_page(200, "rosa");
    assert!(answer.session_cookie().is_some());
    let log = running.end();
    assert_eq!(log.matches("a session could not be extended").count(), 1, "{log}");
    mongod.stop();
}

#[rocket::async_test]
async fn a_login_that_fails_leaves_the_session_before_it() {
    let (mongod, app, client) = world().await;
    let sessions = client.database("faults").collection::<Document>("sessions");
    let mut rosa = app.browser();
    rosa.sign_up("rosa").await;
    let fields = [("username", "rosa"), ("password", PASSWORD)];
    // First the new session cannot be stored, then the old one cannot be deleted.
    for (command, documents) in [("insert", 1), ("delete", 2)] {
        tell(&client, "alwaysOn", doc! { "failCommands": [command], "errorCode": 1 }).await;
        let before = rosa.session_id();
        let answer = rosa.post("/login", &fields).await;
        assert_eq!((answer.status, answer.session_cookie()), (503, None), "{command}");
        assert_eq!(sessions.count_documents(doc! {}).await.unwrap(), documents, "{command}");
        tell(&client, "off", doc! {}).await;
        assert_eq!(rosa.session_id(), before);
        assert!(rosa.is_logged_in().await, "{command}");
    }
    mongod.stop();
}

/// If the new password was stored, the words are printed, whatever fails after that.
#[rocket::async_test]
async fn a_password_reset_that_fails_half_way_says_what_is_so() {
    let (mongod, app, client) = world().await;
    let mut rosa = app.browser();
    rosa.sign_up("rosa").await;
    let mut password = PASSWORD.to_owned();
    let run = || {
        let mut command = cloakroom(&["password", "rosa"]);
        let output = command.env("MONGODB_URI", mongod.database("faults")).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        said(&output)
    };
    // The reasons cannot be stored, or the sessions or the counter cannot be deleted.
    for (command, namespace) in [
        ("insert", "faults.sessions_ended"),
        ("delete", "faults.sessions"),
        ("delete", "faults.throttle"),
    ] {
        rosa.try_log_in("rosa", &password).await.expect_redirect("/dashboard");
        let fail = doc! { "failCommands": [command], "errorCode": 1, "namespace": namespace };
        tell(&client, "alwaysOn", fail).await;
        let (out, err) = run();
        assert!(err.contains("the new password is set"), "{namespace}: {err}");
        password = words_in(&out);
        tell(&client, "off", doc! {}).await;
        assert!(!rosa.is_logged_in().await, "{namespace}");
    }
    // The hash cannot be stored.
    tell(&client, "alwaysOn", doc! { "failCommands": ["update"], "errorCode": 1 }).await;
    let (out, err) = run();
    assert!(!out.contains("    ") && err.contains("Run the command again"), "{out}{err}");
    tell(&client, "off", doc! {}).await;
    rosa.try_log_in("rosa", &password).await.expect_redirect("/dashboard");
    mongod.stop();
}
