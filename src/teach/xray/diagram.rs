//! An exchange as rows of the diagram, in their order; minor rows are folded away.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::effects::{Effect, effects};
use super::sentences::{Said, Sentence, Sentences};
use super::session::is_of_lab;
use super::steps::{milliseconds, request, response, sentence};
use crate::names::LAB_SESSIONS;
use crate::trace::{Exchange, Noted, Step};
use crate::web::TimeView;

/// Rows that stay open: as many as fit a screen, and as one can keep in mind.
const MAX_OPEN: usize = 9;

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

#[derive(Serialize)]
pub(crate) struct View {
    id: String,
    /// A short number to talk about; 0 without a browser.
    number: u64,
    received: TimeView,
    /// `POST /login`.
    line: String,
    status: u16,
    pub rows: Vec<Row>,
    folded: Vec<Row>,
    /// The changes in the browser's jar and in each collection.
    pub effects: Vec<Effect>,
    has_coarse_times: bool,
}

impl View {
    /// The view of an exchange with all its rows open: the request, the noted steps, the response. `shown`
    /// says what the page may show of a value, by the value's name.
    pub(crate) fn of(
        exchange: &Exchange,
        sentences: &Sentences,
        mut shown: impl FnMut(&str, &str) -> String,
    ) -> Self {
        let line = format!("{} {}", exchange.method, shown("path", &exchange.path));
        let mut row = |elapsed, lane, mut sentence: Sentence| {
            sentence.change_values(&mut shown);
            let (time, said) = (milliseconds(elapsed), sentences.say(&sentence));
            Row { number: 0, time, lane, said, count: None, is_lab: false, differs: false }
        };
        let mut rows = vec![row(Duration::ZERO, "request", request(exchange))];
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
            rows.extend(sentence.map(|said| Row { count, is_lab, ..row(*elapsed, lane, said) }));
        }
        rows.push(row(exchange.took, "reply", response(exchange)));
        for (number, row) in (1..).zip(&mut rows) {
            row.number = number;
        }
        Self {
            id: exchange.id.clone(),
            number: exchange.number,
            received: exchange.received.into(),
            line,
            status: exchange.status,
            rows,
            folded: vec![],
            effects: effects(exchange),
            has_coarse_times: exchange.has_coarse_times,
        }
    }

    /// Folds rows away until few enough are open: minor ones, then early ones. The last steps matter most.
    pub(crate) fn folded(mut self) -> Self {
        let in_lab = self.rows.iter().any(|row| row.is_lab);
        if self.rows.len() > MAX_OPEN || in_lab {
            let is_minor =
                |row: &mut Row| if in_lab { is_of_login(row) } else { row.said.is_minor };
            self.folded = self.rows.extract_if(.., is_minor).collect();
            let surplus = self.rows.len().saturating_sub(MAX_OPEN);
            self.folded.extend(self.rows.drain(1..=surplus));
            self.folded.sort_by_key(|row| row.number);
        }
        self
    }
}

/// Whether this row of a lab's request is one of the steps that it was not sent for.
fn is_of_login(row: &Row) -> bool {
    !row.is_lab && !["request", "reply"].contains(&row.lane) && !row.said.step.starts_with("form")
}

/// What a page shows of a value to the browser that has sent the request: all of it.
pub(super) fn in_full(_name: &str, value: &str) -> String {
    value.to_owned()
}

/// Exchanges with all their values, the minor rows folded away.
pub(super) fn views(exchanges: &[Arc<Exchange>], sentences: &Sentences) -> Vec<View> {
    let view = |exchange: &Arc<Exchange>| View::of(exchange, sentences, in_full).folded();
    exchanges.iter().map(view).collect()
}

/// Exchanges beside each other: rows whose steps are not in all of them are marked.
pub(crate) fn compared(exchanges: &[Arc<Exchange>], sentences: &Sentences) -> Vec<View> {
    let mut views = views(exchanges, sentences);
    let steps = |row: &Row| (row.said.step.clone(), row.said.parts.clone());
    let steps_of = |view: &View| view.rows.iter().chain(&view.folded).map(steps).collect();
    let all: Vec<HashSet<_>> = views.iter().map(steps_of).collect();
    for row in views.iter_mut().flat_map(|view| view.rows.iter_mut().chain(&mut view.folded)) {
        row.differs = !all.iter().all(|others| others.contains(&steps(row)));
    }
    views
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
