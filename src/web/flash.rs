//! Flash messages: one message, shown once on the page after a redirect, like connect-flash for Express.
//!
//! A flash message has a cookie of its own (`cookies.rs`). It is not in the session, because a visitor who
//! has just registered or logged out has no session. The cookie contains a name from a short list and a
//! number. It contains no text except a username or the ID of a user, which are signed. So no other site can
//! put words on our page.

mod login;
mod signed_text;

pub use login::LoginResult;

use rocket_express_session::Secrets;
use serde::Serialize;

/// A flash message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flash {
    /// The account with this username was created.
    Registered(String),
    /// The user with this ID has logged out. `None`: no user was logged in.
    LoggedOut(Option<String>),
    /// The result of a lesson's form for logging in.
    Login(LoginResult),
    /// A form was not processed, because the visitor was not logged in.
    NotLoggedIn,
    /// A form was not processed, because it was made for another user.
    OtherUser,
    /// An item was added to the session.
    ItemAdded,
    /// An item was removed from the session.
    ItemTaken,
    /// The item to remove was not in the session.
    ItemMissing,
    /// The counter was increased.
    Counted,
    /// The counter was not increased, because its value is not a number. Another app has stored it.
    NotCounted,
    /// The password was changed, and this many other sessions have ended. `None`: they could not be deleted
    /// yet.
    PasswordChanged(Option<u64>),
    /// This many sessions of the account have ended.
    SessionsEnded(u64),
    /// The account was deleted.
    AccountDeleted,
    /// The first guess of a lesson was stored.
    Guessed,
    /// An answer came before the guess, and does not count.
    GuessFirst,
    /// An answer is right (true) or wrong.
    Answered(bool),
    /// A lesson was reset.
    LessonReset,
    /// A lesson was skipped.
    LessonSkipped,
    /// The student asks for help (true) or no longer does.
    HelpWanted(bool),
    /// The class was reset, and this many accounts were deleted.
    ClassReset(u64),
    /// The failed-login counter of one account was reset.
    StudentUnlocked,
    /// All counters of attempts were reset.
    AllUnlocked,
}

/// A flash message as the templates show it.
#[derive(Serialize)]
pub(super) struct FlashView {
    /// The name of the message, for tests and scripts.
    name: &'static str,
    /// `ok` or `warn`.
    tone: &'static str,
    text: String,
    /// The ID of the section that shows the message. `None`: the message is at the top of the page.
    place: Option<&'static str>,
    /// The username of the new account, for the login form.
    username: Option<String>,
}

