//! An app on a MongoDB whose own clock is fast: it deletes expired documents every second. A session of the
//! labs stays for a few seconds after its expiry, as one often does with the usual minute.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use mongodb::Client;
use mongodb::bson::doc;
use rocket::figment::Figment;

use super::app::App;
use super::mongod::Mongod;

static FAST: LazyLock<Mongod> = LazyLock::new(|| Mongod::start(&["--ttl", "1"]));

/// Counts the databases on it.
static NUMBER: AtomicUsize = AtomicUsize::new(0);

/// An app on a database of its own.
pub async fn app_with_fast_ttl(settings: fn(Figment) -> Figment) -> App {
    let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    app_with_fast_ttl_on(&FAST.database(&name), settings).await
}

/// An app on a database of a server that is as fast.
pub async fn app_with_fast_ttl_on(uri: &str, settings: fn(Figment) -> Figment) -> App {
    let app = App::on_with(uri, settings).await;
    let client = Client::with_uri_str(uri).await.unwrap();
    let index = doc! { "name": "expires_1", "expireAfterSeconds": 5 };
    let five_seconds_later = doc! { "collMod": "lab_sessions", "index": index };
    client.default_database().unwrap().run_command(five_seconds_later).await.unwrap();
    app
}
