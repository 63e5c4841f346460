//! The engine's structure as a test: each message says why, and what to do.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src");

/// All source files by their module's path, such as `store/record`.
fn modules() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![Path::new(SOURCES).to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(SOURCES).unwrap().to_str().unwrap();
            let name = name.trim_end_matches(".rs").trim_end_matches("/mod");
            found.insert(name.to_owned(), fs::read_to_string(&path).unwrap());
        }
    }
    assert!(found.len() > 20, "{:?}", found.keys());
    found
}

/// The code without comments and without its tests.
fn code(text: &str) -> String {
    let code = text.split("#[cfg(test)]").next().unwrap();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The modules of ours that this one names, by `crate::` or `super::`.
fn named_by(module: &str, text: &str, all: &BTreeMap<String, String>) -> BTreeSet<String> {
    let parent = module.rsplit_once('/').map_or("", |(parent, _)| parent);
    let mut named = BTreeSet::new();
    for (root, base) in [("crate::", ""), ("super::", parent)] {
        for rest in code(text).split(root).skip(1) {
            // `crate::a::{b, c}` names the module `a`, or its children `b` and `c`.
            let (path, list) = rest.split_once('{').unwrap_or((rest, ""));
            let end = path.find(|c: char| !c.is_alphanumeric() && c != '_' && c != ':');
            let is_list = end.is_none() && !list.is_empty() && path.len() < 80;
            let path = path[..end.unwrap_or(path.len())].trim_end_matches(':').replace("::", "/");
            let list = if is_list { list.split('}').next().unwrap() } else { "" };
            let candidates = list.split(',').map(|item| format!("{path}/{}", item.trim()));
            for candidate in candidates.chain([path.clone()]) {
                let full = format!("{base}/{candidate}");
                let mut full = full.trim_matches('/').to_owned();
                while !all.contains_key(&full) && full.contains('/') {
                    full = full.rsplit_once('/').unwrap().0.to_owned();
                }
                if all.contains_key(&full) && full != module {
                    named.insert(full);
                }
            }
        }
    }
    named
}

/// A way from a module back to itself.
fn find_cycle(uses: &BTreeMap<String, BTreeSet<String>>) -> Option<Vec<String>> {
    fn walk(
        way: &mut Vec<String>,
        uses: &BTreeMap<String, BTreeSet<String>>,
        done: &mut BTreeSet<String>,
    ) -> Option<Vec<String>> {
        let here = way.last()?.clone();
        for next in &uses[&here] {
            if let Some(at) = way.iter().position(|module| module == next) {
                return Some(way[at..].to_vec());
            }
            if !done.contains(next) {
                way.push(next.clone());
                if let Some(cycle) = walk(way, uses, done) {
                    return Some(cycle);
                }
                way.pop();
            }
        }
        done.insert(here);
        None
    }
    let mut done = BTreeSet::new();
    uses.keys().find_map(|module| walk(&mut vec![module.clone()], uses, &mut done))
}

#[test]
fn no_two_files_use_each_other() {
    let all = modules();
    let uses: BTreeMap<_, _> = all
        .iter()
        .filter(|(module, _)| *module != "lib")
        .map(|(module, text)| (module.clone(), named_by(module, text, &all)))
        .collect();
    let edges: usize = uses.values().map(BTreeSet::len).sum();
    assert!(edges > 80, "the files use each other in {edges} places: is the search broken?");
    assert!(uses["guard"].contains("session") && uses["commit"].contains("plan"), "{uses:?}");
    let cycle = find_cycle(&uses);
    assert!(cycle.is_none(), "these files use each other: turn one arrow around: {cycle:?}");
}

#[test]
fn a_cycle_is_found() {
    let one = |module: &str, used: &[&str]| {
        (module.to_owned(), used.iter().map(|used| (*used).to_owned()).collect())
    };
    let line = BTreeMap::from([one("a", &["b", "c"]), one("b", &["c"]), one("c", &[])]);
    assert_eq!(find_cycle(&line), None);
    let ring = BTreeMap::from([one("a", &["b"]), one("b", &["c"]), one("c", &["b"])]);
    assert_eq!(find_cycle(&ring).unwrap(), ["b", "c"]);
}

#[test]
fn the_methods_of_a_session_stand_in_one_file() {
    for (module, text) in modules() {
        let is_there = code(&text).lines().any(|line| line.starts_with("impl Session {"));
        assert_eq!(is_there, module == "session", "{module}: readers look for them in session.rs");
    }
}

#[test]
fn each_file_is_one_idea_and_says_first_what_it_is_for() {
    for (module, text) in modules() {
        let lines = text.lines().count();
        assert!(lines <= 300, "{module} has {lines} lines: a file is one idea");
        assert!(text.starts_with("//! "), "{module}: begin with `//!`");
    }
}

#[test]
fn the_engine_knows_nothing_of_the_app_that_it_comes_from() {
    for (module, text) in modules() {
        for word in ["cloakroom", "teach", "lesson.toml", "coat", "ticket"] {
            assert!(!text.to_lowercase().contains(word), "{module} has {word:?}");
        }
    }
}
