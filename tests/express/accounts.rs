//! Users of the real mongoose and passport-local-mongoose, beside the real session stores.

use mongodb::Database;
use mongodb::bson::{Document, doc};
use rocket::figment::Figment;
use rocket::futures::TryStreamExt as _;

use crate::peer::Peer;
use crate::support::{App, Browser, PASSWORD, fresh_database};

const SECRET: &str = "some secret of the tutorial's app";

/// The kinds of users in the Express app: the tutorial's schema in three forms, and the plugin with its own
/// hashes.
const USERS: [&str; 4] = ["tutorial", "no-admin", "unique", "plugin"];

const STORES: [&str; 5] = [
    "connect-mongo",
    "connect-mongo-3",
    "connect-mongo-4",
    "connect-mongo-5",
    "connect-mongodb-session",
];

fn packages(store: &str, users: &str, serialize: &str) -> String {
    format!(r#"{{"store":"{store}","users":"{users}","serialize":"{serialize}"}}"#)
}

/// Our app, with new sessions in the form that the Express app's store reads. connect-mongodb-session reads
/// objects.
async fn ours(uri: &str, packages: &str) -> App {
    let as_text = |figment: Figment| figment.merge(("session.secret", SECRET));
    let as_object = |figment: Figment| {
        figment.merge(("session.secret", SECRET)).merge(("session.stringify", false))
    };
    let reads_objects = packages.contains("connect-mongodb-session");
    App::on_with(uri, if reads_objects { as_object } else { as_text }).await
}

async fn log_in_there(peer: &Peer, username: &str, password: &str) -> (Browser, String) {
    let mut browser = peer.browser();
    let answer = browser.post("/login", &[("username", username), ("password", password)]).await;
    let location = answer.header("location").unwrap_or_default().to_owned();
    (browser, location)
}

async fn indexes(database: &Database, collection: &str) -> Vec<Document> {
    let list = doc! { "listIndexes": collection };
    match database.run_cursor_command(list).await {
        Ok(cursor) => cursor.try_collect().await.unwrap(),
        Err(_) => vec![],
    }
}

#[rocket::async_test]
async fn accounts_of_every_schema_log_in_here_and_share_their_sessions() {
    for users in USERS {
        for serialize in ["id", "_id"] {
            let (uri, database) = fresh_database().await;
            let peer = Peer::with(&uri, SECRET, "{}", &packages("connect-mongo", users, serialize));
            let fields = [("username", "vera"), ("password", PASSWORD)];
            assert_eq!(peer.browser().post("/register", &fields).await.status, 302, "{users}");
            let app = ours(&uri, "").await;

            // A login there counts here, before the account has logged in here.
            let (there, location) = log_in_there(&peer, "vera", PASSWORD).await;
            assert_eq!(location, "/login-success", "{users}");
            let mut visiting = app.browser().with_jar_of(&there);
            visiting.get("/dashboard").await.expect_page(200, "vera");
            let expected = if users == "tutorial" { 200 } else { 403 };
            assert_eq!(visiting.get("/admin").await.status, expected, "{users}");

            // A login here counts there, and upgrades the account.
            assert_eq!(app.browser().try_log_in("vera", "a wrong guess").await.status, 422);
            let mut here = app.browser();
            here.log_in("Vera").await;
            let seen = peer.visit(&here).get("/protected-route").await;
            assert_eq!(seen.body, "vera", "{users} {serialize}");
            let user = database.collection::<Document>("users").find_one(doc! {}).await.unwrap();
            let user = user.unwrap();
            assert!(user.get_str("password").unwrap().starts_with("$argon2id$"), "{user}");
            assert!(user.get("hash").is_none(), "{user}");

            // From now on the Express app rejects its password, without an error.
            let (_, location) = log_in_there(&peer, "vera", PASSWORD).await;
            assert_eq!(location, "/login-failure", "{users}");

            // A change of the password ends the sessions that began there.
            let change = [("current", PASSWORD), ("new", "a better horse battery")];
            here.post("/account/password", &change).await.expect_redirect("/account");
            assert!(!visiting.is_logged_in().await, "{users} {serialize}");
            let ended = peer.visit(&visiting).get("/protected-route").await;
            assert_eq!(ended.status, 401, "{users} {serialize}");
        }
    }
}

#[rocket::async_test]
async fn an_account_made_here_is_refused_by_every_schema_without_breaking_anything() {
    for users in USERS {
        let (uri, _) = fresh_database().await;
        let peer = Peer::with(&uri, SECRET, "{}", &packages("connect-mongo", users, "id"));
        let app = ours(&uri, "").await;
        app.browser().register("rosa").await;
        app.browser().register("ruth").await;
        let (_, location) = log_in_there(&peer, "rosa", PASSWORD).await;
        assert_eq!(location, "/login-failure", "{users}");
        let mut rosa = app.browser();
        rosa.log_in("rosa").await;
        assert_eq!(peer.visit(&rosa).get("/protected-route").await.body, "rosa", "{users}");
    }
}

/// Which of the two programs starts first.
#[derive(Clone, Copy, Debug, PartialEq)]
enum First {
    Theirs,
    Ours,
    Both,
}

/// Starts both programs on a new database, in this order.
async fn start(first: First, packages: &str) -> (App, Peer) {
    let (uri, database) = fresh_database().await;
    let peer = {
        let (uri, packages) = (uri.clone(), packages.to_owned());
        move || Peer::with(&uri, SECRET, "{}", &packages)
    };
    match first {
        First::Theirs => {
            let peer = peer();
            assert_eq!(peer.browser().get("/indexes").await.body, "made");
            assert_eq!(peer.browser().get("/").await.status, 200);
            let before = [indexes(&database, "users").await, indexes(&database, "sessions").await];
            let app = ours(&uri, packages).await;
            for (collection, before) in ["users", "sessions"].into_iter().zip(before) {
                let after = indexes(&database, collection).await;
                assert!(before.iter().all(|index| after.contains(index)), "{packages}: {after:?}");
            }
            (app, peer)
        }
        First::Ours => (ours(&uri, packages).await, peer()),
        First::Both => {
            let peer = rocket::tokio::task::spawn_blocking(peer);
            let app = ours(&uri, packages).await;
            (app, peer.await.unwrap())
        }
    }
}

#[rocket::async_test]
async fn other_programs_start_before_us_after_us_and_beside_us() {
    let of_users = ["unique", "plugin"].map(|users| packages("connect-mongo", users, "id"));
    let of_stores = STORES.map(|store| packages(store, "tutorial", "id"));
    for packages in of_users.iter().chain(&of_stores) {
        for first in [First::Theirs, First::Ours, First::Both] {
            let (app, peer) = start(first, packages).await;
            assert_eq!(peer.browser().get("/indexes").await.body, "made", "{packages} {first:?}");
            let fields = [("username", "vera"), ("password", PASSWORD)];
            assert_eq!(peer.browser().post("/register", &fields).await.status, 302);
            let (there, location) = log_in_there(&peer, "vera", PASSWORD).await;
            assert_eq!(location, "/login-success", "{packages} {first:?}");
            let mut here = app.browser().with_jar_of(&there);
            here.get("/dashboard").await.expect_page(200, "vera");
            let mut rosa = app.browser();
            rosa.sign_up("rosa").await;
            assert_eq!(peer.visit(&rosa).get("/protected-route").await.body, "rosa", "{packages}");
        }
    }
}
