//! Texts are data: files below the folder of the templates, which a teacher can change or translate. {words}
//! in braces are filled in here, and the templates mark up what stands between `backticks`.

use rocket::figment::Figment;
use rocket::figment::providers::{Format as _, Toml};
use rocket::figment::value::magic::RelativePathBuf;
use serde::de::DeserializeOwned;

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

/// The texts of a file below `template_dir`, such as `xray/login.toml`; or why it is missing or malformed, in
/// one line with its path.
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
