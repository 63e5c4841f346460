//! The roster: all accounts and anonymous sessions of the class, those that need help first.

use std::cmp::Reverse;
use std::collections::HashMap;

use indexmap::IndexMap;
use rocket::tokio::try_join;
use rocket_express_session::{SessionInfo, Timestamp};
use serde::Serialize;

use crate::auth::User;
use crate::db::Unavailable;
use crate::teach::class_data::{ClassData, LISTED, MAX_USERS};
use crate::teach::lessons::{Bar, Lesson, LessonText, LessonTexts, all, bars};
use crate::teach::progress::{LessonState, Progress};
use crate::web::{SessionView, TimeView};

/// A student is stuck who takes this many times as long as the lesson should take.
const STUCK: i64 = 2;

/// The class.
#[derive(Serialize)]
pub(super) struct Roster {
    /// The accounts of students: those that want help first, then those that are stuck.
    pub students: Vec<Student>,
    /// The anonymous sessions.
    pub guests: Vec<Student>,
    /// The accounts of admins, whose progress is not counted.
    pub teachers: Vec<Student>,
    /// The number of listed sessions.
    pub sessions: usize,
    /// The number of students who are logged in.
    pub here: usize,
}

/// A row of the roster.
#[derive(Serialize)]
pub(super) struct Student {
    /// The account's ID, or the handle of an anonymous session.
    pub who: String,
    /// The account's name; `None` for an anonymous session.
    pub name: Option<String>,
    /// The account is an admin's.
    pub teacher: bool,
    /// The browsers: "Firefox on Windows", or "Firefox on Windows × 3" for three sessions.
    pub browsers: Vec<String>,
    /// The start of the oldest session.
    pub since: Option<TimeView>,
    /// The last use of any session.
    pub last_seen: Option<TimeView>,
    /// The status of each lesson.
    pub lessons: Vec<LessonStatus>,
    /// The minutes since the student asked for help.
    pub help: Option<i64>,
    /// The minutes at one lesson, if the student is stuck.
    pub stuck: Option<i64>,
    /// The progress in the lessons.
    #[serde(skip)]
    pub progress: Progress,
}

impl Roster {
    /// Reads the class.
    ///
    /// # Errors
    /// A store does not answer.
    pub(super) async fn read(
        class: ClassData<'_>,
        texts: &LessonTexts,
    ) -> Result<Self, Unavailable> {
        let (sessions, users, mut progress) =
            try_join!(class.list_sessions(), class.users.all(MAX_USERS), class.progress.all())?;
        let count = sessions.len();
        let mut of_users: HashMap<String, Vec<SessionInfo>> = HashMap::new();
        let mut guests = vec![];
        for session in sessions {
            match session.user.clone() {
                Some(user) => of_users.entry(user).or_default().push(session),
                None => guests.push(guest(session, texts)),
            }
        }
        let of_account = |user: User| {
            let id = user.id.to_hex();
            let sessions = of_users.remove(&id).unwrap_or_default();
            let progress = progress.remove(&id).unwrap_or_default();
            student(id, Some(user), sessions, progress, texts)
        };
        let (teachers, mut students): (Vec<_>, Vec<_>) =
            users.into_iter().map(of_account).partition(|student| student.teacher);
        students.sort_by_key(|student| {
            let is_away = student.browsers.is_empty();
            (Reverse(student.help), Reverse(student.stuck), is_away, student.name.clone())
        });
        let here = students.iter().filter(|student| !student.browsers.is_empty()).count();
        Ok(Self { students, guests, teachers, sessions: count, here })
    }

    /// The guesses of the class in this lesson: a bar for each option.
    pub(super) fn bars(&self, lesson: &Lesson, texts: &LessonTexts) -> Vec<Bar> {
        let students = self.students.iter().map(|student| &student.progress);
        let guests = self.guests.iter().map(|guest| &guest.progress);
        bars(lesson, texts.of(lesson), students, guests)
    }
}

