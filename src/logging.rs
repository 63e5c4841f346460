//! Where our lines go, and what may stand in them.
//!
//! Not Rocket's own logger: at its normal level it prints the query string of each request, at its
//! debug level whole requests with their cookies. Here a request is one line without its query
//! (`audit.rs` writes it), and whatever a line says, it stays one line.

use std::io::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use env_logger::{Builder, Target};
use log::{Level, LevelFilter, Record};
use rocket::config::LogLevel;
use rocket_express_session::Timestamp;

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
        // It has one line at the start that a script may wait for, and many that quote requests.
        .filter_module("rocket", LevelFilter::Off)
        // A module's name is compared by its beginning.
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

/// Rocket's macros write from within our modules, with a target that ends so. No module of ours can have
/// this name.
const OF_ROCKETS_MACROS: &str = "::_";

/// True for "Request guard `&User` failed: NotSignedIn." and the like: one for each anonymous request
/// of a protected page, and some quote the query. The audit line and the request line say what matters.
fn is_of_a_guard(record: &Record<'_>) -> bool {
    record.level() > Level::Error
        && record.target().starts_with("cloakroom")
        && record.target().ends_with(OF_ROCKETS_MACROS)
}

/// Where Rocket turns what hyper has read into a request.
const OF_ROCKETS_REQUESTS: &str = "rocket::request::request";

/// Rocket's words when it drops a `Cookie` header. A program cannot get at the header after that.
const DROPPED_COOKIES: &str = "Header 'cookie' contains invalid UTF-8";

/// In place of Rocket's words. The header's content stands in neither.
const COOKIES_WERE_DROPPED: &str = "the Cookie header of a request is not UTF-8, so Rocket drops it \
    with all its cookies, and the user is anonymous. Another program on this host has set such a \
    cookie: docs/deploy.md says how a proxy can remove it";

/// The words for a line of Rocket's requests; `None` for those that quote requests.
fn in_our_words(text: &str) -> Option<String> {
    static LIMIT: OncePerMinute = OncePerMinute::new();
    (text == DROPPED_COOKIES && LIMIT.is_due()).then(|| COOKIES_WERE_DROPPED.to_owned())
}

/// Limits a warning to one line a minute, however often clients cause it.
pub struct OncePerMinute(Mutex<Option<Instant>>);

impl OncePerMinute {
    /// A warning that was not written yet.
    #[expect(clippy::new_without_default, reason = "a static needs a const function")]
    pub const fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// Whether the last line is a minute old. True counts as a line.
    pub fn is_due(&self) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = last.is_none_or(|last| last.elapsed() >= Duration::from_secs(60));
        if is_due {
            *last = Some(Instant::now());
        }
        is_due
    }
}

/// `2026-11-23T08:00:00.000Z INFO audit: …`
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

/// A line break in a name must not begin a line of its own. A text must not colour the terminal, turn
/// the direction of the line, or hide in it. The standard library escapes what cannot be seen, and
/// marks that change the character before them.
fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            // A quoted name has its own escapes already; elsewhere these are harmless.
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
