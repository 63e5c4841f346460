//! Asks four session crates the same three questions, and prints the answers as a Markdown table.
//!
//! `questions.rs` asks, `browser.rs` sends the requests, and `server.rs` says what each server does. The
//! other files are one server for each crate, set up as its README says.

mod server;
mod browser;
mod questions;
mod rocket_express_session;
mod tower_sessions;
mod rocket_flex_session;
mod rocket_session_store;

use std::collections::BTreeSet;
use std::time::Duration;

use time::OffsetDateTime;
use tokio::time::timeout;

use crate::server::{Error, Server};

/// Each question is asked this often, with a new browser each time.
const ROUNDS: u32 = 100;

/// A handler that fails before its pause would never be resumed.
const LONGEST_ROUND: Duration = Duration::from_secs(10);

const HEAD: &str = "\
| Crate | Version | Concurrent changes of two keys | Logout during a request | Unknown session ID |
| --- | --- | --- | --- | --- |";

#[tokio::main]
async fn main() -> Result<(), Error> {
    // Rocket would log beside the table if no logger was set. The default one drops all lines.
    log::set_logger(log::logger())?;
    let servers = [
        rocket_express_session::start().await?,
        tower_sessions::start().await?,
        rocket_flex_session::start().await?,
        rocket_session_store::start().await?,
    ];
    println!("{HEAD}");
    for server in &servers {
        println!("{}", row(server).await?);
    }
    let date = OffsetDateTime::now_utc().date();
    println!("\n{date}, each question asked {ROUNDS} times; every crate with its store in memory.");
    for server in servers.iter().filter(|server| !server.note.is_empty()) {
        println!("\n\\* {}: {}", server.name, server.note);
    }
    Ok(())
}

async fn row(server: &Server) -> Result<String, Error> {
    let mut answers = [BTreeSet::new(), BTreeSet::new(), BTreeSet::new()];
    for round in 0..ROUNDS {
        let answered = timeout(LONGEST_ROUND, ask(server, round, &mut answers)).await;
        answered.map_err(|_| format!("{}: no answer in {LONGEST_ROUND:?}", server.name))??;
    }
    let mark = if server.note.is_empty() { "" } else { "\\*" };
    let version = locked_version(server.name)?;
    let [changes, logout, unknown] = answers.map(join);
    Ok(format!("| {}{mark} | {version} | {changes} | {logout} | {unknown} |", server.name))
}

async fn ask(
    server: &Server,
    round: u32,
    [changes, logout, unknown]: &mut [BTreeSet<&'static str>; 3],
) -> Result<(), Error> {
    changes.insert(questions::concurrent_changes(server).await?);
    logout.insert(questions::logout_during_a_request(server).await?);
    let made_up = (server.made_up)(round);
    unknown.insert(questions::unknown_id(server, &made_up).await?);
    let ended = questions::cookies_of_an_ended_session(server).await?;
    unknown.insert(questions::unknown_id(server, &ended).await?);
    Ok(())
}

/// One answer if all rounds agree, and every answer if they do not.
fn join(answers: BTreeSet<&str>) -> String {
    answers.into_iter().collect::<Vec<_>>().join(" / ")
}

/// The version of a crate that this program was built with.
fn locked_version(name: &str) -> Result<&'static str, Error> {
    let lock = include_str!("../Cargo.lock");
    let behind_name = lock.split_once(&format!("name = \"{name}\"\nversion = \""));
    let version = behind_name.and_then(|(_, rest)| rest.split_once('"'));
    version.map(|(version, _)| version).ok_or_else(|| format!("{name} is not in Cargo.lock").into())
}
