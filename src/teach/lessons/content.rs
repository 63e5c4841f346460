//! What a lesson says: `lesson.toml` in its folder below `templates/lessons`, so that a teacher can
//! change or translate it without Rust. Read once, at the start.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rocket::figment::Figment;
use rocket::figment::providers::{Format as _, Toml};
use rocket::figment::value::Value;
use rocket::figment::value::magic::RelativePathBuf;
use serde::{Deserialize, Serialize};

use super::{ALL, Evidence, Lesson};
use crate::teach::progress::{Proof, State};
use crate::teach::text::Text;

/// The texts of a lesson. Backticks mark code.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Content {
    /// As the list has it.
    pub title: String,
    /// How long it takes.
    pub minutes: u32,
    /// In one sentence: what is true.
    pub claim: Text,
    /// What happens here.
    pub intro: Vec<Text>,
    /// What to do.
    pub steps: Vec<Text>,
    /// From a nudge to nearly the solution.
    pub hints: Vec<Text>,
    /// What was seen, once it is solved.
    pub seen: Vec<Text>,
    /// The question before it.
    pub predict: Predict,
    /// What is to be reached, in the order of the page.
    pub goals: Vec<GoalText>,
    /// What some believe, and why it is not so.
    pub refutes: Vec<Refutation>,
    /// The same in Express.
    pub express: Express,
    /// How it is solved, for the test of that: the requests, in their order.
    #[serde(skip_serializing)]
    #[expect(dead_code, reason = "the tests read it from the file")]
    solution: Vec<Value>,
}

/// A guess to be made before.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Predict {
    /// What will happen?
    pub question: Text,
    /// One of them is right.
    pub options: Vec<Text>,
    /// Which, from 0.
    pub right: usize,
    /// Why, told once the lesson is solved.
    pub why: Text,
}

impl Content {
    /// All goals are reached.
    pub fn is_solved(&self, state: &State) -> bool {
        self.goals.iter().all(|goal| state.reached.contains_key(&goal.name))
    }

    /// `solved`, `skipped`, `begun` or nothing.
    pub fn standing(&self, state: Option<&State>) -> &'static str {
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

/// The words for a goal.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GoalText {
    /// The program's name for it.
    pub name: String,
    /// What is to be reached.
    pub text: Text,
    /// By what it is known; `{words}` in braces stand for what was found.
    pub evidence: String,
}

impl GoalText {
    /// The evidence with what was found.
    pub fn evidence(&self, proof: &Proof) -> Text {
        let exchanges = proof.exchanges.iter().map(|(name, number)| (name, number.to_string()));
        let facts = proof.facts.iter().map(|(name, fact)| (name, fact.replace('`', "'")));
        let fill = |text: String, (name, found): (&String, String)| {
            text.replace(&format!("{{{name}}}"), &found)
        };
        exchanges.chain(facts).fold(self.evidence.clone(), fill).into()
    }
}

/// A misconception by name.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refutation {
    /// What some believe.
    pub belief: Text,
    /// Why it is not so.
    pub answer: Text,
}

/// What the Express tutorial writes for it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Express {
    /// Some lines of it.
    pub code: String,
    /// What they do, and what is different here.
    pub note: Text,
}

/// The texts of all lessons.
pub struct Contents(BTreeMap<&'static str, Content>);

impl Contents {
    /// From the folder of the templates.
    ///
    /// # Errors
    /// A text is missing or garbled: which, in one line.
    pub fn read(figment: &Figment) -> Result<Self, String> {
        let folder: RelativePathBuf =
            figment.extract_inner("template_dir").unwrap_or_else(|_| "templates".into());
        let folder = folder.relative();
        let read = |lesson: &&'static Lesson| {
            let path = Path::new(lesson.template).with_file_name("lesson.toml");
            let path = folder.join(path);
            let content = Figment::from(Toml::file_exact(&path)).extract();
            let content: Content =
                content.map_err(|error| format!("{}: {error}", path.display()))?;
            if content.predict.right >= content.predict.options.len() {
                return Err(format!("{}: `right` names no option", path.display()));
            }
            if !content.has_the_goals_of(lesson) {
                return Err(format!("{}: goals have other names than in Rust", path.display()));
            }
            Ok((lesson.slug, content))
        };
        ALL.iter().map(read).collect::<Result<_, String>>().map(Self)
    }

    /// Those of this lesson: `read` has one for each.
    pub fn of(&self, lesson: &Lesson) -> &Content {
        &self.0[lesson.slug]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_evidence_says_what_was_found() {
        let evidence = "Exchange {here}: ticket `{ticket}`.".to_owned();
        let goal = GoalText { name: String::new(), text: Text::default(), evidence };
        let exchanges = BTreeMap::from([("here".to_owned(), 4812)]);
        let proof = Proof { exchanges, ..Proof::default() }.with("ticket", "owHENQ…");
        assert_eq!(goal.evidence(&proof), Text::from("Exchange 4812: ticket `owHENQ…`."));
    }

    #[test]
    fn a_lesson_with_another_goal_than_in_rust_is_refused() {
        let read = |text: &str| -> Content { Figment::from(Toml::string(text)).extract().unwrap() };
        let text = include_str!("../../../templates/lessons/05-the-seal/lesson.toml");
        let lesson = &super::super::the_seal::LESSON;
        assert!(read(text).has_the_goals_of(lesson));
        assert!(!read(&text.replace("\"no-seal\"", "\"kein-siegel\"")).has_the_goals_of(lesson));
    }
}
