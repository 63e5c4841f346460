//! The ten lessons: what is checked of each, one file for each; what is said is data, beside the
//! templates (`content.rs`).
//!
//! A check is a pure predicate over what was recorded and stored since the prediction: it reads no
//! clicks, and never looks anything up.

mod content;
mod evidence;
mod pages;
mod named;
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

pub use content::{Content, Contents};
pub use evidence::Evidence;
pub use named::{Named, closed};
pub use pages::routes;

use crate::teach::progress::{Learner, Progress, Proof};

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
    /// What is to be reached, and by what it is known. The same names for whatever evidence.
    pub check: fn(&Evidence) -> Vec<Goal>,
    /// Whether what was typed as an answer is right, where there is something to be typed.
    pub answer: Option<fn(&Evidence, &str) -> bool>,
}

/// Something to be reached, by the name that the lesson's texts have for it; reached, if there is
/// a proof.
pub type Goal = (&'static str, Option<Proof>);

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

/// Looks what has been reached by now, and puts it into their `progress`: what was seen once stays so,
/// even when its recording is thrown out.
pub fn evaluate(learner: &Learner<'_>, progress: &mut Progress, lesson: &Lesson) {
    let Some(state) = progress.lessons.get_mut(lesson.slug) else { return };
    let Some(evidence) = Evidence::of(learner, state) else { return };
    for (name, proof) in (lesson.check)(&evidence) {
        if let Some(proof) = proof {
            state.reached.entry(name.to_owned()).or_insert(proof);
        }
    }
}
