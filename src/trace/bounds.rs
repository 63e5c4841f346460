//! The bounds of a recording: every text from outside is cut when it is captured, and every list has an end.
//!
//! A client decides how long its paths, names and values are. This file decides how much memory they may
//! cost; `recorder.rs` keeps the sum below its own bound.

/// Characters of a path, and of the address that a redirect leads to.
pub(super) const PATH: usize = 200;

/// Characters of a name, of a cookie or a key.
pub(super) const NAME: usize = 40;

/// Characters of a command: a screen full of it hides what matters.
pub(super) const COMMAND: usize = 400;

/// Keys that a command sets.
pub(super) const KEYS: usize = 20;

/// Characters of the attributes behind the value in a `Set-Cookie` line.
pub(super) const ATTRIBUTES: usize = 200;

/// Cookies that the browser sent, and cookies that the response sets.
pub(super) const COOKIES: usize = 20;
pub(super) const SET_COOKIES: usize = 10;

/// Characters of the ID of another request: ours have twelve.
pub(super) const ID: usize = 24;

/// The bytes of all steps of one request. A step that does not fit is left out.
pub(super) const STEP_BYTES: usize = 20 * 1024;

/// The beginning of a text: at most `characters` characters, and at most twice as many bytes.
pub(super) fn cut(text: &str, characters: usize) -> String {
    let mut places = text.char_indices().enumerate();
    let end = places.find(|(number, (start, character))| {
        *number >= characters || start + character.len_utf8() > 2 * characters
    });
    // Both have exactly the capacity that they need.
    end.map_or_else(|| text.to_owned(), |(_, (end, _))| [&text[..end], "…"].concat())
}
