//! Who is in the room, and who needs help: all accounts and all sessions, stuck ones first.

use std::cmp::Reverse;
use std::collections::HashMap;

use indexmap::IndexMap;
use rocket::tokio::try_join;
use rocket_express_session::{SessionInfo, Timestamp};
use serde::Serialize;

use super::room::{Room, SHOWN};
use crate::auth::User;
use crate::db::Unavailable;
use crate::teach::lessons;
use crate::teach::progress::{KEY, Progress};
use crate::web::{LoginView, Moment};

/// A student who takes this many times as long as a lesson should is stuck.
const STUCK: i64 = 2;

/// All who are there, or have been.
#[derive(Serialize)]
pub struct Roster {
    /// Those who want help first, then those who are stuck.
    pub students: Vec<Student>,
    /// Anonymous sessions.
    pub guests: Vec<Student>,
    /// Admins: what they do in the lessons is not counted.
    pub teachers: Vec<Student>,
    /// Sessions in the lines above.
    pub sessions: usize,
    /// Students who have one.
    pub here: usize,
}

/// A line of the roster.
#[derive(Serialize)]
pub struct Student {
    /// The account's id, or the handle of an anonymous session.
    pub who: String,
    /// Of the account; nothing without one.
    pub name: Option<String>,
    /// May see this page.
    pub teacher: bool,
    /// "Firefox on Windows", or "Firefox on Windows × 3" for three sessions.
    pub browsers: Vec<String>,
    /// When the first of them began.
    pub since: Option<Moment>,
    /// When one of them was used.
    pub last_seen: Option<Moment>,
    /// One for each lesson.
    pub lessons: Vec<Standing>,
    /// Wants help, for so many minutes.
    pub help: Option<i64>,
    /// Works at one lesson, for far too many minutes.
    pub stuck: Option<i64>,
    /// What they did in the lessons.
    #[serde(skip)]
    pub progress: Progress,
}

impl Roster {
    /// All who learn, with an account or without.
    pub fn learners(&self) -> impl Iterator<Item = &Student> {
        self.students.iter().chain(&self.guests)
    }
}

/// How far a student is in a lesson.
#[derive(Serialize)]
pub struct Standing {
    /// Of the lesson.
    pub slug: &'static str,
    /// `solved`, `skipped`, `begun` or nothing.
    pub state: &'static str,
}

impl Room<'_> {
    /// The whole class.
    ///
    /// # Errors
    /// A store does not answer.
    pub async fn roster(&self) -> Result<Roster, Unavailable> {
        let (sessions, users, mut progress) =
            try_join!(self.shown_sessions(), self.users(), self.progress.all())?;
        let count = sessions.len();
        let mut of_users: HashMap<String, Vec<SessionInfo>> = HashMap::new();
        let mut guests = vec![];
        for session in sessions {
            match session.user.clone() {
                Some(user) => of_users.entry(user).or_default().push(session),
                None => guests.push(self.guest(session)),
            }
        }
        let student = |user: User| {
            let id = user.id.to_hex();
            let sessions = of_users.remove(&id).unwrap_or_default();
            let progress = progress.remove(&id).unwrap_or_default();
            self.student(id, Some(user), sessions, progress)
        };
        let (teachers, mut students): (Vec<_>, Vec<_>) =
            users.into_iter().map(student).partition(|student| student.teacher);
        students.sort_by_key(|student| {
            let is_away = student.browsers.is_empty();
            (Reverse(student.help), Reverse(student.stuck), is_away, student.name.clone())
        });
        let here = students.iter().filter(|student| !student.browsers.is_empty()).count();
        Ok(Roster { students, guests, teachers, sessions: count, here })
    }

    /// An anonymous session.
    fn guest(&self, session: SessionInfo) -> Student {
        let (who, progress) = (session.session.handle.clone(), progress_of(&session));
        self.student(who, None, vec![session], progress)
    }

    fn student(
        &self,
        who: String,
        user: Option<User>,
        sessions: Vec<SessionInfo>,
        progress: Progress,
    ) -> Student {
        let since = sessions.iter().filter_map(|session| session.session.lifetime.created).min();
        let last_seen = sessions.iter().filter_map(|session| session.session.last_seen).max();
        let browsers = browsers(sessions);
        let standing = |lesson: &&'static lessons::Lesson| Standing {
            slug: lesson.slug,
            state: self.contents.of(lesson).standing(progress.lessons.get(lesson.slug)),
        };
        Student {
            who,
            teacher: user.as_ref().is_some_and(|user| user.admin),
            name: user.map(|user| user.username),
            browsers,
            since: since.map(Moment::from),
            last_seen: last_seen.map(Moment::from),
            lessons: lessons::ALL.iter().map(standing).collect(),
            help: progress.help.map(minutes_since),
            stuck: self.stuck(&progress),
            progress,
        }
    }

    /// For how many minutes at the lesson that was begun last, if that is too long.
    fn stuck(&self, progress: &Progress) -> Option<i64> {
        let begun = lessons::ALL.iter().filter_map(|lesson| {
            let state = progress.lessons.get(lesson.slug)?;
            let at = state.guess.as_ref()?.at;
            Some((at, state, self.contents.of(lesson)))
        });
        let (at, state, content) = begun.max_by_key(|(at, ..)| *at)?;
        let minutes = minutes_since(at);
        let is_too_long = minutes > STUCK * i64::from(content.minutes);
        (is_too_long && content.standing(Some(state)) == "begun").then_some(minutes)
    }
}

/// By name, each with the number of its sessions.
fn browsers(sessions: Vec<SessionInfo>) -> Vec<String> {
    let is_cut = sessions.len() >= SHOWN.per_user as usize;
    let mut counts: IndexMap<String, usize> = IndexMap::new();
    for session in sessions {
        *counts.entry(LoginView::from(session.session).browser).or_default() += 1;
    }
    let told = counts.into_iter().map(|(name, count)| match count {
        1 => name,
        _ => format!("{name} × {count}"),
    });
    told.chain(is_cut.then(|| "and older ones".to_owned())).collect()
}

/// What an anonymous visitor did in the lessons: it is in the session.
pub fn progress_of(guest: &SessionInfo) -> Progress {
    let progress = guest.data.values.get(KEY);
    progress.and_then(|value| serde_json::from_str(value.get()).ok()).unwrap_or_default()
}

fn minutes_since(millis: i64) -> i64 {
    Timestamp::now().since(Timestamp::from_millis(millis)).max(0) / 60_000
}
