//! The file of the settings: Rocket.toml, or the one that `ROCKET_CONFIG` names.

use std::env::{current_dir, var};
use std::path::PathBuf;

use super::ConfigError;

const VARIABLE: &str = "ROCKET_CONFIG";

/// The name of the file. A relative one is searched for in the working directory and the folders above.
pub(super) fn name() -> String {
    var(VARIABLE).unwrap_or_else(|_| "Rocket.toml".to_owned())
}

/// Rejects a file that the variable names and that does not exist. Rocket.toml may be missing, because the
/// program carries it.
pub(super) fn check() -> Result<(), ConfigError> {
    let Ok(name) = var(VARIABLE) else { return Ok(()) };
    let folder = current_dir().unwrap_or_else(|_| PathBuf::from("/"));
    match folder.ancestors().any(|folder| folder.join(&name).exists()) {
        true => Ok(()),
        false => Err(ConfigError::Wrong(format!("the file {name} does not exist ({VARIABLE})"))),
    }
}
