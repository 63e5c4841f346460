//! Flash messages: one sentence, shown once on the page after a redirect, like connect-flash for Express.
//!
//! A flash message has a cookie of its own (`cookies.rs`). It is not in the session, because a visitor who
//! has just registered or logged out has no session. The cookie contains a name from a short list, a number
//! and the ID of a request, and never text. So no other site can put words on our page.

use serde::{Serialize, Serializer, ser::SerializeStruct as _};

/// A flash message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flash {
    /// The account was created.
    Registered,
    /// The user has logged out.
    LoggedOut,
    /// The password was changed, and this many other sessions have ended. `None`: they could not be deleted
    /// yet.
    PasswordChanged(Option<u64>),
    /// This many sessions of the account have ended.
    SessionsEnded(u64),
    /// The account was deleted.
    AccountDeleted,
    /// The class was reset, and this many accounts were deleted.
    ClassReset(u64),
    /// The failed-login counter of one account was reset.
    StudentUnlocked,
    /// All counters of attempts were reset.
    AllUnlocked,
    /// The counter was not increased, because its value is not a number. Another app has stored it.
    NotCounted,
}

impl Flash {
    /// The value of the cookie.
    pub fn to_value(self) -> String {
        match self {
            Self::Registered => "registered".to_owned(),
            Self::LoggedOut => "signed-out".to_owned(),
            Self::PasswordChanged(Some(ended)) => format!("password-changed.{ended}"),
            Self::PasswordChanged(None) => "password-changed-alone".to_owned(),
            Self::SessionsEnded(ended) => format!("sessions-ended.{ended}"),
            Self::AccountDeleted => "account-deleted".to_owned(),
            Self::ClassReset(students) => format!("class-reset.{students}"),
            Self::StudentUnlocked => "student-unlocked".to_owned(),
            Self::AllUnlocked => "all-unlocked".to_owned(),
            Self::NotCounted => "not-counted".to_owned(),
        }
    }

    /// Reads the value of the cookie. `None` for a value that this app did not write.
    pub fn from_value(value: &str) -> Option<Self> {
        let (name, number) = value.split_once('.').unwrap_or((value, "0"));
        match name {
            "registered" => Some(Self::Registered),
            "signed-out" => Some(Self::LoggedOut),
            "password-changed" => Some(Self::PasswordChanged(Some(number.parse().ok()?))),
            "password-changed-alone" => Some(Self::PasswordChanged(None)),
            "sessions-ended" => Some(Self::SessionsEnded(number.parse().ok()?)),
            "account-deleted" => Some(Self::AccountDeleted),
            "class-reset" => Some(Self::ClassReset(number.parse().ok()?)),
            "student-unlocked" => Some(Self::StudentUnlocked),
            "all-unlocked" => Some(Self::AllUnlocked),
            "not-counted" => Some(Self::NotCounted),
            _ => None,
        }
    }

    fn text(self) -> String {
        match self {
            Self::Registered => "Your account is made. You can log in now.".to_owned(),
            Self::LoggedOut => {
                "You are logged out. No session of yours is left on the server.".to_owned()
            }
            Self::PasswordChanged(Some(0)) => {
                "Your password is changed. You were logged in nowhere else.".to_owned()
            }
            Self::PasswordChanged(Some(1)) => {
                "Your password is changed. 1 other session has ended.".to_owned()
            }
            Self::PasswordChanged(None) => {
                "Your password is changed. Other browsers are no longer logged in here, but their \
                 sessions could not be deleted yet. End all others below, to make sure."
                    .to_owned()
            }
            Self::PasswordChanged(Some(ended)) => {
                format!("Your password is changed. {ended} other sessions have ended.")
            }
            Self::SessionsEnded(0) => "There was no session left to end.".to_owned(),
            Self::SessionsEnded(1) => {
                "1 session has ended. Its ticket is worth nothing any more.".to_owned()
            }
            Self::SessionsEnded(ended) => {
                format!("{ended} sessions have ended. Their tickets are worth nothing any more.")
            }
            Self::AccountDeleted => {
                "Your account is deleted. Its sessions are no longer valid.".to_owned()
            }
            Self::ClassReset(students) => {
                format!("The class begins anew. Accounts that are gone: {students}.")
            }
            Self::StudentUnlocked => {
                "Wrong passwords at this account are forgotten. If the login still says that there \
                 were too many tries, the address is locked: press “Let everyone try again” in the \
                 room."
                    .to_owned()
            }
            Self::AllUnlocked => {
                "All wrong passwords are forgotten, at every account and from every address. \
                 Everyone can try again."
                    .to_owned()
            }
            Self::NotCounted => {
                "The visit was not counted: viewCount in your session is not a number. It stays as it is."
                    .to_owned()
            }
        }
    }
}

/// For templates: `{tone, text}`.
impl Serialize for Flash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut notice = serializer.serialize_struct("Flash", 2)?;
        let tone = if *self == Self::NotCounted { "warn" } else { "ok" };
        notice.serialize_field("tone", tone)?;
        notice.serialize_field("text", &self.text())?;
        notice.end()
    }
}
