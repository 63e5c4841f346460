//! The roster: all accounts and anonymous sessions of the class, those that need help first.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

use indexmap::IndexMap;
use rocket::tokio::try_join;
use rocket_express_session::{SessionInfo, Timestamp};
use serde::Serialize;

use crate::auth::User;
use crate::db::Unavailable;
use crate::teach::class_data::{ClassData, LISTED, MAX_USERS};
use crate::teach::lessons::{Bar, Lesson, LessonText, LessonTexts, all, bars};
use crate::teach::progress::{LessonState, Progress};
use crate::trace::Recorder;
use crate::web::{SessionView, TimeView};

/// A student is stuck who takes this many times as long as the lesson should take.
const STUCK: i64 = 2;

/// A student who has sent no request for this many minutes is away: a period and a break.
const PRESENT: i64 = 60;

/// After this many minutes, no student is stuck: the school day is over.
const SCHOOL_DAY: i64 = 4 * 60;

/// The class.
#[derive(Serialize)]
pub(super) struct Roster {
    /// The accounts of students: those who want help, those who are stuck, the others who are here, and those
    /// who are away.
    pub students: Vec<Student>,
    /// The anonymous sessions.
    pub guests: Vec<Student>,
    /// The accounts of admins, whose progress is not counted.
    pub teachers: Vec<Student>,
    /// The number of listed sessions.
    pub sessions: usize,
    /// The number of students who are here.
    pub here: usize,
}

/// A student, a teacher or an anonymous session.
#[derive(Serialize)]
pub(super) struct Student {
    /// The account's ID, or the handle of an anonymous session.
    pub who: String,
    /// The account's name; `None` for an anonymous session.
    pub name: Option<String>,
    /// The account is an admin's.
    pub teacher: bool,
    /// A browser is logged in to the account, and has sent a request in the last hour.
    pub here: bool,
    /// The browsers: "Firefox on Windows", or "Firefox on Windows × 3" for three sessions.
    pub browsers: Vec<String>,
    /// The last request.
    pub last_seen: Option<TimeView>,
    /// The status of each lesson.
    pub lessons: Vec<LessonStatus>,
    /// The lesson that was begun last.
    pub at: Option<LessonStatus>,
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
        recorder: &Recorder,
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
            // A store touches a session rarely, so it may not know the last request.
            let recorded = recorder.of_user(&id).first().map(|exchange| exchange.received);
            student(id, Some(user), sessions, recorded, progress, texts)
        };
        let (teachers, mut students): (Vec<_>, Vec<_>) =
            users.into_iter().map(of_account).partition(|student| student.teacher);
        students.sort_by_key(|student| {
            let name = student.name.as_ref().map(|name| name.to_lowercase());
            (!student.here, Reverse(student.help), Reverse(student.stuck), name)
        });
        let here = students.iter().filter(|student| student.here).count();
        Ok(Self { students, guests, teachers, sessions: count, here })
    }

    /// The guesses of the class in this lesson: a bar for each option.
    pub(super) fn bars(&self, lesson: &Lesson, texts: &LessonTexts) -> Vec<Bar> {
        let students = self.students.iter().map(|student| &student.progress);
        let guests = self.guests.iter().map(|guest| &guest.progress);
        bars(lesson, texts.of(lesson), students, guests)
    }

    /// The numbers of all students in this lesson.
    pub(super) fn summary(&self, lesson: &Lesson) -> Summary {
        let of_student = |student: &Student| {
            student.lessons.iter().find(|status| status.slug == lesson.slug).cloned()
        };
        let all: Vec<LessonStatus> = self.students.iter().filter_map(of_student).collect();
        let (solved, guessed): (Vec<_>, Vec<_>) = (
            all.iter().filter(|status| status.state == "solved").collect(),
            all.iter().filter(|status| !status.prediction.is_empty()).collect(),
        );
        Summary {
            solved: solved.len(),
            guessed: guessed.len(),
            right: guessed.iter().filter(|status| status.prediction == "right").count(),
            tries: median(solved.iter().map(|status| status.tries.into())),
            minutes: median(solved.iter().filter_map(|status| status.minutes)),
        }
    }
}