impl Flash {
    /// The name of the message, in the cookie and in the attribute `data-flash` of the page.
    fn name(&self) -> &'static str {
        match self {
            Self::Registered(_) => "registered",
            Self::LoggedOut(_) => "logged-out",
            Self::Login(result) => result.name(),
            Self::NotLoggedIn => "not-logged-in",
            Self::OtherUser => "other-user",
            Self::ItemAdded => "item-added",
            Self::ItemTaken => "item-taken",
            Self::ItemMissing => "item-missing",
            Self::Counted => "counted",
            Self::NotCounted => "not-counted",
            Self::PasswordChanged(Some(_)) => "password-changed",
            Self::PasswordChanged(None) => "password-changed-alone",
            Self::SessionsEnded(_) => "sessions-ended",
            Self::AccountDeleted => "account-deleted",
            Self::Guessed => "guessed",
            Self::GuessFirst => "guess-first",
            Self::Answered(true) => "answer-right",
            Self::Answered(false) => "answer-wrong",
            Self::LessonReset => "lesson-reset",
            Self::LessonSkipped => "lesson-skipped",
            Self::HelpWanted(true) => "help-wanted",
            Self::HelpWanted(false) => "help-not-wanted",
            Self::ClassReset(_) => "class-reset",
            Self::StudentUnlocked => "student-unlocked",
            Self::AllUnlocked => "all-unlocked",
        }
    }

    /// The value of the cookie.
    pub(super) fn to_value(&self, secrets: &Secrets) -> String {
        let name = self.name();
        match self {
            Self::Registered(text) | Self::LoggedOut(Some(text)) => {
                format!("{name}.{}", signed_text::write(name, text, secrets))
            }
            Self::Login(LoginResult::Throttled(number))
            | Self::PasswordChanged(Some(number))
            | Self::SessionsEnded(number)
            | Self::ClassReset(number) => format!("{name}.{number}"),
            _ => name.to_owned(),
        }
    }

    /// Reads the value of the cookie. `None` for a value that this app did not write.
    pub(super) fn from_value(value: &str, secrets: &Secrets) -> Option<Self> {
        let (name, rest) = value.split_once('.').unwrap_or((value, ""));
        let number = || rest.parse().ok();
        Some(match name {
            "registered" => Self::Registered(signed_text::read(name, rest, secrets)?),
            "logged-out" if rest.is_empty() => Self::LoggedOut(None),
            "logged-out" => Self::LoggedOut(Some(signed_text::read(name, rest, secrets)?)),
            "not-logged-in" => Self::NotLoggedIn,
            "other-user" => Self::OtherUser,
            "item-added" => Self::ItemAdded,
            "item-taken" => Self::ItemTaken,
            "item-missing" => Self::ItemMissing,
            "counted" => Self::Counted,
            "not-counted" => Self::NotCounted,
            "password-changed" => Self::PasswordChanged(Some(number()?)),
            "password-changed-alone" => Self::PasswordChanged(None),
            "sessions-ended" => Self::SessionsEnded(number()?),
            "account-deleted" => Self::AccountDeleted,
            "guessed" => Self::Guessed,
            "guess-first" => Self::GuessFirst,
            "answer-right" => Self::Answered(true),
            "answer-wrong" => Self::Answered(false),
            "lesson-reset" => Self::LessonReset,
            "lesson-skipped" => Self::LessonSkipped,
            "help-wanted" => Self::HelpWanted(true),
            "help-not-wanted" => Self::HelpWanted(false),
            "class-reset" => Self::ClassReset(number()?),
            "student-unlocked" => Self::StudentUnlocked,
            "all-unlocked" => Self::AllUnlocked,
            _ => return LoginResult::read(name, number()).map(Self::Login),
        })
    }

    fn text(&self) -> String {
        let text = match *self {
            Self::Registered(_) => "Account created. Log in to continue.",
            Self::LoggedOut(_) => "You are logged out in this browser.",
            Self::Login(result) => return result.text(),
            Self::NotLoggedIn => {
                "You were not logged in, so nothing was changed. Log in and do it again."
            }
            Self::OtherUser => {
                "Another user has logged in since you opened that page, so nothing was changed. Check the name at \
                 the top, then try again."
            }
            Self::ItemAdded => "Item added to your coat, the session.",
            Self::ItemTaken => "Item taken down from your coat, the session.",
            Self::ItemMissing => {
                "That item was not in your coat, so nothing was changed. You may have taken it down in another tab."
            }
            Self::Counted => "One visit added.",
            Self::NotCounted => {
                "The visit was not added, because viewCount in your session is not a number. Nothing was changed."
            }
            Self::PasswordChanged(Some(0)) => {
                "Password changed. You weren't logged in anywhere else."
            }
            Self::PasswordChanged(Some(1)) => "Password changed. 1 other session has ended.",
            Self::PasswordChanged(Some(ended)) => {
                return format!("Password changed. {ended} other sessions have ended.");
            }
            Self::PasswordChanged(None) => {
                "Password changed. Other browsers are logged out, but their sessions could not be deleted \
                 yet. To delete them, end all other sessions below."
            }
            Self::SessionsEnded(0) => "Nothing to end: there was no such session.",
            Self::SessionsEnded(1) => "Session ended. That browser is logged out.",
            Self::SessionsEnded(ended) => {
                return format!("{ended} sessions ended. Those browsers are logged out.");
            }
            Self::AccountDeleted => {
                "Your account has been deleted. It is logged out in every browser."
            }
            Self::Guessed => "Your guess is stored. What you do from now on counts.",
            Self::GuessFirst => "That answer does not count yet. Guess first, then answer again.",
            Self::Answered(true) => "That is right.",
            Self::Answered(false) => "Not right yet. Look again, then try once more.",
            Self::LessonReset => "Lesson reset. Your guess and your goals were removed.",
            Self::LessonSkipped => "Lesson skipped. You can come back to it at any time.",
            Self::HelpWanted(true) => "Your teacher can now see that you want help.",
            Self::HelpWanted(false) => "Your teacher no longer sees that you want help.",
            Self::ClassReset(students) => {
                return format!("The class has been reset. Accounts deleted: {students}.");
            }
            Self::StudentUnlocked => {
                "The failed-login counter of this account was reset. If the login page still says that there \
                 were too many attempts, the network address is locked. Then use “Let everyone try again” on \
                 the class page."
            }
            Self::AllUnlocked => {
                "All failed-login counters were reset, for accounts and for addresses. Everyone can try again."
            }
        };
        text.to_owned()
    }

    /// The pages that show the message in a section, with the ID of the section. A path with a slash at its
    /// end stands for all pages below it.
    fn places(&self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Login(_) => &[("/learn/", "do")],
            Self::OtherUser
            | Self::ItemAdded
            | Self::ItemTaken
            | Self::ItemMissing
            | Self::Counted
            | Self::NotCounted => &[("/dashboard", "coat"), ("/learn/", "do")],
            Self::PasswordChanged(_) => &[("/account", "password")],
            Self::SessionsEnded(_) => &[("/account", "sessions"), ("/admin", "sessions")],
            Self::Guessed | Self::GuessFirst | Self::LessonReset => &[("/learn/", "predict")],
            Self::Answered(_) => &[("/learn/", "check")],
            Self::HelpWanted(_) => &[("/learn/", "help")],
            _ => &[],
        }
    }

    /// The message for the page at this path.
    pub(super) fn view(self, path: &str) -> FlashView {
        let is_warning = matches!(
            self,
            Self::Login(LoginResult::Rejected | LoginResult::Throttled(_) | LoginResult::Unchecked)
                | Self::NotLoggedIn
                | Self::OtherUser
                | Self::NotCounted
                | Self::ItemMissing
                | Self::GuessFirst
                | Self::Answered(false)
        );
        let is_at = |page: &str| page == path || page.ends_with('/') && path.starts_with(page);
        let place = self.places().iter().find(|(page, _)| is_at(page));
        FlashView {
            name: self.name(),
            tone: if is_warning { "warn" } else { "ok" },
            text: self.text(),
            place: place.map(|(_, section)| *section),
            username: match self {
                Self::Registered(username) => Some(username),
                _ => None,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_read_back() {
        let secrets = Secrets::new(["ours".to_owned()]).unwrap();
        for flash in [
            Flash::Registered("Zo\u{eb} O'Brien. ~".to_owned()),
            Flash::LoggedOut(Some("507f191e810c19729de860ea".to_owned())),
            Flash::LoggedOut(None),
            Flash::ItemTaken,
            Flash::Answered(false),
            Flash::PasswordChanged(None),
            Flash::SessionsEnded(12),
        ] {
            let value = flash.to_value(&secrets);
            assert_eq!(Flash::from_value(&value, &secrets), Some(flash), "{value}");
        }
        for wrong in ["registered", "registered.cm9zYQ", "sessions-ended", "sold"] {
            assert_eq!(Flash::from_value(wrong, &secrets), None, "{wrong}");
        }
    }
}
