//! Random requests, played to the engine and to the model of the decision table.
//!
//! Each combination of options, on each store. proptest makes the requests. When some fail, it finds the
//! shortest ones that do.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use rocket::tokio::runtime::Runtime;
use rocket_express_session::mongodb::MongoStore;
use rocket_express_session::store::{MemoryStore, Store};

use crate::model::{Cookie, DAY, Outcome, Settings, World};
use crate::steps::Step;
use crate::support::{Answer, Browser, Lab, builder, client, fresh_database, says_https};
use crate::watched::Watched;

/// The client of a request.
#[derive(Clone, Debug)]
enum Who {
    /// The browser, with the cookie that it has.
    Browser,
    /// The browser after it has lost its cookies.
    Newcomer,
    /// Another browser, with the first cookie that this browser got.
    Attacker,
}

#[derive(Clone, Debug)]
struct Request {
    who: Who,
    https: bool,
    steps: Vec<Step>,
}

fn step() -> impl Strategy<Value = Step> {
    let key = || prop::sample::select(vec!["a", "b"]);
    let value = || prop::sample::select(vec!["1", "2"]);
    let age = prop::sample::select(vec![None, Some(DAY), Some(2 * DAY)]);
    prop_oneof![
        4 => (key(), value()).prop_map(|(key, value)| Step::Set(key, value)),
        2 => key().prop_map(Step::Remove),
        2 => key().prop_map(Step::Count),
        1 => (key(), value()).prop_map(|(key, value)| Step::Push(key, value)),
        1 => key().prop_map(Step::Take),
        1 => Just(Step::Login),
        1 => Just(Step::CycleId),
        1 => Just(Step::Regenerate),
        1 => Just(Step::Destroy),
        2 => Just(Step::Save),
        1 => Just(Step::Reload),
        1 => Just(Step::Touch),
        1 => age.prop_map(Step::MaxAge),
    ]
}

fn requests() -> impl Strategy<Value = Vec<Request>> {
    let who =
        prop_oneof![8 => Just(Who::Browser), 1 => Just(Who::Newcomer), 1 => Just(Who::Attacker)];
    let steps = prop::collection::vec(step(), 0..5);
    let request = (who, prop::bool::weighted(0.8), steps).prop_map(|(who, https, steps)| Request {
        who,
        https,
        steps,
    });
    prop::collection::vec(request, 1..7)
}

/// All combinations.
fn every_combination() -> impl Iterator<Item = Settings> {
    let secure = [None, Some(false), Some(true)];
    (0..16).flat_map(move |bits: u8| {
        secure.map(|secure| Settings {
            resave: bits & 1 != 0,
            save_uninitialized: bits & 2 != 0,
            rolling: bits & 4 != 0,
            touch_at_once: bits & 8 != 0,
            secure,
        })
    })
}

/// As in Rocket.toml.
fn toml(settings: Settings) -> String {
    let Settings { resave, save_uninitialized, rolling, touch_at_once, secure } = settings;
    let secure = secure.map_or(serde_json::json!("auto"), std::convert::Into::into);
    let touch_after = if touch_at_once { "0s" } else { "1h" };
    serde_json::json!({
        "resave": resave, "save_uninitialized": save_uninitialized, "rolling": rolling,
        "touch_after": touch_after, "cookie": { "secure": secure },
    })
    .to_string()
}

/// The outcome of a request to the engine.
fn outcome(answer: &Answer, watched: &Watched) -> Outcome {
    let cookie = match answer.session_cookie() {
        None => Cookie::Nothing,
        Some(line) if line.starts_with("connect.sid=;") => Cookie::Expired,
        Some(line) => {
            let signed = line.strip_prefix("connect.sid=s%3A").expect("a signed ID");
            Cookie::Of(watched.number(signed.split('.').next().expect("an ID")))
        }
    };
    let session = (answer.status == 200).then(|| {
        let mut session = answer.session();
        let session = session.as_object_mut().expect("an object");
        session.remove("cookie");
        session.clone().into_iter().collect()
    });
    Outcome { session, cookie, operations: watched.take_operations() }
}

async fn play(
    requests: &[Request],
    settings: Settings,
    lab: &Lab,
    watched: &Watched,
) -> Result<(), TestCaseError> {
    watched.start_over();
    let (mut world, mut browser) = (World::default(), lab.browser());
    let mut first: Option<Browser> = None;
    for (index, Request { who, https, steps }) in requests.iter().enumerate() {
        let mut other = match (who, &first) {
            (Who::Attacker, Some(first)) => Some(first.copy()),
            _ => None,
        };
        if matches!(who, Who::Newcomer) {
            browser = lab.browser();
        }
        let who = other.as_mut().unwrap_or(&mut browser);
        let named = who.session_id().map(|id| watched.number(&id));
        let text: Vec<String> = steps.iter().map(Step::to_string).collect();
        let scheme = if *https { "https" } else { "http" };
        let request = who.steps_request(&text.join(",")).header("X-Forwarded-Proto", scheme);
        let answer = who.send(request).await;
        let expected = world.request(settings, *https, named, steps);
        let told = format!("request {index} of {requests:?} with {settings:?}: {answer:?}");
        prop_assert_eq!(outcome(&answer, watched), expected, "{}", told);
        prop_assert_eq!(&watched.stored().await, &world.sessions, "{}", told);
        if first.is_none() && browser.session_id().is_some() {
            first = Some(browser.copy());
        }
    }
    Ok(())
}

fn check(cases: u32, settings: Settings, store: impl Store, runtime: &Runtime) {
    let watched = Watched::new(store);
    let builder = builder(&toml(settings), watched.clone()).https(says_https);
    let lab = runtime.block_on(Lab::start(builder));
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let result = TestRunner::new(config)
        .run(&requests(), |requests| runtime.block_on(play(&requests, settings, &lab, &watched)));
    if let Err(error) = result {
        panic!("{error}");
    }
}

#[test]
fn the_engine_does_what_the_decision_table_says_whatever_the_requests() {
    let runtime = Runtime::new().unwrap();
    for settings in every_combination() {
        check(60, settings, MemoryStore::default(), &runtime);
    }
}

#[test]
fn it_does_so_on_mongodb_in_both_forms_of_document() {
    let runtime = Runtime::new().unwrap();
    let (uri, database) = runtime.block_on(fresh_database());
    for (index, settings) in every_combination().enumerate() {
        let client = runtime.block_on(client(&uri));
        let store = MongoStore::new(&client.database(database.name())).stringify(index % 2 == 0);
        check(6, settings, store, &runtime);
    }
}
