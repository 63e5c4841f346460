//! The log: its format, and the lines that are left out.
//!
//! It replaces Rocket's logger. At its normal level, that logger prints the query string of each request. At
//! its debug level, it prints whole requests with their cookies. Here a request is one line without its query
//! (`in_flight.rs` writes it). A line stays one line, because control characters are escaped.

use std::io::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use env_logger::{Builder, Target};
use log::{Level, LevelFilter, Record};
use rocket::config::LogLevel;
use rocket_express_session::Timestamp;

/// Starts the log on standard output. The program calls this once, before anything writes to the log.
///
/// "critical" writes warnings and errors. "normal" also writes each request. Audit lines are written at both
/// levels. "debug" is the same as "normal", because debug lines could contain secrets.
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
        // Many lines of Rocket quote requests, so they are left out. A script may wait for the one of
        // `rocket::launch`.
        .filter_module("rocket", LevelFilter::Off)
        // env_logger compares the beginnings of names, so `rocket` also covers the modules below.
        .filter_module("rocket_express_session", ours)
        .filter_module(OF_ROCKETS_REQUESTS, ours.min(LevelFilter::Warn))
        .filter_module("rocket_dyn_templates", ours.min(LevelFilter::Warn))
        .filter_module("rocket::launch", audit)
        .target(Target::Stdout)
        .format(|out, record| match line(record) {
            Some(line) => writeln!(out, "{line}"),
            None => Ok(()),
        })
        .init();
}

/// The end of the log target of lines from Rocket's macros, which write from inside our modules. No module of
/// ours can have this name.
const OF_ROCKETS_MACROS: &str = "::_";

/// Whether this line is one of Rocket's about a guard, such as "Request guard `&User` failed". Each anonymous
/// request of a protected page causes one, and some quote the query. The request line says enough, and a 403
/// has an audit line.
fn is_of_a_guard(record: &Record<'_>) -> bool {
    record.level() > Level::Error
        && record.target().starts_with("cloakroom")
        && record.target().ends_with(OF_ROCKETS_MACROS)
}

/// The module in which Rocket makes its request from that of hyper.
const OF_ROCKETS_REQUESTS: &str = "rocket::request::request";

/// Rocket's message when it drops a `Cookie` header. A program cannot read the header after that.
const DROPPED_COOKIES: &str = "Header 'cookie' contains invalid UTF-8";

/// Our message instead of Rocket's. Neither contains the header.
const COOKIES_WERE_DROPPED: &str = "the Cookie header of a request is not UTF-8, so Rocket drops it \
    with all its cookies, and the user is anonymous. Another program on this host may set such a \
    cookie: docs/deploy.md says how a proxy can remove it";

/// Replaces Rocket's message about a dropped header by ours, once a minute. `None`: the line is left out.
fn in_our_words(text: &str) -> Option<String> {
    static LIMIT: OncePerMinute = OncePerMinute::new();
    (text == DROPPED_COOKIES && LIMIT.is_due()).then(|| COOKIES_WERE_DROPPED.to_owned())
}

/// Limits a warning to one line a minute, however often clients cause it.
pub struct OncePerMinute(Mutex<Option<Instant>>);

impl OncePerMinute {
    /// The limit of a warning that was not written yet.
    #[expect(clippy::new_without_default, reason = "a static needs a const function")]
    pub const fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// Whether the warning may be written now. After `true`, it may be written again in a minute.
    pub fn is_due(&self) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = last.is_none_or(|last| last.elapsed() >= Duration::from_secs(60));
        if is_due {
            *last = Some(Instant::now());
        }
        is_due
    }
}

/// Formats a line: `2026-11-23T08:00:00.000Z INFO audit: …`. `None`: the line is left out.
fn line(record: &Record<'_>) -> Option<String> {
    if is_of_a_guard(record) {
        return None;
    }
    let mut text = record.args().to_string();
    if record.target().starts_with(OF_ROCKETS_REQUESTS) {
        text = in_our_words(&text)?;
    }
    if record.target().starts_with("rocket::launch") && !text.contains("launched from") {
        return None;
    }
    let now = Timestamp::now().to_iso();
    Some(format!("{now} {} {}: {}", record.level(), record.target(), one_line(&text)))
}

/// Escapes a text, so that it stays on one line and cannot change how a terminal shows the line. An unescaped
/// text could begin a new line, set colours, reverse the direction or be invisible. The standard library
/// escapes invisible characters, and marks that change the character before them.
fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            // Quoted names are escaped already. Elsewhere these characters are harmless.
            '"' | '\'' | '\\' => line.push(c),
            _ => line.extend(c.escape_debug()),
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stays_one_line() {
        let check = |text: &str, expected: &str| assert_eq!(one_line(text), expected);
        check("rosa\r\n2026 INFO audit: \u{1b}[1m", r"rosa\r\n2026 INFO audit: \u{1b}[1m");
        let harmless = r#"Zoë — 张伟 🧥 user="x\" address=1.2.3.4" it's C:\"#;
        check(harmless, harmless);
    }

    #[test]
    fn what_cannot_be_seen_is_escaped() {
        // Controls, line separators, spaces, directions, zero widths, a BOM, tags, selectors, marks,
        // private use, unassigned code points.
        let unseen = "\0\t\u{7f}\u{85}\u{9b}\u{2028}\u{2029}\u{a0}\u{3000}\u{ad}\u{61c}\u{200b}\
            \u{200d}\u{200e}\u{202a}\u{202e}\u{2060}\u{2066}\u{2069}\u{feff}\u{fff9}\u{e0001}\
            \u{e0041}\u{fe0f}\u{34f}\u{301}\u{e000}\u{10fffd}\u{378}\u{ffff}";
        for c in unseen.chars() {
            let line = one_line(&format!("a{c}b"));
            assert!(line.is_ascii() && line.starts_with(r"a\") && line.ends_with('b'), "{line}");
        }
    }

    #[test]
    fn of_rockets_requests_only_dropped_cookies_are_told_in_our_words_and_once_a_minute() {
        let written = |text: &str| {
            let target = OF_ROCKETS_REQUESTS;
            line(
                &Record::builder()
                    .level(Level::Warn)
                    .target(target)
                    .args(format_args!("{text}"))
                    .build(),
            )
        };
        for other in ["Header 'x-secret' contains invalid UTF-8", "GET /?token=x", ""] {
            assert_eq!(written(other), None, "{other}");
        }
        let told = written(DROPPED_COOKIES).unwrap();
        assert!(told.contains("WARN") && told.ends_with(COOKIES_WERE_DROPPED), "{told}");
        assert_eq!(written(DROPPED_COOKIES), None, "once a minute");
    }

    #[test]
    fn lines_of_rockets_guards_are_left_out_and_errors_and_our_own_are_not() {
        let is_written = |level, target: &str| {
            line(&Record::builder().level(level).target(target).build()).is_some()
        };
        assert!(!is_written(Level::Warn, "cloakroom::web::admin::_"));
        assert!(is_written(Level::Error, "cloakroom::web::admin::_"), "a broken invariant");
        assert!(is_written(Level::Warn, "cloakroom::web::admin"));
        assert!(is_written(Level::Error, "rocket_dyn_templates::engine::_"));
    }
}
