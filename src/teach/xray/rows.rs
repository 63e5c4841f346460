//! An exchange as rows of the diagram, in their order; what matters less is folded away.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::changed::{Place, changed};
use super::{ends, words};
use crate::teach::text::Text;
use crate::trace::Exchange;

/// So many rows are open: what fits a screen, and what one can keep in mind.
const MOST_OPEN: usize = 9;

/// From where to where a row goes; names a class of the style sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// Browser to app.
    Request,
    /// Within the app.
    App,
    /// App to store, and back.
    Store,
    /// App to browser.
    Reply,
}

/// Whether that is good or bad news.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// Neither.
    Plain,
    /// A check passed.
    Ok,
    /// A check failed.
    Bad,
}

/// The same fact for three kinds of readers.
#[derive(Clone, Debug, Serialize)]
pub struct Words {
    /// For a reader who sees this for the first time.
    pub plain: Text,
    /// As it went over the wire.
    pub protocol: Text,
    /// As the Express tutorial calls it.
    pub express: Text,
}

impl Words {
    /// The three of them; backticks mark code.
    pub fn new(
        plain: impl AsRef<str>,
        protocol: impl AsRef<str>,
        express: impl AsRef<str>,
    ) -> Self {
        Self { plain: plain.into(), protocol: protocol.into(), express: express.into() }
    }
}

/// One row of the diagram.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// When it was, in milliseconds after the request came.
    pub at: String,
    /// From where to where.
    pub lane: Lane,
    /// Good or bad.
    pub tone: Tone,
    /// What it was.
    #[serde(flatten)]
    pub words: Words,
    /// The first to be folded away.
    #[serde(skip)]
    pub is_minor: bool,
    /// It is about the lab's session, not about that of the site.
    pub is_lab: bool,
    /// It is not in each of the exchanges that stand beside this one.
    pub differs: bool,
    /// Its number among all, from 1; step mode goes along it.
    pub number: usize,
}

/// An exchange as the template shows it.
#[derive(Debug, Serialize)]
pub struct View {
    /// Of the exchange.
    pub id: String,
    /// Short, to talk about.
    pub number: u64,
    /// `POST /login`.
    pub line: String,
    /// Of the answer.
    pub status: u16,
    /// All rows that are open.
    pub rows: Vec<Row>,
    /// The rest.
    pub folded: Vec<Row>,
    /// What it has changed, and where.
    pub changed: Vec<Place>,
    /// Times are told roughly, and the page says why.
    pub is_blurred: bool,
}

impl View {
    /// Of this exchange. `up_to`: step mode shows the rows up to this one, all of them open.
    pub fn of(exchange: &Exchange, up_to: Option<usize>) -> Self {
        let mut rows = rows(exchange);
        let folded = match up_to {
            Some(number) => {
                rows.truncate(number.max(1));
                vec![]
            }
            None => fold(&mut rows),
        };
        Self {
            id: exchange.id.clone(),
            number: exchange.number,
            line: format!("{} {}", exchange.method, exchange.path),
            status: exchange.status,
            rows,
            folded,
            changed: changed(exchange),
            is_blurred: exchange.is_blurred,
        }
    }
}

/// Exchanges beside each other: the rows that are not in all of them are marked.
pub fn compared(exchanges: &[Arc<Exchange>]) -> Vec<View> {
    let mut views: Vec<View> = exchanges.iter().map(|exchange| View::of(exchange, None)).collect();
    let shapes: Vec<Vec<String>> = exchanges
        .iter()
        .map(|exchange| rows(exchange).iter().map(|row| row.words.plain.shape()).collect())
        .collect();
    for row in views.iter_mut().flat_map(|view| view.rows.iter_mut().chain(&mut view.folded)) {
        let shape = row.words.plain.shape();
        row.differs = !shapes.iter().all(|shapes| shapes.contains(&shape));
    }
    views
}

/// All rows of an exchange: how it came, what was noted, the answer.
pub fn rows(exchange: &Exchange) -> Vec<Row> {
    let mut rows = vec![ends::arrival(exchange)];
    rows.extend(words::steps(exchange));
    rows.push(ends::answer(exchange));
    for (n, row) in rows.iter_mut().enumerate() {
        row.number = n + 1;
    }
    rows
}

/// Takes rows away until few enough are left: first the minor ones, then those after the first. What
/// is done last is what the request was for.
fn fold(rows: &mut Vec<Row>) -> Vec<Row> {
    if rows.len() <= MOST_OPEN {
        return vec![];
    }
    let (mut folded, mut open): (Vec<_>, Vec<_>) =
        std::mem::take(rows).into_iter().partition(|row| row.is_minor);
    while open.len() > MOST_OPEN {
        folded.push(open.remove(1));
    }
    folded.sort_by_key(|row| row.number);
    *rows = open;
    folded
}

/// Milliseconds, as exact as it makes sense: "0.03", "1.2", "15".
pub fn milliseconds(took: Duration) -> String {
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
    fn milliseconds_are_told_as_exactly_as_it_makes_sense() {
        assert_eq!(
            [7, 34, 999, 1_234, 15_400].map(Duration::from_micros).map(milliseconds),
            ["0.00", "0.03", "0.99", "1.2", "15"]
        );
    }

    #[test]
    fn nine_rows_stay_open_and_the_answer_is_one_of_them() {
        let row = |number: usize| Row {
            at: String::new(),
            lane: Lane::App,
            tone: Tone::Plain,
            words: Words::new("", "", ""),
            is_minor: number == 3 || number == 5,
            is_lab: false,
            differs: false,
            number,
        };
        let numbers = |rows: &[Row]| rows.iter().map(|row| row.number).collect::<Vec<_>>();
        let mut rows: Vec<Row> = (1..=9).map(row).collect();
        assert!(fold(&mut rows).is_empty());
        let mut rows: Vec<Row> = (1..=12).map(row).collect();
        let folded = fold(&mut rows);
        assert_eq!(numbers(&rows), [1, 4, 6, 7, 8, 9, 10, 11, 12]);
        assert_eq!(numbers(&folded), [2, 3, 5]);
    }
}
