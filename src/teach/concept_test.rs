//! `/learn/test`: the same questions before the first lesson and after the last one, to measure what a class
//! has learned. The teacher opens and closes each of the two tests.
//!
//! The questions are data (`templates/lessons/test.toml`). No page says which option is right before the
//! student has handed in the second test, and the teacher has closed it.

use std::collections::BTreeMap;

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rocket::figment::Figment;
use rocket::response::Redirect;
use rocket::{State, get, post};
use rocket_dyn_templates::{Template, context};
use serde::{Deserialize, Serialize};

use super::lessons::{Asked, Predict};
use super::limits::Denied;
use super::progress::{Learner, Phase, Progress};
use super::settings::ClassSettings;
use super::text::read_toml;
use crate::auth::Visitor;
use crate::web::{Flash, Form, Page};

const FILE: &str = "lessons/test.toml";

/// The questions of the test, and those for the end of a period.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConceptTest {
    intro: Vec<String>,
    items: Vec<Item>,
    closing: Vec<Asked>,
}

/// A question of the test, and the number of the lesson that answers it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Item {
    lesson: usize,
    ask: Predict,
}

impl ConceptTest {
    /// Reads the test from the folder of the templates. The error is one line.
    pub(super) fn read(figment: &Figment) -> Result<Self, String> {
        let test: Self = read_toml(figment, FILE)?;
        let is_sound = test.items.iter().all(|item| item.ask.right < item.ask.options.len());
        let fault = || format!("{FILE}: `right` of a question names no option");
        is_sound.then_some(test).ok_or_else(fault)
    }

    /// The number of right answers; `None` if the student has not handed in this test.
    pub(super) fn points(&self, progress: &Progress, phase: Phase) -> Option<u32> {
        let items = self.items.iter().zip(progress.tests.get(&phase)?);
        Some(items.map(|(item, answer)| u32::from(*answer == Some(item.ask.right))).sum())
    }

    /// The answers to each question, and the number of right answers of those who handed in both tests.
    pub(super) fn results<'p>(
        &self,
        students: impl Iterator<Item = &'p Progress> + Clone,
    ) -> impl Serialize {
        let points = |one, phase| self.points(one, phase);
        let both = |one| points(one, Phase::Before).zip(points(one, Phase::After));
        let (before, after): (Vec<u32>, Vec<u32>) = students.clone().filter_map(both).unzip();
        let count = |number: usize, phase| {
            let answers = students.clone().filter_map(|one| one.tests.get(&phase)?.get(number));
            let (right, answers) = (self.items[number].ask.right, answers.collect::<Vec<_>>());
            let count = |wanted| answers.iter().filter(|answer| ***answer == wanted).count();
            context! { right: count(Some(right)), open: count(None), total: answers.len() }
        };
        let counts = |number| [count(number, Phase::Before), count(number, Phase::After)];
        context! {
            paired: before.len(),
            points: [before, after].map(|points| points.iter().sum::<u32>()),
            counts: (0..self.items.len()).map(counts).collect::<Vec<_>>(),
        }
    }

    /// The questions, and the options of each, with their numbers in this user's order, which stays the same.
    fn drawn<'t>(&'t self, user: &str, phase: Phase) -> impl Serialize + use<'t> {
        // The last 16 of the 24 digits of the ID: those before them are a time.
        let seed = user.get(8..).and_then(|digits| u64::from_str_radix(digits, 16).ok());
        let seed = seed.unwrap_or_default().wrapping_mul(2).wrapping_add(phase as u64);
        let mut random = StdRng::seed_from_u64(seed);
        let items = self.items.iter().enumerate().map(|(number, item)| {
            let options = item.ask.options.iter().map(|option| &option.text);
            let mut options: Vec<_> = options.enumerate().collect();
            options.shuffle(&mut random);
            (number, &item.ask.question, options)
        });
        let mut items: Vec<_> = items.collect();
        items.shuffle(&mut random);
        items
    }

    /// The number of the chosen option for each question. What the page does not have is no answer.
    fn answers(&self, form: &BTreeMap<String, String>) -> Vec<Option<usize>> {
        let items = self.items.iter().enumerate();
        let answer = |(number, item): (usize, &Item)| {
            let option: usize = form.get(&number.to_string())?.parse().ok()?;
            (option < item.ask.options.len()).then_some(option)
        };
        items.map(answer).collect()
    }
}

#[get("/test")]
pub(super) fn show(
    page: Page<'_>,
    visitor: &Visitor,
    learner: Learner<'_>,
    test: &State<ConceptTest>,
    settings: &State<ClassSettings>,
) -> Template {
    let (open, progress) = (settings.current().test, learner.progress());
    let to_do = open.filter(|phase| !progress.tests.contains_key(phase)).zip(learner.user_id());
    let is_over = open != Some(Phase::After) && progress.tests.contains_key(&Phase::After);
    let own = context! {
        open,
        handed_in: &progress.tests,
        items: to_do.map(|(phase, user)| test.drawn(&user, phase)),
        points: [Phase::Before, Phase::After].map(|phase| test.points(progress, phase)),
        // Only then is the key part of what the template gets.
        test: is_over.then_some(&**test),
        intro: &test.intro,
    };
    page.render("learn/test", visitor, own)
}

#[derive(Deserialize)]
pub(super) struct HandedIn {
    test: Phase,
    #[serde(flatten)]
    answers: BTreeMap<String, String>,
}

/// Stores the answers to the test that is open. The first ones count.
#[post("/test", data = "<form>")]
pub(super) async fn hand_in(
    page: Page<'_>,
    mut learner: Learner<'_>,
    test: &State<ConceptTest>,
    settings: &State<ClassSettings>,
    form: Form<HandedIn>,
) -> Result<Redirect, Denied> {
    let (phase, answers) = (form.0.test, test.answers(&form.0.answers));
    let flash = if learner.user.is_none() {
        Flash::NotLoggedIn
    } else if settings.current().test != Some(phase) {
        Flash::TestClosed
    } else {
        let store = |progress: &mut Progress| {
            progress.tests.entry(phase).or_insert_with(|| answers.clone());
        };
        learner.change(|_, progress| store(progress)).await?;
        Flash::TestHandedIn
    };
    page.set_flash(&flash);
    Ok(Redirect::to("/learn/test"))
}
