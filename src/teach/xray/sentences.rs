//! The sentences of the X-ray: data in `templates/xray`, so that a teacher can change or translate them
//! without Rust. They are read and checked once, at the start.
//!
//! Each step of a recording becomes a [`Sentence`], which is a key and values. The files have the words.

use std::collections::BTreeMap;
use std::fmt::Display;

use rocket::figment::Figment;
use serde::{Deserialize, Serialize};

use super::keys::{FILES, Key};
use crate::teach::text::{MarkedText, fill, placeholders, read_toml};
use crate::trace::source::Code;

/// One thing to say: the key of a sentence, and the values to fill in.
#[derive(Clone, Debug)]
pub(crate) struct Sentence {
    /// The key in the files; pages carry it as `data-step`, for tests and scripts.
    pub key: &'static str,
    values: Vec<(&'static str, Value)>,
}

/// A value to fill in.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// Any text. It may come from outside, so its backticks mark no code.
    Text(String),
    /// Other sentences, with a sentence between two of them.
    Sentences(Vec<Sentence>, Option<&'static str>),
}

impl Sentence {
    /// The sentence of this key, without values yet.
    pub(crate) fn new(key: &'static str) -> Self {
        Self { key, values: vec![] }
    }

    /// The sentence with this text in place of `{name}`.
    pub(crate) fn with(self, name: &'static str, text: impl Display) -> Self {
        self.set(name, Value::Text(text.to_string().replace('`', "'")))
    }

    /// The sentence with another one in place of `{name}`.
    pub(crate) fn with_sentence(self, name: &'static str, sentence: Self) -> Self {
        self.set(name, Value::Sentences(vec![sentence], None))
    }

    /// The sentence with others in place of `{name}`, and the one of the key `between` between them.
    pub(crate) fn with_all(
        self,
        name: &'static str,
        all: Vec<Self>,
        between: &'static str,
    ) -> Self {
        self.set(name, Value::Sentences(all, Some(between)))
    }

    fn set(mut self, name: &'static str, value: Value) -> Self {
        self.values.push((name, value));
        self
    }

    /// The sentences in it.
    pub(super) fn sentences(&self) -> impl Iterator<Item = &Self> {
        let all = self.values.iter().filter_map(|(_, value)| match value {
            Value::Sentences(all, _) => Some(all),
            Value::Text(_) => None,
        });
        all.flatten()
    }

    /// The value in place of `{name}`.
    pub(super) fn value(&self, name: &str) -> Option<&Value> {
        self.values.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }
}

/// A sentence for three kinds of readers.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Dialects {
    /// For a reader who sees this for the first time.
    pub plain: MarkedText,
    /// In the terms of HTTP and MongoDB.
    pub protocol: MarkedText,
    /// In the terms of the Express tutorial.
    pub express: MarkedText,
}

/// The text of a sentence, as a file has it. A dialect that is left out reads like the one before it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    plain: String,
    protocol: Option<String>,
    express: Option<String>,
    /// The source of the step; `None` for a part of another sentence.
    code: Option<Code>,
}

impl Text {
    fn plain(&self) -> &str {
        &self.plain
    }

    fn protocol(&self) -> &str {
        self.protocol.as_deref().unwrap_or(&self.plain)
    }

    fn express(&self) -> &str {
        self.express.as_deref().unwrap_or_else(|| self.protocol())
    }

    /// A name in braces that no value has.
    fn unknown_placeholder(&self, values: &[&str]) -> Option<&str> {
        let lines = [self.plain(), self.protocol(), self.express()];
        lines.into_iter().flat_map(placeholders).find(|name| !values.contains(name))
    }
}

