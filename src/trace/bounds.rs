//! The bounds of a recording: every text is cut when it is captured, and every list has an end.
//!
//! A client decides how long its paths, names and values are. This file decides how much memory they
//! cost, and counts it; `recorder.rs` keeps the sum below its own bound.

use super::step::{Command, Noted, Signature, Step};

/// Characters of a path, and of the address that a redirect leads to.
pub(super) const PATH: usize = 200;

/// Characters of a name, of a cookie or a form field.
pub(super) const NAME: usize = 40;

/// Characters of a command: a screen full of it hides what matters.
pub(super) const COMMAND: usize = 400;

/// Characters of the attributes behind the value in a `Set-Cookie` line.
pub(super) const ATTRIBUTES: usize = 200;

/// Cookies that the browser sent, and cookies that the response sets.
pub(super) const COOKIES: usize = 20;
pub(super) const SET_COOKIES: usize = 10;

/// Characters of the ID of another request: ours have twelve.
pub(super) const ID: usize = 24;

/// Fields of a form, and keys that a command sets.
const LIST: usize = 20;

/// Steps of one request, and the bytes of them all. Later steps are left out.
const STEPS: usize = 200;
const STEP_BYTES: usize = 20 * 1024;

/// The beginning of a text: at most `characters` characters, and at most twice as many bytes.
pub(super) fn cut(text: &str, characters: usize) -> String {
    let mut places = text.char_indices().enumerate();
    let end = places.find(|(number, (start, character))| {
        *number >= characters || start + character.len_utf8() > 2 * characters
    });
    // Both have exactly the capacity that they need.
    end.map_or_else(|| text.to_owned(), |(_, (end, _))| [&text[..end], "…"].concat())
}

fn cut_all<'t>(texts: impl IntoIterator<Item = &'t mut String>, characters: usize) {
    for text in texts {
        *text = cut(text, characters);
    }
}

/// The steps of a request, as many as fit.
#[derive(Clone, Default)]
pub struct Steps {
    noted: Vec<Noted>,
    bytes: usize,
}

impl Steps {
    /// Adds a step, unless it is one too many.
    pub fn add(&mut self, noted: Noted) {
        let bytes = size_of::<Noted>() + noted.step.heap();
        if self.noted.len() < STEPS && self.bytes + bytes <= STEP_BYTES {
            self.bytes += bytes;
            self.noted.push(noted);
        }
    }

    /// The commands, the newest first.
    pub fn commands_mut(&mut self) -> impl Iterator<Item = &mut Command> {
        self.noted.iter_mut().rev().filter_map(|noted| match &mut noted.step {
            Step::Command(command) => Some(command),
            _ => None,
        })
    }

    /// All steps, without room for more.
    pub fn finish(mut self) -> Vec<Noted> {
        self.noted.shrink_to_fit();
        self.noted
    }
}

impl Step {
    /// Cuts every text of the step, and ends every list.
    pub fn within_bounds(mut self) -> Self {
        match &mut self {
            Self::Form { fields } => {
                fields.truncate(LIST);
                fields.shrink_to_fit();
                cut_all(fields.iter_mut().map(|(name, _)| name), NAME);
            }
            Self::Command(command) => {
                command.keys.truncate(LIST);
                command.keys.shrink_to_fit();
                let names = [&mut command.name, &mut command.collection];
                cut_all(names.into_iter().chain(&mut command.keys), NAME);
                command.text = std::mem::take(&mut command.text).cut(COMMAND);
            }
            Self::Regenerated { old, new } => cut_all(old.iter_mut().chain([new]), NAME),
            Self::CookieRead { name, signature: Signature::Genuine { sid, .. }, .. } => {
                cut_all([name, sid], NAME);
            }
            Self::CookieRead { name: text, .. }
            | Self::Written { name: text, .. }
            | Self::UnknownSession { sid: text }
            | Self::Memory { sid: text, .. }
            | Self::Hashed { algorithm: text, .. }
            | Self::Login { user: text }
            | Self::User { id: text }
            | Self::Lab { fact: text, .. } => *text = cut(text, NAME),
            Self::OriginChecked { .. }
            | Self::InputAccepted
            | Self::Revoked { .. }
            | Self::Verified { .. }
            | Self::SessionInvalidated
            | Self::Destroyed
            | Self::MemoryUsers { .. }
            | Self::Rendered { .. } => {}
        }
        self
    }

