//! Texts are data: files below the folder of the templates, which a teacher can change or translate. {words}
//! in braces are filled in here, and the templates mark up what stands between `backticks`.

use std::sync::LazyLock;

use regex::{Captures, Regex};
use rocket::figment::Figment;
use rocket::figment::providers::{Format as _, Toml};
use rocket::figment::value::magic::RelativePathBuf;
use serde::de::DeserializeOwned;

static PLACEHOLDER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\{([a-z_]+)\}").expect("a valid pattern"));

/// The line with each `{name}` replaced by its value. Braces around another text stay, and those in a value.
pub(super) fn fill(line: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let text = |found: &Captures<'_>| value(&found[1]).unwrap_or_else(|| found[0].to_owned());
    PLACEHOLDER.replace_all(line, text).into_owned()
}

/// The names in braces that a line would have filled in.
pub(super) fn placeholders(line: &str) -> impl Iterator<Item = &str> {
    PLACEHOLDER.captures_iter(line).map(|found| found.extract::<1>().1[0])
}

/// The texts of a file below `template_dir`; or why it is missing or malformed, in one line with its path.
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
