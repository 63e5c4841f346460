//! A line of the log, as text or as JSON.
//!
//! A line stays one line, and a terminal shows all of it: characters that are invisible, or that control a
//! terminal, are escaped in both forms.

use std::fmt::{Debug, Write as _};

use rocket_express_session::Timestamp;
use serde_json::{Value, json};
use tracing::Level;
use tracing::field::{Field, Visit};

use super::LogFormat;
use crate::in_flight::request_id;

/// The field with the text of a line.
const MESSAGE: &str = "message";

/// The field with the ID of the request. Each line that a request causes has it.
const REQUEST: &str = "request";

/// Fields whose names are left out of the text: `Login Done`, and `POST /login 303`.
const WITHOUT_NAMES: [&str; 5] = ["event", "outcome", "method", "path", "status"];

/// A line with its fields.
#[derive(Debug)]
pub(super) struct Line {
    level: Level,
    target: String,
    message: String,
    fields: Vec<(&'static str, Recorded)>,
}

/// The value of a field.
#[derive(Debug)]
enum Recorded {
    /// A text from outside: in quotes, so that it cannot look like other fields.
    Quoted(String),
    /// A text of ours, such as an address.
    Bare(String),
    /// A number, or true or false.
    Plain(Value),
}

impl Line {
    /// The line with the fields that `record` records.
    pub(super) fn new(level: Level, target: &str, record: impl FnOnce(&mut dyn Visit)) -> Self {
        let (message, fields) = (String::new(), vec![]);
        let mut line = Self { level, target: target.to_owned(), message, fields };
        record(&mut line);
        if !line.fields.iter().any(|(name, _)| *name == REQUEST)
            && let Some(id) = request_id()
        {
            line.fields.push((REQUEST, Recorded::Bare(id)));
        }
        line
    }

    pub(super) fn level(&self) -> Level {
        self.level
    }

    pub(super) fn target(&self) -> &str {
        &self.target
    }

    pub(super) fn message(&self) -> &str {
        &self.message
    }

    pub(super) fn set_message(&mut self, message: &str) {
        message.clone_into(&mut self.message);
    }

    /// The line, written now.
    pub(super) fn in_format(&self, format: LogFormat) -> String {
        let now = Timestamp::now().to_iso();
        match format {
            LogFormat::Text => visible(&self.text(&now), |c, out| out.extend(c.escape_debug())),
            LogFormat::Json => visible(&self.json(&now), |c, out| {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    // Writing to a `String` cannot fail.
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }),
        }
    }

    fn text(&self, now: &str) -> String {
        let mut parts = vec![];
        if !self.message.is_empty() {
            parts.push(self.message.clone());
        }
        parts.extend(self.fields.iter().map(|(name, value)| {
            let value = match value {
                Recorded::Quoted(text) => format!("{text:?}"),
                Recorded::Bare(text) => text.clone(),
                Recorded::Plain(value) => value.to_string(),
            };
            if WITHOUT_NAMES.contains(name) { value } else { format!("{name}={value}") }
        }));
        format!("{now} {} {}: {}", self.level, self.target, parts.join(" "))
    }

    fn json(&self, now: &str) -> String {
        let mut line = json!({
            "time": now,
            "level": self.level.as_str(),
            "target": self.target,
        });
        if !self.message.is_empty() {
            line[MESSAGE] = json!(self.message);
        }
        for (name, value) in &self.fields {
            line[*name] = match value {
                Recorded::Quoted(text) | Recorded::Bare(text) => json!(text),
                Recorded::Plain(value) => value.clone(),
            };
        }
        line.to_string()
    }

