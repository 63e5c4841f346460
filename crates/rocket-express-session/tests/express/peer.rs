//! The Express app as a process of its own, on the database of a test.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;

use mongodb::Database;
use mongodb::bson::{Document, doc};

use crate::support::{Browser, install_packages};

/// A running Express app. It ends with the test.
pub struct Peer {
    process: Child,
    pub url: String,
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Where `app.js` is, from the folder of the workspace.
const FOLDER: &str = "crates/rocket-express-session/tests/express";

static PATH: LazyLock<String> = LazyLock::new(|| install_packages(FOLDER));

fn node(script: &str) -> Command {
    let mut command = Command::new("node");
    command.arg(script).current_dir(&*PATH).stdout(Stdio::piped()).stdin(Stdio::piped());
    command
}

impl Peer {
    /// Starts it with these settings of express-session, in JSON.
    pub fn start(uri: &str, secret: &str, settings: &str) -> Self {
        Self::with(uri, secret, settings, "{}")
    }

    /// Starts it with other packages than the tutorial's, see `app.js`.
    pub fn with(uri: &str, secret: &str, settings: &str, packages: &str) -> Self {
        let mut command = node("app.js");
        command.arg("0").env("MONGODB_URI", uri).env("SESSION_SECRET", secret);
        command.env("SETTINGS", settings).env("PACKAGES", packages);
        let mut process = command.spawn().expect("node starts");
        let mut line = String::new();
        let stdout = process.stdout.take().expect("stdout is piped");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        let port = line.trim().rsplit(' ').next().expect("a port").to_owned();
        assert!(line.starts_with("listening on "), "the peer did not start: {line}");
        Self { process, url: format!("http://127.0.0.1:{port}") }
    }

    /// Whether the process has ended, as Node.js does on an error that no handler catches.
    pub fn has_ended(&mut self) -> bool {
        self.process.try_wait().expect("a process of ours").is_some()
    }

    pub fn browser(&self) -> Browser {
        Browser::new(&self.url)
    }

    /// Creates an account; returns the user's ID. `database`: the one that the peer is on.
    pub async fn register(&self, username: &str, database: &Database) -> String {
        let fields = [("username", username), ("password", "correct horse battery")];
        assert_eq!(self.browser().post("/register", &fields).await.status, 302);
        let users = database.collection::<Document>("users");
        let user = users.find_one(doc! { "username": username }).await.expect("the users");
        user.expect("the account").get_object_id("_id").expect("an ID").to_hex()
    }

    /// This browser, at the peer instead.
    pub fn visit(&self, browser: &Browser) -> Browser {
        self.browser().with_jar_of(browser)
    }
}

/// Lets `sign.js` answer each line.
pub fn sign(lines: &[String]) -> Vec<String> {
    let mut process = node("sign.js").spawn().expect("node starts");
    let mut stdin = process.stdin.take().expect("stdin is piped");
    let input = lines.join("\n") + "\n";
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()).expect("it reads"));
    let output = process.wait_with_output().expect("it ends");
    writer.join().expect("all is written");
    String::from_utf8(output.stdout).expect("UTF-8").lines().map(str::to_owned).collect()
}
