//! The JSON of a session is kept to the byte: for a store that keeps it as text.

use std::sync::Arc;

use super::rule::{Rule, changed, later, new_times};
use crate::signature::SessionId;
use crate::store::{Record, Store};

/// Spaces, numbers and texts that no parser gives back as they were.
const ODD: [&str; 4] = [
    r#"{"cookie":{"originalMaxAge":null,"expires":null},"a":{"x": 1.50, "y":"\ud800"},"b":1e3,"c":[ ]}"#,
    r#"{"b":-0.0,"cookie":{"theirs":{ }, "path":"/"},"n":12345678901234567890,"huge":1e999}"#,
    r#"{"cookie":{},"twice":{"k":1,"k":2},"escaped":"\u00e9\/\u0000","plain":"é/"}"#,
    "{ \"cookie\" : {\t} ,\r\n \"list\" : [ 1 , 2 ] }",
];

pub(super) async fn check<S: Store>(store: &Arc<S>) {
    let rule = Rule::new(store, "the JSON of a session is kept to the byte");
    let check = |method: &str, found: &Record, json: &str| {
        let found_json = found.json();
        rule.check(found_json == json, format!("{method} returned {found_json} and not {json}"));
    };
    for json in ODD {
        let record = |times| {
            let readable = Record::from_json(json, times, None);
            readable.expect("each session of the rule is readable")
        };
        let id = SessionId::generate();
        check("insert", &rule.insert(&id, record(new_times())).await, json);
        check("load", &rule.loaded(&id).await, json);
        let (id, old) = rule.inserted(r#""n":1"#).await;
        let mut new = record(later(&old, 1)).with_address(old.address.clone());
        new.user_agent.clone_from(&old.user_agent);
        let Some(updated) = rule.update(&id, &old, new).await else {
            rule.broken(format!("no update to {json}"));
        };
        check("update", &updated, json);
        check("load", &rule.loaded(&id).await, json);
        let again = rule.update(&id, &updated, changed(&updated, r#""n":2"#)).await;
        rule.check(again.is_some(), format!("no update of {json}"));
    }
}
