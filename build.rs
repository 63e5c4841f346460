//! Tells the program its version: with the commit and its date in a release build.
//!
//! A debug build leaves them out, because each commit would compile everything again.

use std::process::Command;

/// What a build depends on. A change of one of these makes a clean commit a "dirty" one.
const SOURCES: [&str; 8] = [
    "Cargo.toml",
    "Cargo.lock",
    "Rocket.toml",
    "crates",
    "migrations",
    "src",
    "static",
    "templates",
];

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=CLOAKROOM_COMMIT");
    let version = env("CARGO_PKG_VERSION").unwrap_or_default();
    let is_release = env("PROFILE").as_deref() == Some("release");
    let built_from = match env("CLOAKROOM_COMMIT") {
        // For a build without the folder `.git`, as in a container.
        Some(commit) if !commit.is_empty() => commit,
        _ if is_release => commit().unwrap_or_else(|| "unknown commit".to_owned()),
        _ => "debug build".to_owned(),
    };
    println!("cargo:rustc-env=CLOAKROOM_VERSION={version} ({built_from})");
}

fn env(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The commit and its date, such as `1a2b3c4d5e6f 2026-11-27`. The date is not that of the build, so two
/// builds of a commit are the same.
fn commit() -> Option<String> {
    for source in SOURCES {
        println!("cargo:rerun-if-changed={source}");
    }
    println!("cargo:rerun-if-changed={}", git(&["rev-parse", "--git-path", "logs/HEAD"])?);
    let commit = git(&["describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"])?;
    Some(format!("{commit} {}", git(&["log", "-1", "--format=%cs"])?))
}

/// What git says. `None`: there is no git, or no repository.
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let said = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !said.is_empty()).then_some(said)
}
