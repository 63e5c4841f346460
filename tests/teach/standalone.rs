//! A MongoDB that is no replica set has no change streams: each instance compares and reads again.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use mongodb::bson::{Document, doc};
use rocket::tokio::time::sleep;
use tempfile::TempDir;

use crate::stream::Events;
use crate::support::App;

/// A server that ends with the test. It deletes expired documents every second.
pub struct Standalone {
    process: Child,
    pub uri: String,
    _data: TempDir,
}

impl Drop for Standalone {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub async fn standalone() -> Standalone {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/script/mongod");
    let path = Command::new(script).arg("--install-only").output().unwrap().stdout;
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let data = TempDir::new().unwrap();
    let mut mongod = Command::new(String::from_utf8(path).unwrap().trim());
    mongod.args(["--bind_ip", "127.0.0.1", "--nounixsocket", "--quiet", "--dbpath"]);
    mongod.arg(data.path()).args(["--port", &port.to_string()]);
    mongod.args(["--setParameter", "ttlMonitorSleepSecs=1"]).stdout(Stdio::null());
    let process = mongod.spawn().unwrap();
    let uri = format!("mongodb://127.0.0.1:{port}/class");
    let standalone = Standalone { process, uri, _data: data };
    let client = mongodb::Client::with_uri_str(&standalone.uri).await.unwrap();
    for _ in 0..100 {
        if client.database("admin").run_command(doc! { "ping": 1 }).await.is_ok() {
            return standalone;
        }
        sleep(Duration::from_millis(100)).await;
    }
    panic!("it does not answer");
}

#[rocket::async_test]
async fn a_standalone_server_compares_sessions_and_reads_settings_every_two_seconds() {
    let mongod = standalone().await;
    let first = App::on_with(&mongod.uri, |figment| figment.merge(("teaching", true))).await;
    let second = App::on_with(&mongod.uri, |figment| figment.merge(("teaching", true))).await;
    let mut teacher = first.browser();
    teacher.sign_up("frida").await;
    let client = mongodb::Client::with_uri_str(&mongod.uri).await.unwrap();
    let users = client.database("class").collection::<Document>("users");
    users.update_one(doc! {}, doc! { "$set": { "admin": true } }).await.unwrap();

    let mut events = Events::after(&teacher, "").await;
    // The second one comes after the first list.
    for _ in 0..2 {
        events.read_until("event:changed").await;
    }
    let mut rosa = second.browser();
    rosa.sign_up("rosa").await;
    let short_id = rosa.session_id().unwrap()[..6].to_owned();
    let line = |what: &str| format!(r#"{{"what":"{what}","short_id":"{short_id}…""#);
    events.read_until(&line("insert")).await;
    rosa.post("/coat", &[("item", "scarf")]).await;
    events.read_until(&line("update")).await;
    rosa.post("/logout", &[]).await;
    events.read_until(&line("delete")).await;

    teacher.post("/class/line", &[("line", "Look up")]).await;
    for _ in 0..100 {
        if second.browser().get("/login").await.body.contains("Look up") {
            return;
        }
        sleep(Duration::from_millis(50)).await;
    }
    panic!("the second instance never notices it");
}
