//! Redaction: enough of a value to tell two apart, never enough to log in with.
//!
//! Texts are left out unless their key is on a short list. So a field that we have not thought of
//! is shown by its length, and not by its value.

use std::fmt;

use get_size2::GetSize;
use mongodb::bson::{Bson, Document};

/// Characters of an ID that are shown: as many as `SessionId::prefix` shows.
const SHOWN: usize = 6;

/// Keys whose texts may be shown: names that a page shows as well.
const OPEN_KEYS: [&str; 3] = ["username", "username_key", "why"];

/// Keys whose texts are IDs of sessions, or as secret as those.
const ID_KEYS: [&str; 3] = ["_id", "sids", "user"];

/// Levels of a document, and items of a list: a command should fit three lines.
const MAX_DEPTH: usize = 4;
const MAX_ITEMS: usize = 3;

/// The first characters of an ID, and dots if there are more.
pub fn short_id(id: &str) -> String {
    let start: String = id.chars().take(SHOWN).collect();
    if start.len() < id.len() { start + "…" } else { start }
}

/// The start of the session ID in a cookie's value; `None` when it holds none.
pub(super) fn sid_in(value: &str) -> Option<String> {
    let value = value.replace("%3A", ":");
    Some(short_id(value.strip_prefix("s:")?.rsplit_once('.')?.0))
}

/// A redacted command, as one would type it. It is in pieces, because a page for one learner shows more of
/// it than the board for all.
#[derive(Clone, Debug, Default, PartialEq, Eq, GetSize)]
pub struct Redacted(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq, GetSize)]
enum Piece {
    /// Written by this program: brackets, keys, operators, numbers, dates.
    Ours(String),
    /// A text that may have come from outside, such as a username. Shown in quotes.
    Outside(String),
    /// The start of an ID. Shown in quotes.
    Id(String),
}

impl Redacted {
    /// A copy without any text from outside. `name` replaces an ID, or dots do.
    pub fn for_all(&self, name: impl Fn(&str) -> Option<String>) -> Self {
        let mut shown = self.clone();
        for piece in &mut shown.0 {
            match piece {
                Piece::Ours(_) => {}
                Piece::Outside(text) => "…".clone_into(text),
                Piece::Id(id) => *id = name(id).unwrap_or_else(|| "…".to_owned()),
            }
        }
        shown
    }

    /// The first `limit` characters, and at most twice as many bytes.
    pub(super) fn cut(self, limit: usize) -> Self {
        let (mut left, mut kept) = (limit, Self::default());
        for mut piece in self.0 {
            let text = piece.to_string();
            let length = text.chars().count().max(text.len() / 2);
            if length > left {
                if let Piece::Ours(text) = piece {
                    kept.ours(&text.chars().take(left).collect::<String>());
                }
                kept.ours(" …");
                break;
            }
            left -= length;
            let (Piece::Ours(text) | Piece::Outside(text) | Piece::Id(text)) = &mut piece;
            text.shrink_to_fit();
            kept.0.push(piece);
        }
        kept.0.shrink_to_fit();
        kept
    }

    pub(super) fn ours(&mut self, text: &str) {
        match self.0.last_mut() {
            Some(Piece::Ours(before)) => before.push_str(text),
            _ => self.0.push(Piece::Ours(text.to_owned())),
        }
    }

    /// Adds a document as one would type it, without its secrets.
    pub(super) fn document(&mut self, document: &Document) {
        self.nested("", document, 0);
    }

    /// Adds a document that is the value of the key `above`.
    fn nested(&mut self, above: &str, document: &Document, depth: usize) {
        let mut between = "{ ";
        for (key, value) in document {
            self.ours(between);
            self.key(key);
            // A comparison says something about the key above it.
            self.value(if is_comparison(key) { above } else { key }, value, depth);
            between = ", ";
        }
        self.ours(if document.is_empty() { "{}" } else { " }" });
    }

    /// Adds a key. Our keys are words; any other text has come from outside.
    fn key(&mut self, key: &str) {
        let is_word = |c: char| c.is_ascii_alphanumeric() || "_.$-".contains(c);
        match key.chars().all(is_word) {
            true => self.ours(key),
            false => self.0.push(Piece::Outside(key.to_owned())),
        }
        self.ours(": ");
    }

    fn value(&mut self, key: &str, value: &Bson, depth: usize) {
        match value {
            Bson::String(text) => self.text(key, text),
            Bson::Document(_) if depth >= MAX_DEPTH || key == "session" => self.ours("{ … }"),
            Bson::Document(inner) => self.nested(key, inner, depth + 1),
            Bson::Array(_) if depth >= MAX_DEPTH => self.ours("[ … ]"),
            Bson::Array(list) => self.array(key, list, depth),
            Bson::ObjectId(id) => {
                self.ours("ObjectId(");
                self.0.push(Piece::Id(short_id(&id.to_hex())));
                self.ours(")");
            }
            Bson::DateTime(date) => {
                self.ours(&date.try_to_rfc3339_string().unwrap_or_default());
            }
            Bson::Int32(_) | Bson::Int64(_) | Bson::Double(_) | Bson::Boolean(_) | Bson::Null => {
                self.ours(&value.to_string());
            }
            _ => self.ours("…"),
        }
    }

    fn array(&mut self, key: &str, list: &[Bson], depth: usize) {
        let mut between = "[";
        for item in list.iter().take(MAX_ITEMS) {
            self.ours(between);
            self.value(key, item, depth + 1);
            between = ", ";
        }
        self.ours(match list.len() {
            0 => "[]",
            1..=MAX_ITEMS => "]",
            _ => ", …]",
        });
    }

    fn text(&mut self, key: &str, text: &str) {
        // A field reference of an aggregation is not data.
        let is_reference = text.starts_with('$') && text.len() < 20 && key.starts_with('$');
        if OPEN_KEYS.contains(&key) || is_reference {
            self.0.push(Piece::Outside(text.to_owned()));
        } else if ID_KEYS.contains(&key) {
            self.0.push(Piece::Id(short_id(text)));
        } else {
            self.ours(&format!("\"…\" ({} characters)", text.chars().count()));
        }
    }
}

impl fmt::Display for Redacted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|piece| piece.fmt(f))
    }
}

impl fmt::Display for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ours(text) => f.write_str(text),
            Self::Outside(text) | Self::Id(text) => write!(f, "{text:?}"),
        }
    }
}

fn is_comparison(operator: &str) -> bool {
    matches!(operator, "$eq" | "$ne" | "$in" | "$not" | "$lte" | "$gt")
}
