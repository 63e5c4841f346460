//! The texts of a lesson: `lesson.toml` in its folder below `templates/lessons`. A teacher can change or
//! translate them without Rust. They are read once, at the start.
//!
//! docs/teaching.md says what each key is for ("Changing a lesson").

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rocket::figment::Figment;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::evidence::Evidence;
use super::{Lesson, all};
use crate::teach::progress::{LessonState, Progress};
use crate::teach::settings::Settings;
use crate::teach::text::read_toml;

/// The texts of a lesson. Backticks mark code.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LessonText {
    pub title: String,
    pub minutes: u32,
    pub part: Part,
    pub able: String,
    pub situation: Vec<String>,
    pub predict: Predict,
    pub steps: Vec<String>,
    pub hints: Vec<String>,
    pub goals: Vec<GoalText>,
    pub compare: Vec<String>,
    pub claim: String,
    pub explain: Vec<String>,
    #[serde(default)]
    pub refutes: Vec<Refutation>,
    pub express: Express,
    #[serde(skip_serializing)]
    pub questions: Vec<Question>,
    #[serde(skip_serializing)]
    pub teacher: Teacher,
    #[serde(skip_serializing)]
    #[expect(dead_code, reason = "the tests read it from the file")]
    solution: Vec<Value>,
}

/// Whom a lesson is for.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Part {
    Core,
    Security,
    Developers,
}

/// The question to guess, with its options.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Predict {
    pub question: String,
    pub options: Vec<Choice>,
    /// From 0.
    pub right: usize,
    pub why: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Choice {
    pub text: String,
    /// `None` for the right option, as is `answer`.
    pub misconception: Option<String>,
    pub answer: Option<String>,
}

/// A final question. Its texts may name requests and facts of the proofs in braces.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Question {
    pub ask: String,
    pub options: Vec<Statement>,
}

/// A sentence about the learner's own requests.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Statement {
    pub text: String,
    #[serde(default)]
    pub right: bool,
    pub why: String,
}

impl LessonText {
    pub(crate) fn reached(&self, state: &LessonState) -> usize {
        self.goals.iter().filter(|goal| state.reached.contains_key(&goal.name)).count()
    }

    pub(crate) fn is_done(&self, state: &LessonState) -> bool {
        self.reached(state) == self.goals.len()
    }

    /// Whether the learner knows what happens: by a right guess, or by a right choice after a wrong one.
    pub(crate) fn is_predicted(&self, state: &LessonState) -> bool {
        state.corrected
            || state.guess.as_ref().is_some_and(|guess| guess.choice == self.predict.right)
    }

    /// Whether all goals are reached, the prediction is right, and the final question is answered.
    pub(crate) fn is_solved(&self, state: &LessonState) -> bool {
        self.is_done(state) && self.is_predicted(state) && state.understood.is_some()
    }

    /// `solved`, `skipped`, `begun` or an empty text.
    pub(crate) fn status(&self, state: Option<&LessonState>) -> &'static str {
        match state {
            Some(state) if self.is_solved(state) => "solved",
            Some(state) if state.skipped => "skipped",
            Some(_) => "begun",
            None => "",
        }
    }

    /// Why these texts do not fit this lesson.
    fn fault(&self, lesson: &Lesson) -> Option<&'static str> {
        let checked = (lesson.check)(&Evidence::default());
        let checked: BTreeSet<&str> = checked.iter().map(|(name, _)| *name).collect();
        let has_no_draw = |question: &Question| !question.options.iter().any(|option| option.right);
        if self.predict.right >= self.predict.options.len() {
            Some("`right` names no option")
        } else if checked != self.goals.iter().map(|goal| goal.name.as_str()).collect() {
            Some("goals have other names than in Rust")
        } else if self.questions.is_empty() || self.questions.iter().any(has_no_draw) {
            Some("there is no final question, or one without a right option")
        } else {
            None
        }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GoalText {
    pub name: String,
    pub text: String,
    pub evidence: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Refutation {
    pub belief: String,
    pub answer: String,
}

/// The code of the Express tutorial for the same.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Express {
    pub code: String,
    pub note: String,
}

/// What a teacher needs for the lesson. No page of a student shows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Teacher {
    pub project: String,
    pub ask: Vec<Asked>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    pub ask: String,
    pub answer: String,
}

/// A word of the lessons: `words.toml`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Word {
    term: String,
    text: String,
    /// What the pages draw or say instead.
    picture: Option<String>,
    express: Option<String>,
    /// The number of the lesson in which it comes first.
    lesson: usize,
}

/// The texts of all lessons, and their words in the order of the file.
pub(crate) struct LessonTexts {
    lessons: BTreeMap<&'static str, LessonText>,
    pub words: Vec<Word>,
}

impl LessonTexts {
    /// Reads the texts from the folder of the templates. The error is one line with the path.
    pub(crate) fn read(figment: &Figment) -> Result<Self, String> {
        let read = |lesson: &'static Lesson| {
            let path = Path::new(&lesson.page).with_file_name("lesson.toml");
            let file = path.display().to_string();
            let text: LessonText = read_toml(figment, &file)?;
            match text.fault(lesson) {
                Some(fault) => Err(format!("{file}: {fault}")),
                None => Ok((lesson.slug, text)),
            }
        };
        let lessons = all().iter().map(read).collect::<Result<_, String>>()?;
        let words: BTreeMap<String, Vec<Word>> = read_toml(figment, "lessons/words.toml")?;
        Ok(Self { lessons, words: words.into_values().flatten().collect() })
    }

    /// The texts of this lesson: `read` has found them for each.
    pub(crate) fn of(&self, lesson: &Lesson) -> &LessonText {
        &self.lessons[lesson.slug]
    }

    /// All lessons with the learner's progress, for a list. `closed`: by the teacher.
    pub(super) fn entries(&self, progress: &Progress, settings: &Settings) -> Vec<Value> {
        let entry = |lesson: &Lesson| {
            let text = self.of(lesson);
            let state = text.status(progress.lessons.get(lesson.slug));
            let closed = settings.closed.contains(lesson.slug);
            json!({ "number": lesson.number, "slug": lesson.slug, "title": text.title,
                    "minutes": text.minutes, "part": text.part, "state": state, "closed": closed })
        };
        all().iter().map(entry).collect()
    }
}
