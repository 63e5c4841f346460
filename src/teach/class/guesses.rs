//! The guesses of a lesson as bars: how many chose which option.

use serde::Serialize;

use super::roster::Roster;
use crate::teach::lessons::{Content, Lesson};
use crate::teach::text::Text;

/// One option.
#[derive(Serialize)]
pub struct Bar {
    /// What it says.
    pub option: Text,
    /// It is what happens.
    pub right: bool,
    /// How many chose it.
    pub count: usize,
    /// How many chose any.
    pub of: usize,
}

/// A bar for each option of this lesson.
pub fn bars(lesson: &Lesson, content: &Content, roster: &Roster) -> Vec<Bar> {
    let guesses = roster.learners().filter_map(|student| student.progress.lessons.get(lesson.slug));
    let guesses = guesses.filter_map(|state| state.guess.as_ref());
    let choices: Vec<usize> = guesses.map(|guess| guess.choice).collect();
    let bar = |(number, option): (usize, &Text)| Bar {
        option: option.clone(),
        right: number == content.predict.right,
        count: choices.iter().filter(|choice| **choice == number).count(),
        of: choices.len(),
    };
    content.predict.options.iter().enumerate().map(bar).collect()
}
