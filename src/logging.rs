//! Where our lines go, and what may stand in them.
//!
//! Not Rocket's own logger: at its normal level it prints the query string of each request, at its
//! debug level whole requests with their cookies. Here a request is one line without its query
//! (`audit.rs` writes it), and whatever a line says, it stays one line.

use std::io::Write as _;

use env_logger::{Builder, Target};
use log::{LevelFilter, Record};
use rocket::config::LogLevel;

use crate::session::Timestamp;

/// Starts the log, on standard output. Called once, before anything that could have something to say.
///
/// "critical" is for what went wrong, "normal" for each request as well; the audit lines stand in
/// both. "debug" is as "normal": nothing that it could add is fit to be kept.
pub fn start(level: LogLevel) {
    let (ours, audit) = match level {
        LogLevel::Off => (LevelFilter::Off, LevelFilter::Off),
        LogLevel::Critical => (LevelFilter::Warn, LevelFilter::Info),
        LogLevel::Normal | LogLevel::Debug => (LevelFilter::Info, LevelFilter::Info),
    };
    Builder::new()
        .filter_level(ours.min(LevelFilter::Warn))
        .filter_module("cloakroom", ours)
        .filter_module("request", ours)
        .filter_module("audit", audit)
        // It has one line at the start that somebody may wait for, and many that quote requests.
        .filter_module("rocket", LevelFilter::Off)
        .filter_module("rocket_dyn_templates", ours.min(LevelFilter::Warn))
        .filter_module("rocket::launch", audit)
        .target(Target::Stdout)
        .format(|out, record| match line(record) {
            Some(line) => writeln!(out, "{line}"),
            None => Ok(()),
        })
        .init();
}

/// `2026-11-23T08:00:00.000Z INFO audit: …`
fn line(record: &Record<'_>) -> Option<String> {
    let text = record.args().to_string();
    if record.target().starts_with("rocket::launch") && !text.contains("launched from") {
        return None;
    }
    let now = Timestamp::now().to_iso();
    Some(format!("{now} {} {}: {}", record.level(), record.target(), one_line(&text)))
}

/// A line break in a name must not begin a line of its own, nor may it colour the terminal.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stays_one_line() {
        assert_eq!(
            one_line("rosa\r\n2026 INFO audit: \u{1b}[1m"),
            "rosa\u{fffd}\u{fffd}2026 INFO audit: \u{fffd}[1m"
        );
        assert_eq!(one_line("Zo\u{eb} \u{2014}"), "Zo\u{eb} \u{2014}");
    }
}
