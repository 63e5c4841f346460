//! The result of a form for logging in, and its text. The login page shows the text as an error, a lesson as
//! a flash message.

use std::time::Duration;

use crate::web::time_view::humanize;

/// The result of the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginResult {
    /// The user is logged in.
    Done,
    /// The username or the password is wrong or missing. The text must not reveal whether the account exists
    /// (OWASP ASVS 6.3.8).
    Rejected,
    /// There were too many attempts, so no password is checked for this many seconds. The text does not
    /// reveal whether the account exists, either.
    Throttled(u64),
    /// The password could not be checked.
    Unchecked,
}

impl LoginResult {
    /// The name of the message.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Done => "logged-in",
            Self::Rejected => "login-rejected",
            Self::Throttled(_) => "login-throttled",
            Self::Unchecked => "login-unchecked",
        }
    }

    /// The message of this name. `None` for any other name.
    pub(super) fn read(name: &str, seconds: Option<u64>) -> Option<Self> {
        let throttled = seconds.map(Self::Throttled);
        let mut all = [Self::Done, Self::Rejected, Self::Unchecked].into_iter().chain(throttled);
        all.find(|result| result.name() == name)
    }

    /// The text of the message.
    pub fn text(self) -> String {
        let text = match self {
            Self::Done => "You are logged in again.",
            Self::Rejected => "Wrong username or password. Check both and try again.",
            Self::Throttled(seconds) => {
                return format!(
                    "There were too many failed attempts, so no password is checked now. Try again {}, or \
                     use a browser in which you have logged in before.",
                    humanize(Duration::from_secs(seconds))
                );
            }
            Self::Unchecked => {
                "We can't check your password right now, so nothing was changed. Our database isn't \
                 answering, or too many people are logging in at once. Try again in a few seconds."
            }
        };
        text.to_owned()
    }
}
