//! The program as a process, as it runs on the internet: the release profile, behind a proxy.

use std::fs::File;
use std::process::Child;
use std::time::{Duration, Instant};

use cloakroom::config::DEFAULT_URI;
use rocket::tokio::time::sleep;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::support::{SECRET, cloakroom};

/// A running instance, stopped when dropped.
pub struct Instance {
    pub url: String,
    port: u16,
    uri: String,
    settings: Settings,
    folder: TempDir,
    process: Option<Child>,
}

/// More environment variables.
type Settings = &'static [(&'static str, &'static str)];

impl Instance {
    /// Starts one, and waits until it is ready.
    pub async fn start(uri: &str) -> Self {
        let mut instance = Self::launch(uri);
        instance.ready().await;
        instance
    }

    /// Starts one in memory, with the cookie names of docs/deploy.md, for tests of the proxy.
    pub async fn in_memory() -> Self {
        let settings = &[("SESSION_STORE", "memory"), ("ROCKET_SESSION", r#"{name="__Host-sid"}"#)];
        let mut instance = Self::launch_with(DEFAULT_URI, settings);
        instance.ready().await;
        instance
    }

    /// Does what [`in_memory`](Self::in_memory) does, with a log of JSON that has each request.
    pub async fn with_json_log() -> Self {
        let settings = &[
            ("SESSION_STORE", "memory"),
            ("ROCKET_LOG_LEVEL", "normal"),
            ("ROCKET_LOG_FORMAT", "json"),
        ];
        let mut instance = Self::launch_with(DEFAULT_URI, settings);
        instance.ready().await;
        instance
    }

    /// Starts one.
    pub fn launch(uri: &str) -> Self {
        Self::launch_with(uri, &[])
    }

    fn launch_with(uri: &str, settings: Settings) -> Self {
        let port = free_port();
        let mut instance = Self {
            url: format!("http://127.0.0.1:{port}"),
            port,
            uri: uri.to_owned(),
            settings,
            folder: TempDir::new().expect("a folder"),
            process: None,
        };
        instance.restart();
        instance
    }

    /// Starts it again, at the same address.
    pub fn restart(&mut self) {
        let path = self.folder.path().join("log");
        let log = File::options().create(true).append(true).open(path).expect("a log");
        let mut command = cloakroom(&[]);
        command
            .env("ROCKET_PROFILE", "release")
            .env("SESSION_SECRET", SECRET)
            .env("MONGODB_URI", &self.uri)
            .env("ROCKET_PORT", self.port.to_string())
            // Each client of a test sends an address of its own, because one address has limits.
            .env("ROCKET_TRUSTED_PROXIES", r#"["127.0.0.1"]"#)
            .envs(self.settings.iter().copied())
            .stderr(log.try_clone().expect("a log"))
            .stdout(log);
        self.process = Some(command.spawn().expect("it starts"));
    }

    /// Waits until it is ready. Returns how long that took.
    pub async fn ready(&mut self) -> Duration {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(60) {
            let answer = reqwest::get(format!("{}/readyz", self.url)).await;
            if answer.is_ok_and(|answer| answer.status() == 200) {
                return begun.elapsed();
            }
            let ended = self.process.as_mut().and_then(|process| process.try_wait().ok().flatten());
            assert!(ended.is_none(), "it ended by itself: {}", self.log());
            sleep(Duration::from_millis(10)).await;
        }
        panic!("not ready for a minute: {}", self.log());
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("it runs");
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn pid(&self) -> Pid {
        Pid::from_child(self.process.as_ref().expect("it runs"))
    }

    /// SIGKILL, and waits until it is gone.
    pub fn kill(&mut self) {
        self.signal(Signal::KILL);
        self.gone();
    }

    /// Waits until it has ended. Returns its exit code.
    pub fn gone(&mut self) -> Option<i32> {
        self.process.take().expect("it runs").wait().expect("it ends").code()
    }

    /// Its log so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

pub fn free_port() -> u16 {
    let [port] = free_ports();
    port
}

/// Different ports, which no program listens at.
pub fn free_ports<const N: usize>() -> [u16; N] {
    let probes = [(); N].map(|()| std::net::TcpListener::bind("127.0.0.1:0").expect("a free port"));
    probes.each_ref().map(|probe| probe.local_addr().expect("a port").port())
}
