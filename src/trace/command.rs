//! The commands that the driver sent to MongoDB, by its own report, and their replies.
//!
//! The driver calls the listener in the task of the request, so `notebook.rs` knows which request sent
//! the command. It listens only where lessons are given (`db.rs`).

use std::time::Duration;

use mongodb::bson::{Bson, Document, serialize_to_vec};
use mongodb::event::EventHandler;
use mongodb::event::command::CommandEvent;

use super::bounds::{self, cut};
use super::notebook::{NOTEBOOKS, note};
use super::redact::redacted;
use super::step::{Command, Reply, Step};

/// Notes each command in the notebook of the request that sent it.
pub fn listener() -> EventHandler<CommandEvent> {
    EventHandler::callback(|event| match event {
        CommandEvent::Started(event) => {
            let (id, name) = (event.request_id, &event.command_name);
            note(|| Step::Command(Command::sent(id, name, &event.command)));
        }
        CommandEvent::Succeeded(event) => {
            add_reply(event.request_id, |name| Reply::new(name, event.duration, &event.reply));
        }
        CommandEvent::Failed(event) => {
            let (took, failed) = (event.duration, true);
            add_reply(event.request_id, |_| Reply { took, count: None, bytes: None, failed });
        }
        _ => {}
    })
}

fn add_reply(request_id: i32, reply: impl FnOnce(&str) -> Reply) {
    NOTEBOOKS.with(|notebook| {
        let mut commands = notebook.exchange.steps.iter_mut().rev();
        let command = commands.find_map(|noted| match &mut noted.step {
            Step::Command(command) if command.request_id == request_id => Some(command),
            _ => None,
        });
        if let Some(command) = command {
            command.reply = Some(reply(&command.name));
        }
    });
}

impl Command {
    /// A command as the driver reports it, redacted and cut.
    pub fn sent(request_id: i32, name: &str, command: &Document) -> Self {
        let collection = command.get_str(name).unwrap_or_default();
        // A write has a list of what to do. Our commands have one item in it.
        let lists = ["documents", "updates", "deletes"];
        let only_item = |list| command.get_array(list).ok()?.first()?.as_document();
        let item = lists.into_iter().find_map(only_item).unwrap_or(command);
        let filter =
            ["filter", "query", "q"].into_iter().find_map(|key| item.get_document(key).ok());
        let update = item.get(if name == "update" { "u" } else { "update" });
        let set = update.and_then(|update| update.as_document()?.get_document("$set").ok());
        let (first, set) = if name == "insert" { (Some(item), Some(item)) } else { (filter, set) };
        // A `findAndModify` that returns a document and deletes it.
        let is_removal = command.get_bool("remove").unwrap_or(false);
        let second = match update {
            Some(Bson::Document(update)) => Some(redacted(update)),
            // An aggregation is long, and the source has it.
            Some(_) => Some("[ … ]".to_owned()),
            None => is_removal.then(|| "{ remove: true }".to_owned()),
        };
        let arguments: Vec<String> = first.map(redacted).into_iter().chain(second).collect();
        let text = format!("{collection}.{name}({})", arguments.join(", "));
        let keys = set.into_iter().flat_map(Document::keys).take(bounds::KEYS);
        Self {
            request_id,
            // It deletes one document, whatever the command is called.
            name: if is_removal { "delete" } else { name }.to_owned(),
            collection: cut(collection, bounds::NAME),
            text: cut(&text, bounds::COMMAND),
            keys: keys.map(|key| cut(key, bounds::NAME)).collect(),
            reply: None,
        }
    }
}

impl Reply {
    /// The reply to a command of this name.
    fn new(name: &str, took: Duration, reply: &Document) -> Self {
        let found = reply.get_document("cursor").and_then(|cursor| cursor.get_array("firstBatch"));
        let (count, bytes) = match (name, found) {
            ("find", Ok(found)) => {
                let documents = found.iter().filter_map(Bson::as_document);
                let sizes = documents.filter_map(|found| Some(serialize_to_vec(found).ok()?.len()));
                (i64::try_from(found.len()).ok(), Some(sizes.sum()))
            }
            ("insert" | "update" | "delete", _) => (changed(reply), None),
            _ => (None, None),
        };
        // A write that was refused comes back as a success with errors in it.
        Self { took, count, bytes, failed: reply.contains_key("writeErrors") }
    }
}

/// Documents that a write has changed; a `findAndModify` says it one level below.
fn changed(reply: &Document) -> Option<i64> {
    let reply = reply.get_document("lastErrorObject").unwrap_or(reply);
    reply.get_i32("n").ok().map(i64::from)
}
