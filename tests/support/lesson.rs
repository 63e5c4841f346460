//! The solution and the final questions of a lesson, as its `lesson.toml` has them.

use std::collections::BTreeMap;

use rocket::figment::Figment;
use rocket::figment::providers::{Format as _, Toml};
use serde::Deserialize;

/// All lessons. The last one waits for its clocks.
pub const FOLDERS: [&str; 14] = [
    "01-http-forgets",
    "02-ticket-and-coat",
    "03-behind-the-login",
    "04-one-jar",
    "05-the-seal",
    "06-no-secrets",
    "07-what-a-script-takes",
    "08-another-site",
    "09-fixation",
    "11-bigger-than-a-cookie",
    "12-two-stores",
    "13-the-options",
    "14-session-or-token",
    "10-three-clocks",
];

/// A request in the solution of a lesson.
#[derive(Clone, Debug, Deserialize)]
pub struct Request {
    pub method: String,
    pub path: String,
    #[serde(default)]
    pub fields: BTreeMap<String, String>,
    /// The number of the learner's browser.
    #[serde(default)]
    pub browser: usize,
    #[serde(default = "yes")]
    pub cookies: bool,
    /// The page of lesson 8 that plays another site sends it, with these cookies alone.
    #[serde(default)]
    pub from_other_site: bool,
    #[serde(default)]
    pub sent: Vec<String>,
    #[serde(default)]
    pub seconds: u64,
    /// Whether the final question is answered rightly.
    #[serde(default)]
    pub right: bool,
}

fn yes() -> bool {
    true
}

/// A sentence in a final question.
#[derive(Clone, Debug, Deserialize)]
struct Statement {
    text: String,
    #[serde(default)]
    right: bool,
}

#[derive(Deserialize)]
struct Question {
    options: Vec<Statement>,
}

pub fn slug(folder: &str) -> &str {
    &folder[3..]
}

pub fn lesson(folder: &str) -> Figment {
    let file = format!("{}/templates/lessons/{folder}/lesson.toml", env!("CARGO_MANIFEST_DIR"));
    Figment::from(Toml::file_exact(file))
}

pub fn solution(folder: &str) -> Vec<Request> {
    lesson(folder).extract_inner("solution").unwrap()
}

/// The number of the right option of the lesson's prediction, and the number of options.
pub fn prediction(folder: &str) -> (usize, usize) {
    let options: Vec<BTreeMap<String, String>> =
        lesson(folder).extract_inner("predict.options").unwrap();
    (lesson(folder).extract_inner("predict.right").unwrap(), options.len())
}

/// What is behind the last sign `=` or `:` of a decoded cookie, without the signs of JSON around it.
pub fn secret(decoded: &str) -> String {
    let last = decoded.rsplit(['=', ':']).next().unwrap_or_default();
    last.trim_matches(['"', '}']).to_owned()
}

/// Whether a sentence of a final question is true. Its facts are filled in.
pub fn is_true(folder: &str, text: &str) -> bool {
    assert!(!text.contains("(not recorded)"), "{folder}: {text:?} lacks a fact");
    let questions: Vec<Question> = lesson(folder).extract_inner("questions").unwrap();
    let known = questions.into_iter().flat_map(|question| question.options);
    // A sentence may begin as another one that ends with a fact: the longer one is meant.
    let alike = known.filter(|known| reads_like(&known.text, text));
    alike
        .max_by_key(|known| known.text.len())
        .unwrap_or_else(|| panic!("{folder} has no {text:?}"))
        .right
}

/// Whether a text with `{names}` in braces reads like this one, with other words in place of the braces.
fn reads_like(pattern: &str, text: &str) -> bool {
    let pattern = pattern.replace('`', "");
    let parts = pattern.split('{').map(|part| part.split_once('}').map_or(part, |(_, rest)| rest));
    let parts: Vec<&str> = parts.collect();
    let mut rest = text;
    for part in &parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    text.starts_with(parts[0]) && (rest.is_empty() || pattern.ends_with('}'))
}
