//! The roster: all accounts and anonymous sessions of the class, those that need help first.

use std::cmp::Reverse;
use std::collections::HashMap;

use rocket::tokio::try_join;
use rocket_dyn_templates::context;
use rocket_express_session::{SessionInfo, Timestamp};
use serde::Serialize;

use super::class_page::ClassPage;
use crate::auth::User;
use crate::db::Unavailable;
use crate::teach::class_data::{LISTED, MAX_USERS};
use crate::teach::lessons::{Bar, Lesson, LessonText, LessonTexts, all, bars};
use crate::teach::progress::{LessonState, Progress, SCHOOL_DAY};
use crate::web::TimeView;

/// A student is stuck who takes this many times as long as the lesson should take.
const STUCK: i64 = 2;

/// A student who has sent no request for this many minutes is away: a period and a break.
const PRESENT: i64 = 60;

#[derive(Serialize)]
pub(super) struct Roster {
    /// Those who want help, those who are stuck, the others who are here, and those who are away.
    pub students: Vec<Student>,
    pub guests: Vec<Student>,
    /// The accounts of admins, whose progress is not counted.
    pub teachers: Vec<Student>,
    pub sessions: usize,
    /// The number of students who are here: they come first.
    pub here: usize,
}

/// A student, a teacher or an anonymous session.
#[derive(Serialize)]
pub(super) struct Student {
    /// The account's ID, or the handle of an anonymous session.
    pub who: String,
    /// The account's name; `None` for an anonymous session.
    pub name: Option<String>,
    teacher: bool,
    /// A browser is logged in to the account, and has sent a request in the last hour.
    here: bool,
    last_seen: Option<TimeView>,
    pub lessons: Vec<LessonStatus>,
    /// The lesson that was begun last.
    at: Option<LessonStatus>,
    /// The minutes since the student asked for help.
    help: Option<i64>,
    /// The minutes at one lesson, if the student is stuck.
    stuck: Option<i64>,
    #[serde(skip)]
    pub progress: Progress,
    #[serde(skip)]
    pub sessions: Vec<SessionInfo>,
}

impl Roster {
    pub(super) async fn read(class: &ClassPage<'_>) -> Result<Self, Unavailable> {
        let data = class.data;
        let users = data.strategy.users.all(MAX_USERS);
        let (listed, users, mut progress) =
            try_join!(data.list(LISTED), users, data.progress.all())?;
        let count = listed.len();
        let mut sessions: HashMap<Option<String>, Vec<SessionInfo>> = HashMap::new();
        for session in listed {
            sessions.entry(session.user.clone()).or_default().push(session);
        }
        let guest = |session: SessionInfo| {
            let (who, progress) = (session.session.handle.clone(), Progress::of_guest(&session));
            Student::new(class, who, None, vec![session], progress)
        };
        let guests = sessions.remove(&None).unwrap_or_default().into_iter().map(guest).collect();
        let of_account = |user: User| {
            let who = user.id.to_hex();
            let progress = progress.remove(&who).unwrap_or_default();
            let sessions = sessions.remove(&Some(who.clone())).unwrap_or_default();
            Student::new(class, who, Some(user), sessions, progress)
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

    pub(super) fn summary(&self, lesson: &Lesson) -> impl Serialize + use<> {
        let all = self.students.iter().flat_map(|student| &student.lessons);
        let all = all.filter(|status| status.slug == lesson.slug);
        let guesses = all.clone().map(|status| status.prediction);
        let guesses: Vec<&str> = guesses.filter(|guess| !guess.is_empty()).collect();
        let solved: Vec<_> = all.filter(|status| status.state == "solved").collect();
        // The medians are of those who have solved it.
        context! {
            solved: solved.len(),
            guessed: guesses.len(),
            right: guesses.iter().filter(|guess| **guess == "right").count(),
            tries: median(solved.iter().map(|status| status.tries.into())),
            minutes: median(solved.iter().filter_map(|status| status.minutes)),
        }
    }
}

/// The value in the middle, the lower one of two.
fn median(values: impl Iterator<Item = i64>) -> Option<i64> {
    let mut values: Vec<i64> = values.collect();
    values.sort_unstable();
    values.get(values.len().saturating_sub(1) / 2).copied()
}

#[derive(Clone, Serialize)]
pub(super) struct LessonStatus {
    number: usize,
    slug: &'static str,
    title: String,
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
    since: Option<i64>,
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

impl Student {
    fn new(
        class: &ClassPage<'_>,
        who: String,
        user: Option<User>,
        sessions: Vec<SessionInfo>,
        progress: Progress,
    ) -> Self {
        let stored = sessions.iter().filter_map(|session| session.session.last_seen);
        // A store touches a session rarely, so it may not know the last request.
        let recorded = class.recorder.of_user(&who).first().map(|last| last.received);
        let last_seen = stored.chain(recorded).max();
        let is_recent = last_seen.is_none_or(|seen| minutes_since(seen) < PRESENT);
        let here = is_recent && !sessions.is_empty();
        let status = |lesson: &'static Lesson| {
            LessonStatus::new(lesson, class.texts.of(lesson), progress.lessons.get(lesson.slug))
        };
        let lessons: Vec<LessonStatus> = all().iter().map(status).collect();
        let at = lessons.iter().filter(|status| status.guessed.is_some());
        let at = at.max_by_key(|status| status.guessed).cloned();
        let is_open = |handle: &str| sessions.iter().any(|one| one.session.handle == handle);
        let help = progress.help_since(is_open).map(minutes_since).filter(|_| here);
        // Being stuck ends with the sessions as well.
        let login = sessions.iter().filter_map(|session| session.session.lifetime.created).min();
        let begun = at.as_ref().filter(|at| here && at.state == "begun");
        let minutes = begun.and_then(|at| at.since).min(login.map(minutes_since));
        let limit = STUCK * begun.map_or(0, |at| at.planned);
        let stuck = minutes.filter(|minutes| *minutes > limit && *minutes <= SCHOOL_DAY / 60_000);
        Self {
            who,
            teacher: user.as_ref().is_some_and(|user| user.admin),
            name: user.map(|user| user.username),
            here,
            last_seen: last_seen.map(TimeView::from),
            lessons,
            at,
            help,
            stuck,
            progress,
            sessions,
        }
    }
}

fn minutes_since(time: Timestamp) -> i64 {
    Timestamp::now().since(time).max(0) / 60_000
}