    /// Bytes that its texts and lists take.
    pub(super) fn heap(&self) -> usize {
        match self {
            Self::Form { fields } => {
                let names = fields.iter().map(|(name, _)| name.capacity());
                fields.capacity() * size_of::<(String, usize)>() + names.sum::<usize>()
            }
            Self::Command(Command { name, collection, text, keys, .. }) => {
                let texts = [name, collection].into_iter().chain(keys);
                let texts: usize = texts.map(String::capacity).sum();
                text.heap() + texts + keys.capacity() * size_of::<String>()
            }
            Self::Regenerated { old, new } => optional(old) + new.capacity(),
            Self::CookieRead { name, signature: Signature::Genuine { sid, .. }, .. } => {
                name.capacity() + sid.capacity()
            }
            Self::CookieRead { name: text, .. }
            | Self::Written { name: text, .. }
            | Self::UnknownSession { sid: text }
            | Self::Memory { sid: text, .. }
            | Self::Hashed { algorithm: text, .. }
            | Self::Login { user: text }
            | Self::User { id: text }
            | Self::Lab { fact: text, .. } => text.capacity(),
            _ => 0,
        }
    }
}

/// Bytes that the text takes, if there is one.
#[expect(clippy::ref_option, reason = "it is mapped over references to fields")]
pub(super) fn optional(text: &Option<String>) -> usize {
    text.as_ref().map_or(0, String::capacity)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::exchange::{Cookie, Exchange};
    use crate::trace::notebook::Notebook;
    use crate::trace::recorder::{BrowserKey, Recorder};
    use crate::trace::redact::Redacted;
    use mongodb::bson::doc;

    #[test]
    fn a_text_is_cut_by_characters_and_by_bytes() {
        let check = |text: &str, expected: &str| assert_eq!(cut(text, 4), expected, "{text}");
        check("", "");
        check("abcd", "abcd");
        check("abcde", "abcd…");
        check("éééé", "éééé");
        check("ééééé", "éééé…");
        check("\u{1f9e5}\u{1f9e5}\u{1f9e5}", "\u{1f9e5}\u{1f9e5}…");
        let cut = cut(&"é".repeat(99_999), 4);
        assert_eq!(cut.capacity(), cut.len());
    }

    /// A request with each part as long as a client, or this program, could make it.
    fn largest(number: usize) -> Exchange {
        let long = "\u{1f9e5}".repeat(1_000);
        let value = format!("s%3A{long}.signature");
        let line = format!("{long}={value}; Path=/{long}; HttpOnly");
        let mut notes = Notebook::default();
        notes.link_to(&long);
        let mut note = |step: Step| {
            notes
                .steps
                .add(Noted { elapsed: std::time::Duration::ZERO, step: step.within_bounds() });
        };
        for _ in 0..100 {
            note(Step::Form { fields: vec![(long.clone(), 1); 100] });
            let (name, collection) = (long.clone(), long.clone());
            let mut text = Redacted::default();
            text.document(&doc! { "username": &long, &long: [&long, &long] });
            let keys = vec![long.clone(); 30];
            note(Step::Command(Command {
                request_id: 1,
                name,
                collection,
                text,
                keys,
                reply: None,
            }));
            note(Step::Lab { lesson: "", fact: long.clone(), number: 1 });
        }
        assert_eq!(notes.follows, None, "this text is no ID");
        Exchange {
            id: number.to_string(),
            number: 0,
            received: std::time::SystemTime::now(),
            method: cut(&long, NAME),
            path: cut(&long, PATH),
            cookies: vec![Cookie::sent(&long, &value); COOKIES],
            steps: notes.steps.finish(),
            status: 303,
            location: Some(cut(&long, PATH)),
            set_cookies: vec![Cookie::set(&line).unwrap(); SET_COOKIES],
            bytes: None,
            took: std::time::Duration::ZERO,
            follows: None,
            user: None,
            has_coarse_times: false,
        }
    }

    #[test]
    fn the_largest_exchanges_together_keep_to_the_promised_memory() {
        let recorder = Recorder::default();
        let student = BrowserKey::of_session("a student");
        let largest = largest(0);
        let small = Exchange { steps: vec![], ..largest.clone() };
        recorder.keep(Exchange { user: Some("rosa".to_owned()), ..small }, &[student]);
        for number in 0..2_500 {
            recorder.keep(largest.clone(), &[BrowserKey::of_session(&number.to_string())]);
        }
        let (all, one) = recorder.bytes();
        println!("largest {one} bytes, {all} in all");
        assert!(one > 20 * 1024, "the test fills an exchange: {one}");
        assert!(one <= 32 * 1024, "{one}");
        assert!(all <= 16 * 1024 * 1024, "{all}");
        assert_eq!(recorder.of_browser(student).len(), 1, "guests push out guests");
    }
}
