//! A flash message on a page: its text, its tone, and the section that shows it.

use serde::Serialize;

use super::{Flash, LoginResult};

/// A flash message as the templates show it.
#[derive(Serialize)]
pub(in crate::web) struct FlashView {
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
            Self::ChooseFirst => "Choose one of the answers, then press the button.",
            Self::Answered(true) | Self::PredictionAnswered(true) => "That is right.",
            Self::Answered(false) | Self::PredictionAnswered(false) => {
                "Not right yet. Look again, then try once more."
            }
            Self::QuestionAnswered(true) => "That is right. You have solved this lesson.",
            Self::QuestionAnswered(false) => "Not right yet. Here is why, and another question.",
            Self::LessonReset => "Lesson reset. Your guess and your goals were removed.",
            Self::LessonSkipped => "Lesson skipped. You can come back to it at any time.",
            Self::HelpWanted(true) => "Your teacher can now see that you want help.",
            Self::HelpWanted(false) => "Your teacher no longer sees that you want help.",
            Self::TestHandedIn => "Your test is handed in. Your first answers count.",
            Self::TestClosed => {
                "This test is closed, so your answers were not stored. If you want to hand it in, tell your teacher."
            }
            Self::ClassReset(students) => {
                return format!("The class has been reset. Accounts deleted: {students}.");
            }
            Self::StudentDeleted => {
                "The account was deleted, with its sessions, its progress and its recorded requests."
            }
            Self::SeatsMade(0) => "No seat was missing. The cards are below.",
            Self::SeatsMade(made) => {
                return format!("Seats made: {made}. Print their cards below.");
            }
            Self::StudentHelped => "The student's request for help is gone.",
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
            Self::OtherUser
            | Self::ItemAdded
            | Self::ItemTaken
            | Self::ItemMissing
            | Self::Counted
            | Self::NotCounted => &[("/dashboard", "coat"), ("/learn/", "do")],
            Self::PasswordChanged(_) => &[("/account", "password")],
            Self::SessionsEnded(_) => &[("/account", "sessions"), ("/admin", "sessions")],
            Self::Guessed | Self::Login(_) => &[("/learn/", "do"), ("/lab/", "do")],
            Self::GuessFirst | Self::ChooseFirst | Self::LessonReset => {
                &[("/learn/", "predict"), ("/lab/", "predict")]
            }
            Self::Answered(_) => &[("/learn/", "check"), ("/lab/", "check")],
            Self::PredictionAnswered(_) => &[("/learn/", "explain"), ("/lab/", "explain")],
            Self::QuestionAnswered(_) => &[("/learn/", "question"), ("/lab/", "question")],
            Self::HelpWanted(_) => &[("/learn/", "help"), ("/lab/", "help")],
            _ => &[],
        }
    }

    /// The message for the page at this path.
    pub(in crate::web) fn view(self, path: &str) -> FlashView {
        let is_warning = matches!(
            self,
            Self::Login(LoginResult::Rejected | LoginResult::Throttled(_) | LoginResult::Unchecked)
                | Self::NotLoggedIn
                | Self::OtherUser
                | Self::NotCounted
                | Self::ItemMissing
                | Self::TestClosed
                | Self::GuessFirst
                | Self::ChooseFirst
                | Self::Answered(false)
                | Self::PredictionAnswered(false)
                | Self::QuestionAnswered(false)
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
