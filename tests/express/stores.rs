//! Logins in the documents that each session store for MongoDB writes, and in each form of passport's user.

use mongodb::bson::{Document, doc};

use crate::peer::Peer;
use crate::support::{App, Browser, PASSWORD};

const SECRET: &str = "a secret that is long enough for any app";
const NEW_PASSWORD: &str = "a better horse battery";

/// The stores that write JSON text, and those that write an object.
const TEXT: [&str; 4] = ["connect-mongo-3", "connect-mongo-4", "connect-mongo-5", "connect-mongo"];
const OBJECT: [&str; 5] = [
    "connect-mongo-3",
    "connect-mongo-4",
    "connect-mongo-5",
    "connect-mongo",
    "connect-mongodb-session",
];

/// The forms in which an app stores the user. The last three are tested with connect-mongo 6 only, to save
/// time.
const SERIALIZED: [&str; 5] = ["id", "_id", "upper", "id in an object", "_id in an object"];

/// An Express app and ours on one database.
struct Case<'a> {
    name: String,
    app: &'a App,
    peer: Peer,
}

impl Case<'_> {
    async fn register(&self, username: &str) {
        let fields = [("username", username), ("password", PASSWORD)];
        assert_eq!(
            self.peer.browser().post("/register", &fields).await.status,
            302,
            "{}",
            self.name
        );
    }

    /// A browser that has logged in at the Express app.
    async fn log_in_there(&self, username: &str) -> Browser {
        let mut browser = self.peer.browser();
        let fields = [("username", username), ("password", PASSWORD)];
        let answer = browser.post("/login", &fields).await;
        assert_eq!(answer.header("location"), Some("/login-success"), "{}", self.name);
        browser
    }

    /// This browser at our app.
    fn here(&self, browser: &Browser) -> Browser {
        self.app.browser().with_jar_of(browser)
    }

    /// Whether this user is logged in to the Express app with this browser.
    async fn knows(&self, browser: &Browser, username: &str) -> bool {
        let answer = self.peer.visit(browser).get("/protected-route").await;
        answer.status == 200 && answer.body == username
    }

    async fn count_known(&self, browsers: &[Browser], username: &str) -> usize {
        let mut known = 0;
        for browser in browsers {
            let there = self.knows(browser, username).await;
            let here = self.here(browser).is_logged_in().await;
            assert_eq!(there, here, "{}: both apps say the same", self.name);
            known += usize::from(there);
        }
        known
    }
}

#[rocket::async_test]
async fn a_login_as_json_text_is_shared_listed_and_ended_whatever_store_wrote_it() {
    let app = App::on_mongodb_with(|figment| figment.merge(("session.secret", SECRET))).await;
    check_all(&app, true, &TEXT).await;
}

#[rocket::async_test]
async fn a_login_as_an_object_is_shared_listed_and_ended_whatever_store_wrote_it() {
    let app = App::on_mongodb_with(|figment| {
        figment.merge(("session.secret", SECRET)).merge(("session.stringify", false))
    });
    check_all(&app.await, false, &OBJECT).await;
}

async fn check_all(app: &App, stringify: bool, stores: &[&str]) {
    for store in stores {
        let forms = if *store == "connect-mongo" { &SERIALIZED[..] } else { &SERIALIZED[..2] };
        for serialize in forms {
            let packages = serde_json::json!({ "store": store, "serialize": serialize });
            let settings = match *store {
                "connect-mongodb-session" => "{}".to_owned(),
                _ => format!(r#"{{"store":{{"stringify":{stringify}}}}}"#),
            };
            let peer = Peer::with(app.uri(), SECRET, &settings, &packages.to_string());
            let case = Case { name: format!("{store}, {serialize}"), app, peer };
            both_apps_share_a_session(&case).await;
            the_account_page_ends_sessions(&case).await;
            a_deleted_account_leaves_no_session(&case).await;
            let users = app.database().collection::<Document>("users");
            users.delete_many(doc! {}).await.unwrap();
        }
    }
}

async fn both_apps_share_a_session(case: &Case<'_>) {
    case.register("vera").await;
    let vera = case.log_in_there("vera").await;
    let mut here = case.here(&vera);
    here.get("/dashboard").await.expect_page(200, "vera");
    here.post("/coat/count", &[]).await.expect_redirect("/dashboard#coat");
    let count = case.peer.visit(&here).get("/").await;
    assert_eq!(count.body, "You have visited this page 2 times", "{}", case.name);
    here.post("/coat/count", &[]).await.expect_redirect("/dashboard#coat");
    here.get("/dashboard").await.expect_page(200, "&quot;viewCount&quot;: 3");

    here.post("/logout", &[]).await.expect_redirect("/login");
    assert!(!case.knows(&vera, "vera").await, "{}", case.name);
    let mut vera = case.log_in_there("vera").await;
    assert_eq!(vera.get("/logout").await.status, 302);
    assert!(!case.here(&vera).is_logged_in().await, "{}", case.name);

    // The other way round.
    let mut here = case.app.browser();
    here.log_in("vera").await;
    assert!(case.knows(&here, "vera").await, "{}", case.name);
    let mut there = case.peer.visit(&here);
    assert_eq!(there.get("/logout").await.status, 302);
    assert!(!here.is_logged_in().await, "{}", case.name);
}

async fn the_account_page_ends_sessions(case: &Case<'_>) {
    case.register("rosa").await;
    let mut others = vec![];
    for _ in 0..3 {
        others.push(case.log_in_there("rosa").await);
    }
    let mut rosa = case.app.browser();
    rosa.log_in("rosa").await;
    let page = rosa.get("/account").await;
    let actions = page.body.split("action=\"/account/sessions/").skip(1);
    let handles: Vec<&str> =
        actions.filter_map(|rest| Some(rest.split_once("/revoke\"")?.0)).collect();
    assert_eq!(handles.len(), 3, "{}: {}", case.name, page.body);
    let revoke = format!("/account/sessions/{}/revoke", handles[0]);
    rosa.post(&revoke, &[("password", PASSWORD)]).await.expect_redirect("/account");
    assert_eq!(case.count_known(&others, "rosa").await, 2, "{}", case.name);

    let fields = [("current", PASSWORD), ("new", NEW_PASSWORD)];
    rosa.post("/account/password", &fields).await.expect_redirect("/account");
    rosa.get("/account").await.expect_flash("password-changed");
    assert_eq!(case.count_known(&others, "rosa").await, 0, "{}", case.name);
    assert!(case.knows(&rosa, "rosa").await, "{}: the new session counts there", case.name);
}

async fn a_deleted_account_leaves_no_session(case: &Case<'_>) {
    case.register("nora").await;
    let nora = [case.log_in_there("nora").await, case.log_in_there("nora").await];
    assert_eq!(case.count_known(&nora, "nora").await, 2, "{}", case.name);
    let mut here = case.here(&nora[0]);
    here.post("/account/delete", &[("password", PASSWORD)]).await.expect_redirect("/login");
    let sids: Vec<String> = nora.iter().filter_map(Browser::session_id).collect();
    let sessions = case.app.database().collection::<Document>("sessions");
    let left = sessions.count_documents(doc! { "_id": { "$in": sids } }).await.unwrap();
    assert_eq!(left, 0, "{}", case.name);
}
