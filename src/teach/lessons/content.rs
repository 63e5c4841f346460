//! What a lesson says: `lesson.toml` in its folder below `templates/lessons`, so that a teacher can
//! change or translate it without Rust. Read once, at the start.

use std::path::Path;

use rocket::figment::Figment;
use rocket::figment::providers::{Format as _, Toml};
use rocket::figment::value::Value;
use rocket::figment::value::magic::RelativePathBuf;
use serde::{Deserialize, Serialize};

use super::ALL;
use crate::teach::text::Text;

/// The texts of a lesson. Backticks mark code.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
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
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
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
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Express {
    /// Some lines of it.
    pub code: String,
    /// What they do, and what is different here.
    pub note: Text,
}

/// The texts of all lessons.
pub struct Contents(Vec<(&'static str, Content)>);

impl Contents {
    /// From the folder of the templates.
    ///
    /// # Errors
    /// A text is missing or garbled: which, in one line.
    pub fn read(figment: &Figment) -> Result<Self, String> {
        let folder: RelativePathBuf =
            figment.extract_inner("template_dir").unwrap_or_else(|_| "templates".into());
        let folder = folder.relative();
        let read = |lesson: &&super::Lesson| {
            let path = Path::new(lesson.template).with_file_name("lesson.toml");
            let path = folder.join(path);
            let content = Figment::from(Toml::file_exact(&path)).extract();
            let content: Content =
                content.map_err(|error| format!("{}: {error}", path.display()))?;
            if content.predict.right >= content.predict.options.len() {
                return Err(format!("{}: `right` names no option", path.display()));
            }
            Ok((lesson.slug, content))
        };
        ALL.iter().map(read).collect::<Result<_, String>>().map(Self)
    }

    /// Those of this lesson.
    pub fn of(&self, slug: &str) -> &Content {
        static NONE: std::sync::LazyLock<Content> = std::sync::LazyLock::new(Content::default);
        self.0.iter().find(|(known, _)| *known == slug).map_or(&NONE, |(_, content)| content)
    }
}
