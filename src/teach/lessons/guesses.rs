//! The guesses of a lesson as bars: how many learners chose which option.
//!
//! Students and anonymous visitors are counted separately: a visitor without an account can guess any number
//! of times.

use std::time::{Duration, Instant};

use rocket::tokio::sync::Mutex;
use rocket::tokio::try_join;
use serde::Serialize;
use serde_json::{Value, json};

use super::lesson_text::Choice;
use super::{Lesson, LessonText};
use crate::db::{Unavailable, in_time};
use crate::teach::class_data::{ClassData, MAX_USERS};
use crate::teach::progress::Progress;
use crate::teach::text::MarkedText;

/// How long a student's page may show the bars that were counted last.
const MAX_AGE: Duration = Duration::from_secs(2);

/// The bar of one option.
#[derive(Clone, Serialize)]
pub(crate) struct Bar {
    /// The text of the option.
    option: MarkedText,
    /// The option is right.
    right: bool,
    /// The counts of students, and of anonymous visitors (`guests`) if any of them has guessed: `who`, the
    /// number who chose this option (`count`), and the number who chose any (`of`).
    counts: Vec<Value>,
}

/// The bars of the revealed lesson, as they were counted last. Any visitor may ask for that page, as often as
/// they like, so a request must not read the whole class.
#[derive(Default)]
pub(crate) struct BarsCache(Mutex<Option<(Instant, &'static str, Vec<Bar>)>>);

impl BarsCache {
    /// A bar for each option of this lesson, at most [`MAX_AGE`] old.
    ///
    /// # Errors
    /// A store does not answer.
    pub(crate) async fn bars(
        &self,
        data: ClassData<'_>,
        lesson: &'static Lesson,
        text: &LessonText,
    ) -> Result<Vec<Bar>, Unavailable> {
        // One request counts again; the others wait here and reuse the result.
        let mut cached = in_time(self.0.lock()).await?;
        match &*cached {
            Some((at, slug, bars)) if *slug == lesson.slug && at.elapsed() < MAX_AGE => {
                return Ok(bars.clone());
            }
            _ => {}
        }
        let (users, mut progress, guests) =
            try_join!(data.strategy.users.all(MAX_USERS), data.progress.all(), data.list_guests())?;
        let students = users.into_iter().filter(|user| !user.admin);
        let students: Vec<Progress> =
            students.filter_map(|user| progress.remove(&user.id.to_hex())).collect();
        let guests: Vec<Progress> = guests.iter().map(Progress::of_guest).collect();
        let bars = bars(lesson, text, students.iter(), guests.iter());
        *cached = Some((Instant::now(), lesson.slug, bars.clone()));
        Ok(bars)
    }
}

/// A bar for each option of this lesson.
pub(crate) fn bars<'p>(
    lesson: &Lesson,
    text: &LessonText,
    students: impl Iterator<Item = &'p Progress>,
    guests: impl Iterator<Item = &'p Progress>,
) -> Vec<Bar> {
    let choice =
        |progress: &Progress| Some(progress.lessons.get(lesson.slug)?.guess.as_ref()?.choice);
    let students: Vec<usize> = students.filter_map(choice).collect();
    let guests: Vec<usize> = guests.filter_map(choice).collect();
    let bar = |(number, option): (usize, &Choice)| {
        let count = |who: &str, choices: &[usize]| {
            let count = choices.iter().filter(|choice| **choice == number).count();
            json!({ "who": who, "count": count, "of": choices.len() })
        };
        let counts = [("students", &students), ("guests", &guests)].into_iter();
        let counts = counts.filter(|(who, choices)| *who == "students" || !choices.is_empty());
        let counts = counts.map(|(who, choices)| count(who, choices)).collect();
        Bar { option: option.text.clone(), right: number == text.predict.right, counts }
    };
    text.predict.options.iter().enumerate().map(bar).collect()
}
