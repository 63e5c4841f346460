//! The guesses of a lesson as bars: how many chose which option.
//!
//! Students and anonymous visitors are counted apart: without an account one can guess as often
//! as one likes.

use std::time::{Duration, Instant};

use rocket::tokio::sync::Mutex;
use rocket::tokio::try_join;
use rocket_express_session::ListLimits;
use serde::Serialize;

use super::room::{Room, SHOWN};
use super::roster::{Roster, progress_of};
use crate::db::{Unavailable, in_time};
use crate::teach::lessons::{Content, Lesson};
use crate::teach::progress::Progress;
use crate::teach::text::Text;

/// How old the bars may be that a student sees.
const FRESH: Duration = Duration::from_secs(2);

/// One option.
#[derive(Clone, Serialize)]
pub struct Bar {
    /// What it says.
    pub option: Text,
    /// It is what happens.
    pub right: bool,
    /// Of students; and of those who are not logged in, if any of them has guessed.
    pub counts: Vec<Count>,
}

/// How many chose an option.
#[derive(Clone, Serialize)]
pub struct Count {
    /// Of whom.
    pub who: &'static str,
    /// How many chose it.
    pub count: usize,
    /// How many chose any.
    pub of: usize,
}

impl Count {
    fn of(who: &'static str, choices: &[usize], number: usize) -> Self {
        let count = choices.iter().filter(|choice| **choice == number).count();
        Self { who, count, of: choices.len() }
    }
}

/// The bars of the revealed lesson, as they were counted last: a page that all visitors may ask for as
/// often as they like must not read the whole class each time.
#[derive(Default)]
pub struct Counted(Mutex<Option<(Instant, &'static str, Vec<Bar>)>>);

impl Room<'_> {
    /// A bar for each option of this lesson, not more than two seconds old.
    ///
    /// # Errors
    /// A store does not answer.
    pub async fn bars(&self, lesson: &Lesson, content: &Content) -> Result<Vec<Bar>, Unavailable> {
        // One request counts again; the others wait here and reuse the result.
        let mut counted = in_time(self.counted.0.lock()).await?;
        match &*counted {
            Some((at, slug, bars)) if *slug == lesson.slug && at.elapsed() < FRESH => {
                return Ok(bars.clone());
            }
            _ => {}
        }
        let anonymous = ListLimits { users: 0, ..SHOWN };
        let (users, mut progress, guests) =
            try_join!(self.users(), self.progress.all(), self.list_sessions(anonymous))?;
        let students = users.into_iter().filter(|user| !user.admin);
        let students: Vec<Progress> =
            students.filter_map(|user| progress.remove(&user.id.to_hex())).collect();
        let guests = guests.iter().filter(|session| session.user.is_none());
        let guests: Vec<Progress> = guests.map(progress_of).collect();
        let bars = count(lesson, content, students.iter(), guests.iter());
        *counted = Some((Instant::now(), lesson.slug, bars.clone()));
        Ok(bars)
    }
}

/// The bars of this lesson in the room.
pub fn bars_of(roster: &Roster, lesson: &Lesson, content: &Content) -> Vec<Bar> {
    let students = roster.students.iter().map(|student| &student.progress);
    let guests = roster.guests.iter().map(|guest| &guest.progress);
    count(lesson, content, students, guests)
}

fn count<'p>(
    lesson: &Lesson,
    content: &Content,
    students: impl Iterator<Item = &'p Progress>,
    guests: impl Iterator<Item = &'p Progress>,
) -> Vec<Bar> {
    let choice =
        |progress: &Progress| Some(progress.lessons.get(lesson.slug)?.guess.as_ref()?.choice);
    let students: Vec<usize> = students.filter_map(choice).collect();
    let guests: Vec<usize> = guests.filter_map(choice).collect();
    let bar = |(number, option): (usize, &Text)| {
        let mut counts = vec![Count::of("students", &students, number)];
        if !guests.is_empty() {
            counts.push(Count::of("not logged in", &guests, number));
        }
        Bar { option: option.clone(), right: number == content.predict.right, counts }
    };
    content.predict.options.iter().enumerate().map(bar).collect()
}
