//! The sentences of the X-ray: data in `templates/xray`, so that a teacher can change or translate them
//! without Rust. They are read and checked once, at the start.
//!
//! Each step of a recording becomes a [`Sentence`], which is a key and values. The files have the words.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::iter::once;

use rocket::figment::Figment;
use rocket::figment::providers::{Format as _, Toml};
use serde::{Deserialize, Serialize};

use crate::teach::text::{fill, placeholders, read_toml};
use crate::trace::source::Code;

/// The files that this program was built with. A changed file must have the same keys, and no other values.
const FILES: [(&str, &str); 4] = [
    ("xray/request.toml", include_str!("../../../templates/xray/request.toml")),
    ("xray/session.toml", include_str!("../../../templates/xray/session.toml")),
    ("xray/login.toml", include_str!("../../../templates/xray/login.toml")),
    ("xray/mongodb.toml", include_str!("../../../templates/xray/mongodb.toml")),
];

/// One thing to say: the key of a sentence, and what to fill in.
pub(super) struct Sentence {
    /// The key in the files; pages carry it as `data-step`, for tests and scripts.
    key: String,
    /// Any texts, by name. They may come from outside, so they have no backticks: those mark code.
    values: BTreeMap<&'static str, String>,
    /// Other sentences, by name. That of the key `between-…` stands between two of them.
    parts: Vec<(&'static str, Vec<Sentence>)>,
}

impl Sentence {
    /// The sentence of this key, with nothing filled in yet.
    pub(super) fn new(key: &str) -> Self {
        Self { key: key.to_owned(), values: BTreeMap::new(), parts: vec![] }
    }

    /// The sentence with this text in place of `{name}`.
    pub(super) fn with(mut self, name: &'static str, text: impl Display) -> Self {
        self.values.insert(name, text.to_string().replace('`', "'"));
        self
    }

    /// The sentence with others in place of `{name}`, or with none.
    pub(super) fn with_parts(
        mut self,
        name: &'static str,
        parts: impl IntoIterator<Item = Self>,
    ) -> Self {
        self.parts.push((name, parts.into_iter().collect()));
        self
    }

    /// Changes each value, by its name, into what a page may show of it.
    pub(super) fn change_values<F: FnMut(&str, &str) -> String>(&mut self, shown: &mut F) {
        for (name, value) in &mut self.values {
            *value = shown(name, value);
        }
        for part in self.parts.iter_mut().flat_map(|(_, parts)| parts) {
            part.change_values(shown);
        }
    }
}

/// A text in plain words, in the terms of HTTP and MongoDB, and in those of the Express tutorial.
pub(super) type Dialects = [String; 3];

/// A sentence as a page shows it, for three kinds of readers.
#[derive(Serialize)]
pub(super) struct Said {
    pub step: String,
    /// The keys of the sentences in it.
    pub parts: Vec<String>,
    /// Those of these keys that have a source.
    code: Vec<String>,
    tone: Tone,
    /// Folded away before the others.
    #[serde(skip)]
    pub is_minor: bool,
    dialects: Dialects,
}

/// Whether a sentence is good or bad news; names a class of the style sheet.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Tone {
    #[default]
    Plain,
    /// A check passed.
    Ok,
    /// A check failed.
    Bad,
}

/// The text of a sentence, as a file has it. A dialect that is left out reads like the one before it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    plain: String,
    protocol: Option<String>,
    express: Option<String>,
    #[serde(default)]
    tone: Tone,
    #[serde(default)]
    minor: bool,
    /// The source of the step. Most sentences that are a part of another one have none.
    code: Option<Code>,
}

impl Text {
    fn dialects(&self) -> [&str; 3] {
        let protocol = self.protocol.as_deref().unwrap_or(&self.plain);
        [&self.plain, protocol, self.express.as_deref().unwrap_or(protocol)]
    }

    fn names(&self) -> BTreeSet<&str> {
        self.dialects().into_iter().flat_map(placeholders).collect()
    }
}

pub(crate) struct Sentences(BTreeMap<String, Text>);

impl Sentences {
    /// Reads the files in the folder of the templates; or says, in one line, which file is malformed, lacks
    /// a sentence, or has one that the program does not know.
    pub(crate) fn read(figment: &Figment) -> Result<Self, String> {
        let mut all = BTreeMap::new();
        for (file, built_in) in FILES {
            let texts = read_toml(figment, file)?;
            check(&texts, built_in).map_err(|error| format!("{file}: {error}"))?;
            all.extend(texts);
        }
        Ok(Self(all))
    }

    /// The sentence as a page shows it. The worst of its parts gives it its tone.
    pub(super) fn say(&self, sentence: &Sentence) -> Said {
        let parts = sentence.parts.iter().flat_map(|(_, parts)| parts);
        let parts: Vec<String> = parts.map(|part| part.key.clone()).collect();
        let keys = once(&sentence.key).chain(&parts);
        let texts = keys.filter_map(|key| Some((key, self.0.get(key)?)));
        let with_code = texts.clone().filter(|(_, text)| text.code.is_some());
        Said {
            step: sentence.key.clone(),
            code: with_code.map(|(key, _)| key.clone()).collect(),
            tone: texts.map(|(_, text)| text.tone).max().unwrap_or_default(),
            is_minor: self.0.get(&sentence.key).is_some_and(|text| text.minor),
            dialects: [0, 1, 2].map(|n| self.line(sentence, n)),
            parts,
        }
    }

    /// The sentence of this key, with names in place of its values, and the source of the step.
    pub(super) fn code(&self, key: &str) -> Option<(Dialects, &Code)> {
        let text = self.0.get(key)?;
        let with_names = text.dialects().map(|line| fill(line, |name| Some(format!("‹{name}›"))));
        Some((with_names, text.code.as_ref()?))
    }

    /// The sentence in the dialect of this number. A value that it lacks stays in braces.
    fn line(&self, sentence: &Sentence, n: usize) -> String {
        let text = |key: &str| self.0.get(key).map(|text| text.dialects()[n]);
        let parts = |name: &str| {
            let (_, parts) = sentence.parts.iter().find(|(known, _)| *known == name)?;
            let lines: Vec<String> = parts.iter().map(|part| self.line(part, n)).collect();
            Some(lines.join(text(&format!("between-{name}")).unwrap_or_default()))
        };
        fill(text(&sentence.key).unwrap_or(&sentence.key), |name| {
            sentence.values.get(name).cloned().or_else(|| parts(name))
        })
    }
}

/// Whether these texts can take the place of those that the program was built with.
fn check(texts: &BTreeMap<String, Text>, built_in: &str) -> Result<(), String> {
    let built_in: BTreeMap<String, Text> =
        Toml::from_str(built_in).map_err(|error| error.to_string())?;
    if let Some(key) = texts.keys().find(|key| !built_in.contains_key(*key)) {
        return Err(format!("the program has no step for the sentence [{key}]"));
    }
    for (key, known) in &built_in {
        let text = texts.get(key).ok_or_else(|| format!("there is no sentence [{key}]"))?;
        if let Some(name) = text.names().difference(&known.names()).next() {
            return Err(format!("[{key}] has no value {{{name}}}"));
        }
        if let Some(code) = &text.code {
            code.lines().map_err(|error| format!("[{key}] {error}"))?;
        }
    }
    Ok(())
}
