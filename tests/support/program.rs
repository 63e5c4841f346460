//! The program itself, as one starts it.

use std::io::{BufRead as _, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};

/// Long enough for the release profile.
pub const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// The program with these arguments, on any port, with none of our settings around. `CLOAKROOM` names
/// another build of it, such as `target/release/cloakroom`.
pub fn cloakroom(arguments: &[&str]) -> Command {
    let program = std::env::var_os("CLOAKROOM");
    let mut command = Command::new(program.unwrap_or(env!("CARGO_BIN_EXE_cloakroom").into()));
    command
        .args(arguments)
        // Rocket.toml is found in the folder above. A class that was served there may have left a secret.
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests"))
        .env_remove("MONGODB_URI")
        .env_remove("SESSION_STORE")
        .env_remove("SESSION_SECRET")
        .env("ROCKET_PORT", "0")
        .env("ROCKET_CLI_COLORS", "false")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// With its standard output, which must stay open: Rocket logs there.
pub struct Running(pub Child, pub Lines<BufReader<ChildStdout>>);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a server; returns it with its address and all it logged until then.
pub fn launch(command: &mut Command) -> (Running, String, String) {
    let mut child = command.spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut running = Running(child, lines);
    let mut log = String::new();
    while let Some(line) = running.1.next() {
        let line = line.unwrap();
        log += &line;
        log += "\n";
        if let Some((_, url)) = line.split_once("launched from ") {
            // As JSON, the line goes on with a quote.
            let url = url.split('"').next().unwrap_or_default();
            return (running, url.trim().to_owned(), log);
        }
    }
    panic!("it did not start: {log}");
}

impl Running {
    /// Ends it; returns what else it has logged.
    pub fn end(mut self) -> String {
        self.0.kill().expect("it runs");
        let lines = self.1.by_ref().map_while(Result::ok);
        lines.map(|line| line + "\n").collect()
    }
}
