//! Text with code in it: `backticks` in a line, as parts that a template can escape and mark up.

use serde::{Deserialize, Serialize};

/// A line of text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String")]
pub struct Text(Vec<Part>);

/// A piece of it that is code, or is not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Part {
    code: bool,
    text: String,
}

impl<T: AsRef<str>> From<T> for Text {
    fn from(line: T) -> Self {
        let parts = line.as_ref().split('`').enumerate().filter(|(_, text)| !text.is_empty());
        Self(parts.map(|(n, text)| Part { code: n % 2 == 1, text: text.to_owned() }).collect())
    }
}

impl Text {
    /// The line again, with its backticks.
    pub fn marked(&self) -> String {
        let mark = |part: &Part| if part.code { quoted(&part.text) } else { part.text.clone() };
        self.0.iter().map(mark).collect()
    }

    /// What it says apart from numbers and code: two lines of one shape say the same of different
    /// things.
    pub fn shape(&self) -> String {
        let words = self.0.iter().filter(|part| !part.code).flat_map(|part| part.text.chars());
        words.filter(|character| !character.is_ascii_digit() && *character != '.').collect()
    }
}

/// Text from outside, to stand between backticks.
pub fn quoted(text: &str) -> String {
    format!("`{}`", text.replace('`', "'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_between_backticks_is_code() {
        let parts = |line: &str| {
            let parts = Text::from(line).0.into_iter();
            parts.map(|part| format!("{}{}", if part.code { "#" } else { "" }, part.text)).collect()
        };
        let check = |line: &str, expected: &[&str]| {
            let found: Vec<String> = parts(line);
            assert_eq!(found, expected, "{line}");
        };
        check("plain", &["plain"]);
        check("a `b` c", &["a ", "#b", " c"]);
        check("`b`", &["#b"]);
        check("", &[]);
        check(&quoted("a`b"), &["#a'b"]);
        assert_eq!(Text::from("a `b` c").marked(), "a `b` c");
        assert_eq!(Text::from("ticket `x`, 90 bytes.").shape(), "ticket ,  bytes");
    }
}
