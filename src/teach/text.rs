//! Texts with code in them: `backticks` in a line become parts, which a template can escape and mark up.
//! {words} in braces are filled in. And the files with texts, below the folder of the templates.

use rocket::figment::Figment;
use rocket::figment::providers::{Format as _, Toml};
use rocket::figment::value::magic::RelativePathBuf;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// A line of text with its code marked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String")]
pub(super) struct MarkedText(Vec<Part>);

/// A piece of a line: code, or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Part {
    code: bool,
    text: String,
}

impl<T: AsRef<str>> From<T> for MarkedText {
    fn from(line: T) -> Self {
        let parts = line.as_ref().split('`').enumerate().filter(|(_, text)| !text.is_empty());
        Self(parts.map(|(n, text)| Part { code: n % 2 == 1, text: text.to_owned() }).collect())
    }
}

/// The line with each `{name}` replaced by its value. Braces around another text stay, and so do braces in
/// a value.
pub(super) fn fill(line: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut parts = line.split('{');
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match name_and_rest(part).and_then(|(name, rest)| Some((value(name)?, rest))) {
            Some((value, rest)) => filled.extend([&value, rest]),
            None => filled.extend(["{", part]),
        }
    }
    filled
}

/// The names in braces that a line would have filled in.
pub(super) fn placeholders(line: &str) -> impl Iterator<Item = &str> {
    line.split('{').skip(1).filter_map(|part| Some(name_and_rest(part)?.0))
}

/// A name, and what stands behind its brace.
fn name_and_rest(part: &str) -> Option<(&str, &str)> {
    let is_in_name = |c: char| c.is_ascii_lowercase() || c == '_';
    part.split_once('}').filter(|(name, _)| !name.is_empty() && name.chars().all(is_in_name))
}

/// The texts of a file below `template_dir`, such as `xray/login.toml`. A teacher may have changed them.
///
/// # Errors
/// The file is missing or malformed: one line with its path.
pub(super) fn read_toml<T: DeserializeOwned>(figment: &Figment, file: &str) -> Result<T, String> {
    let folder: RelativePathBuf =
        figment.extract_inner("template_dir").unwrap_or_else(|_| "templates".into());
    let path = folder.relative().join(file);
    let texts = Figment::from(Toml::file_exact(&path)).extract();
    texts.map_err(|error| {
        let error = error.to_string();
        format!("{}: {}", path.display(), error.lines().next().unwrap_or_default())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_between_backticks_is_code() {
        let parts = |line: &str| {
            let parts = MarkedText::from(line).0.into_iter();
            parts.map(|part| format!("{}{}", if part.code { "#" } else { "" }, part.text)).collect()
        };
        let check = |line: &str, expected: &[&str]| {
            let found: Vec<String> = parts(line);
            assert_eq!(found, expected, "{line}");
        };
        check("plain", &["plain"]);
        check("a `b` c", &["a ", "#b", " c"]);
        check("`b`", &["#b"]);
        check("", &[]);
    }

    #[test]
    fn only_known_names_in_braces_are_filled_in_and_values_are_not_read_again() {
        let value = |name: &str| (name == "sid").then(|| "{sid} }{".to_owned());
        let check = |line: &str, expected: &str| assert_eq!(fill(line, value), expected, "{line}");
        check("a {sid} c", "a {sid} }{ c");
        check("{sid}{sid}", "{sid} }{{sid} }{");
        check("{ sid } {other} {sid", "{ sid } {other} {sid");
        check("", "");
        let names: Vec<&str> = placeholders("{a} `f({ b })` {c_d}} {e").collect();
        assert_eq!(names, ["a", "c_d"]);
    }
}
