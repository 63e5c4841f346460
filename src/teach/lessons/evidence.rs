//! What a check may look at: what was recorded since the prediction, and what is stored.

use std::sync::Arc;

use crate::teach::labs::COOKIE;
use crate::teach::progress::{Learner, State, millis};
use crate::trace::{Cookie, Exchange, Seal, Step};

/// Of one learner, for one lesson.
#[derive(Default)]
pub struct Evidence {
    /// Of this browser, the oldest first.
    pub own: Vec<Arc<Exchange>>,
    /// Of this user in whatever browser, the oldest first.
    pub anywhere: Vec<Arc<Exchange>>,
    /// Who is logged in, by id.
    pub user: Option<String>,
    /// The session as JSON.
    pub session: String,
    /// The right answer was typed.
    pub answered: bool,
}

impl Evidence {
    /// What there is since the guess; `None` before it.
    pub fn of(learner: &Learner<'_>, state: &State) -> Option<Self> {
        let since = state.guess.as_ref()?.at;
        let later = |mut all: Vec<Arc<Exchange>>| {
            all.retain(|exchange| millis(exchange.at) >= since);
            all
        };
        Some(Self {
            own: later(learner.exchanges()),
            anywhere: later(learner.exchanges_anywhere()),
            user: learner.user_id(),
            session: learner.session.data().to_json(),
            answered: state.answered,
        })
    }

    /// The visits to this lab, the oldest first.
    pub fn visits(&self, slug: &str) -> impl Iterator<Item = &Exchange> {
        let path = format!("/lab/{slug}");
        let own = self.own.iter().map(Arc::as_ref);
        own.filter(move |exchange| exchange.method == "GET" && exchange.path == path)
    }

    /// The visits to this lab that came right after this button was pressed.
    pub fn visits_after(&self, slug: &str, button: &str) -> impl Iterator<Item = &Exchange> {
        let path = format!("/lab/{slug}");
        let pairs = self.own.iter().zip(self.own.iter().skip(1));
        let pairs = pairs.filter(move |(before, after)| {
            after.method == "GET" && after.path == path && number(before, button).is_some()
        });
        pairs.map(|(_, after)| after.as_ref())
    }

    /// The answer to this button, the oldest first.
    pub fn pressed(&self, slug: &str, button: &str) -> impl Iterator<Item = &Exchange> {
        let path = format!("/lab/{slug}");
        let own = self.own.iter().map(Arc::as_ref);
        own.filter(move |exchange| {
            exchange.method == "POST" && exchange.path == path && number(exchange, button).is_some()
        })
    }
}

/// The number that a lesson noted beside this fact.
pub fn number(exchange: &Exchange, wanted: &str) -> Option<i64> {
    exchange.steps.iter().find_map(|noted| match &noted.step {
        Step::Lab { fact, number, .. } if fact == wanted => Some(*number),
        _ => None,
    })
}

/// What the seal of the cookie of this name was worth.
pub fn seal<'e>(exchange: &'e Exchange, cookie: &str) -> Option<&'e Seal> {
    exchange.steps.iter().find_map(|noted| match &noted.step {
        Step::Ticket { name, seal, .. } if name == cookie => Some(seal),
        _ => None,
    })
}

/// The seal of the lab's ticket was refused, and nothing was looked up for it.
pub fn lab_refused(exchange: &Exchange) -> bool {
    let is_refused = matches!(seal(exchange, COOKIE), Some(Seal::Broken | Seal::Missing));
    is_refused && lab_commands(exchange) == 0
}

/// The ticket of the lab was genuine, and no session is kept for it.
pub fn lab_lost(exchange: &Exchange) -> bool {
    let is_genuine = matches!(seal(exchange, COOKIE), Some(Seal::Genuine { .. }));
    is_genuine && exchange.steps.iter().any(|noted| matches!(noted.step, Step::Lost { .. }))
}

/// The ticket of the lab was genuine, and its session was there.
pub fn lab_found(exchange: &Exchange) -> bool {
    let is_genuine = matches!(seal(exchange, COOKIE), Some(Seal::Genuine { .. }));
    is_genuine && !lab_lost(exchange)
}

/// Commands about the lab's sessions.
pub fn lab_commands(exchange: &Exchange) -> usize {
    exchange.commands().filter(|command| command.collection == "lab_sessions").count()
}

/// The cookie of this name, as it came.
pub fn sent<'e>(exchange: &'e Exchange, name: &str) -> Option<&'e Cookie> {
    exchange.cookies.iter().find(|cookie| cookie.name == name)
}

/// The cookie of this name, as it was set.
pub fn set<'e>(exchange: &'e Exchange, name: &str) -> Option<&'e Cookie> {
    exchange.set_cookies.iter().find(|cookie| cookie.name == name && !cookie.is_gone)
}

/// The start of the session id in the site's own ticket, as it came.
pub fn ticket(exchange: &Exchange) -> Option<&str> {
    let own = |cookie: &&Cookie| !cookie.name.starts_with("lab.");
    exchange.cookies.iter().filter(own).find_map(|cookie| cookie.sid.as_deref())
}

/// The start of the session id in the site's own ticket, as it was set.
pub fn new_ticket(exchange: &Exchange) -> Option<&str> {
    let own = |cookie: &&Cookie| !cookie.name.starts_with("lab.") && !cookie.is_gone;
    exchange.set_cookies.iter().filter(own).find_map(|cookie| cookie.sid.as_deref())
}
