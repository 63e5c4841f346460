//! The sessions of an account: which are listed, and how a user ends one or all others.

use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, Document, doc};

use crate::foreign::with_session;
use crate::support::{App, Browser, PASSWORD};

/// The handles of the sessions that the account page offers to revoke.
async fn handles(browser: &mut Browser) -> Vec<String> {
    let page = browser.get("/account").await;
    assert_eq!(page.status, 200, "{}", page.body);
    let actions = page.body.split("action=\"/account/sessions/").skip(1);
    let handles = actions.filter_map(|rest| rest.split_once("/revoke\""));
    handles.map(|(handle, _)| handle.to_owned()).collect()
}

async fn log_in_as(app: &App, username: &str, user_agent: &str) -> Browser {
    let mut browser = app.browser();
    let request = browser.request(reqwest::Method::POST, "/login");
    let fields = [("username", username), ("password", PASSWORD)];
    let request = request.header("user-agent", user_agent).form(&fields);
    browser.send(request).await.expect_redirect("/dashboard");
    browser
}

async fn log_in_three_times(app: &App, username: &str) -> [Browser; 3] {
    let log_in = || log_in_as(app, username, FIREFOX);
    [log_in().await, log_in().await, log_in().await]
}

const FIREFOX: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0";

#[rocket::async_test]
async fn a_user_sees_and_ends_only_own_sessions() {
    for app in App::on_both_stores().await {
        let (mut rosa, mut vera) = (app.browser(), app.browser());
        rosa.sign_up("rosa").await;
        vera.sign_up("vera").await;
        let mut phone = log_in_as(&app, "rosa", FIREFOX).await;
        let page = rosa.get("/account").await;
        page.expect_page(200, "Firefox on Windows");
        let (this, other) = (page.body.find("login--this"), page.body.find("Firefox on Windows"));
        assert!(this.is_some() && this < other, "this browser first");
        assert!(!page.body.contains(&phone.session_id().unwrap()), "no session id on the page");
        let of_rosa = handles(&mut rosa).await;
        assert_eq!(of_rosa.len(), 1, "the other one; this one can log out");
        assert_eq!(handles(&mut vera).await, [""; 0]);

        let revoke = format!("/account/sessions/{}/revoke", of_rosa[0]);
        vera.post(&revoke, &[("password", PASSWORD)]).await.expect_redirect("/account");
        vera.get("/account").await.expect_flash("sessions-ended");
        assert!(phone.is_logged_in().await, "vera is another user");
        rosa.post(&revoke, &[("password", PASSWORD)]).await.expect_redirect("/account");
        rosa.get("/account").await.expect_flash("sessions-ended");
        assert!(rosa.is_logged_in().await);

        phone.get("/dashboard").await.expect_redirect("/login?next=/dashboard");
        phone.get("/login?next=/dashboard").await.expect_ended("revoked");
        phone.log_in("rosa").await;
        assert!(phone.is_logged_in().await);
    }
}

