//! An exchange as rows of the diagram, in their order; minor rows are folded away.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::effects::{Effect, effects};
use super::request_response::{request, response};
use super::sentences::{Said, Sentence, Sentences};
use super::session::is_of_lab;
use super::steps::{milliseconds, sentence};
use crate::names::LAB_SESSIONS;
use crate::trace::{Exchange, Noted, Step};
use crate::web::TimeView;

/// Rows that stay open: as many as fit a screen, and as one can keep in mind.
const MAX_OPEN: usize = 9;

/// A step of an exchange, as the template shows it.
#[derive(Serialize)]
pub(crate) struct Row {
    /// The number among all rows, from 1; step mode goes along it.
    number: usize,
    /// Milliseconds after the request came.
    time: String,
    /// From where to where it goes; names a class of the style sheet.
    lane: &'static str,
    #[serde(flatten)]
    said: Said,
    /// Documents that MongoDB's reply has counted.
    count: Option<i64>,
    /// About the lab's session, and not about that of the site.
    is_lab: bool,
    /// Not in each of the exchanges beside this one.
    differs: bool,
}

/// An exchange as the template shows it.
#[derive(Serialize)]
pub(crate) struct View {
    id: String,
    /// A short number to talk about; 0 without a browser.
    number: u64,
    received: TimeView,
    /// `POST /login`.
    line: String,
    status: u16,
    /// The rows that are open.
    pub rows: Vec<Row>,
    /// The rows that are folded away.
    folded: Vec<Row>,
    /// The changes in the browser's jar and in each collection.
    pub effects: Vec<Effect>,
    has_coarse_times: bool,
}

impl View {
    /// The view of an exchange. With `limit`, as in step mode, only the first rows are in it, all open.
    pub(crate) fn of(exchange: &Exchange, sentences: &Sentences, limit: Option<usize>) -> Self {
        let mut rows = rows(exchange, sentences);
        let folded = match limit {
            Some(limit) => {
                rows.truncate(limit.max(1));
                vec![]
            }
            None => fold(&mut rows),
        };
        Self {
            id: exchange.id.clone(),
            number: exchange.number,
            received: exchange.received.into(),
            line: format!("{} {}", exchange.method, exchange.path),
            status: exchange.status,
            rows,
            folded,
            effects: effects(exchange),
            has_coarse_times: exchange.has_coarse_times,
        }
    }
}

/// Exchanges beside each other: rows whose steps are not in all of them are marked.
pub(crate) fn compared(exchanges: &[Arc<Exchange>], sentences: &Sentences) -> Vec<View> {
    let steps = |row: &Row| (row.said.step, row.said.parts.clone());
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
pub(super) fn rows(exchange: &Exchange, sentences: &Sentences) -> Vec<Row> {
    let row = |elapsed, lane, sentence: &Sentence| {
        let (time, said) = (milliseconds(elapsed), sentences.say(sentence));
        Row { number: 0, time, lane, said, count: None, is_lab: false, differs: false }
    };
    let mut rows = vec![row(Duration::ZERO, "request", &request(exchange))];
    let mut in_lab = false;
    for (n, Noted { elapsed, step }) in exchange.steps.iter().enumerate() {
        // A page of a lab reads both cookies, the site's and the lab's: the last one read is meant.
        if let Step::CookieRead { name, .. } | Step::Written { name, .. } = step {
            in_lab = is_of_lab(name);
        }
        let (lane, is_lab) = place(step, in_lab);
        let count = match step {
            Step::Command(command) => command.reply.as_ref().and_then(|reply| reply.count),
            _ => None,
        };
        let sentence = sentence(exchange, n);
        rows.extend(sentence.map(|said| Row { count, is_lab, ..row(*elapsed, lane, &said) }));
    }
    rows.push(row(exchange.took, "reply", &response(exchange)));
    for (number, row) in (1..).zip(&mut rows) {
        row.number = number;
    }
    rows
}

/// The lane of a step, and whether it is about the lab's session.
fn place(step: &Step, in_lab: bool) -> (&'static str, bool) {
    match step {
        Step::Command(command) => ("store", command.collection == LAB_SESSIONS),
        Step::Memory { .. } => ("memory", in_lab),
        Step::MemoryUsers { .. } => ("memory", false),
        Step::Lab { .. } => ("app", true),
        Step::CookieRead { .. }
        | Step::UnknownSession { .. }
        | Step::Regenerated { .. }
        | Step::Login { .. }
        | Step::Destroyed
        | Step::Written { .. } => ("app", in_lab),
        _ => ("app", false),
    }
}

/// Removes rows until few enough are left: first the minor ones, then those after the first. The last
/// steps are those that the request was sent for.
fn fold(rows: &mut Vec<Row>) -> Vec<Row> {
    let in_lab = rows.iter().any(|row| row.is_lab);
    if rows.len() <= MAX_OPEN && !in_lab {
        return vec![];
    }
    // In a lab, the steps of the login are those that the request was not sent for.
    let is_of_login = |row: &Row| {
        !row.is_lab
            && !["request", "reply"].contains(&row.lane)
            && !row.said.step.starts_with("form")
    };
    let is_minor = |row: &Row| if in_lab { is_of_login(row) } else { row.said.is_minor };
    let (mut folded, mut open): (Vec<_>, Vec<_>) =
        std::mem::take(rows).into_iter().partition(is_minor);
    while open.len() > MAX_OPEN {
        folded.push(open.remove(1));
    }
    folded.sort_by_key(|row| row.number);
    *rows = open;
    folded
}
