//! The lessons: their table, the checks of their goals, their texts and their pages.
//!
//! Each lesson has a file with its checks. A check is a pure predicate over what was recorded and stored
//! since the guess (`evidence.rs`): it reads no clicks, and looks nothing up. The texts are data beside the
//! templates (`lesson_text.rs`).

mod evidence;
mod guesses;
mod lesson_text;
mod question;
mod lesson_page;
mod sent_by_page;
mod pages;
mod forms;
mod http_forgets;
mod ticket_and_coat;
pub(super) mod behind_the_login;
mod one_jar;
mod the_seal;
mod no_secrets;
mod what_a_script_takes;
mod another_site;
mod fixation;
mod three_clocks;
mod bigger_than_a_cookie;
mod two_stores;
mod the_options;
mod session_or_token;

pub(super) use another_site::{AGE, OTHER, TARGET, hits};
pub(super) use fixation::IS_OSKAR;
pub(super) use guesses::{Bar, BarsCache, bars, revealed_bars};
pub(super) use lesson_page::{LessonPage, Shown, closed};
pub(super) use lesson_text::{Asked, LessonText, LessonTexts, Predict};
pub(super) use pages::listed;
pub(super) use sent_by_page::{assign_to_page, link_to_page};
pub(super) use session_or_token::{CHANGED_PAYLOAD, EXPIRED_TOKEN, VALID_TOKEN};
pub(super) use three_clocks::{BY_FIND, BY_STREAM, IN_MEMORY};
pub(super) use what_a_script_takes::{IS_ESCAPED, READS};

use std::sync::LazyLock;

use rocket::{Route, routes};

use crate::teach::progress::{Learner, NamedExchange, Progress};
use evidence::{Evidence, Goal, Proof};

/// A lesson. Its slug is also its address, and its folder of templates has number and slug in its name.
pub(super) struct Lesson {
    pub number: usize,
    /// The name in addresses and in the stored progress.
    pub slug: &'static str,
    /// The template of its page.
    page: String,
    /// It has a lab. A lesson without one is about the learner's own login.
    pub has_lab: bool,
    check: Check,
    judge: Option<Judge>,
}

/// The goals of a lesson, as far as this evidence shows them. The names are the same for all evidence.
type Check = fn(&Evidence) -> Vec<Goal>;

/// Whether an answer that was typed is right: one value for each of its parts.
type Judge = fn(&Evidence, &str) -> Vec<bool>;

static ALL: LazyLock<Vec<Lesson>> = LazyLock::new(|| {
    vec![
        Lesson::new(1, "http-forgets", http_forgets::check),
        Lesson::new(2, "ticket-and-coat", ticket_and_coat::check),
        Lesson::new(3, "behind-the-login", behind_the_login::check)
            .with_answer(behind_the_login::judge),
        Lesson::new(4, "one-jar", one_jar::check),
        Lesson::new(5, "the-seal", the_seal::check).with_lab().with_answer(the_seal::judge),
        Lesson::new(6, "no-secrets", no_secrets::check).with_lab().with_answer(no_secrets::judge),
        Lesson::new(7, "what-a-script-takes", what_a_script_takes::check).with_lab(),
        Lesson::new(8, another_site::SLUG, another_site::check).with_lab(),
        Lesson::new(9, "fixation", fixation::check).with_lab(),
        Lesson::new(10, "three-clocks", three_clocks::check).with_lab(),
        Lesson::new(11, "bigger-than-a-cookie", bigger_than_a_cookie::check).with_lab(),
        Lesson::new(12, "two-stores", two_stores::check).with_lab(),
        Lesson::new(13, "the-options", the_options::check).with_lab(),
        Lesson::new(14, "session-or-token", session_or_token::check)
            .with_lab()
            .with_answer(session_or_token::judge),
    ]
});

pub(super) fn routes() -> Vec<Route> {
    let pages = routes![pages::list, pages::handout, pages::words, pages::show, http_forgets::who];
    let forms = routes![forms::predict, forms::check, forms::answer, forms::question];
    [pages, forms, routes![forms::reset, forms::skip, forms::help]].concat()
}

pub(super) fn all() -> &'static [Lesson] {
    &ALL
}

impl Lesson {
    fn new(number: usize, slug: &'static str, check: Check) -> Self {
        let page = format!("lessons/{number:02}-{slug}/page");
        Self { number, slug, page, has_lab: false, check, judge: None }
    }

    fn with_lab(self) -> Self {
        Self { has_lab: true, ..self }
    }

    fn with_answer(self, judge: Judge) -> Self {
        Self { judge: Some(judge), ..self }
    }

    pub(super) fn named(slug: &str) -> Option<&'static Self> {
        ALL.iter().find(|lesson| lesson.slug == slug)
    }

    /// The address of the lesson's page. With `lab`, the lab is in it. The lab's cookies have that path.
    pub(super) fn path(&self, lab: bool) -> String {
        format!("/{}/{}", if lab { "lab" } else { "learn" }, self.slug)
    }

    /// Adds the goals that are reached by now to the learner's progress. A goal that was reached stays so.
    /// Until the lesson is solved, a proof whose requests are no longer recorded is replaced by a new one.
    pub(super) fn evaluate(&self, learner: &Learner<'_>, progress: &mut Progress) {
        let Some(state) = progress.lessons.get_mut(self.slug) else { return };
        let Some(evidence) = Evidence::since_guess(learner, self.slug, state) else { return };
        let is_final = state.understood.is_some();
        let is_kept = |proof: &Proof| {
            let mut requests = proof.requests.values();
            let is_recorded = |named: &NamedExchange| learner.exchange(&named.id).is_some();
            is_final || requests.len() > 0 && requests.all(is_recorded)
        };
        for (name, proof) in (self.check)(&evidence) {
            let known = state.reached.get(name);
            if let Some(proof) = proof.filter(|_| !known.is_some_and(is_kept)) {
                state.reached.insert(name.to_owned(), proof);
            }
        }
    }
}
