//! One real `mongod` for each test run, one database for each test.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use mongodb::bson::{Document, doc};
use mongodb::{Client, Database};
use rustix::process::{Pid, Signal, kill_process};

/// A server of `script/mongod`. It runs for as long as we hold its standard input: when this
/// process is gone, however it went, so is the server.
pub struct Mongod {
    script: Child,
    /// The connection string, without a database.
    uri: String,
}

static SHARED: LazyLock<Mongod> = LazyLock::new(|| Mongod::start(&[]));

impl Mongod {
    /// Starts one with these arguments, and waits until it can be written to.
    pub fn start(arguments: &[&str]) -> Self {
        Self::spawn(arguments, Stdio::inherit())
    }

    /// The same, without a word when it ends by itself.
    pub fn start_to_be_killed(arguments: &[&str]) -> Self {
        Self::spawn(arguments, Stdio::null())
    }

    fn spawn(arguments: &[&str], stderr: Stdio) -> Self {
        let mut script = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/script/mongod"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .expect("script/mongod starts");
        let mut uri = String::new();
        let stdout = script.stdout.take().expect("stdout is piped");
        BufReader::new(stdout).read_line(&mut uri).expect("script/mongod says where it is");
        assert!(uri.starts_with("mongodb://"), "script/mongod gave no address: see its message");
        Self { script, uri: uri.trim().to_owned() }
    }

    /// The connection string of a database on this server.
    pub fn database(&self, name: &str) -> String {
        self.uri.replace("/?", &format!("/{name}?"))
    }

    pub fn port(&self) -> &str {
        let rest = self.uri.rsplit(':').next().expect("host:port");
        rest.split('/').next().expect("a port")
    }

    /// Sends a signal to the server itself. `folder`: what it was started with as `--dbpath`.
    pub fn signal(folder: &Path, signal: Signal) {
        let lock = std::fs::read_to_string(folder.join("mongod.lock")).expect("its lock file");
        let pid = lock.trim().parse().ok().and_then(Pid::from_raw).expect("a process id");
        kill_process(pid, signal).expect("it runs");
    }

    /// Stops it, and waits until it is gone.
    pub fn stop(mut self) {
        drop(self.script.stdin.take());
        self.script.wait().expect("script/mongod ends");
    }
}

/// The connection string of a database that no other test uses, and the database.
pub async fn fresh_database() -> (String, Database) {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    let uri = SHARED.database(&name);
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
    let seen = database.collection::<Document>("system.profile");
    let mut seen = seen.find(doc! { "appName": "cloakroom" }).await.expect("the profile");
    let mut commands = vec![];
    while seen.advance().await.expect("the profile can be read") {
        let entry = seen.deserialize_current().expect("an entry of the profile");
        let op = match entry.get_str("op").expect("an operation") {
            "query" => "find",
            "remove" => "delete",
            other => other,
        };
        let collection = entry.get_str("ns").expect("a namespace").rsplit('.').next();
        let collection = collection.expect("a collection");
        // What each instance hears of the class comes on its own, and belongs to no request.
        if collection != "class" {
            commands.push(format!("{op} {collection}"));
        }
    }
    commands
}
