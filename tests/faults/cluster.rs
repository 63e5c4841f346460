//! Real servers that can be killed, frozen and brought back: a replica set of one or of three.

use std::time::Duration;

use mongodb::bson::{Document, doc};
use mongodb::{Client, Database};
use rocket::tokio::time::{Instant, sleep};
use rustix::process::Signal;
use tempfile::TempDir;

use crate::support::Mongod;

/// A replica set.
pub struct Cluster {
    members: Vec<Member>,
    client: Client,
}

struct Member {
    folder: TempDir,
    port: String,
    /// The folder of its data, deleted when dropped.
    server: Option<Mongod>,
    is_frozen: bool,
}

impl Member {
    fn start(folder: TempDir, port: &str) -> Self {
        let path = folder.path().to_str().expect("a path").to_owned();
        let server = Mongod::start_to_be_killed(&["--member", "--dbpath", &path, "--port", port]);
        Self { port: server.port().to_owned(), server: Some(server), folder, is_frozen: false }
    }

    fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        if self.is_frozen {
            Mongod::signal(self.folder.path(), Signal::CONT);
        }
    }
}

impl Cluster {
    /// Starts this number of servers, and waits for their primary.
    pub async fn start(count: usize) -> Self {
        let folders = (0..count).map(|_| TempDir::new().expect("a folder"));
        let members: Vec<Member> = folders.map(|folder| Member::start(folder, "0")).collect();
        let direct = format!("mongodb://{}/?directConnection=true", members[0].host());
        let first = Client::with_uri_str(direct).await.expect("a client");
        let hosts = members.iter().enumerate();
        let hosts: Vec<Document> = hosts
            .map(|(id, m)| doc! { "_id": i32::try_from(id).unwrap(), "host": m.host() })
            .collect();
        let config = doc! { "_id": "rs0", "members": hosts };
        let initiate = doc! { "replSetInitiate": config };
        first.database("admin").run_command(initiate).await.expect("a replica set");
        let client = Client::with_uri_str(uri(&members, "admin")).await.expect("a client");
        let cluster = Self { members, client };
        cluster.primary().await;
        cluster
    }

    /// The connection string of a database.
    pub fn uri(&self, database: &str) -> String {
        uri(&self.members, database)
    }

    /// The host and port of this member.
    pub fn host(&self, number: usize) -> String {
        self.members[number].host()
    }

    /// A database, for direct access in a test.
    pub fn database(&self, name: &str) -> Database {
        self.client.database(name)
    }

    /// Waits for a primary, and returns its number.
    pub async fn primary(&self) -> usize {
        let give_up = Instant::now() + Duration::from_secs(60);
        while Instant::now() < give_up {
            let hello = self.client.database("admin").run_command(doc! { "hello": 1 }).await;
            let host = hello.ok().and_then(|hello| Some(hello.get_str("primary").ok()?.to_owned()));
            let is_it = |member: &Member| Some(member.host()) == host && member.server.is_some();
            if let Some(number) = self.members.iter().position(is_it) {
                return number;
            }
            sleep(Duration::from_millis(100)).await;
        }
        panic!("no primary for a minute");
    }

    /// SIGKILL: the server stops at once, without a clean shutdown.
    pub fn kill(&mut self, number: usize) {
        let member = &mut self.members[number];
        Mongod::signal(member.folder.path(), Signal::KILL);
        member.server.take().expect("it runs").stop();
    }

    /// Starts a killed server again, with its data.
    pub fn restart(&mut self, number: usize) {
        let member = &mut self.members[number];
        let path = member.folder.path().to_str().expect("a path").to_owned();
        let arguments = ["--member", "--dbpath", &path, "--port", &member.port];
        member.server = Some(Mongod::start_to_be_killed(&arguments));
    }

    /// SIGSTOP: connections stay open, without any response.
    pub fn freeze(&mut self, number: usize) {
        Mongod::signal(self.members[number].folder.path(), Signal::STOP);
        self.members[number].is_frozen = true;
    }

    /// SIGCONT: goes on as if no time had passed.
    pub fn thaw(&mut self, number: usize) {
        Mongod::signal(self.members[number].folder.path(), Signal::CONT);
        self.members[number].is_frozen = false;
    }

    /// The primary hands over to another member.
    pub async fn step_down(&self) {
        let step_down = doc! { "replSetStepDown": 10, "secondaryCatchUpPeriodSecs": 5 };
        // The server refuses when no other member is ready. Then nothing happens, which is fine as well.
        let _ = self.client.database("admin").run_command(step_down).await;
    }

    /// Stops the replication to a secondary, which still answers.
    pub async fn hold_back(&self, number: usize) {
        let direct = format!("mongodb://{}/?directConnection=true", self.host(number));
        let member = Client::with_uri_str(direct).await.expect("a client").database("admin");
        let stop = doc! { "configureFailPoint": "rsSyncApplyStop", "mode": "alwaysOn" };
        member.run_command(stop).await.expect("the secondary is held back");
    }

    /// Makes the primary fail commands of the program, as `how` says.
    pub async fn fail(&self, mode: mongodb::bson::Bson, mut how: Document) {
        how.insert("appName", "cloakroom");
        let fail = doc! { "configureFailPoint": "failCommand", "mode": mode, "data": how };
        let _ = self.client.database("admin").run_command(fail).await;
    }
}

fn uri(members: &[Member], database: &str) -> String {
    let hosts: Vec<String> = members.iter().map(Member::host).collect();
    format!("mongodb://{}/{database}?replicaSet=rs0", hosts.join(","))
}
