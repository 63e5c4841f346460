//! The recorder: which requests belong together, and which ones go when it is full.

use std::sync::Arc;

use cloakroom::trace::{BrowserKey, Exchange, Recorder};

fn exchange(id: &str, path: &str, location: Option<&str>) -> Exchange {
    Exchange {
        method: "GET".to_owned(),
        path: path.to_owned(),
        location: location.map(str::to_owned),
        ..Exchange::new(id.to_owned())
    }
}

fn ids(exchanges: &[Arc<Exchange>]) -> Vec<&str> {
    exchanges.iter().map(|exchange| exchange.id.as_str()).collect()
}

#[test]
fn a_redirect_and_the_page_after_it_are_one_chain_across_a_login() {
    let (recorder, before, after) =
        (Recorder::default(), BrowserKey::of_session("old"), BrowserKey::of_session("new"));
    recorder.keep(exchange("page", "/login", None), &[before]);
    recorder.keep(exchange("login", "/login", Some("/dashboard#coat")), &[before, after]);
    recorder.keep(exchange("else", "/dashboard", None), &[BrowserKey::of_session("else")]);
    let last = recorder.keep(exchange("dashboard", "/dashboard", None), &[after]);
    assert_eq!(ids(&recorder.chain(&last)), ["login", "dashboard"]);
    assert_eq!(ids(&recorder.of_browser(after)), ["dashboard", "login", "page"]);
    assert!(recorder.of_browser(before).is_empty(), "they belong to the new session");
}

#[test]
fn numbers_count_the_exchanges_of_one_browser_across_a_login() {
    let recorder = Recorder::default();
    let [before, after, other] = ["old", "new", "other"].map(BrowserKey::of_session);
    let keep = |keys: &[BrowserKey]| recorder.keep(exchange("", "/", None), keys).number;
    let numbers = [&[before][..], &[other], &[], &[before, after], &[other], &[after]];
    assert_eq!(numbers.map(keep), [1, 1, 0, 2, 2, 3]);
    assert_eq!([after, other, before].map(|key| recorder.next_number(key)), [4, 3, 1]);
    (4..34).for_each(|number| assert_eq!(keep(&[after]), number, "beyond the kept ones"));
}

#[test]
fn a_browser_has_twenty_and_all_together_two_thousand() {
    let (recorder, one) = (Recorder::default(), BrowserKey::of_session("one"));
    for number in 0..30 {
        recorder.keep(exchange(&number.to_string(), "/", None), &[one]);
    }
    assert_eq!(recorder.of_browser(one).len(), 20);
    assert!(recorder.get("9").is_none() && recorder.get("10").is_some());
    for number in 0..2_500 {
        recorder.keep(exchange(&format!("anonymous-{number}"), "/", None), &[]);
    }
    let kept = (0..2_500).filter(|number| recorder.get(&format!("anonymous-{number}")).is_some());
    assert_eq!(kept.count() + recorder.of_browser(one).len(), 2_000);
    assert_eq!(recorder.of_browser(one).len(), 20, "requests without a session push out none");
}

#[test]
fn a_flood_of_requests_pushes_out_exchanges_of_its_own_group() {
    let recorder = Recorder::default();
    let keep = |user: Option<&str>, browser: String| {
        let exchange = exchange(&browser, "/", None);
        let key = BrowserKey::of_session(&browser);
        recorder.keep(Exchange { user: user.map(str::to_owned), ..exchange }, &[key]);
        key
    };
    let guest = keep(None, "guest".to_owned());
    let student = keep(Some("rosa"), "student".to_owned());
    for number in 0..2_100 {
        keep(Some("crowd"), format!("crowd-{number}"));
    }
    assert_eq!([recorder.of_browser(guest).len(), recorder.of_browser(student).len()], [1, 1]);
    for number in 0..2_100 {
        keep(None, format!("visitor-{number}"));
    }
    assert_eq!(recorder.of_browser(student).len(), 1, "guests push out guests");
    assert!(recorder.of_user("crowd").len() > 900, "and an equal share is left");
}
