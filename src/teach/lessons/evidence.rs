//! The evidence that a check may look at: what was recorded since the guess, and what is stored.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use crate::names::LAB_COOKIE;
use crate::teach::progress::{LabState, Learner, LessonState};
use crate::trace::{Cookie, Exchange, Noted, Signature, Step};

/// The evidence of one learner for one lesson.
#[derive(Default)]
pub(super) struct Evidence {
    /// The address of the lesson's lab.
    lab_path: String,
    /// The exchanges of this browser, the oldest first.
    pub own: Vec<Arc<Exchange>>,
    /// The exchanges of all browsers of this user, the oldest first.
    pub all_browsers: Vec<Arc<Exchange>>,
    /// The ID of the user who is logged in.
    pub user: Option<String>,
    /// The session as JSON.
    pub session: String,
    /// The right answer was typed.
    pub answered: bool,
    pub lab: LabState,
}

impl Evidence {
    /// The evidence since the learner's guess; `None` before it.
    pub(super) fn since_guess(
        learner: &Learner<'_>,
        slug: &str,
        state: &LessonState,
    ) -> Option<Self> {
        let guess = state.guess.as_ref()?;
        let since = UNIX_EPOCH + Duration::from_millis(guess.at.try_into().ok()?);
        let later = |mut all: Vec<Arc<Exchange>>| {
            all.retain(|exchange| exchange.received >= since);
            all
        };
        Some(Self {
            lab_path: format!("/lab/{slug}"),
            own: later(learner.exchanges()),
            all_browsers: later(learner.exchanges_of_all_browsers()),
            user: learner.user_id(),
            session: learner.session.data().to_json(),
            answered: state.answered,
            lab: learner.progress().lab.clone(),
        })
    }

    /// The visits to the lesson's lab, the oldest first.
    pub(super) fn visits(&self) -> impl Iterator<Item = &Exchange> {
        self.own.iter().map(Arc::as_ref).filter(|exchange| self.is_in_lab("GET", exchange))
    }

    /// The visits to the lesson's lab right after this button was pressed, the oldest first.
    pub(super) fn visits_after(&self, button: &str) -> impl Iterator<Item = &Exchange> {
        let pairs = self.own.iter().zip(self.own.iter().skip(1));
        let pairs = pairs.filter(move |(before, after)| {
            self.is_in_lab("GET", after) && number(before, button).is_some()
        });
        pairs.map(|(_, after)| after.as_ref())
    }

    /// The exchanges in which this button of the lesson's lab was pressed, the oldest first.
    pub(super) fn pressed(&self, button: &str) -> impl Iterator<Item = &Exchange> {
        self.own.iter().map(Arc::as_ref).filter(move |exchange| {
            self.is_in_lab("POST", exchange) && number(exchange, button).is_some()
        })
    }

    fn is_in_lab(&self, method: &str, exchange: &Exchange) -> bool {
        exchange.method == method && exchange.path == self.lab_path
    }
}

/// The number that the lab noted beside this fact.
pub(super) fn number(exchange: &Exchange, wanted: &str) -> Option<i64> {
    exchange.steps.iter().find_map(|noted| match &noted.step {
        Step::Lab { fact, number, .. } if fact == wanted => Some(*number),
        _ => None,
    })
}

/// The outcome of verifying the signature of this cookie.
pub(super) fn signature<'e>(exchange: &'e Exchange, cookie: &str) -> Option<&'e Signature> {
    exchange.steps.iter().find_map(|noted| match &noted.step {
        Step::CookieRead { name, signature, .. } if name == cookie => Some(signature),
        _ => None,
    })
}

/// The lab's cookie had a wrong signature, and nothing was looked up for it.
pub(super) fn lab_refused(exchange: &Exchange) -> bool {
    let is_refused =
        matches!(signature(exchange, LAB_COOKIE), Some(Signature::Wrong | Signature::Missing));
    is_refused && lab_commands(exchange) == 0
}

/// The lab's cookie had a genuine signature, and its session was not stored.
pub(super) fn lab_lost(exchange: &Exchange) -> bool {
    is_stored(exchange) == Some(false)
}

/// The lab's cookie had a genuine signature, and its session was found.
pub(super) fn lab_found(exchange: &Exchange) -> bool {
    is_stored(exchange) == Some(true)
}

fn is_stored(exchange: &Exchange) -> Option<bool> {
    let is_unknown = |noted: &Noted| matches!(noted.step, Step::UnknownSession { .. });
    matches!(signature(exchange, LAB_COOKIE), Some(Signature::Genuine { .. }))
        .then(|| !exchange.steps.iter().any(is_unknown))
}

/// The number of commands about the lab's sessions.
pub(super) fn lab_commands(exchange: &Exchange) -> usize {
    exchange.commands().filter(|command| command.collection.starts_with("lab_")).count()
}

/// The cookie of this name in the request.
pub(super) fn sent<'e>(exchange: &'e Exchange, name: &str) -> Option<&'e Cookie> {
    exchange.cookies.iter().find(|cookie| cookie.name == name)
}

/// The cookie of this name in the response.
pub(super) fn set<'e>(exchange: &'e Exchange, name: &str) -> Option<&'e Cookie> {
    exchange.set_cookies.iter().find(|cookie| cookie.name == name && !cookie.is_gone)
}

/// The short session ID in the lab's cookie of the request.
pub(super) fn lab_ticket(exchange: &Exchange) -> Option<&str> {
    sent(exchange, LAB_COOKIE)?.sid.as_deref()
}

/// The short session ID in the site's own cookie of the request.
pub(super) fn ticket(exchange: &Exchange) -> Option<&str> {
    own_sid(&exchange.cookies)
}

/// The short session ID in the site's own cookie of the response.
pub(super) fn new_ticket(exchange: &Exchange) -> Option<&str> {
    own_sid(&exchange.set_cookies)
}

fn own_sid(cookies: &[Cookie]) -> Option<&str> {
    let own = |cookie: &&Cookie| !cookie.name.starts_with("lab.") && !cookie.is_gone;
    cookies.iter().filter(own).find_map(|cookie| cookie.sid.as_deref())
}
