//! The evidence that a check may look at: what was recorded since the guess, and what is stored. A check
//! takes all its words from here.

use std::sync::Arc;

pub(super) use crate::names::{LAB_COOKIE, LAB_SESSIONS};
pub(super) use crate::teach::progress::Proof;
pub(super) use crate::trace::{Exchange, Noted, Signature, Step, Write};

use crate::teach::progress::{LabState, Learner, LessonState};
use crate::trace::{Command, Cookie};

/// The name of a goal, and the proof if it was reached.
pub(super) type Goal = (&'static str, Option<Proof>);

/// The evidence of one learner for one lesson.
#[derive(Default)]
pub(super) struct Evidence {
    /// The address of the lesson's lab.
    lab_path: String,
    /// The exchanges of this browser, the oldest first.
    pub own: Vec<Arc<Exchange>>,
    /// The exchanges of all browsers of this user, the oldest first.
    pub all_browsers: Vec<Arc<Exchange>>,
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
        let later = |mut all: Vec<Arc<Exchange>>| {
            all.retain(|exchange| exchange.received.as_millis() >= guess.at);
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
            self.is_in_lab("GET", after) && before.fact(button).is_some()
        });
        pairs.map(|(_, after)| after.as_ref())
    }

    /// The exchanges in which this button of the lesson's lab was pressed, the oldest first.
    pub(super) fn pressed(&self, button: &str) -> impl Iterator<Item = &Exchange> {
        self.own.iter().map(Arc::as_ref).filter(move |exchange| {
            self.is_in_lab("POST", exchange) && exchange.fact(button).is_some()
        })
    }

    fn is_in_lab(&self, method: &str, exchange: &Exchange) -> bool {
        exchange.method == method && exchange.path == self.lab_path
    }
}

/// What the checks ask about an exchange.
impl Exchange {
    /// The number that the lab noted beside this fact.
    pub(super) fn fact(&self, wanted: &str) -> Option<i64> {
        self.steps.iter().find_map(|noted| match &noted.step {
            Step::Lab { fact, number, .. } if fact == wanted => Some(*number),
            _ => None,
        })
    }

    pub(super) fn cookie(&self, name: &str) -> Option<&Cookie> {
        self.cookies.iter().find(|cookie| cookie.name == name)
    }

    /// The cookie of this name in the response.
    pub(super) fn set_cookie(&self, name: &str) -> Option<&Cookie> {
        self.set_cookies.iter().find(|cookie| cookie.name == name && !cookie.is_gone)
    }

    /// The short session ID in the site's own cookie of the request.
    pub(super) fn ticket(&self) -> Option<&str> {
        own_sid(&self.cookies)
    }

    /// The short session ID in the site's own cookie of the response.
    pub(super) fn new_ticket(&self) -> Option<&str> {
        own_sid(&self.set_cookies)
    }

    /// The short session ID in the lab's cookie of the request.
    pub(super) fn lab_ticket(&self) -> Option<&str> {
        self.cookie(LAB_COOKIE)?.sid.as_deref()
    }

    /// The short session ID in the lab's cookie of the response.
    pub(super) fn new_lab_ticket(&self) -> Option<&str> {
        self.set_cookie(LAB_COOKIE)?.sid.as_deref()
    }

    /// The outcome of verifying the signature of the lab's cookie.
    pub(super) fn lab_signature(&self) -> Option<&Signature> {
        self.steps.iter().find_map(|noted| match &noted.step {
            Step::CookieRead { name, signature, .. } if name == LAB_COOKIE => Some(signature),
            _ => None,
        })
    }

    /// The commands about the lab's sessions.
    pub(super) fn lab_commands(&self) -> impl Iterator<Item = &Command> {
        self.commands().filter(|command| command.collection.starts_with("lab_"))
    }

    /// The lab's cookie had a wrong signature, and nothing was looked up for it.
    pub(super) fn lab_refused(&self) -> bool {
        matches!(self.lab_signature(), Some(Signature::Wrong | Signature::Missing))
            && self.lab_commands().next().is_none()
    }

    /// The lab's cookie had a genuine signature, and its session was not stored.
    pub(super) fn lab_lost(&self) -> bool {
        self.is_lab_session_stored() == Some(false)
    }

    /// The lab's cookie had a genuine signature, and its session was found.
    pub(super) fn lab_found(&self) -> bool {
        self.is_lab_session_stored() == Some(true)
    }

    fn is_lab_session_stored(&self) -> Option<bool> {
        let is_unknown = |noted: &Noted| matches!(noted.step, Step::UnknownSession { .. });
        matches!(self.lab_signature(), Some(Signature::Genuine { .. }))
            .then(|| !self.steps.iter().any(is_unknown))
    }
}

fn own_sid(cookies: &[Cookie]) -> Option<&str> {
    let own = |cookie: &&Cookie| !cookie.name.starts_with("lab.") && !cookie.is_gone;
    cookies.iter().filter(own).find_map(|cookie| cookie.sid.as_deref())
}
