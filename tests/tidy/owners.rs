//! Things that one file alone may name. A path counts by where it leads, so an alias hides nothing.

use super::code::Name;
use super::graph::Violation;
use super::sources::{Sources, alone, hold};

/// Each thing: what names it, who may, and why only they.
type Thing = (fn(&[String], &Name) -> bool, &'static [&'static str], &'static str);

const THINGS: [Thing; 4] = [
    (
        |path, name| !name.is_member && path.ends_with(&["header".to_owned(), "COOKIE".to_owned()]),
        &[],
        "the session crate reads the Cookie header",
    ),
    (
        |path, name| {
            let creates = ["with_options", "with_uri_str"].contains(&name.last());
            creates && !name.is_member && path.len() > 1
        },
        &["src/db.rs"],
        "there is one MongoDB client: take it from there",
    ),
    (
        |path, _| {
            let ends = |end: [&str; 2]| path.ends_with(&end.map(str::to_owned));
            ends(["time", "timeout"]) || ends(["time", "timeout_at"])
        },
        &["/in_flight.rs"],
        "every wait shares the request's deadline: `in_flight` has it",
    ),
    (|path, _| path == ["unsafe"], &[], "nothing here needs unsafe"),
];

fn only_owners(sources: &Sources) -> Vec<Violation> {
    let mut found = vec![];
    for (file, code) in &sources.app() {
        for name in &code.names {
            let path = code.expanded(name).path;
            for (is_it, owners, why) in THINGS {
                if is_it(&path, name) && !owners.iter().any(|owner| file.ends_with(owner)) {
                    found.push(format!("{file}:{} `{}`: {why}", name.line, name.path.join("::")));
                }
            }
        }
        for (line, text) in &code.texts {
            // Lesson 6 shows the header to its sender, and takes no session from it.
            if text.eq_ignore_ascii_case("cookie") && !file.ends_with("labs/network.rs") {
                found.push(format!("{file}:{line} {text:?}: {}", THINGS[0].2));
            }
        }
    }
    found
}

/// What opens a collection: methods of the driver, and of `src/db.rs`.
const OPENERS: [&str; 4] = ["collection", "collection_with_options", "documents", "documents_with"];

/// These hand out any collection: to its owner (the first two), and to make its indexes.
const HANDS: [&str; 3] = ["src/db.rs", "src/stores.rs", "src/migrate/apply.rs"];

/// Who opens which collection, by its constant in `src/names.rs`.
const OWNERS: [(&str, &str); 6] = [
    ("src/auth/users/mongo.rs", "USERS"),
    ("src/auth/throttle/mongo.rs", "THROTTLE"),
    ("src/migrate.rs", "MIGRATIONS"),
    ("src/teach/progress/store.rs", "PROGRESS"),
    ("src/teach/settings.rs", "CLASS"),
    ("src/teach/labs/sessions.rs", "LAB_SESSIONS"),
];

fn collections_have_one_owner(sources: &Sources) -> Vec<Violation> {
    let mut found = vec![];
    for (file, code) in sources.app() {
        let own =
            OWNERS.iter().find(|(owner, _)| *owner == file.as_str()).map(|(_, constant)| *constant);
        let opens = |name: &&Name| {
            let is_use = if name.is_member { name.is_called } else { name.path.len() > 1 };
            is_use && OPENERS.contains(&name.last())
        };
        for name in code.names.iter().filter(opens) {
            if own.is_none() && !HANDS.contains(&file.as_str()) {
                found.push(format!(
                    "{file}:{} `{}`: only the owner of a collection opens it: {OWNERS:?}",
                    name.line,
                    name.path.join("::")
                ));
            }
        }
        if let Some(own) = own
            && !code.names.iter().any(|name| name.last() == own)
        {
            found.push(format!(
                "{file} does not name `{own}`: a collection is opened by its constant"
            ));
        }
    }
    found
}

#[test]
fn only_its_owner_names_a_thing() {
    let red = [
        "fn a(r: R) { r.headers().get(\"Cookie\") }",
        "fn a(r: R) { r.headers().get(http::header::COOKIE) }",
        "use rocket::http::{self, header as h}; fn a(r: R) { r.get(h::COOKIE) }",
        "fn a() { trace!(r.get_one(r\"COOKIE\")) }",
        "fn a() { mongodb::Client::with_uri_str(b) }",
        "use mongodb::Client as C; fn a() { C::with_options::<>(b) }",
        "type C = mongodb::Client; fn a() { C::with_options(b) }",
        "fn a() { <mongodb::Client>::with_options(b) }",
        "use rocket::tokio::time::{sleep, timeout as wait};",
        "use tokio::time; fn a() { time::timeout_at(b, c) }",
        "use tokio as t; fn a() { t::time::timeout::<F>(b, c) }",
        "fn a() { unsafe { b() } }",
        "fn a() { vec![unsafe { b() }] }",
    ];
    let green = [
        "// unsafe\nfn a() { cookie(config.collection, in_flight::timeout(b), \"unsafe { }\") }",
        "#[cfg(all(test, unix))]\nmod tests { fn a() { tokio::time::timeout(b) } }",
        "fn a() { find().with_options(b); c(\"cookie=1\") }",
    ];
    let mut green = alone("src/web/a.rs", &green);
    green.push(vec![("src/db.rs", "fn a() { mongodb::Client::with_options(b) }")]);
    green.push(vec![("src/in_flight.rs", "use rocket::tokio::time::timeout;")]);
    hold(only_owners, &alone("src/web/a.rs", &red), &green);
}

#[test]
fn a_collection_has_one_owner() {
    let red = [
        "fn a(d: D) { d.collection::<Document>(\"users\") }",
        "fn a(d: D) { d\n.collection_with_options(\"users\", b) }",
        "fn a(d: D) { mongodb::Database::collection(&d, \"users\") }",
        "fn a(d: D) { assert!(d.documents(names::USERS)) }",
        "fn a(d: D) { b.map(D::documents) } // const COLLECTION: &str = \"a\";",
    ];
    let mut red = alone("src/web/a.rs", &red);
    red.push(vec![("src/migrate.rs", "fn b(d: D) { d.documents::<C>(\"migrations\") }")]);
    let mut green = alone("src/a.rs", &["fn a() { b(command.collection) }"]);
    green.push(vec![("src/migrate.rs", "fn b(d: D) { d.documents::<C>(MIGRATIONS) }")]);
    green.push(vec![("src/db.rs", "fn a(d: D) { d.collection(b) }")]);
    hold(collections_have_one_owner, &red, &green);
}
