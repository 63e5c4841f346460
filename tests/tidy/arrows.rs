//! Who may use whom. `graph.rs`, which the crate's tests use as well, finds the arrows and the cycles.

use super::graph::{self, Violation, arrows, module, uses};
use super::sources::{Sources, alone, hold};

const OWN: &str = "cloakroom";

/// For each room the rooms that are built on it. Cargo holds the lowest one, the session crate.
const ABOVE: [(&str, &[&str]); 6] = [
    ("db", &["auth", "web", "teach", "stores"]),
    ("proxy", &["auth", "web", "teach", "stores"]),
    ("in_flight", &["trace", "auth", "web", "teach", "stores"]),
    ("trace", &["auth", "web", "teach", "stores"]),
    ("auth", &["web", "teach", "stores"]),
    ("web", &["teach"]),
];

/// Without lessons the app is whole, so only its start and its commands know them.
const USERS_OF_TEACH: [&str; 3] = ["src/lib.rs", "src/main.rs", "src/commands/"];

fn only_rooms_below(sources: &Sources) -> Vec<Violation> {
    let uses = uses(&sources.app(), OWN);
    let mut found = vec![];
    for (from, to, place) in arrows(&uses) {
        let (user, used) = (module(from), module(to));
        let room = |module: &[String]| module.first().cloned().unwrap_or_default();
        let (user, used) = (room(&user), room(&used));
        let above = ABOVE.iter().find(|(room, _)| *room == user);
        if above.is_some_and(|(_, above)| above.contains(&used.as_str())) {
            found.push(format!("{place}: `{used}` is built on `{user}`: turn the arrow around"));
        } else if used == "teach"
            && user != "teach"
            && !USERS_OF_TEACH.iter().any(|may| from.starts_with(may))
        {
            found.push(format!(
                "{place}: only the start of the program uses `teach`: let {} pass on what this needs",
                USERS_OF_TEACH[0]
            ));
        }
    }
    found
}

fn no_cycles(sources: &Sources) -> Vec<Violation> {
    graph::no_cycles(&uses(&sources.app(), OWN))
}

fn nothing_hidden(sources: &Sources) -> Vec<Violation> {
    graph::nothing_hidden(&sources.app())
}

fn no_unwrap(sources: &Sources) -> Vec<Violation> {
    graph::no_unwrap(&sources.app())
}

#[test]
fn no_two_files_use_each_other() {
    let uses = uses(&Sources::repository().app(), OWN);
    assert!(arrows(&uses).count() > 400, "{uses:?}: are they still found?");
    assert!(uses["src/web/login.rs"].contains_key("src/auth/strategy.rs"), "{uses:?}");
    let a = ("src/x/a.rs", "fn a() { super::b::b() }");
    let parent = ("src/x/mod.rs", "mod a; mod b; pub use a::A; pub use self::b::{B as C, b};");
    let red = [
        vec![a, ("src/x/b.rs", "use crate::x::a::A;")],
        vec![a, ("src/x/b.rs", "vec![super :: a :: a()]")],
        vec![a, ("src/x/b.rs", "mod c { use super::super::{a, d}; }")],
        vec![a, ("src/x/b.rs", "use crate::c::c;"), ("src/c.rs", "use crate::x::a;")],
        // By way of what a parent passes on, and of a parent that one of its children leads back to.
        vec![a, parent, ("src/x/b.rs", "fn b() { super::A }")],
        vec![("src/x/a.rs", "use super::C;"), parent, ("src/x/b.rs", "use crate::x::{A};")],
        vec![("src/lib.rs", "use x::A as D;"), a, parent, ("src/x/b.rs", "use crate::D;")],
        vec![
            ("src/x.rs", "use crate::c;"),
            ("src/x/a.rs", "use super::X;"),
            ("src/c.rs", "use crate::x::a;"),
        ],
        // Folders, whose files do not use each other.
        vec![
            ("src/x/a.rs", "use crate::y;"),
            ("src/y.rs", ""),
            ("src/y/c.rs", "use crate::x::d;"),
            ("src/x/d.rs", ""),
        ],
        vec![
            ("src/t/x/a.rs", "use crate::t::b;"),
            ("src/t/b.rs", "use super::x::d;"),
            ("src/t/x/d.rs", ""),
        ],
        vec![
            ("src/x.rs", "use a::A;"),
            ("src/x/a.rs", "use crate::c;"),
            ("src/c.rs", "use crate::x;"),
        ],
    ];
    let green = [
        vec![a, ("src/x/b.rs", "// super::a\nconst A: &str = \"super::a::A\";")],
        vec![a, ("src/x/b.rs", "#[cfg(test)]\nmod tests { use super::super::a; }")],
        vec![a, parent, ("src/x/b.rs", "use super::X;")],
        vec![a, ("src/x/b.rs", "use a::A; fn b() { other::a::b() }")],
        vec![
            ("src/lib.rs", "use x::a;"),
            ("src/x/a.rs", "use crate::c;"),
            ("src/c.rs", "use crate::X;"),
        ],
    ];
    hold(no_cycles, &red, &green);
}

