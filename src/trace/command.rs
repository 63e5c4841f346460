//! The commands that the driver sent to MongoDB, by its own report, and their replies.
//!
//! The driver calls the listener in the task of the request, so `notebook.rs` knows which request sent
//! the command. It listens only where lessons are given (`db.rs`).

use std::time::Duration;

use mongodb::bson::{Bson, Document};
use mongodb::event::EventHandler;
use mongodb::event::command::CommandEvent;

use super::bounds::Steps;
use super::notebook::{note, with_notebook};
use super::redact::Redacted;
use super::step::{Command, Reply, Step};

/// Notes each command in the notebook of the request that sent it.
pub fn listener() -> EventHandler<CommandEvent> {
    EventHandler::callback(|event| match event {
        CommandEvent::Started(event) => {
            note(|| Step::Command(sent(event.request_id, &event.command_name, &event.command)));
        }
        CommandEvent::Succeeded(event) => {
            with_notebook(|notebook| {
                add_reply(&mut notebook.steps, event.request_id, |name| {
                    succeeded(name, event.duration, &event.reply)
                });
            });
        }
        CommandEvent::Failed(event) => {
            with_notebook(|notebook| {
                add_reply(&mut notebook.steps, event.request_id, |_| Reply {
                    took: event.duration,
                    count: None,
                    bytes: None,
                    failed: true,
                });
            });
        }
        _ => {}
    })
}

fn add_reply(steps: &mut Steps, request_id: i32, reply: impl FnOnce(&str) -> Reply) {
    let mut commands = steps.commands_mut();
    if let Some(command) = commands.find(|command| command.request_id == request_id) {
        command.reply = Some(reply(&command.name));
    }
}

fn sent(request_id: i32, name: &str, command: &Document) -> Command {
    let collection = command.get_str(name).unwrap_or_default().to_owned();
    let mut text = Redacted::default();
    text.ours(&format!("{collection}.{name}("));
    let keys = match name {
        "insert" => {
            let inserted = first(command, "documents");
            text.document(&inserted);
            inserted.keys().cloned().collect()
        }
        "update" => {
            let update = first(command, "updates");
            filter_and_update(&mut text, &update, "q", "u");
            keys_set(update.get("u"))
        }
        "findAndModify" if is_removal(command) => {
            filter(&mut text, command, "query");
            text.ours(", { remove: true }");
            vec![]
        }
        "findAndModify" => {
            filter_and_update(&mut text, command, "query", "update");
            keys_set(command.get("update"))
        }
        "delete" => {
            filter(&mut text, &first(command, "deletes"), "q");
            vec![]
        }
        _ => {
            filter(&mut text, command, "filter");
            vec![]
        }
    };
    text.ours(")");
    // It deletes one document, whatever the command is called.
    let name = if is_removal(command) { "delete" } else { name };
    Command { request_id, name: name.to_owned(), collection, text, keys, reply: None }
}

/// A `findAndModify` that returns a document and deletes it.
fn is_removal(command: &Document) -> bool {
    command.get_bool("remove").unwrap_or(false)
}

/// The first of a list of documents: our commands have one each.
fn first(command: &Document, list: &str) -> Document {
    let list = command.get_array(list).ok();
    let first = list.and_then(|list| list.first()).and_then(Bson::as_document);
    first.cloned().unwrap_or_default()
}

fn filter(text: &mut Redacted, command: &Document, key: &str) {
    if let Ok(filter) = command.get_document(key) {
        text.document(filter);
    }
}

fn filter_and_update(text: &mut Redacted, command: &Document, filter_key: &str, update_key: &str) {
    filter(text, command, filter_key);
    text.ours(", ");
    match command.get(update_key) {
        Some(Bson::Document(update)) => text.document(update),
        // An aggregation is long, and the source has it.
        _ => text.ours("[ … ]"),
    }
}

/// The keys that an update sets.
fn keys_set(update: Option<&Bson>) -> Vec<String> {
    let set =
        update.and_then(Bson::as_document).and_then(|update| update.get_document("$set").ok());
    set.map(|set| set.keys().cloned().collect()).unwrap_or_default()
}

fn succeeded(name: &str, took: Duration, reply: &Document) -> Reply {
    let found = reply.get_document("cursor").and_then(|cursor| cursor.get_array("firstBatch"));
    let number = |key| match reply.get(key) {
        Some(Bson::Int32(number)) => Some(i64::from(*number)),
        Some(Bson::Int64(number)) => Some(*number),
        _ => None,
    };
    let (count, bytes) = match (name, found) {
        ("find", Ok(found)) => {
            let size = |document: &Bson| {
                let document = document.as_document()?;
                Some(mongodb::bson::serialize_to_vec(document).ok()?.len())
            };
            (i64::try_from(found.len()).ok(), Some(found.iter().filter_map(size).sum()))
        }
        ("update", _) => (number("n"), None),
        ("insert" | "delete", _) => (number("n").or_else(|| removed(reply)), None),
        _ => (None, None),
    };
    // A write that was refused comes back as a success with errors in it.
    let failed = reply.contains_key("writeErrors");
    Reply { took, count, bytes, failed }
}

/// Documents that a `findAndModify` has deleted.
fn removed(reply: &Document) -> Option<i64> {
    Some(i64::from(reply.get_document("lastErrorObject").ok()?.get_i32("n").ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use mongodb::bson::doc;

    #[test]
    fn a_command_is_shown_as_one_would_type_it() {
        let check = |name: &str, command: Document, text: &str, keys: &[&str]| {
            let command = sent(1, name, &command);
            assert_eq!(command.text.to_string(), text);
            assert_eq!(command.keys, keys);
        };
        check(
            "find",
            doc! { "find": "sessions", "filter": { "_id": "owHENQ0123" }, "lsid": "x" },
            r#"sessions.find({ _id: "owHENQ…" })"#,
            &[],
        );
        check(
            "update",
            doc! { "update": "sessions", "updates": [{ "q": { "_id": "owHENQ0123" },
            "u": { "$set": { "session": "{}" } } }] },
            r#"sessions.update({ _id: "owHENQ…" }, { $set: { session: "…" (2 characters) } })"#,
            &["session"],
        );
        check(
            "findAndModify",
            doc! { "findAndModify": "throttle", "query": { "_id": "0123456789" }, "update": [] },
            r#"throttle.findAndModify({ _id: "012345…" }, [ … ])"#,
            &[],
        );
        check(
            "findAndModify",
            doc! { "findAndModify": "sessions", "query": { "_id": "owHENQ0123" }, "remove": true },
            r#"sessions.findAndModify({ _id: "owHENQ…" }, { remove: true })"#,
            &[],
        );
        check(
            "delete",
            doc! { "delete": "sessions", "deletes": [{ "q": { "_id": "owHENQ0123" } }] },
            r#"sessions.delete({ _id: "owHENQ…" })"#,
            &[],
        );
    }
}
