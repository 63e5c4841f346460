//! The ten lessons: their table, the checks of their goals, their texts and their pages.
//!
//! Each lesson has a file with its checks. A check is a pure predicate over what was recorded and stored
//! since the guess (`evidence.rs`): it reads no clicks, and looks nothing up. The texts are data beside the
//! templates (`lesson_text.rs`).

mod evidence;
mod guesses;
mod lesson_text;
mod requested;
mod pages;
mod http_forgets;
mod ticket_and_coat;
mod one_jar;
mod bigger_than_a_cookie;
mod the_seal;
mod no_secrets;
mod two_stores;
mod the_options;
mod behind_the_login;
mod three_clocks;

pub(super) use guesses::{Bar, BarsCache, bars};
pub(super) use lesson_text::{LessonText, LessonTexts};
pub(super) use pages::routes;
pub(super) use requested::{RequestedLesson, closed};

use std::sync::LazyLock;

use rocket::Route;

use crate::teach::progress::{Learner, Progress, Proof};
use evidence::Evidence;

/// The login of a lesson, to be mounted below the address of the login page.
pub(super) fn login_routes() -> Vec<Route> {
    behind_the_login::routes()
}

/// A lesson. Its slug is also its address, and its folder of templates has number and slug in its name.
pub(super) struct Lesson {
    /// The number, from 1.
    pub number: usize,
    /// The name in addresses and in the stored progress.
    pub slug: &'static str,
    /// The template of its page.
    page: String,
    /// The template of its lab. A lesson without a lab is about the learner's own login.
    lab: Option<String>,
    check: Check,
    answer: Option<Answer>,
}

/// The goals of a lesson, as far as this evidence shows them. The names are the same for all evidence.
type Check = fn(&Evidence) -> Vec<Goal>;

/// Whether an answer that was typed is right.
type Answer = fn(&Evidence, &str) -> bool;

/// The name of a goal, and the proof if it was reached.
type Goal = (&'static str, Option<Proof>);

static ALL: LazyLock<[Lesson; 10]> = LazyLock::new(|| {
    [
        Lesson::new(1, "http-forgets", http_forgets::check),
        Lesson::new(2, "ticket-and-coat", ticket_and_coat::check),
        Lesson::new(3, "one-jar", one_jar::check),
        Lesson::new(4, "bigger-than-a-cookie", bigger_than_a_cookie::check).with_lab(),
        Lesson::new(5, "the-seal", the_seal::check).with_lab().with_answer(the_seal::is_right),
        Lesson::new(6, "no-secrets", no_secrets::check)
            .with_lab()
            .with_answer(no_secrets::is_right),
        Lesson::new(7, "two-stores", two_stores::check).with_lab(),
        Lesson::new(8, "the-options", the_options::check).with_lab(),
        Lesson::new(9, "behind-the-login", behind_the_login::check)
            .with_answer(behind_the_login::is_in_order),
        Lesson::new(10, "three-clocks", three_clocks::check).with_lab(),
    ]
});

/// All lessons in their order.
pub(super) fn all() -> &'static [Lesson] {
    &*ALL
}

impl Lesson {
    fn new(number: usize, slug: &'static str, check: Check) -> Self {
        let page = format!("lessons/{number:02}-{slug}/page");
        Self { number, slug, page, lab: None, check, answer: None }
    }

    fn with_lab(self) -> Self {
        let lab = format!("lessons/{:02}-{}/lab", self.number, self.slug);
        Self { lab: Some(lab), ..self }
    }

    fn with_answer(self, answer: Answer) -> Self {
        Self { answer: Some(answer), ..self }
    }

    /// The lesson with this slug.
    pub(super) fn named(slug: &str) -> Option<&'static Self> {
        ALL.iter().find(|lesson| lesson.slug == slug)
    }

    /// The template of the lesson's lab, if it has one.
    pub(super) fn lab(&self) -> Option<&str> {
        self.lab.as_deref()
    }

    /// The address of the lesson's page.
    pub(super) fn path(&self) -> String {
        format!("/learn/{}", self.slug)
    }

    /// Adds the goals that are reached by now to the learner's progress. A goal that was reached stays so,
    /// even when its recording is gone.
    pub(super) fn evaluate(&self, learner: &Learner<'_>, progress: &mut Progress) {
        let Some(state) = progress.lessons.get_mut(self.slug) else { return };
        let Some(evidence) = Evidence::since_guess(learner, self.slug, state) else { return };
        for (name, proof) in (self.check)(&evidence) {
            if let Some(proof) = proof {
                state.reached.entry(name.to_owned()).or_insert(proof);
            }
        }
    }
}
