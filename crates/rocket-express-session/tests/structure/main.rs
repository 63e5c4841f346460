//! The structure of the crate as a test: each message says why, and what to do.

#[allow(dead_code, reason = "the app's tests use the same file, and other parts of it")]
mod code;
mod files;
mod graph;

use std::collections::BTreeMap;
use std::path::Path;

use code::Code;
use graph::{Package, Violation, arrows, no_cycles, no_unwrap, nothing_hidden, uses};

const OWN: &str = "rocket_express_session";

/// The source files of the crate.
fn texts() -> BTreeMap<String, String> {
    let mut texts = files::read(env!("CARGO_MANIFEST_DIR"), "src");
    texts.retain(|file, _| Path::new(file).extension().is_some_and(|ending| ending == "rs"));
    assert!(texts.len() > 20, "{:?}", texts.keys());
    texts
}

fn parse(texts: BTreeMap<String, String>) -> Package {
    let code = |text: String| Code::of(text.parse().expect("Rust tokens"));
    texts.into_iter().map(|(file, text)| (file, code(text))).collect()
}

fn package(files: &[(&str, &str)]) -> Package {
    parse(files.iter().map(|(file, text)| ((*file).to_owned(), (*text).to_owned())).collect())
}

fn check(violations: &[Violation]) {
    assert!(violations.is_empty(), "{}", violations.join("\n"));
}

#[test]
fn no_two_files_use_each_other() {
    let uses = uses(&parse(texts()), OWN);
    let edges = arrows(&uses).count();
    assert!(edges > 80, "the files use each other in {edges} places: is the search broken?");
    for (from, to) in [("src/guard.rs", "src/session.rs"), ("src/commit.rs", "src/plan.rs")] {
        assert!(uses[from].contains_key(to), "{uses:?}");
    }
    check(&no_cycles(&uses));
}

#[test]
fn a_cycle_is_found() {
    let b = ("src/b.rs", "fn b() {}");
    let lib = ("src/lib.rs", "mod a; mod b;");
    let red =
        package(&[lib, ("src/b.rs", "use crate::a;"), ("src/a.rs", "fn a() { super::b::b() }")]);
    assert_eq!(no_cycles(&uses(&red, OWN)).len(), 1);
    let green = package(&[lib, b, ("src/a.rs", "fn a() { super::b::b() }")]);
    check(&no_cycles(&uses(&green, OWN)));
}

#[test]
fn nothing_hides_what_a_file_uses() {
    check(&nothing_hidden(&parse(texts())));
}

#[test]
fn nothing_is_unwrapped() {
    check(&no_unwrap(&parse(texts())));
}

/// Files that write methods of a session.
fn files_with_its_methods(package: &Package) -> Vec<&str> {
    let has = |code: &Code| {
        code.names.windows(2).any(|pair| pair[0].path == ["impl"] && pair[1].path == ["Session"])
    };
    package.iter().filter(|(_, code)| has(code)).map(|(file, _)| file.as_str()).collect()
}

#[test]
fn the_methods_of_a_session_stand_in_one_file() {
    let found = files_with_its_methods(&parse(texts())).join(", ");
    assert_eq!(found, "src/session.rs", "readers look for them there");
    let two =
        package(&[("src/a.rs", "mod b { impl Session {} }"), ("src/b.rs", "impl Session {}")]);
    assert_eq!(files_with_its_methods(&two).len(), 2);
    let none = package(&[("src/a.rs", "// impl Session {}\nimpl A for Session {}")]);
    assert!(files_with_its_methods(&none).is_empty());
}

#[test]
fn each_file_is_one_idea_and_says_first_what_it_is_for() {
    for (file, text) in texts() {
        let lines = text.lines().count();
        assert!(lines <= 300, "{file} has {lines} lines: a file is one idea");
        assert!(text.starts_with("//! "), "{file}: begin with `//!`");
    }
}

#[test]
fn the_engine_knows_nothing_of_the_app_that_it_comes_from() {
    for (file, text) in texts() {
        for word in ["cloakroom", "teach", "lesson.toml", "coat", "ticket"] {
            assert!(!text.to_lowercase().contains(word), "{file} has {word:?}");
        }
    }
}