/// The numbers of all students in one lesson.
#[derive(Serialize)]
pub(super) struct Summary {
    /// The students who have solved it.
    solved: usize,
    /// The students who have guessed, and those who guessed right.
    guessed: usize,
    right: usize,
    /// The medians of those who have solved it.
    tries: Option<i64>,
    minutes: Option<i64>,
}

/// The value in the middle, the lower one of two.
fn median(values: impl Iterator<Item = i64>) -> Option<i64> {
    let mut values: Vec<i64> = values.collect();
    values.sort_unstable();
    values.get(values.len().saturating_sub(1) / 2).copied()
}

/// The status of a lesson.
#[derive(Clone, Serialize)]
pub(super) struct LessonStatus {
    pub number: usize,
    pub slug: &'static str,
    pub title: String,
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
    /// The minutes since the guess.
    pub since: Option<i64>,
    /// The time of the guess.
    #[serde(skip)]
    guessed: Option<Timestamp>,
    /// The minutes that the lesson should take.
    #[serde(skip)]
    planned: i64,
}

impl LessonStatus {
    fn new(lesson: &'static Lesson, text: &LessonText, state: Option<&LessonState>) -> Self {
        let guess = state.and_then(|state| state.guess.as_ref());
        let is_right = guess.map(|guess| guess.choice == text.predict.right);
        let goals = |state| format!("{} of {}", text.reached(state), text.goals.len());
        let understood = state.and_then(|state| state.understood);
        let guessed = guess.map(|guess| Timestamp::from_millis(guess.at));
        Self {
            number: lesson.number,
            slug: lesson.slug,
            title: text.title.clone(),
            state: text.status(state),
            prediction: is_right.map_or("", |right| if right { "right" } else { "wrong" }),
            goals: guess.and(state).map(goals).unwrap_or_default(),
            tries: state.map_or(0, |state| state.wrong) + u32::from(understood.is_some()),
            minutes: understood.zip(guess).map(|(solved, guess)| (solved - guess.at) / 60_000),
            since: guessed.map(minutes_since),
            guessed,
            planned: text.minutes.into(),
        }
    }
}

/// An anonymous session.
fn guest(session: SessionInfo, texts: &LessonTexts) -> Student {
    let (who, progress) = (session.session.handle.clone(), Progress::of_guest(&session));
    student(who, None, vec![session], None, progress, texts)
}

fn student(
    who: String,
    user: Option<User>,
    sessions: Vec<SessionInfo>,
    recorded: Option<SystemTime>,
    progress: Progress,
    texts: &LessonTexts,
) -> Student {
    let stored = sessions.iter().filter_map(|session| session.session.last_seen);
    let last_seen = stored.chain(recorded.map(timestamp)).max();
    let is_recent = |seen| minutes_since(seen) < PRESENT;
    let here = !sessions.is_empty() && last_seen.is_none_or(is_recent);
    let status = |lesson: &'static Lesson| {
        LessonStatus::new(lesson, texts.of(lesson), progress.lessons.get(lesson.slug))
    };
    let lessons: Vec<LessonStatus> = all().iter().map(status).collect();
    let at = lessons.iter().filter(|status| status.guessed.is_some());
    let at = at.max_by_key(|status| status.guessed).cloned();
    // A request for help ends with the session in which it was made. So does being stuck.
    let login = sessions.iter().filter_map(|session| session.session.lifetime.created).min();
    let help = progress.help_since(login).map(minutes_since).filter(|_| here);
    let begun = at.as_ref().filter(|at| here && at.state == "begun");
    let minutes = begun.and_then(|at| at.since).min(login.map(minutes_since));
    let limit = STUCK * begun.map_or(0, |at| at.planned);
    let stuck = minutes.filter(|minutes| *minutes > limit && *minutes <= SCHOOL_DAY);
    Student {
        who,
        teacher: user.as_ref().is_some_and(|user| user.admin),
        name: user.map(|user| user.username),
        here,
        browsers: browsers(sessions),
        last_seen: last_seen.map(TimeView::from),
        lessons,
        at,
        help,
        stuck,
        progress,
    }
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

fn timestamp(time: SystemTime) -> Timestamp {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(since.as_millis().try_into().unwrap_or(i64::MAX))
}

fn minutes_since(time: Timestamp) -> i64 {
    Timestamp::now().since(time).max(0) / 60_000
}