/// The texts of all sentences, by key.
pub(crate) struct Sentences(BTreeMap<&'static str, Text>);

impl Sentences {
    /// Reads the files in the folder of the templates.
    ///
    /// # Errors
    /// A file is garbled, lacks a sentence, or has one that the program does not know: which, in one line.
    pub(crate) fn read(figment: &Figment) -> Result<Self, String> {
        let mut sentences = BTreeMap::new();
        for (file, keys) in FILES {
            let file = format!("xray/{file}");
            let checked = check(read_toml(figment, &file)?, keys);
            sentences.extend(checked.map_err(|error| format!("{file}: {error}"))?);
        }
        Ok(Self(sentences))
    }

    /// The sentence in all dialects.
    pub(crate) fn say(&self, sentence: &Sentence) -> Dialects {
        Dialects {
            plain: self.line(sentence, Text::plain).into(),
            protocol: self.line(sentence, Text::protocol).into(),
            express: self.line(sentence, Text::express).into(),
        }
    }

    /// The sentence of this key, with dots in place of its values, and the source of the step.
    pub(super) fn code(&self, key: &str) -> Option<(Dialects, &Code)> {
        let (key, text) = self.0.get_key_value(key)?;
        Some((self.say(&Sentence::new(key)), text.code.as_ref()?))
    }

    fn line(&self, sentence: &Sentence, dialect: fn(&Text) -> &str) -> String {
        // Never the key: `read` has a text for each.
        let text = self.0.get(sentence.key).map_or(sentence.key, dialect);
        fill(text, |name| {
            Some(match sentence.value(name) {
                None => "…".to_owned(),
                Some(Value::Text(text)) => text.clone(),
                Some(Value::Sentences(all, between)) => {
                    let lines: Vec<String> =
                        all.iter().map(|one| self.line(one, dialect)).collect();
                    let between = between.and_then(|key| self.0.get(key)).map_or("", dialect);
                    lines.join(between)
                }
            })
        })
    }
}

/// The texts of a file, if they have these keys and no other, and name no other values.
fn check(
    mut texts: BTreeMap<String, Text>,
    keys: &[Key],
) -> Result<Vec<(&'static str, Text)>, String> {
    let checked = keys.iter().map(|(key, values)| {
        let text = texts.remove(*key).ok_or_else(|| format!("there is no sentence [{key}]"))?;
        if let Some(name) = text.unknown_placeholder(values) {
            return Err(format!("[{key}] has no value {{{name}}}"));
        }
        let lines = text.code.as_ref().map(Code::lines).transpose();
        lines.map(|_| (*key, text)).map_err(|error| format!("[{key}] {error}"))
    });
    let checked = checked.collect::<Result<_, String>>()?;
    match texts.keys().next() {
        Some(key) => Err(format!("the program has no step for the sentence [{key}]")),
        None => Ok(checked),
    }
}

#[cfg(test)]
mod tests {
    use rocket::figment::providers::{Format as _, Toml};

    use super::*;

    const KEYS: &[Key] = &[("page", &["path"]), ("between", &[])];

    fn read(text: &str) -> Result<Sentences, String> {
        let texts = Figment::from(Toml::string(text)).extract().map_err(|error| error.to_string());
        Ok(Sentences(check(texts?, KEYS)?.into_iter().collect()))
    }

    const TEXT: &str = r#"
        page = { plain = "a page, `{path}`", express = "`get('{path}')`" }
        between = { plain = ", " }
    "#;

    #[test]
    fn a_file_has_all_sentences_no_other_and_no_unknown_value() {
        assert!(read(TEXT).is_ok());
        let expect = |text: &str, expected: &str| {
            let error = read(text).err().unwrap_or_default();
            assert!(error.contains(expected), "{text}: {error}");
        };
        expect("page = { plain = '' }", "no sentence [between]");
        expect(&format!("{TEXT}\nseite = {{ plain = '' }}"), "no step for the sentence [seite]");
        expect(&TEXT.replace("{path}')", "{pfad}')"), "[page] has no value {pfad}");
        expect(&TEXT.replace("express =", "expres ="), "expres");
        let place = |file: &str, function: &str, mark: &str| {
            let code =
                format!("code = {{ file='{file}', function='{function}', mark=['{mark}'] }}");
            TEXT.replace("express =", &format!("{code}, express ="))
        };
        assert!(read(&place("src/auth/login.rs", "log_out", "session.destroy()")).is_ok());
        expect(&place("src/login.rs", "log_out", ""), "[page] code: the program has no file");
        expect(&place("src/auth/login.rs", "log_off", ""), "no function log_off");
        expect(&place("src/auth/login.rs", "log_out", "regenerate"), "no line of log_out");
    }

    #[test]
    fn a_value_marks_no_code_and_names_no_other_value() {
        let sentences = read(TEXT).unwrap();
        let page = Sentence::new("page").with("path", "/`{path}<b>");
        let expected = ["a page, `/'{path}<b>`", "a page, `/'{path}<b>`", "`get('/'{path}<b>')`"];
        let said = sentences.say(&page);
        assert_eq!([said.plain, said.protocol, said.express], expected.map(MarkedText::from));
        let twice = Sentence::new("page").with_all("path", vec![page.clone(), page], "between");
        let line = sentences.line(&twice, Text::plain);
        assert_eq!(line, "a page, `a page, `/'{path}<b>`, a page, `/'{path}<b>``");
    }
}
