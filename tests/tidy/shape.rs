//! The shape of every file: it says what it is for, is short, and leaves nothing for later.

use super::graph::Violation;
use super::sources::{Sources, hold};

const MAX_LINES: usize = 300;

fn every_file_says_what_it_is_for(sources: &Sources) -> Vec<Violation> {
    let headless = sources.files("src/", ".rs").filter(|(_, text)| !text.starts_with("//! "));
    let say = |(name, _)| {
        format!("{name}: open with `//!`: what this room is for, and where the request goes next")
    };
    headless.map(say).collect()
}

fn every_file_is_short(sources: &Sources) -> Vec<Violation> {
    let folders = ["src/", "tests/", "templates/", "static/", "script/", "migrations/"];
    let all = folders.into_iter().flat_map(|folder| sources.files(folder, ""));
    let all = all.map(|(name, text)| (name, text.lines().count()));
    let say = |(name, lines)| {
        format!("{name} has {lines} lines: a file is one idea; move a wall ({MAX_LINES})")
    };
    all.filter(|(_, lines)| *lines > MAX_LINES).map(say).collect()
}

fn nothing_is_open(sources: &Sources) -> Vec<Violation> {
    let mut found = vec![];
    for (name, text) in ["src/", "templates/", "static/", "script/"]
        .into_iter()
        .flat_map(|folder| sources.files(folder, ""))
    {
        let text = if name.ends_with(".rs") { &sources.prose[name] } else { text };
        let names = sources.rust.get(name).into_iter().flat_map(|rust| &rust.code.names);
        let mut words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).collect();
        words.retain(|word| ["TODO", "FIXME", "XXX"].contains(word));
        words.extend(
            names
                .map(super::code::Name::last)
                .filter(|name| ["todo", "unimplemented", "dbg"].contains(name)),
        );
        for word in words {
            found.push(format!("{name} has `{word}`: do it, or write an issue"));
        }
    }
    found
}

#[test]
fn every_source_file_says_first_what_it_is_for() {
    let red = [vec![("src/a.rs", "// A.\n//! B.")], vec![("src/a/b.rs", "")]];
    let green = [vec![("src/a.rs", "//! What it is.")], vec![("tests/a.rs", "fn a() {}")]];
    hold(every_file_says_what_it_is_for, &red, &green);
}

#[test]
fn every_file_is_short_enough_to_read_in_class() {
    let lines = "\n".repeat(MAX_LINES + 1);
    let names =
        ["src/a.rs", "tests/app/a.rs", "templates/a.html.tera", "static/css/a.css", "script/a"];
    let red = names.map(|name| vec![(name, lines.as_str())]);
    let green = names.map(|name| vec![(name, &lines[1..])]);
    hold(every_file_is_short, &red, &green);
}

#[test]
fn nothing_is_left_for_later() {
    let red = [
        vec![("src/a.rs", "fn a() {\n    // TODO: b\n}")],
        vec![("src/a.rs", "fn a() { std::todo! {} }")],
        vec![("src/a.rs", "fn a() { b(dbg ! (c)) }")],
        vec![("static/js/a.js", "// FIXME")],
        vec![("templates/a.html.tera", "{# TODO #}")],
    ];
    let green = [vec![("src/a.rs", "const TODOS: &str = \"TODO dbg!(a)\"; // todos")]];
    hold(nothing_is_open, &red, &green);
}
