//! A row of the diagram: one step, as a sentence at its time and in its lane.

use std::time::Duration;

use serde::Serialize;

use super::sentences::Sentence;

/// From where to where a row goes; names a class of the style sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Lane {
    /// Browser to app.
    Request,
    /// Within the app.
    App,
    /// App to MongoDB, and back.
    Store,
    /// A store in this process's memory.
    Memory,
    /// App to browser.
    Reply,
}

/// Whether a row is good or bad news.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Tone {
    /// Neither.
    Plain,
    /// A check passed.
    Ok,
    /// A check failed.
    Bad,
}

/// One row of the diagram.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// The time since the request came.
    pub elapsed: Duration,
    /// From where to where.
    pub lane: Lane,
    /// Good or bad.
    pub tone: Tone,
    /// The step in words.
    pub sentence: Sentence,
    /// Documents that MongoDB's reply has counted.
    pub count: Option<i64>,
    /// Folded away before the others.
    pub is_minor: bool,
    /// About the lab's session, and not about that of the site.
    pub is_lab: bool,
    /// The number among all rows, from 1; step mode goes along it.
    pub number: usize,
}

impl Row {
    /// A row about the site that is neither good nor bad news.
    pub(crate) fn new(elapsed: Duration, lane: Lane, sentence: Sentence) -> Self {
        Self {
            elapsed,
            lane,
            tone: Tone::Plain,
            sentence,
            count: None,
            is_minor: false,
            is_lab: false,
            number: 0,
        }
    }
}

/// Milliseconds with as many digits as make sense: "0.03", "1.2", "15".
pub(super) fn milliseconds(took: Duration) -> String {
    let micros = took.as_micros();
    match micros {
        0..1_000 => format!("{}.{:02}", micros / 1_000, micros % 1_000 / 10),
        1_000..10_000 => format!("{}.{}", micros / 1_000, micros % 1_000 / 100),
        _ => format!("{}", micros / 1_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_have_as_many_digits_as_make_sense() {
        assert_eq!(
            [7, 34, 999, 1_234, 15_400].map(Duration::from_micros).map(milliseconds),
            ["0.00", "0.03", "0.99", "1.2", "15"]
        );
    }
}