/// The `session` of an Express app in each form in which it may say that this user is logged in.
fn express_sessions(user: &str) -> Vec<Bson> {
    let id = ObjectId::parse_str(user).unwrap();
    let upper = user.to_uppercase();
    let mixed = upper[..12].to_owned() + &user[12..];
    let texts = [
        format!("{user:?}"),
        format!("{upper:?}"),
        format!("{mixed:?}"),
        format!(r#"{{"_id":"{user}","username":"rosa"}}"#),
        format!(r#"{{"id":"{upper}","username":"rosa"}}"#),
    ];
    let objects: [Bson; 8] = [
        user.into(),
        upper.as_str().into(),
        mixed.into(),
        id.into(), // What `done(null, user._id)` stores.
        doc! { "_id": id, "username": "rosa", "hash": "ab", "salt": "cd" }.into(),
        doc! { "_id": user }.into(),
        doc! { "id": user, "username": "rosa" }.into(),
        doc! { "id": id, "name": { "first": "Rosa" } }.into(),
    ];
    let texts = texts.into_iter().map(|user| {
        Bson::String(format!(r#"{{"cookie":{{"path":"/"}},"passport":{{"user":{user}}}}}"#))
    });
    let object = |user| doc! { "cookie": { "path": "/" }, "passport": { "user": user } }.into();
    texts.chain(objects.into_iter().map(object)).collect()
}

/// A browser in which Rosa is logged in, and what an Express app stores for logins of hers.
async fn rosa_and_her_express_sessions() -> (App, Browser, Vec<Bson>) {
    let app = App::on_mongodb().await;
    let mut rosa = app.browser();
    rosa.sign_up("rosa").await;
    let sessions = app.database().collection::<Document>("sessions");
    let ours = sessions.find_one(doc! {}).await.unwrap().unwrap();
    let theirs = express_sessions(ours.get_str("user").unwrap());
    (app, rosa, theirs)
}

#[rocket::async_test]
async fn sessions_that_express_made_are_listed_and_revoked_as_well() {
    let (app, mut rosa, theirs) = rosa_and_her_express_sessions().await;
    let sessions = app.database().collection::<Document>("sessions");
    for session in &theirs {
        let (mut other, _) = with_session(&app, session.clone(), doc! {}).await;
        assert!(other.is_logged_in().await, "{session}");
        rosa.get("/account").await.expect_page(200, "Another app on this site");
        let listed = handles(&mut rosa).await;
        assert_eq!(listed.len(), 1, "{session}");
        let revoke = format!("/account/sessions/{}/revoke", listed[0]);
        rosa.post(&revoke, &[("password", PASSWORD)]).await.expect_redirect("/account");
        assert!(!other.is_logged_in().await, "{session}");
        assert_eq!(sessions.count_documents(doc! {}).await.unwrap(), 1, "{session}");
    }
}

#[rocket::async_test]
async fn sessions_that_express_made_end_with_all_others_the_password_and_the_account() {
    let (app, mut rosa, theirs) = rosa_and_her_express_sessions().await;
    let sessions = app.database().collection::<Document>("sessions");
    let new = "a better horse battery";
    for (path, fields, left) in [
        ("/account/sessions/revoke-others", &[("password", PASSWORD)][..], 1),
        ("/account/password", &[("current", PASSWORD), ("new", new)], 1),
        ("/account/delete", &[("password", new)], 0),
    ] {
        for session in &theirs {
            with_session(&app, session.clone(), doc! {}).await;
        }
        assert_eq!(rosa.post(path, fields).await.status, 303, "{path}");
        assert_eq!(sessions.count_documents(doc! {}).await.unwrap(), left, "{path}");
    }
}

#[rocket::async_test]
async fn revoking_all_others_asks_for_the_password() {
    for app in App::on_both_stores().await {
        let mut rosa = app.browser();
        rosa.sign_up("rosa").await;
        let mut others = log_in_three_times(&app, "rosa").await;
        let path = "/account/sessions/revoke-others";
        for wrong in [&[][..], &[("password", "")], &[("password", "wrong horse battery")]] {
            assert_eq!(rosa.post(path, wrong).await.status, 422);
        }
        assert!(others[0].is_logged_in().await);
        rosa.post(path, &[("password", PASSWORD)]).await.expect_redirect("/account");
        rosa.get("/account").await.expect_flash("sessions-ended");
        for other in &mut others {
            assert!(!other.is_logged_in().await);
            other.get("/login").await.expect_ended("revoked");
        }
        assert!(rosa.is_logged_in().await);
    }
}

#[rocket::async_test]
async fn ten_thousand_sessions_make_no_long_page_and_end_all_the_same() {
    let app = App::on_mongodb().await;
    let mut rosa = app.browser();
    rosa.sign_up("rosa").await;
    let sessions = app.database().collection::<Document>("sessions");
    let own = sessions.find_one(doc! {}).await.unwrap().unwrap();
    let others = (0..10_000).map(|number| {
        let mut other = own.clone();
        other.insert("_id", format!("another-{number}"));
        other
    });
    sessions.insert_many(others).await.unwrap();
    let page = rosa.get("/account").await;
    page.expect_page(200, "id=\"more-sessions\"");
    assert_eq!(page.body.matches("<li class=\"login").count(), 100);
    assert!(page.body.len() < 200_000, "{}", page.body.len());
    let path = "/account/sessions/revoke-others";
    rosa.post(path, &[("password", PASSWORD)]).await.expect_redirect("/account");
    rosa.get("/account").await.expect_page(200, "10000");
    assert_eq!(sessions.count_documents(doc! {}).await.unwrap(), 1);
}

#[rocket::async_test]
async fn ending_a_session_asks_for_the_password_and_not_again_for_five_minutes() {
    for app in App::on_both_stores().await {
        let mut rosa = app.browser();
        rosa.sign_up("rosa").await;
        let mut others = log_in_three_times(&app, "rosa").await;
        rosa.post("/coat", &[("item", "scarf")]).await;
        let (before, mut thief) = (rosa.session_id(), rosa.copy());
        let revoke = async |browser: &mut Browser, fields: &[(&str, &str)]| {
            let handle = handles(browser).await.remove(0);
            browser.post(&format!("/account/sessions/{handle}/revoke"), fields).await
        };
        for wrong in [&[][..], &[("password", "")], &[("password", "wrong horse battery")]] {
            let asked = revoke(&mut rosa, wrong).await;
            asked.expect_page(422, "id=\"confirm\"");
        }
        assert_eq!(rosa.session_id(), before);
        for other in &mut others {
            assert!(other.is_logged_in().await);
        }
        revoke(&mut rosa, &[("password", PASSWORD)]).await.expect_redirect("/account");
        assert_ne!(rosa.session_id(), before, "a new ID (ASVS 7.2.4)");
        assert!(!thief.is_logged_in().await, "and the old one is dead");
        rosa.get("/dashboard").await.expect_page(200, "scarf");
        revoke(&mut rosa, &[]).await.expect_redirect("/account");
        rosa.post("/account/sessions/revoke-others", &[]).await.expect_redirect("/account");
        for other in &mut others {
            assert!(!other.is_logged_in().await);
        }
        assert!(rosa.is_logged_in().await);
    }
}

#[rocket::async_test]
async fn a_password_that_was_given_long_ago_is_asked_for_again() {
    let app = App::on_mongodb().await;
    let mut rosa = app.browser();
    rosa.sign_up("rosa").await;
    let path = "/account/sessions/revoke-others";
    rosa.post(path, &[("password", PASSWORD)]).await.expect_redirect("/account");
    rosa.post(path, &[]).await.expect_redirect("/account");
    let sessions = app.database().collection::<Document>("sessions");
    let own = sessions.find_one(doc! {}).await.unwrap().unwrap();
    let text = own.get_str("session").unwrap();
    let (start, rest) = text.split_once(r#""confirmedAt":"#).unwrap();
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap();
    for (minutes, expected) in [(4, 303), (6, 422), (-2, 422)] {
        let at = rest[..end].parse::<i64>().unwrap() - minutes * 60_000;
        let text = format!(r#"{start}"confirmedAt":{at}{}"#, &rest[end..]);
        let set = doc! { "$set": { "session": text } };
        sessions.update_one(doc! {}, set).await.unwrap();
        assert_eq!(rosa.post(path, &[]).await.status, expected, "{minutes}");
    }
}

#[rocket::async_test]
async fn a_double_click_on_end_all_others_leaves_this_browser_logged_in_with_its_values() {
    for app in App::on_both_stores().await {
        let mut rosa = app.browser();
        rosa.sign_up("rosa").await;
        rosa.post("/coat", &[("item", "scarf")]).await;
        for pause in [0, 2, 5, 9, 20] {
            let (mut first, mut second) = (rosa.copy(), rosa.copy());
            let fields = [("password", PASSWORD)];
            let path = "/account/sessions/revoke-others";
            let (one, two) = rocket::tokio::join!(first.post(path, &fields), async {
                rocket::tokio::time::sleep(std::time::Duration::from_millis(pause)).await;
                second.post(path, &fields).await
            });
            // The browser keeps the cookie of the response that has one.
            let before = rosa.jar["connect.sid"].clone();
            let renewed = [&first, &second].map(|tab| tab.jar.get("connect.sid").cloned());
            let renewed = renewed.into_iter().flatten().find(|cookie| *cookie != before);
            rosa.jar.insert("connect.sid".to_owned(), renewed.expect("a new ID"));
            assert!([one.status, two.status].contains(&303), "{pause} ms");
            rosa.get("/dashboard").await.expect_page(200, "scarf");
        }
    }
}
