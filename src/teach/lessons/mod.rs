//! The ten lessons: what is checked of each, one file for each; what is said is data, beside the
//! templates (`content.rs`).
//!
//! A check is a pure predicate over what was recorded and stored since the prediction: it reads no
//! clicks, and never looks anything up.

mod content;
mod evidence;
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

use rocket::Request;

pub use content::Contents;
pub use evidence::Evidence;
pub use pages::routes;

use crate::teach::progress::Learner;

/// What is checked of a lesson.
pub struct Lesson {
    /// In the address.
    pub slug: &'static str,
    /// Of the page; the lesson's texts are in its folder.
    pub template: &'static str,
    /// Of its lab, if it has one.
    pub lab: Option<&'static str>,
    /// It is about one's own login.
    pub needs_login: bool,
    /// What is to be reached, and by what it is known.
    pub check: fn(&Evidence) -> Vec<Goal>,
    /// Whether what was typed as an answer is right, where there is something to be typed.
    pub answer: Option<fn(&Evidence, &str) -> bool>,
}

/// Something to be reached.
pub struct Goal {
    /// What it is, for the learner.
    pub text: &'static str,
    /// The evidence, once it is reached.
    pub evidence: Option<String>,
}

impl Goal {
    /// Reached, if there is evidence.
    pub fn new(text: &'static str, evidence: Option<String>) -> Self {
        Self { text, evidence }
    }
}

/// In their order.
pub const ALL: [&Lesson; 10] = [
    &http_forgets::LESSON,
    &ticket_and_coat::LESSON,
    &one_jar::LESSON,
    &bigger_than_a_cookie::LESSON,
    &the_seal::LESSON,
    &no_secrets::LESSON,
    &two_stores::LESSON,
    &the_options::LESSON,
    &behind_the_login::LESSON,
    &three_clocks::LESSON,
];

/// The lesson of this slug.
pub fn find(slug: &str) -> Option<&'static Lesson> {
    ALL.into_iter().find(|lesson| lesson.slug == slug)
}

/// Its title, as its texts say.
pub fn title(request: &Request<'_>, lesson: &Lesson) -> String {
    let contents: Option<&Contents> = request.rocket().state();
    contents.map_or_else(String::new, |contents| contents.of(lesson.slug).title.clone())
}

/// Looks what has been reached by now, and keeps it: what was seen once stays so, even when its
/// recording is thrown out.
pub fn evaluate(learner: &mut Learner<'_>, lesson: &Lesson) {
    let Some(state) = learner.progress.lessons.get(lesson.slug) else { return };
    if state.predicted.is_none() {
        return;
    }
    let evidence = Evidence::of(learner, state);
    let goals = (lesson.check)(&evidence);
    let state = learner.progress.lessons.entry(lesson.slug.to_owned()).or_default();
    for goal in &goals {
        if let Some(evidence) = &goal.evidence {
            state.reached.entry(goal.text.to_owned()).or_insert_with(|| evidence.clone());
        }
    }
    state.solved = goals.iter().all(|goal| state.reached.contains_key(goal.text));
}
