//! The final question of a lesson: sentences about the learner's own requests, some of which are true.
//!
//! Question and sentences are drawn at random, and a wrong answer draws again. The draw follows from the time
//! of the guess and the number of wrong answers, so each request of a learner sees the same one.

use std::collections::BTreeSet;

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use serde_json::{Value, json};

use super::LessonText;
use super::lesson_text::Statement;
use crate::teach::progress::LessonState;
use crate::teach::text::fill;

/// The true and the false sentences of a question.
const RIGHT: usize = 2;
const WRONG: usize = 3;

/// The question that is drawn for a learner: its number, and the numbers of its options in their order.
pub(super) struct Draw<'t> {
    number: usize,
    options: Vec<usize>,
    text: &'t LessonText,
}

impl<'t> Draw<'t> {
    /// The draw for this learner; `None` before the guess.
    pub(super) fn of(text: &'t LessonText, state: &LessonState) -> Option<Self> {
        let seed = state.guess.as_ref()?.at.unsigned_abs();
        // One after the other, so that a wrong answer always brings another question.
        let seed = seed.wrapping_add(u64::from(state.wrong));
        let number = usize::try_from(seed).ok()? % text.questions.len();
        let mut random = StdRng::seed_from_u64(seed);
        let all = &text.questions[number].options;
        let (mut right, mut wrong): (Vec<usize>, Vec<usize>) =
            (0..all.len()).partition(|option| all[*option].right);
        right.shuffle(&mut random);
        wrong.shuffle(&mut random);
        right.truncate(RIGHT);
        wrong.truncate(WRONG);
        // A false sentence comes first, so ticking from the top never finds the answer.
        let first = wrong.pop();
        let mut options = [right, wrong].concat();
        options.shuffle(&mut random);
        options.splice(0..0, first);
        Some(Self { number, options, text })
    }

    fn statement(&self, option: usize) -> &'t Statement {
        &self.text.questions[self.number].options[option]
    }

    /// The first option that was ticked or left wrongly, and its question. `ticked` are positions.
    pub(super) fn mistake(&self, ticked: &BTreeSet<usize>) -> Option<(usize, usize)> {
        let wrong = self.options.iter().enumerate().filter(|(position, option)| {
            self.statement(**option).right != ticked.contains(position)
        });
        // A false sentence that was ticked says more about the learner than a true one that was not.
        let (_, option) = wrong.min_by_key(|(_, option)| self.statement(**option).right)?;
        Some((self.number, *option))
    }

    /// The question with the learner's own facts, and the sentence about the last wrong answer.
    pub(super) fn view(&self, state: &LessonState) -> Value {
        let filled = |text: &str| filled(text, state);
        let options = self.options.iter().map(|option| filled(&self.statement(*option).text));
        let mistake = state.mistake.and_then(|(question, option)| {
            let statement = self.text.questions.get(question)?.options.get(option)?;
            Some([filled(&statement.text), filled(&statement.why)])
        });
        let ask = filled(&self.text.questions[self.number].ask);
        json!({ "ask": ask, "options": options.collect::<Vec<_>>(), "mistake": mistake })
    }
}

/// The sentence with the learner's requests and facts. Progress of the first edition lacks some facts.
pub(super) fn filled(sentence: &str, state: &LessonState) -> String {
    let fact = |name: &str| state.fact(name).unwrap_or_else(|| "(not recorded)".to_owned());
    fill(sentence, |name| Some(fact(name)))
}
