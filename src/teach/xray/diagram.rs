//! An exchange as rows of the diagram, in their order; minor rows are folded away.

use std::collections::HashSet;
use std::sync::Arc;

use serde::Serialize;

use super::effects::{Effect, effects};
use super::row::{Lane, Row, Tone, milliseconds};
use super::sentences::{Dialects, Sentences};
use super::{request_response, steps};
use crate::trace::Exchange;
use crate::web::TimeView;

/// Rows that stay open: as many as fit a screen, and as one can keep in mind.
const MAX_OPEN: usize = 9;

/// A row as the template shows it.
#[derive(Debug, Serialize)]
pub(crate) struct RowView {
    /// Milliseconds after the request came.
    time: String,
    lane: Lane,
    tone: Tone,
    /// The key of the sentence.
    step: &'static str,
    /// The keys of the sentences in it.
    parts: Vec<&'static str>,
    /// Documents that MongoDB's reply has counted.
    count: Option<i64>,
    #[serde(flatten)]
    dialects: Dialects,
    is_lab: bool,
    /// Not in each of the exchanges beside this one.
    differs: bool,
    number: usize,
}

impl RowView {
    fn of(row: Row, sentences: &Sentences) -> Self {
        let (step, parts) =
            (row.sentence.key, row.sentence.sentences().map(|part| part.key).collect());
        Self {
            time: milliseconds(row.elapsed),
            lane: row.lane,
            tone: row.tone,
            step,
            parts,
            count: row.count,
            dialects: sentences.say(&row.sentence),
            is_lab: row.is_lab,
            differs: false,
            number: row.number,
        }
    }
}

/// An exchange as the template shows it.
#[derive(Serialize)]
pub(crate) struct View {
    /// The exchange's ID.
    pub id: String,
    /// A short number to talk about; 0 without a browser.
    pub number: u64,
    /// The arrival of the request.
    pub received: TimeView,
    /// `POST /login`.
    pub line: String,
    /// The status of the response.
    pub status: u16,
    /// The rows that are open.
    pub rows: Vec<RowView>,
    /// The rows that are folded away.
    pub folded: Vec<RowView>,
    /// The changes in the browser's jar and in each collection.
    pub effects: Vec<Effect>,
    /// Times are coarse, and the page says why.
    pub has_coarse_times: bool,
}

impl View {
    /// The view of an exchange. With `limit`, as in step mode, only the first rows are in it, all open.
    pub(crate) fn of(exchange: &Exchange, sentences: &Sentences, limit: Option<usize>) -> Self {
        let mut rows = rows(exchange);
        let folded = match limit {
            Some(limit) => {
                rows.truncate(limit.max(1));
                vec![]
            }
            None => fold(&mut rows),
        };
        let view = |row| RowView::of(row, sentences);
        Self {
            id: exchange.id.clone(),
            number: exchange.number,
            received: exchange.received.into(),
            line: format!("{} {}", exchange.method, exchange.path),
            status: exchange.status,
            rows: rows.into_iter().map(view).collect(),
            folded: folded.into_iter().map(view).collect(),
            effects: effects(exchange),
            has_coarse_times: exchange.has_coarse_times,
        }
    }
}

/// Exchanges beside each other: rows whose steps are not in all of them are marked.
pub(crate) fn compared(exchanges: &[Arc<Exchange>], sentences: &Sentences) -> Vec<View> {
    let steps = |row: &RowView| (row.step, row.parts.clone());
    let views = exchanges.iter().map(|exchange| View::of(exchange, sentences, None));
    let mut views: Vec<View> = views.collect();
    let rows = |view: &View| view.rows.iter().chain(&view.folded).map(steps).collect();
    let all: Vec<HashSet<_>> = views.iter().map(rows).collect();
    for row in views.iter_mut().flat_map(|view| view.rows.iter_mut().chain(&mut view.folded)) {
        row.differs = !all.iter().all(|others| others.contains(&steps(row)));
    }
    views
}

/// All rows of an exchange: the request, the noted steps, the response.
pub(crate) fn rows(exchange: &Exchange) -> Vec<Row> {
    let mut rows = vec![request_response::request(exchange)];
    rows.extend(steps::rows(exchange));
    rows.push(request_response::response(exchange));
    for (n, row) in rows.iter_mut().enumerate() {
        row.number = n + 1;
    }
    rows
}

/// Removes rows until few enough are left: first the minor ones, then those after the first. The last
/// steps are those that the request was sent for.
fn fold(rows: &mut Vec<Row>) -> Vec<Row> {
    if rows.len() <= MAX_OPEN && !rows.iter().any(|row| row.is_lab) {
        return vec![];
    }
    let (mut folded, mut open): (Vec<_>, Vec<_>) =
        std::mem::take(rows).into_iter().partition(|row| row.is_minor);
    while open.len() > MAX_OPEN {
        folded.push(open.remove(1));
    }
    folded.sort_by_key(|row| row.number);
    *rows = open;
    folded
}

#[cfg(test)]
mod tests {
    use super::super::sentences::Sentence;
    use super::*;
    use std::time::Duration;

    #[test]
    fn nine_rows_stay_open_and_the_response_is_one_of_them() {
        let row = |number: usize| Row {
            is_minor: number == 3 || number == 5,
            number,
            ..Row::new(Duration::ZERO, Lane::App, Sentence::new("login"))
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
