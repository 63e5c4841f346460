//! The architecture as a test: each message says why, and what to do.

use std::fs;
use std::path::PathBuf;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Its own `tests/structure.rs` holds its inner structure.
const ENGINE: &str = "crates/rocket-express-session";

/// All files below a folder of the project, with their text, by their path from the root.
fn files(folder: &str, ending: &str) -> Vec<(String, String)> {
    let mut found = vec![];
    let mut folders = vec![PathBuf::from(ROOT).join(folder)];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.ends_with("node_modules") || path.ends_with("package-lock.json") {
                continue; // not ours
            } else if path.is_dir() {
                folders.push(path);
            } else if path.to_str().unwrap().ends_with(ending) {
                let name = path.strip_prefix(ROOT).unwrap().to_str().unwrap().to_owned();
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(!found.is_empty(), "nothing in {folder}");
    found.sort();
    found
}

/// The part of a source file that is not its tests.
fn code(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap()
}

#[test]
fn every_source_file_says_first_what_it_is_for() {
    for (name, text) in files("src", ".rs") {
        assert!(
            text.starts_with("//! "),
            "{name}: open with `//!`: what this room is for, and where the request goes next"
        );
    }
}

#[test]
fn every_file_is_short_enough_to_read_in_class() {
    let folders = ["src", "tests", "templates", "static", "script", "migrations"];
    for (name, text) in folders.into_iter().flat_map(|folder| files(folder, "")) {
        let lines = text.lines().count();
        assert!(lines <= 300, "{name} has {lines} lines: a file is one idea; move a wall");
    }
}

#[test]
fn a_room_uses_only_the_rooms_below_it() {
    let above = [
        ("src/trace/", &["auth", "web", "stores", "teach"][..]),
        ("src/auth/", &["web", "stores", "teach"]),
        ("src/web/", &["teach"]),
    ];
    for (room, forbidden) in above {
        for (name, text) in files(room, ".rs") {
            for other in forbidden {
                assert!(
                    !text.contains(&format!("crate::{other}")),
                    "{name} uses `{other}`, which is built on it: turn the arrow around"
                );
            }
        }
    }
}

#[test]
fn only_its_owner_names_a_thing() {
    let owners = [
        ("\"cookie\"", &[][..], "the engine reads the Cookie header"),
        ("Client::with", &["src/db.rs"], "there is one MongoDB client"),
        (
            ".collection(",
            &[
                "src/db.rs",
                "src/auth/users/mongo.rs",
                "src/auth/throttle/mongo.rs",
                "src/teach/progress/store.rs",
                "src/teach/class/control.rs",
            ],
            "a collection has one owner",
        ),
        (" timeout(", &["src/in_flight.rs"], "every wait shares the request's deadline"),
        ("unsafe ", &[], "nothing here needs unsafe"),
    ];
    for (name, text) in files("src", ".rs") {
        for (word, owners, why) in owners {
            let is_owner = owners.iter().any(|owner| name.starts_with(owner));
            assert!(is_owner || !code(&text).contains(word), "{name} has `{word}`: {why}");
        }
    }
}

#[test]
fn nothing_is_left_for_later() {
    let words = ["TODO", "FIXME", "todo!(", "unimplemented!(", "dbg!("];
    for (name, text) in
        ["src", "templates", "static", "script"].into_iter().flat_map(|folder| files(folder, ""))
    {
        for word in words {
            assert!(!text.contains(word), "{name} has `{word}`: do it, or write an issue");
        }
    }
}

#[test]
fn nothing_from_outside_is_unwrapped() {
    for (name, text) in files("src", ".rs") {
        assert!(
            !code(&text).contains(".unwrap()"),
            "{name}: return a typed error, or `expect` with the reason why it cannot fail"
        );
    }
}

#[test]
fn every_template_is_escaped_and_has_nothing_inline() {
    for (name, text) in files("templates", ".tera") {
        assert!(name.ends_with(".html.tera"), "{name}: only *.html.tera is escaped");
        for word in [
            "<style",
            " style=",
            " onclick=",
            " onsubmit=",
            " onload=",
            "javascript:",
            "http://",
            "https://",
            "| safe",
        ] {
            assert!(
                !text.contains(word),
                "{name} has `{word}`: the content security policy forbids it"
            );
        }
        let inline = text.matches("<script").count()
            != text.matches("<script type=\"module\" src=\"/static/").count();
        assert!(!inline, "{name} has an inline script: make it a module in static/js");
    }
}

#[test]
fn every_page_has_a_template_and_a_test() {
    let (templates, tests) = (files("templates", ".html.tera"), files("tests/app", ".rs"));
    for (name, text) in files("src/web", ".rs") {
        for part in text.split(".render(\"").skip(1) {
            let template = format!("templates/{}.html.tera", part.split('"').next().unwrap());
            assert!(templates.iter().any(|(name, _)| *name == template), "{name}: no {template}");
        }
        let verbs = ["#[get(\"", "#[post(\""];
        for route in verbs.iter().flat_map(|verb| text.split(verb).skip(1)) {
            let Some(path) = route.split(['"', '?', '<']).next() else { continue };
            let asked = |(_, test): &(String, String)| {
                test.contains(&format!("{path}\"")) || test.contains(&format!("{path}?"))
            };
            let is_tested = !path.starts_with('/') || tests.iter().any(asked);
            assert!(is_tested, "{name}: no test in tests/app asks for {path}");
        }
    }
}

#[test]
fn every_test_that_the_docs_name_is_there() {
    let code: String = ["src", "tests", ENGINE]
        .iter()
        .flat_map(|f| files(f, ".rs"))
        .map(|(_, text)| text)
        .collect();
    for (name, text) in files("docs", ".md") {
        let quoted = text
            .lines()
            .filter(|line| line.starts_with('|'))
            .flat_map(|line| line.split('`').skip(1).step_by(2));
        for test in
            quoted.filter(|word| word.matches('_').count() > 3 && !word.contains(['/', ' ', '=']))
        {
            assert!(
                code.contains(&format!("fn {test}(")),
                "{name} names the test `{test}`, which is not there"
            );
        }
    }
}

#[test]
fn every_setting_is_explained_in_rocket_toml() {
    let toml = fs::read_to_string(format!("{ROOT}/Rocket.toml")).unwrap();
    let structs = [
        (format!("{ENGINE}/src/options.rs"), "pub struct Options", "impl Default for Options"),
        ("src/config/session.rs".to_owned(), "pub struct SessionConfig", "impl Default"),
    ];
    let structs = structs.map(|(file, begin, end)| {
        let text = fs::read_to_string(format!("{ROOT}/{file}")).unwrap();
        let fields = text.split(begin).nth(1).unwrap().split(end).next().unwrap();
        fields.to_owned()
    });
    let structs = structs.concat();
    let fields =
        structs.lines().filter_map(|line| line.trim().strip_prefix("pub ")?.split_once(": "));
    let policy = fs::read_to_string(format!("{ROOT}/src/auth/policy.rs")).unwrap();
    for setting in ["min_length = 8", "words = []"] {
        let field = setting.split(' ').next().unwrap();
        let is_there = policy.contains(&format!("pub {field}: "));
        assert!(is_there && toml.contains(&format!("\n{setting}\n")), "{setting}");
    }
    for (field, kind) in fields.filter(|(_, kind)| !kind.ends_with("Options,")) {
        let lines: Vec<&str> = toml.lines().collect();
        let sets = |line: &&str| line.trim_start_matches("# ").starts_with(&format!("{field} = "));
        let at = lines
            .iter()
            .position(sets)
            .unwrap_or_else(|| panic!("Rocket.toml does not name `{field}` ({kind})"));
        assert!(lines[at - 1].starts_with('#'), "Rocket.toml does not explain `{field}`");
    }
}

#[test]
fn every_dependency_has_its_reason() {
    let toml = fs::read_to_string(format!("{ROOT}/Cargo.toml")).unwrap();
    let reasons = fs::read_to_string(format!("{ROOT}/docs/dependencies.md")).unwrap();
    let sections = toml.split("\n[").filter(|section| section.contains("dependencies]\n"));
    let lines = sections.flat_map(|section| section.lines().skip(1));
    let lines = lines.filter(|line| !line.starts_with('#'));
    let named: Vec<&str> = lines.filter_map(|line| Some(line.split_once(" = ")?.0)).collect();
    assert!(named.len() > 20, "{named:?}");
    for name in &named {
        assert!(
            reasons.contains(&format!("\n| `{name}` | ")),
            "docs/dependencies.md: why is `{name}` here?"
        );
    }
    for line in reasons.lines().filter(|line| line.starts_with("| `")) {
        let name = line.split('`').nth(1).unwrap();
        assert!(named.contains(&name), "docs/dependencies.md: `{name}` is no longer here");
    }
}
