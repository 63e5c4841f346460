//! One real `mongod` for each test run, and one database for each test.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use mongodb::{Client, Database};
#[cfg(unix)]
use rustix::process::{Pid, Signal, kill_process};

/// A server of `script/mongod`. The script ends it when its own standard input is closed, so it never
/// outlives this process.
pub struct Mongod {
    script: Child,
    /// The connection string, without a database.
    uri: String,
}

/// The folder of the workspace. This package may be in a folder below, and the scripts are for all packages.
pub fn workspace() -> &'static Path {
    let mut folders = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    folders.find(|folder| folder.join("script/mongod").is_file()).expect("script/mongod")
}

static SHARED: LazyLock<Mongod> = LazyLock::new(|| Mongod::start(&[]));

impl Mongod {
    /// Starts one with these arguments, and waits until it can be written to.
    pub fn start(arguments: &[&str]) -> Self {
        Self::spawn(arguments, Stdio::inherit())
    }

    /// As [`start`](Self::start). It writes no message when it ends.
    pub fn start_to_be_killed(arguments: &[&str]) -> Self {
        Self::spawn(arguments, Stdio::null())
    }

    fn spawn(arguments: &[&str], stderr: Stdio) -> Self {
        let mut script = Command::new(workspace().join("script/mongod"))
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
    #[cfg(unix)]
    pub fn signal(folder: &Path, signal: Signal) {
        let lock = std::fs::read_to_string(folder.join("mongod.lock")).expect("its lock file");
        let pid = lock.trim().parse().ok().and_then(Pid::from_raw).expect("a process id");
        kill_process(pid, signal).expect("it runs");
    }

    /// Stops it, and waits until it has ended.
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
