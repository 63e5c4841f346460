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
use crate::teach::progress::{LessonState, Proof};
use crate::teach::text::MarkedText;

/// The texts of a lesson. Backticks mark code.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LessonText {
    /// The title in the list.
    pub title: String,
    /// The minutes that it should take.
    pub minutes: u32,
    /// The true statement that the lesson shows, in one sentence.
    pub claim: MarkedText,
    /// The introduction.
    pub intro: Vec<MarkedText>,
    /// The steps to do.
    pub steps: Vec<MarkedText>,
    /// From a nudge to nearly the solution.
    pub hints: Vec<MarkedText>,
    /// A summary, shown once the lesson is solved.
    pub seen: Vec<MarkedText>,
    /// The question to guess before the steps.
    pub predict: Predict,
    /// The goals, in the order of the page.
    pub goals: Vec<GoalText>,
    /// Common misconceptions, each with an answer.
    pub refutes: Vec<Refutation>,
    /// The Express code for it.
    pub express: Express,
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
    pub options: Vec<MarkedText>,
    /// The number of the right option, from 0.
    pub right: usize,
    /// The reason, shown once the lesson is solved.
    pub why: MarkedText,
}

impl LessonText {
    /// Whether all goals are reached.
    pub(crate) fn is_solved(&self, state: &LessonState) -> bool {
        self.goals.iter().all(|goal| state.reached.contains_key(&goal.name))
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

    fn has_the_goals_of(&self, lesson: &Lesson) -> bool {
        let checked = (lesson.check)(&Evidence::default());
        let checked: BTreeSet<&str> = checked.iter().map(|(name, _)| *name).collect();
        checked == self.goals.iter().map(|goal| goal.name.as_str()).collect()
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
    /// The sentence about the evidence. Names in `{braces}` stand for the exchanges and facts of the proof.
    pub evidence: String,
}

impl GoalText {
    /// The sentence about the evidence, with the exchanges and facts of this proof.
    pub(crate) fn evidence(&self, proof: &Proof) -> MarkedText {
        let exchanges = proof.exchanges.iter().map(|(name, number)| (name, number.to_string()));
        let facts = proof.facts.iter().map(|(name, fact)| (name, fact.replace('`', "'")));
        let fill = |text: String, (name, found): (&String, String)| {
            text.replace(&format!("{{{name}}}"), &found)
        };
        exchanges.chain(facts).fold(self.evidence.clone(), fill).into()
    }
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
            if text.predict.right >= text.predict.options.len() {
                return Err(format!("{}: `right` names no option", path.display()));
            }
            if !text.has_the_goals_of(lesson) {
                return Err(format!("{}: goals have other names than in Rust", path.display()));
            }
            Ok((lesson.slug, text))
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
    fn a_goal_s_sentence_has_the_exchanges_and_facts_of_the_proof() {
        let evidence = "Exchange {here}: ticket `{ticket}`.".to_owned();
        let goal = GoalText { name: String::new(), text: MarkedText::default(), evidence };
        let exchanges = BTreeMap::from([("here".to_owned(), 4812)]);
        let proof = Proof { exchanges, ..Proof::default() }.fact("ticket", "owHENQ…");
        assert_eq!(goal.evidence(&proof), MarkedText::from("Exchange 4812: ticket `owHENQ…`."));
    }

    #[test]
    fn a_lesson_with_another_goal_than_in_rust_is_refused() {
        let read =
            |text: &str| -> LessonText { Figment::from(Toml::string(text)).extract().unwrap() };
        let text = include_str!("../../../templates/lessons/05-the-seal/lesson.toml");
        let lesson = Lesson::named("the-seal").unwrap();
        assert!(read(text).has_the_goals_of(lesson));
        assert!(!read(&text.replace("\"no-seal\"", "\"kein-siegel\"")).has_the_goals_of(lesson));
    }
}
