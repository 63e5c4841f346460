//! The texts of a lesson: `lesson.toml` in its folder below `templates/lessons`. A teacher can change or
//! translate them without Rust. They are read once, at the start.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rocket::figment::Figment;
use rocket::figment::providers::{Format as _, Toml};
use rocket::figment::value::Value;
use rocket::figment::value::magic::RelativePathBuf;
use serde::{Deserialize, Serialize};

use super::evidence::Evidence;
use super::{Lesson, all};
use crate::teach::progress::LessonState;
use crate::teach::text::MarkedText;

/// The texts of a lesson. Backticks mark code.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LessonText {
    /// The title in the list.
    pub title: String,
    /// The minutes that it should take.
    pub minutes: u32,
    /// What a student is able to say afterwards. It gives no answer away.
    pub able: MarkedText,
    /// The situation before the question. It gives no answer away.
    pub situation: Vec<MarkedText>,
    /// The question to guess before the steps.
    pub predict: Predict,
    /// The steps to do.
    pub steps: Vec<MarkedText>,
    /// From a nudge to nearly the solution.
    pub hints: Vec<MarkedText>,
    /// The goals, in the order of the page.
    pub goals: Vec<GoalText>,
    /// The names of the requests to show side by side, one or two.
    pub compare: Vec<String>,
    /// The true statement that the lesson shows, in one sentence.
    pub claim: MarkedText,
    /// An explanation, shown once all goals are reached.
    pub explain: Vec<MarkedText>,
    /// Common misconceptions that are not among the options of the guess.
    #[serde(default)]
    pub refutes: Vec<Refutation>,
    /// The Express code for it.
    pub express: Express,
    /// The final questions. One of them is drawn.
    #[serde(skip_serializing)]
    pub questions: Vec<Question>,
    /// The requests that solve the lesson, in their order: a test sends them.
    #[serde(skip_serializing)]
    #[expect(dead_code, reason = "the tests read it from the file")]
    solution: Vec<Value>,
}

/// The question to guess, with its options.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Predict {
    /// The question.
    pub question: MarkedText,
    /// The options, one of which is right.
    pub options: Vec<Choice>,
    /// The number of the right option, from 0.
    pub right: usize,
    /// The reason, shown once all goals are reached.
    pub why: MarkedText,
}

/// An option of the guess.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Choice {
    /// The outcome to choose.
    pub text: MarkedText,
    /// The misconception that leads to this option; `None` for the right one.
    pub misconception: Option<MarkedText>,
    /// The reason why it is wrong, shown once all goals are reached.
    pub answer: Option<MarkedText>,
}

/// A final question. Its texts may name requests and facts of the proofs in braces.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Question {
    /// The question.
    pub ask: String,
    /// Sentences to tick or to leave. Some of them are drawn.
    pub options: Vec<Statement>,
}

/// A sentence about the learner's own requests.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Statement {
    /// The sentence.
    pub text: String,
    /// Whether it is true.
    #[serde(default)]
    pub right: bool,
    /// The reason, shown after a wrong answer.
    pub why: String,
}

impl LessonText {
    /// The number of goals that are reached.
    pub(crate) fn reached(&self, state: &LessonState) -> usize {
        self.goals.iter().filter(|goal| state.reached.contains_key(&goal.name)).count()
    }

    /// Whether all goals are reached.
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
        let has_no_draw = |question: &Question| {
            question.options.iter().filter(|option| option.right).count() == 0
        };
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

/// The texts of a goal.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GoalText {
    /// The name that the check has for the goal.
    pub name: String,
    /// The task of the goal.
    pub text: MarkedText,
    /// The sentence about the evidence. Names in `{braces}` stand for the requests and facts of the proofs.
    pub evidence: String,
}

/// A common misconception.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Refutation {
    /// The belief.
    pub belief: MarkedText,
    /// The reason why it is wrong.
    pub answer: MarkedText,
}

/// The code of the Express tutorial for the same.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Express {
    /// Some lines of code.
    pub code: String,
    /// An explanation, with the differences here.
    pub note: MarkedText,
}

/// The texts of all lessons.
pub(crate) struct LessonTexts(BTreeMap<&'static str, LessonText>);

impl LessonTexts {
    /// Reads the texts from the folder of the templates.
    ///
    /// # Errors
    /// A text is missing or malformed: one line that names it.
    pub(crate) fn read(figment: &Figment) -> Result<Self, String> {
        let folder: RelativePathBuf =
            figment.extract_inner("template_dir").unwrap_or_else(|_| "templates".into());
        let folder = folder.relative();
        let read = |lesson: &'static Lesson| {
            let path = Path::new(&lesson.page).with_file_name("lesson.toml");
            let path = folder.join(path);
            let text = Figment::from(Toml::file_exact(&path)).extract();
            let text: LessonText = text.map_err(|error| format!("{}: {error}", path.display()))?;
            match text.fault(lesson) {
                Some(fault) => Err(format!("{}: {fault}", path.display())),
                None => Ok((lesson.slug, text)),
            }
        };
        all().iter().map(read).collect::<Result<_, String>>().map(Self)
    }

    /// The texts of this lesson: `read` has found them for each.
    pub(crate) fn of(&self, lesson: &Lesson) -> &LessonText {
        &self.0[lesson.slug]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lesson_with_another_goal_than_in_rust_is_refused() {
        let read =
            |text: &str| -> LessonText { Figment::from(Toml::string(text)).extract().unwrap() };
        let text = include_str!("../../../templates/lessons/05-the-seal/lesson.toml");
        let lesson = Lesson::named("the-seal").unwrap();
        assert_eq!(read(text).fault(lesson), None);
        assert!(read(&text.replace("\"no-seal\"", "\"kein-siegel\"")).fault(lesson).is_some());
    }
}