/// The status of a lesson.
#[derive(Serialize)]
pub(super) struct LessonStatus {
    pub number: usize,
    pub slug: &'static str,
    /// `solved`, `skipped`, `begun` or an empty text.
    pub state: &'static str,
    /// `right` or `wrong`: the guess. An empty text without one.
    pub prediction: &'static str,
    /// The goals that are reached, and all: `2 of 3`. An empty text before the guess.
    pub goals: String,
    /// The answers to the final question.
    pub tries: u32,
    /// The minutes from the guess to the solution.
    pub minutes: Option<i64>,
}

impl LessonStatus {
    fn new(lesson: &'static Lesson, text: &LessonText, state: Option<&LessonState>) -> Self {
        let guess = state.and_then(|state| state.guess.as_ref());
        let is_right = guess.map(|guess| guess.choice == text.predict.right);
        let goals = |state| format!("{} of {}", text.reached(state), text.goals.len());
        let understood = state.and_then(|state| state.understood);
        Self {
            number: lesson.number,
            slug: lesson.slug,
            state: text.status(state),
            prediction: is_right.map_or("", |right| if right { "right" } else { "wrong" }),
            goals: guess.and(state).map(goals).unwrap_or_default(),
            tries: state.map_or(0, |state| state.wrong) + u32::from(understood.is_some()),
            minutes: understood.zip(guess).map(|(solved, guess)| (solved - guess.at) / 60_000),
        }
    }
}

/// The row of an anonymous session.
fn guest(session: SessionInfo, texts: &LessonTexts) -> Student {
    let (who, progress) = (session.session.handle.clone(), Progress::of_guest(&session));
    student(who, None, vec![session], progress, texts)
}

fn student(
    who: String,
    user: Option<User>,
    sessions: Vec<SessionInfo>,
    progress: Progress,
    texts: &LessonTexts,
) -> Student {
    let since = sessions.iter().filter_map(|session| session.session.lifetime.created).min();
    let last_seen = sessions.iter().filter_map(|session| session.session.last_seen).max();
    let status = |lesson: &'static Lesson| {
        LessonStatus::new(lesson, texts.of(lesson), progress.lessons.get(lesson.slug))
    };
    Student {
        who,
        teacher: user.as_ref().is_some_and(|user| user.admin),
        name: user.map(|user| user.username),
        browsers: browsers(sessions),
        since: since.map(TimeView::from),
        last_seen: last_seen.map(TimeView::from),
        lessons: all().iter().map(status).collect(),
        help: progress.help.map(minutes_since),
        stuck: stuck(&progress, texts),
        progress,
    }
}

/// The minutes at the lesson that was begun last, if that is too long.
fn stuck(progress: &Progress, texts: &LessonTexts) -> Option<i64> {
    let begun = all().iter().filter_map(|lesson| {
        let state = progress.lessons.get(lesson.slug)?;
        let at = state.guess.as_ref()?.at;
        Some((at, state, texts.of(lesson)))
    });
    let (at, state, text) = begun.max_by_key(|(at, ..)| *at)?;
    let minutes = minutes_since(at);
    let is_too_long = minutes > STUCK * i64::from(text.minutes);
    (is_too_long && text.status(Some(state)) == "begun").then_some(minutes)
}

/// The browsers by name, each with the number of its sessions.
fn browsers(sessions: Vec<SessionInfo>) -> Vec<String> {
    let is_cut = sessions.len() >= LISTED.per_user as usize;
    let mut counts: IndexMap<String, usize> = IndexMap::new();
    for session in sessions {
        *counts.entry(SessionView::from(session.session).browser).or_default() += 1;
    }
    let names = counts.into_iter().map(|(name, count)| match count {
        1 => name,
        _ => format!("{name} × {count}"),
    });
    names.chain(is_cut.then(|| "and older ones".to_owned())).collect()
}

fn minutes_since(millis: i64) -> i64 {
    Timestamp::now().since(Timestamp::from_millis(millis)).max(0) / 60_000
}
