//! Logins are shared by both programs, in both forms of the document.

use mongodb::bson::{DateTime, Document, doc};

use crate::peer::Peer;
use crate::support::{App, Browser, PASSWORD};

const SECRET: &str = "a secret with an ü in it that is certainly long enough";

/// Both apps on one database, with the session as text or as an object.
async fn both(stringify: bool) -> (App, Peer) {
    let app = if stringify {
        App::on_mongodb_with(|figment| figment.merge(("session.secret", SECRET))).await
    } else {
        App::on_mongodb_with(|figment| {
            figment.merge(("session.secret", SECRET)).merge(("session.stringify", false))
        })
        .await
    };
    let settings = format!(r#"{{"store":{{"stringify":{stringify}}}}}"#);
    let peer = Peer::start(app.uri(), SECRET, &settings);
    (app, peer)
}

async fn who(peer: &Peer, browser: &Browser) -> String {
    peer.visit(browser).get("/protected-route").await.body
}

#[rocket::async_test]
async fn a_login_here_is_a_login_there_until_either_side_logs_out() {
    for stringify in [true, false] {
        let (app, peer) = both(stringify).await;
        let mut rosa = app.browser();
        rosa.sign_up("Rosa").await;
        assert_eq!(who(&peer, &rosa).await, "Rosa", "stringify: {stringify}");
        // Each app writes into the session, and the other one sees it.
        let count = peer.visit(&rosa).get("/").await;
        assert_eq!(count.body, "You have visited this page 1 times");
        rosa.post("/coat", &[("item", "hat")]).await.expect_redirect("/dashboard#coat");
        rosa.post("/coat/count", &[]).await.expect_redirect("/dashboard#coat");
        let count = peer.visit(&rosa).get("/").await;
        assert_eq!(count.body, "You have visited this page 3 times");
        rosa.get("/dashboard").await.expect_page(200, "&quot;viewCount&quot;: 3");
        // The account page still has what only this app stores.
        rosa.get("/account").await.expect_page(200, "<dd>localhost</dd>");

        let thief = rosa.copy();
        rosa.post("/logout", &[]).await.expect_redirect("/login");
        assert_eq!(who(&peer, &thief).await, "anonymous");

        rosa.log_in("Rosa").await;
        assert_eq!(peer.visit(&rosa).get("/logout").await.status, 302);
        assert!(!rosa.is_logged_in().await);
    }
}

#[rocket::async_test]
async fn a_login_there_is_a_login_here_until_either_side_logs_out() {
    for stringify in [true, false] {
        let (app, peer) = both(stringify).await;
        let fields = [("username", "vera"), ("password", PASSWORD)];
        let mut vera = peer.browser();
        assert_eq!(vera.post("/register", &fields).await.status, 302);
        let log_in = async |vera: &mut Browser| {
            let answer = vera.post("/login", &fields).await;
            assert_eq!(answer.header("location"), Some("/login-success"));
        };
        log_in(&mut vera).await;
        let mut here = app.browser().with_jar_of(&vera);
        here.get("/dashboard").await.expect_page(200, "vera");
        here.post("/coat", &[("item", "hat")]).await.expect_redirect("/dashboard#coat");
        assert_eq!(who(&peer, &vera).await, "vera", "stringify: {stringify}");
        here.post("/logout", &[]).await.expect_redirect("/login");
        assert_eq!(who(&peer, &vera).await, "anonymous");

        log_in(&mut vera).await;
        let mut here = app.browser().with_jar_of(&vera);
        assert!(here.is_logged_in().await);
        vera.get("/logout").await;
        assert!(!here.is_logged_in().await);

        // The account logs in here as well, and is upgraded.
        app.browser().log_in("vera").await;
        let answer = peer.browser().post("/login", &fields).await;
        assert_eq!(answer.header("location"), Some("/login-failure"), "refused, not broken");
    }
}

#[rocket::async_test]
async fn an_account_made_here_is_refused_there_without_breaking_anything() {
    let (app, peer) = both(true).await;
    app.browser().register("rosa").await;
    let fields = [("username", "rosa"), ("password", PASSWORD)];
    let answer = peer.browser().post("/login", &fields).await;
    assert_eq!((answer.status, answer.header("location")), (302, Some("/login-failure")));
}

#[rocket::async_test]
async fn a_deleted_user_is_logged_out_on_both_sides() {
    let (app, peer) = both(true).await;
    let mut rosa = app.browser();
    rosa.sign_up("rosa").await;
    app.database().collection::<Document>("users").delete_many(doc! {}).await.unwrap();
    assert_eq!(who(&peer, &rosa).await, "anonymous");
    assert!(!rosa.is_logged_in().await);
}

#[rocket::async_test]
async fn a_password_change_ends_the_sessions_that_express_made_too() {
    for stringify in [true, false] {
        let (app, peer) = both(stringify).await;
        let log_in_there = async |username: &str| {
            let mut browser = peer.browser();
            let fields = [("username", username), ("password", PASSWORD)];
            let answer = browser.post("/login", &fields).await;
            assert_eq!(answer.header("location"), Some("/login-success"));
            browser
        };
        for username in ["rosa", "vera"] {
            let fields = [("username", username), ("password", PASSWORD)];
            peer.browser().post("/register", &fields).await;
        }
        let (laptop, phone) = (log_in_there("rosa").await, log_in_there("rosa").await);
        let vera = log_in_there("vera").await;
        let mut rosa = app.browser();
        rosa.log_in("rosa").await;
        let fields = [("current", PASSWORD), ("new", "a better horse battery")];
        rosa.post("/account/password", &fields).await.expect_redirect("/account");
        rosa.get("/account").await.expect_flash("password-changed");
        for ended in [&laptop, &phone] {
            assert_eq!(who(&peer, ended).await, "anonymous", "stringify: {stringify}");
        }
        assert_eq!(who(&peer, &vera).await, "vera");
        assert_eq!(who(&peer, &rosa).await, "rosa", "the new session counts there as well");
    }
}

#[rocket::async_test]
async fn a_session_with_the_timestamps_of_connect_mongo_keeps_its_end() {
    let app = App::on_mongodb_with(|figment| figment.merge(("session.secret", SECRET))).await;
    let settings = r#"{"store":{"timestamps":true},"cookie":{"maxAge":2592000000}}"#;
    let peer = Peer::start(app.uri(), SECRET, settings);
    let fields = [("username", "vera"), ("password", PASSWORD)];
    let mut vera = peer.browser();
    vera.post("/register", &fields).await;
    vera.post("/login", &fields).await;
    let sessions = app.database().collection::<Document>("sessions");
    let of_vera = doc! { "_id": vera.session_id().unwrap() };
    let fourteen_days_ago =
        DateTime::from_millis(DateTime::now().timestamp_millis() - 14 * 86_400_000);
    let old = doc! { "$set": { "createdAt": fourteen_days_ago } };
    sessions.update_one(of_vera.clone(), old).await.unwrap();
    let end = async || {
        let session = sessions.find_one(of_vera.clone()).await.unwrap().unwrap();
        assert!(session.get_datetime("updatedAt").is_ok());
        *session.get_datetime("expires").unwrap()
    };
    let before = end().await;
    let mut here = app.browser().with_jar_of(&vera);
    assert!(here.is_logged_in().await);
    here.post("/coat/count", &[]).await.expect_redirect("/dashboard#coat");
    assert!(end().await >= before);
    assert_eq!(peer.visit(&here).get("/").await.body, "You have visited this page 2 times");
}