#[test]
fn nothing_hides_what_a_file_uses() {
    let red = [
        "use super::*;",
        "use crate::{web::{self, *}, auth};",
        "fn a() { use tokio::time::*; }",
        "include!(\"../b.rs\");",
        "#[path = \"../b.rs\"] mod c;",
        "extern crate self as b;",
    ];
    let green = [
        "#[cfg(test)] mod tests { use super::*; }\n/// use b::*;\npub(crate) fn c(d: *const u8) { e * f }",
        "const B: &str = include_str!(\"b\");\nextern \"C\" { fn c(); }",
    ];
    hold(nothing_hidden, &alone("src/a.rs", &red), &alone("src/a.rs", &green));
}

#[test]
fn nothing_from_outside_is_unwrapped() {
    let red = [
        "fn a() { b().unwrap() }",
        "fn a() { b() . /* c */ unwrap ( ) }",
        "fn a() { println!(\"{}\", b().unwrap()) }",
        "fn a() { b.map(Result::unwrap) }",
        "fn a() { Option::<B>::unwrap(c) }",
        "fn a() { <Option<B>>::unwrap(c) }",
        "fn a() { b.unwrap_err(); }",
        "#[cfg(test)] use b;\nfn a() { b().unwrap() }",
        "#[cfg(test)] mod tests {}\nfn a() { b().unwrap() }",
        "mod tests { fn a() { b().unwrap() } }",
        "#[cfg(not(test))] mod a { fn b() { c.unwrap() } }",
        "#[cfg(any(test, unix))] fn a() { b.unwrap() }",
        "#[cfg_attr(test, b)] fn a() { c.unwrap() }",
        "const A: &str = \"#[cfg(test)]\"; fn b() { c.unwrap() }",
    ];
    let green = [
        "// b.unwrap()\n/// c.unwrap()\nfn a() { d(\"e.unwrap()\"); f.unwrap_or_default() }",
        "#[cfg(all(test, unix))]\nmod a { fn b() { c.unwrap() } }",
        "#[cfg(any(test, all(unix, test)))]\nfn a() -> B<C, D> where E: F { c.unwrap() }",
        "#[derive(B)]\n#[cfg(test)]\n#[expect(c)]\npub(super) fn a() { c.unwrap() }",
        "impl A { #[cfg(test)] pub fn b(&self) { c.unwrap() } }",
        "fn a() { #[cfg(test)] b.unwrap(); }",
        "#[rocket::async_test] async fn a() { b.unwrap() }",
        "#![cfg(test)]\nfn a() { b.unwrap() }",
        "fn unwrap() {}",
    ];
    hold(no_unwrap, &alone("src/a.rs", &red), &alone("src/a.rs", &green));
}

#[test]
fn a_room_uses_only_the_rooms_below_it() {
    let red = [
        "use crate::{db, web::{self, login}};",
        "fn a() { crate::web::login::submit::<u8>() }",
        "fn a() { super::super::web::b() }",
        "use crate as root; fn a() { root::web::b() }",
        "use super::super as up; fn a() { up::web::b() }",
        "fn a() { println!(\"{}\", crate::web::b()) }",
        "macro_rules! a { () => { $crate::web::b() } }",
        "fn a() { <crate :: /* */ web::Page as Default>::default(); }",
        "fn a(b: A) -> A { A { c: 1, ..crate::web::b() } }",
        "#[serde(with = \"crate::web::b\")] struct A;",
        "fn a() { crate::r#web::b() }",
        "#[cfg(not(test))] mod a { use super::super::super::web; }",
        "mod tests { use crate::web::b; }",
        "use cloakroom::web;",
        "use crate::login;",
    ];
    let green = [
        "// crate::web\nconst A: &str = \"crate::web::b\";",
        "#[cfg(all(test, unix))] mod tests { use crate::web; }",
        "impl A { #[cfg(test)] fn b(&self) { crate::web::c() } }",
        "use other::web; fn a() { web::b() }",
    ];
    let (mut red, mut green) =
        (alone("src/auth/guard.rs", &red), alone("src/auth/guard.rs", &green));
    for (file, text) in [
        ("src/stores.rs", "use crate::teach::Seat;"),
        ("src/config/collisions.rs", "use crate::{migrate, teach, web};"),
        ("src/trace/mod.rs", "use crate::stores::Backend;"),
        ("src/web/login.rs", "use crate::teach;"),
    ] {
        red.push(vec![(file, text)]);
    }
    green.push(vec![("src/web/login.rs", "use crate::auth::User;")]);
    green.push(vec![("src/main.rs", "use cloakroom::teach::Seat;")]);
    green.push(vec![("src/commands/a.rs", "use cloakroom::teach::Seat;")]);
    for files in red.iter_mut().chain(&mut green) {
        files.push(("src/lib.rs", "mod auth; mod web; mod teach; mod stores; use web::login;"));
        files.extend([("src/web/mod.rs", "mod login;"), ("src/teach/mod.rs", "")]);
        files.push(("src/stores/mod.rs", ""));
    }
    hold(only_rooms_below, &red, &green);
}
