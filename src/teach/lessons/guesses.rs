//! The guesses of a lesson as bars: how many learners chose which option. A visitor without an account can
//! guess any number of times, so anonymous visitors are counted separately.

use std::time::{Duration, Instant};

use rocket::tokio::sync::Mutex;
use rocket::tokio::try_join;
use rocket::{Orbit, Rocket};
use serde::Serialize;

use super::{Lesson, LessonText, LessonTexts};
use crate::db::{Unavailable, in_time};
use crate::teach::class_data::{ClassData, MAX_USERS};
use crate::teach::progress::Progress;
use crate::teach::settings::ClassSettings;

const MAX_AGE: Duration = Duration::from_secs(2);

#[derive(Clone, Serialize)]
pub(crate) struct Bar {
    option: String,
    right: bool,
    /// The number of students who chose this option, and of those who chose any. The same of visitors.
    students: [usize; 2],
    guests: [usize; 2],
}

/// The bars as they were counted last. Any visitor may ask, so a request must not read the whole class.
#[derive(Default)]
pub(crate) struct BarsCache(Mutex<Option<(Instant, &'static str, Vec<Bar>)>>);

/// A bar for each option of this lesson, at most [`MAX_AGE`] old. None unless the teacher shows them.
pub(crate) async fn revealed_bars(
    rocket: &Rocket<Orbit>,
    lesson: &'static Lesson,
) -> Result<Vec<Bar>, Unavailable> {
    let state = || {
        let settings: &ClassSettings = rocket.state()?;
        let (texts, cache): (&LessonTexts, &BarsCache) = (rocket.state()?, rocket.state()?);
        Some((settings.current(), ClassData::of(rocket)?, texts.of(lesson), cache))
    };
    let missing = || Unavailable::new("teaching is not attached");
    let (settings, data, text, cache) = state().ok_or_else(missing)?;
    if settings.revealed.as_deref() != Some(lesson.slug) {
        return Ok(vec![]);
    }
    // One request counts again; the others wait here and reuse the result.
    let mut cached = in_time(cache.0.lock()).await?;
    if let Some((at, slug, bars)) = &*cached
        && *slug == lesson.slug
        && at.elapsed() < MAX_AGE
    {
        return Ok(bars.clone());
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
    let bar = |number: usize| {
        let count = |choices: &[usize]| {
            [choices.iter().filter(|choice| **choice == number).count(), choices.len()]
        };
        let option = text.predict.options[number].text.clone();
        let right = number == text.predict.right;
        Bar { option, right, students: count(&students), guests: count(&guests) }
    };
    (0..text.predict.options.len()).map(bar).collect()
}
