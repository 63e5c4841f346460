//! Flash messages: one message, shown once on the page after a redirect, like connect-flash for Express.
//!
//! A flash message has a cookie of its own (`cookies.rs`). It is not in the session, because a visitor who
//! has just registered or logged out has no session. The cookie contains a name from a short list and a
//! number. It contains no text except a username or the ID of a user, which are signed. So no other site can
//! put words on our page.

mod login;
mod signed_text;
mod view;

pub use login::LoginResult;
pub(super) use view::FlashView;

use rocket_express_session::Secrets;

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
    /// A form came without a choice.
    ChooseFirst,
    /// An answer is right (true) or wrong.
    Answered(bool),
    /// The guess of a lesson was answered again, rightly (true) or wrongly.
    PredictionAnswered(bool),
    /// The final question of a lesson was answered rightly (true) or wrongly.
    QuestionAnswered(bool),
    /// A lesson was reset.
    LessonReset,
    /// A lesson was skipped.
    LessonSkipped,
    /// The student asks for help (true) or no longer does.
    HelpWanted(bool),
    /// The answers to a test were handed in, now or before.
    TestHandedIn,
    /// The answers to a test came when it was closed, and were not stored.
    TestClosed,
    /// The class was reset, and this many accounts were deleted.
    ClassReset(u64),
    /// The account of a student was deleted by the teacher.
    StudentDeleted,
    /// This many seats of a class were made.
    SeatsMade(u64),
    /// The teacher has helped a student.
    StudentHelped,
    /// The failed-login counter of one account was reset.
    StudentUnlocked,
    /// All counters of attempts were reset.
    AllUnlocked,
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
            Self::ChooseFirst => "choose-first",
            Self::Answered(true) => "answer-right",
            Self::Answered(false) => "answer-wrong",
            Self::PredictionAnswered(true) => "prediction-right",
            Self::PredictionAnswered(false) => "prediction-wrong",
            Self::QuestionAnswered(true) => "question-right",
            Self::QuestionAnswered(false) => "question-wrong",
            Self::LessonReset => "lesson-reset",
            Self::LessonSkipped => "lesson-skipped",
            Self::HelpWanted(true) => "help-wanted",
            Self::HelpWanted(false) => "help-not-wanted",
            Self::TestHandedIn => "test-handed-in",
            Self::TestClosed => "test-closed",
            Self::ClassReset(_) => "class-reset",
            Self::StudentDeleted => "student-deleted",
            Self::SeatsMade(_) => "seats-made",
            Self::StudentHelped => "student-helped",
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
            | Self::ClassReset(number)
            | Self::SeatsMade(number) => format!("{name}.{number}"),
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
            "choose-first" => Self::ChooseFirst,
            "prediction-right" => Self::PredictionAnswered(true),
            "prediction-wrong" => Self::PredictionAnswered(false),
            "question-right" => Self::QuestionAnswered(true),
            "question-wrong" => Self::QuestionAnswered(false),
            "answer-right" => Self::Answered(true),
            "answer-wrong" => Self::Answered(false),
            "lesson-reset" => Self::LessonReset,
            "lesson-skipped" => Self::LessonSkipped,
            "help-wanted" => Self::HelpWanted(true),
            "help-not-wanted" => Self::HelpWanted(false),
            "test-handed-in" => Self::TestHandedIn,
            "test-closed" => Self::TestClosed,
            "class-reset" => Self::ClassReset(number()?),
            "student-deleted" => Self::StudentDeleted,
            "seats-made" => Self::SeatsMade(number()?),
            "student-helped" => Self::StudentHelped,
            "student-unlocked" => Self::StudentUnlocked,
            "all-unlocked" => Self::AllUnlocked,
            _ => return LoginResult::read(name, number()).map(Self::Login),
        })
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
