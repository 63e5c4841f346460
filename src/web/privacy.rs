//! The page that says what is stored of a visitor, and for how long. Its times are those of the settings.
//!
//! Each sentence of `templates/privacy.html.tera` says what this program does. A change of what is stored has
//! to change the page as well. `tests/app/site.rs` knows the fields of an account and of a session, and fails
//! when there is another one.

use std::time::Duration;

use rocket::config::LogLevel;
use rocket::{Config, Route, State, get, routes};
use rocket_dyn_templates::{Template, context};
use rocket_express_session::store::REASON_KEPT;
use rocket_express_session::{Options, Sessions};
use serde::Serialize;

use super::cookies::{self, Described};
use super::page::Page;
use super::time_view::in_words;
use crate::auth::throttle::longest_window;
use crate::auth::{LocalStrategy, Visitor};

/// How long things are kept, as text.
#[derive(Serialize)]
struct Times {
    /// A session that is not used.
    idle: String,
    /// A session of a browser that stays logged in, and its cookie.
    remembered: String,
    /// Any session.
    absolute: String,
    /// The reason why a session was ended.
    reason: String,
    /// A counter of attempts.
    counter: String,
}

impl Times {
    fn new(options: &Options, remember_for: Duration) -> Self {
        Self {
            idle: in_words(options.idle_timeout.min(options.absolute_timeout)),
            remembered: in_words(remember_for),
            absolute: in_words(options.absolute_timeout),
            reason: in_words(REASON_KEPT),
            counter: in_words(longest_window()),
        }
    }
}

/// The lines that the log gets at this level (`logging.rs`).
fn logged(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Off => "nothing",
        LogLevel::Critical => "events",
        LogLevel::Normal | LogLevel::Debug => "requests",
    }
}

#[get("/privacy")]
fn show(
    page: Page<'_>,
    visitor: &Visitor,
    sessions: &State<Sessions>,
    strategy: &State<LocalStrategy>,
    config: &Config,
) -> Template {
    let options = sessions.options();
    let Described { device, flash } = cookies::describe(page.request());
    let cookie = |(name, lifetime): (&'static str, Duration)| {
        context! { name, lifetime: in_words(lifetime) }
    };
    let own = context! {
        times: Times::new(options, strategy.remember_for),
        session_cookie: &options.name,
        device: cookie(device),
        flash: cookie(flash),
        every_visit: options.save_uninitialized,
        log: logged(config.log_level),
    };
    page.render("privacy", visitor, own)
}

pub(super) fn routes() -> Vec<Route> {
    routes![show]
}
