//! Says what is wrong with a setting, and in which line of which file.
//!
//! Figment knows the file and the key; the line is looked up here. Back to `config.rs` goes one
//! line for the terminal.

use std::path::Path;

use rocket::figment::{self, Metadata, error::Kind};

use super::ConfigError;

/// The error in one line: which setting, where it stands, what it must be.
pub fn explain(error: &figment::Error) -> ConfigError {
    let place = place(error.metadata.as_ref(), &error.path);
    let path = error.path.join(".");
    // Of a value, only its kind is told: it may be a secret.
    let what = match &error.kind {
        Kind::UnknownField(_, known) => {
            format!("unknown setting `{path}`; known are {}", known.join(", "))
        }
        Kind::InvalidType(_, expected) | Kind::InvalidValue(_, expected) => {
            format!("`{path}` must be {expected}")
        }
        Kind::UnknownVariant(_, known) => format!("`{path}` must be one of {}", known.join(", ")),
        // What stands in a file that is no TOML at all may be a secret: only where it broke.
        Kind::Message(message) if path.is_empty() => {
            message.lines().next().unwrap_or_default().to_owned()
        }
        // serde's own words name types of ours.
        Kind::Message(message) if message.contains("untagged enum") => {
            format!(
                "`{path}` has a value that it cannot have; the comments in Rocket.toml list them"
            )
        }
        Kind::Message(message) => format!("`{path}`: {message}"),
        _ => format!("`{path}` cannot be read"),
    };
    ConfigError::Wrong(format!("{place}: {what}"))
}

/// "Rocket.toml, line 12", or the name of the source when it is no file.
pub fn place(metadata: Option<&Metadata>, path: &[String]) -> String {
    let Some(metadata) = metadata else { return "settings".to_owned() };
    let Some(file) = metadata.source.as_ref().and_then(|source| source.file_path()) else {
        return metadata.name.to_string();
    };
    let name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy();
    match line_of(file, path) {
        Some(line) => format!("{name}, line {line}"),
        None => name.into_owned(),
    }
}

/// The first line that sets this, in the section of whatever profile. Figment knows the file only.
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
