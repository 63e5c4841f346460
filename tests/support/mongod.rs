//! One real `mongod` for each test run, one database for each test.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use mongodb::bson::{Document, doc};
use mongodb::{Client, Database};

/// Started on first use. `script/mongod` holds our end of its standard input: when this process is
/// gone, however it went, so is the server.
static MONGOD: LazyLock<(Child, String)> = LazyLock::new(|| {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/script/mongod");
    let mut child = Command::new(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("script/mongod starts");
    let mut uri = String::new();
    let stdout = child.stdout.take().expect("stdout is piped");
    BufReader::new(stdout).read_line(&mut uri).expect("script/mongod says where it is");
    assert!(uri.starts_with("mongodb://"), "script/mongod gave no address, see its message above");
    (child, uri.trim().to_owned())
});

/// The connection string of a database that no other test uses, and the database.
pub async fn fresh_database() -> (String, Database) {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    let uri = MONGOD.1.replace("/?", &format!("/{name}?"));
    let client = Client::with_uri_str(&uri).await.expect("the test's own client");
    let database = client.database(&name);
    (uri, database)
}

/// Runs `what` and returns the commands that the app sent to the database meanwhile, as MongoDB's
/// own profiler saw them: `["find sessions", "find users"]`.
pub async fn count_commands(database: &Database, what: impl Future<Output = ()>) -> Vec<String> {
    let profile = async |level: i32| {
        database.run_command(doc! { "profile": level }).await.expect("the profiler obeys");
    };
    profile(0).await;
    database.collection::<Document>("system.profile").drop().await.expect("an empty profile");
    profile(2).await;
    what.await;
    profile(0).await;
    let filter = doc! { "appName": "cloakroom", "op": { "$ne": "getmore" } };
    let seen = database.collection::<Document>("system.profile").find(filter).await;
    let mut seen = seen.expect("the profile can be read");
    let mut commands = vec![];
    while seen.advance().await.expect("the profile can be read") {
        let entry = seen.deserialize_current().expect("an entry of the profile");
        let op = entry.get_str("op").unwrap_or("?");
        let collection = entry.get_str("ns").unwrap_or("?").rsplit('.').next().unwrap_or("?");
        let name = match op {
            "query" => "find",
            "remove" => "delete",
            other => other,
        };
        commands.push(format!("{name} {collection}"));
    }
    commands
}