    fn push(&mut self, field: &Field, value: Recorded) {
        match (field.name(), value) {
            (MESSAGE, Recorded::Quoted(text) | Recorded::Bare(text)) => self.message = text,
            // Where the crate `log` was called.
            (name, _) if name.starts_with("log.") => (),
            (name, value) => self.fields.push((name, value)),
        }
    }
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.push(field, Recorded::Quoted(value.to_owned()));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.push(field, Recorded::Plain(value.into()));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.push(field, Recorded::Plain(value.into()));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.push(field, Recorded::Plain(value.into()));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.push(field, Recorded::Plain(value.into()));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.push(field, Recorded::Bare(format!("{value:?}")));
    }
}

/// The text, with `escape` for each character that could begin a new line, set colours, reverse the direction
/// or be invisible. The standard library knows which these are, and marks that change the one before them.
fn visible(text: &str, escape: impl Fn(char, &mut String)) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            // Quoted names are escaped already. Elsewhere these characters are harmless.
            '"' | '\'' | '\\' => line.push(c),
            _ if c.escape_debug().count() == 1 => line.push(c),
            _ => escape(c, &mut line),
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-11-23T08:00:00.000Z";

    fn line(message: &str, fields: Vec<(&'static str, Recorded)>) -> Line {
        let (target, message) = ("audit".to_owned(), message.to_owned());
        Line { level: Level::INFO, target, message, fields }
    }

    fn parsed(line: &Line) -> Value {
        let text = line.in_format(LogFormat::Json);
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    #[test]
    fn both_forms_have_the_same_fields() {
        let name = "x\" address=1.2.3.4";
        let fields = vec![
            ("event", Recorded::Bare("Login".to_owned())),
            ("user", Recorded::Quoted(name.to_owned())),
            ("address", Recorded::Bare("127.0.0.1".to_owned())),
            ("ms", Recorded::Plain(json!(1.5))),
        ];
        let line = line("", fields);
        let text = r#" INFO audit: Login user="x\" address=1.2.3.4" address=127.0.0.1 ms=1.5"#;
        assert_eq!(line.text(NOW), format!("{NOW}{text}"));
        let json = format!(
            "{{\"time\":\"{NOW}\",\"level\":\"INFO\",\"target\":\"audit\",\"event\":\"Login\",\
             \"user\":{},\"address\":\"127.0.0.1\",\"ms\":1.5}}",
            json!(name)
        );
        assert_eq!(line.json(NOW), json);
    }

    #[test]
    fn a_line_stays_one_line() {
        let check = |message: &str, expected: &str| {
            let line = line(message, vec![]);
            let text = line.in_format(LogFormat::Text);
            assert_eq!(text.split_once(" INFO audit: ").unwrap().1, expected);
            assert_eq!(parsed(&line)[MESSAGE], message);
        };
        check("rosa\r\n2026 INFO : \u{1b}[1m", r"rosa\r\n2026 INFO : \u{1b}[1m");
        let harmless = r#"Zoë — 张伟 🧥 user="x\" address=1.2.3.4" it's C:\"#;
        check(harmless, harmless);
    }

    #[test]
    fn what_cannot_be_seen_is_escaped() {
        // Controls, line separators, spaces, directions, zero widths, a BOM, tags, selectors, marks,
        // private use, unassigned code points.
        let unseen = "\0\t\u{7f}\u{85}\u{9b}\u{2028}\u{2029}\u{a0}\u{3000}\u{ad}\u{61c}\u{200b}\
            \u{200d}\u{200e}\u{202a}\u{202e}\u{2060}\u{2066}\u{2069}\u{feff}\u{fff9}\u{e0001}\
            \u{e0041}\u{fe0f}\u{34f}\u{301}\u{e000}\u{10fffd}\u{378}\u{ffff}";
        for c in unseen.chars() {
            let line = line(&format!("a{c}b"), vec![]);
            let text = line.in_format(LogFormat::Text);
            assert!(text.is_ascii() && text.contains(r": a\") && text.ends_with('b'), "{text}");
            assert!(line.in_format(LogFormat::Json).is_ascii());
            assert_eq!(parsed(&line)[MESSAGE], format!("a{c}b"));
        }
    }
}
