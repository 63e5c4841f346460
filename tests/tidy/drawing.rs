//! The drawing of the modules in ARCHITECTURE.md and the imports are the same, in both directions.

use super::graph::{Uses, Violation, folders, uses};
use super::sources::{Sources, hold};

/// Lines such as `web -> auth db`: who uses whom, from the top down.
fn drawn(sources: &Sources) -> Vec<(&str, Vec<&str>)> {
    let text = sources.texts.get("ARCHITECTURE.md").map_or("", String::as_str);
    let arrows = text.lines().filter_map(|line| line.split_once(" -> "));
    let arrows = arrows.map(|(from, to)| (from.trim(), to.split_whitespace().collect()));
    arrows.filter(|(from, _)| !from.contains(char::is_whitespace)).collect()
}

/// The arrows between the modules directly below `src`. The start of the program may use all of them.
fn imported(sources: &Sources) -> Uses {
    let mut folders = folders(&uses(&sources.app(), "cloakroom"));
    folders.retain(|from, _| !from.contains('/') && from != "main");
    folders
}

fn the_drawing_is_true(sources: &Sources) -> Vec<Violation> {
    let (drawn, imported) = (drawn(sources), imported(sources));
    let mut found = vec![];
    for (from, used) in &imported {
        for (to, place) in used {
            if !drawn.iter().any(|(drawn, below)| drawn == from && below.contains(&to.as_str())) {
                found.push(format!(
                    "{place}: ARCHITECTURE.md does not draw `{from} -> {to}`: turn the arrow around, or draw it"
                ));
            }
        }
    }
    for (at, (from, below)) in drawn.iter().enumerate() {
        for to in below {
            if !imported.get(*from).is_some_and(|used| used.contains_key(*to)) {
                found.push(format!(
                    "ARCHITECTURE.md: no import needs `{from} -> {to}`: take it away"
                ));
            }
            if drawn[..=at].iter().any(|(above, _)| above == to) {
                found.push(format!(
                    "ARCHITECTURE.md: `{from} -> {to}` points up: turn the arrow around"
                ));
            }
        }
    }
    found
}

#[test]
fn the_drawing_of_the_modules_matches_the_imports() {
    let house = |drawing, text| {
        vec![
            ("ARCHITECTURE.md", drawing),
            ("src/lib.rs", "mod web; mod auth; mod db; use web::A;"),
            ("src/main.rs", "use cloakroom::web;"),
            ("src/web/mod.rs", "mod page; use page::B;"),
            ("src/web/page.rs", text),
            ("src/auth.rs", "use crate::db::C; use other::web;"),
            ("src/db/mod.rs", "// crate::web"),
        ]
    };
    let both = "use crate::{auth, db::D};";
    let red = [
        house("", both),
        house("auth -> db\nweb -> auth db", both),
        house("web -> auth\nauth -> db", both),
        house("web -> auth db names\nauth -> db", both),
        house("web -> auth db\nauth -> db", "use crate::auth; // db"),
        house("web -> auth db\nauth -> db\ndb -> web", both),
    ];
    let green = [
        house("# A\n\n```\nweb  -> auth db\nauth -> db\n```\n\nThe id -> the name.", both),
        house("web -> auth\nauth -> db", "use super::B; fn a() { crate::auth::b() }"),
    ];
    hold(the_drawing_is_true, &red, &green);
}
