//! Explains a wrong setting in one line: what is wrong, and in which line of which file.
//!
//! Figment knows the file and the key. This file finds the line.

use std::path::Path;

use rocket::figment::{self, Metadata, error::Kind};

use super::ConfigError;
use super::plain_names::PlainNames;

/// The error in one line: the place, the setting, and the valid values.
pub(super) fn explain(error: &figment::Error) -> ConfigError {
    let place = place(error.metadata.as_ref(), &error.path);
    let path = error.path.join(".");
    // The value may be a secret, so the text names only the expected type.
    let what = match &error.kind {
        Kind::UnknownField(..) => unknown(&path),
        Kind::InvalidType(_, expected) | Kind::InvalidValue(_, expected) => {
            format!("`{path}` must be {}", type_name(expected))
        }
        Kind::UnknownVariant(_, known) => format!("`{path}` must be one of {}", known.join(", ")),
        // A file that is not TOML may contain a secret. The first line says only where parsing failed.
        Kind::Message(message) if path.is_empty() => {
            message.lines().next().unwrap_or_default().to_owned()
        }
        // The message of serde would name our types.
        Kind::Message(message) if message.contains("untagged enum") => {
            format!(
                "`{path}` has an invalid value; the comments in Rocket.toml list the valid ones"
            )
        }
        Kind::Message(message) => format!("`{path}`: {message}"),
        _ => format!("`{path}` cannot be read"),
    };
    ConfigError::Wrong(format!("{place}: {what}"))
}

/// The text for an unknown setting. Serde would list only the settings that the engine reads.
pub(super) fn unknown(setting: &str) -> String {
    format!("unknown setting `{setting}`. Rocket.toml lists all settings")
}

/// The place of a setting: "Rocket.toml, line 12", or an environment variable.
pub(super) fn place(metadata: Option<&Metadata>, path: &[String]) -> String {
    let Some(metadata) = metadata else { return "settings".to_owned() };
    let Some(file) = metadata.source.as_ref().and_then(|source| source.file_path()) else {
        return variable(&metadata.name, path);
    };
    let name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy();
    match line_of(file, path) {
        Some(line) => format!("{name}, line {line}"),
        None => name.into_owned(),
    }
}

/// The environment variable of a setting. Figment knows only the prefix of its name.
fn variable(source: &str, path: &[String]) -> String {
    let plain = PlainNames::KEYS.iter().find(|(_, keys)| path == keys);
    match (plain, path.first()) {
        (Some((name, _)), _) if source == PlainNames::SOURCE => (*name).to_owned(),
        (_, Some(key)) if source.contains("ROCKET_") => format!("ROCKET_{}", key.to_uppercase()),
        _ => source.to_owned(),
    }
}

/// A readable name for the type that serde expected.
fn type_name(expected: &str) -> &str {
    match expected {
        "u16" => "a whole number from 0 to 65535",
        "u8" | "u32" | "u64" | "usize" => "a whole number",
        other => other,
    }
}

/// The number of the first line that sets a key, in any profile. Figment knows only the file.
fn line_of(file: &Path, path: &[String]) -> Option<usize> {
    let text = std::fs::read_to_string(file).ok()?;
    let (key, section) = path.split_last()?;
    let section = section.join(".");
    let sets_key = |line: &str| {
        line.strip_prefix(key.as_str()).is_some_and(|rest| rest.trim_start().starts_with('='))
    };
    let mut in_section = false;
    for (index, line) in text.lines().map(str::trim).enumerate() {
        if let Some(header) = line.strip_prefix('[') {
            // [profile.section.subsection]
            let name = header.trim_end_matches(']').split_once('.');
            let name = name.map_or("", |(_, rest)| rest);
            if name == path.join(".") {
                return Some(index + 1);
            }
            in_section = name == section;
        } else if in_section && sets_key(line) {
            return Some(index + 1);
        }
    }
    None
}
