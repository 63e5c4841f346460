//! The log: which lines it has. `logging/line.rs` has their format.
//!
//! It replaces Rocket's logger. At its normal level, that logger prints the query string of each request. At
//! its debug level, it prints whole requests with their cookies. Here a request is one line without its query
//! (`in_flight.rs` writes it).

mod line;

use std::fmt;
use std::io::stdout;

use rocket::config::LogLevel;
use serde::Deserialize;
use tracing::{Event, Level, Subscriber};
use tracing_log::NormalizeEvent as _;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::once_per_minute::OncePerMinute;
use line::Line;

/// The form of a line. Both have the same fields.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people: `2026-11-23T08:00:00.000Z INFO audit: Login Done user="rosa" …`
    #[default]
    Text,
    /// For programs: `{"time":"2026-11-23T08:00:00.000Z","level":"INFO","target":"audit",…}`
    Json,
}

/// Starts the log on standard output. The program calls this once, before anything writes to the log.
///
/// "critical" writes warnings and errors. "normal" also writes each request. Audit lines are written at both
/// levels. "debug" is the same as "normal", because debug lines could contain secrets.
pub fn start(level: LogLevel, format: LogFormat) {
    let (ours, audit) = match level {
        LogLevel::Off => (LevelFilter::OFF, LevelFilter::OFF),
        LogLevel::Critical => (LevelFilter::WARN, LevelFilter::INFO),
        LogLevel::Normal | LogLevel::Debug => (LevelFilter::INFO, LevelFilter::INFO),
    };
    let targets = Targets::new()
        .with_default(ours.min(LevelFilter::WARN))
        .with_target("cloakroom", ours)
        .with_target("request", ours)
        .with_target("audit", audit)
        // Many lines of Rocket quote requests, so they are left out. A script may wait for the one of
        // `rocket::launch`.
        .with_target("rocket", LevelFilter::OFF)
        // The beginnings of names are compared, so `rocket` also covers the modules below.
        .with_target("rocket_express_session", ours)
        .with_target(OF_ROCKETS_REQUESTS, ours.min(LevelFilter::WARN))
        .with_target("rocket_dyn_templates", ours.min(LevelFilter::WARN))
        .with_target("rocket::launch", audit);
    let lines = tracing_subscriber::fmt::layer()
        .event_format(Lines(format))
        .with_writer(stdout)
        // A log that cannot be written must not fill standard error instead.
        .log_internal_errors(false);
    tracing_subscriber::registry().with(lines).with(targets).init();
}

/// Writes the lines in this form.
struct Lines(LogFormat);

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut out: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        // Rocket and the session engine use the crate `log`: their metadata is in the event's fields.
        let of_log = event.normalized_metadata();
        let metadata = of_log.as_ref().unwrap_or_else(|| event.metadata());
        let line = Line::new(*metadata.level(), metadata.target(), |fields| event.record(fields));
        match admitted(line) {
            Some(line) => writeln!(out, "{}", line.in_format(self.0)),
            None => Ok(()),
        }
    }
}

/// The line as it is written. `None`: it is left out.
fn admitted(mut line: Line) -> Option<Line> {
    if is_of_a_guard(&line) {
        return None;
    }
    if line.target().starts_with(OF_ROCKETS_REQUESTS) {
        line.set_message(in_our_words(line.message())?);
    }
    if line.target().starts_with("rocket::launch") && !line.message().contains("launched from") {
        return None;
    }
    Some(line)
}

/// The end of the log target of lines from Rocket's macros, which write from inside our modules. No module of
/// ours can have this name.
const OF_ROCKETS_MACROS: &str = "::_";

/// Whether this line is one of Rocket's about a guard, such as "Request guard `&User` failed". Each anonymous
/// request of a protected page causes one, and some quote the query. The request line says enough, and a 403
/// has an audit line.
fn is_of_a_guard(line: &Line) -> bool {
    line.level() > Level::ERROR
        && line.target().starts_with("cloakroom")
        && line.target().ends_with(OF_ROCKETS_MACROS)
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
fn in_our_words(text: &str) -> Option<&'static str> {
    static LIMIT: OncePerMinute = OncePerMinute::new();
    (text == DROPPED_COOKIES && LIMIT.is_due()).then_some(COOKIES_WERE_DROPPED)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(level: Level, target: &str, message: &str) -> Option<String> {
        let mut line = Line::new(level, target, |_| ());
        line.set_message(message);
        admitted(line).map(|line| line.message().to_owned())
    }

    #[test]
    fn of_rockets_requests_only_dropped_cookies_are_told_in_our_words_and_once_a_minute() {
        let told = |message| told(Level::WARN, OF_ROCKETS_REQUESTS, message);
        for other in ["Header 'x-secret' contains invalid UTF-8", "GET /?token=x", ""] {
            assert_eq!(told(other), None, "{other}");
        }
        assert_eq!(told(DROPPED_COOKIES).as_deref(), Some(COOKIES_WERE_DROPPED));
        assert_eq!(told(DROPPED_COOKIES), None, "once a minute");
    }

    #[test]
    fn lines_of_rockets_guards_are_left_out_and_errors_and_our_own_are_not() {
        let is_written = |level, target: &str| told(level, target, "").is_some();
        assert!(!is_written(Level::WARN, "cloakroom::web::admin::_"));
        assert!(is_written(Level::ERROR, "cloakroom::web::admin::_"), "a broken invariant");
        assert!(is_written(Level::WARN, "cloakroom::web::admin"));
        assert!(is_written(Level::ERROR, "rocket_dyn_templates::engine::_"));
    }
}
