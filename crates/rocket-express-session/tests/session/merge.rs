//! Other requests save first, again and again: what all of them did is kept.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use rocket::tokio::runtime::Runtime;
use rocket_express_session::mongodb::MongoStore;
use rocket_express_session::store::MemoryStore;

use crate::steps::{Step, Values};
use crate::support::{Lab, builder, builder_with, client, fresh_database};
use crate::watched::Watched;

const KEYS: [&str; 3] = ["a", "b", "c"];

/// Changes of values; counters and lists have keys of their own, as in a real program.
fn steps() -> impl Strategy<Value = Vec<Step>> {
    let key = || prop::sample::select(KEYS.to_vec());
    let value = || prop::sample::select(vec!["1", "2"]);
    let step = prop_oneof![
        (key(), value()).prop_map(|(key, value)| Step::Set(key, value)),
        key().prop_map(Step::Remove),
        Just(Step::Count("n")),
        value().prop_map(|item| Step::Push("list", item)),
    ];
    prop::collection::vec(step, 0..6)
}

fn text(steps: &[Step]) -> String {
    steps.iter().map(Step::to_string).collect::<Vec<_>>().join(",")
}

fn after(base: &Values, steps: &[Step]) -> Values {
    let mut values = base.clone();
    for step in steps {
        _ = step.change(&mut values);
    }
    values
}

/// The three-way merge by key. What `mine` changed against `base` is as `mine` left it, and the rest is as
/// `theirs` left it. Counters and lists have what both added.
fn merged(base: &Values, mine: &[Step], theirs: &[Step]) -> Values {
    let (ours, mut merged) = (after(base, mine), after(base, theirs));
    for key in KEYS {
        if ours.get(key) != base.get(key) {
            match ours.get(key) {
                Some(value) => _ = merged.insert(key.to_owned(), value.clone()),
                None => _ = merged.remove(key),
            }
        }
    }
    let additions = mine.iter().filter(|step| matches!(step, Step::Count(_) | Step::Push(..)));
    additions.for_each(|step| _ = step.change(&mut merged));
    merged
}

fn values(session: &serde_json::Value) -> Values {
    let members = session.as_object().expect("an object").clone().into_iter();
    members.filter(|(key, _)| key != "cookie").collect()
}

/// One request, and two others that save before it does.
async fn play(
    [base, mine, first, second]: [Vec<Step>; 4],
    (slow, fast): (&Lab, &Lab),
    store: &Watched,
) -> Result<(), TestCaseError> {
    let mut browser = slow.browser();
    // Each has a key of its own, so that each has something to write.
    browser.steps(&format!("count:base,{}", text(&base))).await;
    let base = values(&browser.steps("").await.session());
    let theirs = [&first[..], &[Step::Count("theirs")], &second, &[Step::Count("theirs")]].concat();
    let mine = [&[Step::Count("mine")], &mine[..]].concat();
    let other = || fast.browser().with_jar_of(&browser);
    store.overtake(other(), format!("{},count:theirs", text(&first)));
    store.overtake(other(), format!("{},count:theirs", text(&second)));
    store.take_operations();
    let answer = browser.copy().steps(&text(&mine)).await;
    prop_assert_eq!(answer.status, 200, "{}", answer.body);
    let tries = ["load", "update", "load", "update", "load", "update"];
    prop_assert_eq!(store.take_operations(), tries);
    let session = browser.steps("").await.session();
    prop_assert_eq!(values(&session), merged(&base, &mine, &theirs));
    Ok(())
}

#[test]
fn what_faster_requests_did_and_what_this_one_did_is_kept() {
    let runtime = Runtime::new().unwrap();
    let (uri, database) = runtime.block_on(fresh_database());
    let database = runtime.block_on(client(&uri)).database(database.name());
    let stores = [
        Watched::new(MemoryStore::default()),
        Watched::new(MongoStore::new(&database).collection("texts")),
        Watched::new(MongoStore::new(&database).collection("objects").stringify(false)),
    ];
    for watched in stores {
        let labs = async {
            (
                Lab::start(builder("{}", watched.clone())).await,
                Lab::start(builder_with("{}", watched.unwatched())).await,
            )
        };
        let (slow, fast) = runtime.block_on(labs);
        let config = Config { cases: 40, failure_persistence: None, ..Config::default() };
        let requests = [steps(), steps(), steps(), steps()];
        let result = TestRunner::new(config)
            .run(&requests, |requests| runtime.block_on(play(requests, (&slow, &fast), &watched)));
        if let Err(error) = result {
            panic!("{error}");
        }
    }
}
