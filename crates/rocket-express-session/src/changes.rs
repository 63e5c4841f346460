//! What a request did to the values of a session, kept apart from what was loaded.
//!
//! So it can be applied to another version of the session, when a concurrent request has saved first. A key
//! that this request did not change stays as it is, and an edit changes the value that is there by then.

use indexmap::IndexMap;
use serde_json::Number;
use serde_json::value::{RawValue, to_raw_value};

use crate::data::Values;
use crate::javascript::{to_json_number, to_number};

/// One change for each key.
#[derive(Clone, Debug, Default)]
pub(crate) struct Changes(IndexMap<String, Change>);

#[derive(Clone, Debug)]
enum Change {
    Set(Box<RawValue>),
    Remove,
    /// Edits in their order, of whatever value stands there by then.
    Edit(Vec<Edit>),
}

#[derive(Clone, Debug)]
enum Edit {
    Add(i64),
    Push { item: Box<RawValue>, limit: usize },
    Pull { item: Box<RawValue> },
}

impl Changes {
    /// Gives `key` this value.
    pub(crate) fn set(&mut self, key: &str, value: Box<RawValue>) {
        self.0.insert(key.to_owned(), Change::Set(value));
    }

    /// Takes `key` away.
    pub(crate) fn remove(&mut self, key: &str) {
        self.0.insert(key.to_owned(), Change::Remove);
    }

    /// Adds to the number under `key`, which is read as JavaScript's `Number` reads it; a missing one is 0.
    /// A value that is no number stays as it is.
    pub(crate) fn add(&mut self, key: &str, by: i64) {
        self.edit(key, Edit::Add(by));
    }

    /// Appends to the list under `key`, unless `limit` are in it by then; what is missing or no list
    /// counts as an empty one.
    pub(crate) fn push(&mut self, key: &str, item: Box<RawValue>, limit: usize) {
        self.edit(key, Edit::Push { item, limit });
    }

    /// Removes the first equal item of the list under `key`. What is missing or no list stays as it is.
    pub(crate) fn pull(&mut self, key: &str, item: Box<RawValue>) {
        self.edit(key, Edit::Pull { item });
    }

    fn edit(&mut self, key: &str, edit: Edit) {
        let change = match self.0.shift_remove(key) {
            None => Change::Edit(vec![edit]),
            Some(Change::Edit(mut edits)) => {
                edits.push(edit);
                Change::Edit(edits)
            }
            Some(Change::Set(value)) => {
                edit.apply(Some(&value)).map_or(Change::Remove, Change::Set)
            }
            Some(Change::Remove) => edit.apply(None).map_or(Change::Remove, Change::Set),
        };
        self.0.insert(key.to_owned(), change);
    }

    /// The value of `key`, seen through the changes.
    pub(crate) fn get(&self, base: &Values, key: &str) -> Option<Box<RawValue>> {
        let old = base.get(key).map(|value| &**value);
        match self.0.get(key) {
            None => old.map(ToOwned::to_owned),
            Some(change) => change.apply(old),
        }
    }

    /// The number of `key`, seen through the changes; 0 when there is no value, `None` when it is no number.
    pub(crate) fn number(&self, base: &Values, key: &str) -> Option<Number> {
        match self.get(base, key) {
            Some(value) => to_number(&value).and_then(to_json_number),
            None => Some(0.into()),
        }
    }

    /// The values with the changes applied; keys keep their places.
    pub(crate) fn apply(&self, base: &Values) -> Values {
        let mut values = base.clone();
        for (key, change) in &self.0 {
            match change.apply(base.get(key).map(|value| &**value)) {
                Some(value) => _ = values.insert(key.clone(), value),
                None => _ = values.shift_remove(key),
            }
        }
        values
    }

    /// Those that make a difference to `base`. The same value set again makes none, nor does one
    /// that was set back; applied to what another request left, they would undo its work.
    pub(crate) fn effective(&self, base: &Values) -> Self {
        let differs = |(key, change): &(&String, &Change)| {
            let old = base.get(*key).map(|value| &**value);
            match (old, change.apply(old)) {
                (None, None) => false,
                (Some(old), Some(new)) => !is_same(old, &new),
                _ => true,
            }
        };
        let effective = self.0.iter().filter(differs);
        Self(effective.map(|(key, change)| (key.clone(), change.clone())).collect())
    }

    /// Nothing was changed.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Change {
    fn apply(&self, old: Option<&RawValue>) -> Option<Box<RawValue>> {
        match self {
            Change::Set(value) => Some(value.clone()),
            Change::Remove => None,
            Change::Edit(edits) => edits
                .iter()
                .fold(old.map(ToOwned::to_owned), |value, edit| edit.apply(value.as_deref())),
        }
    }
}

impl Edit {
    fn apply(&self, old: Option<&RawValue>) -> Option<Box<RawValue>> {
        match self {
            Edit::Add(by) => Some(sum(old, *by)),
            Edit::Push { item, limit } => Some(pushed(old, item, *limit)),
            Edit::Pull { item } => old.map(|old| pulled(old, item)),
        }
    }
}

/// Whether two values are equal as text or as JSON.
fn is_same(a: &RawValue, b: &RawValue) -> bool {
    let parse = |raw: &RawValue| serde_json::from_str::<serde_json::Value>(raw.get()).ok();
    a.get() == b.get() || matches!((parse(a), parse(b)), (Some(a), Some(b)) if a == b)
}

/// `old` stays when it is no number, or when the sum is none.
fn sum(old: Option<&RawValue>, by: i64) -> Box<RawValue> {
    let Some(old) = old else { return number(by) };
    if let Ok(whole) = serde_json::from_str::<i64>(old.get()) {
        return number(whole.saturating_add(by));
    }
    #[expect(clippy::cast_precision_loss, reason = "JavaScript counts no further either")]
    let sum = to_number(old).and_then(|old| to_json_number(old + by as f64));
    sum.map_or_else(|| old.to_owned(), |sum| to_raw_value(&sum).expect("a number is JSON"))
}

fn list(value: &RawValue) -> Option<Vec<Box<RawValue>>> {
    serde_json::from_str(value.get()).ok()
}

fn pushed(old: Option<&RawValue>, item: &RawValue, limit: usize) -> Box<RawValue> {
    let mut list = old.and_then(list).unwrap_or_default();
    if list.len() < limit {
        list.push(item.to_owned());
    }
    to_raw_value(&list).expect("a list of JSON is JSON")
}

fn pulled(old: &RawValue, item: &RawValue) -> Box<RawValue> {
    let mut list = list(old).unwrap_or_default();
    match list.iter().position(|present| is_same(present, item)) {
        None => return old.to_owned(),
        Some(place) => list.remove(place),
    };
    to_raw_value(&list).expect("a list of JSON is JSON")
}

fn number(value: i64) -> Box<RawValue> {
    to_raw_value(&value).expect("a number is JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(json: &str) -> Values {
        serde_json::from_str(json).unwrap()
    }

    fn raw(json: &str) -> Box<RawValue> {
        RawValue::from_string(json.to_owned()).unwrap()
    }

    fn check(changes: &Changes, base: &str, expected: &str) {
        let after = serde_json::to_string(&changes.apply(&values(base))).unwrap();
        assert_eq!(after, expected);
    }

    #[test]
    fn the_same_value_and_a_revert_are_no_modification() {
        let base = values(r#"{"a":1,"b":{"x":[1,2]}}"#);
        let mut changes = Changes::default();
        changes.set("a", raw("2"));
        assert!(!changes.effective(&base).is_empty());
        changes.set("a", raw("1"));
        changes.set("b", raw(r#"{ "x": [1, 2] }"#));
        changes.set("c", raw("3"));
        changes.remove("c");
        assert!(changes.effective(&base).is_empty());
    }

    #[test]
    fn a_nested_key_called_cookie_counts() {
        let mut changes = Changes::default();
        changes.set("b", raw(r#"{"cookie":2}"#));
        assert!(!changes.effective(&values(r#"{"b":{"cookie":1}}"#)).is_empty());
    }

    #[test]
    fn an_increment_adds_to_whatever_stands_there_by_then() {
        let mut changes = Changes::default();
        changes.add("n", 1);
        changes.add("n", 1);
        let check = |base: &str, expected: &str| check(&changes, base, expected);
        check(r#"{"n":5}"#, r#"{"n":7}"#);
        check(r#"{"n":40,"m":1}"#, r#"{"n":42,"m":1}"#);
        check("{}", r#"{"n":2}"#);
        for (value, expected) in [
            ("1.5", "3.5"),
            ("-2.0", "0"),
            ("1e300", "1e+300"),
            ("9007199254740993", "9007199254740995"),
            (r#""5""#, "7"),
            (r#""1.25""#, "3.25"),
            (r#"" 0x10 ""#, "18"),
            (r#""""#, "2"),
            ("true", "3"),
            ("false", "2"),
            ("null", "2"),
            (r#""seven""#, r#""seven""#),
            ("[ 1 ]", "[ 1 ]"),
            (r#"{"a": 1}"#, r#"{"a": 1}"#),
        ] {
            check(&format!(r#"{{"n":{value}}}"#), &format!(r#"{{"n":{expected}}}"#));
        }
        let odd = values(r#"{"n":"seven"}"#);
        assert!(changes.effective(&odd).is_empty(), "what is no number is not written");
    }

    #[test]
    fn a_push_appends_to_whatever_list_stands_there_by_then() {
        let mut changes = Changes::default();
        changes.push("l", raw("1"), 3);
        changes.push("l", raw("2"), 3);
        check(&changes, "{}", r#"{"l":[1,2]}"#);
        check(&changes, r#"{"l":["a"]}"#, r#"{"l":["a",1,2]}"#);
        check(&changes, r#"{"l":7}"#, r#"{"l":[1,2]}"#);
        check(&changes, r#"{"l":["a","b"]}"#, r#"{"l":["a","b",1]}"#);
        check(&changes, r#"{"l":["a","b","c","d"]}"#, r#"{"l":["a","b","c","d"]}"#);
        changes.remove("l");
        changes.push("l", raw("3"), 3);
        check(&changes, r#"{"l":["a"]}"#, r#"{"l":[3]}"#);
    }

    #[test]
    fn a_pull_removes_the_first_equal_item_of_whatever_list_stands_there_by_then() {
        let mut changes = Changes::default();
        changes.pull("l", raw(r#""a""#));
        check(&changes, r#"{"l":["b","a","c","a"]}"#, r#"{"l":["b","c","a"]}"#);
        check(&changes, r#"{"l":["\u0061"]}"#, r#"{"l":[]}"#);
        for unchanged in ["{}", r#"{"l":["b"]}"#, r#"{"l":7}"#, r#"{"l":"a"}"#] {
            check(&changes, unchanged, unchanged);
            assert!(changes.effective(&values(unchanged)).is_empty(), "{unchanged}");
        }
        changes.push("l", raw("1"), 2);
        check(&changes, r#"{"l":["a","b"]}"#, r#"{"l":["b",1]}"#);
        // What is no list stays a number, in any order of the two.
        changes.add("n", 1);
        changes.pull("n", raw("5"));
        changes.add("n", 1);
        check(&changes, r#"{"l":["a"],"n":5}"#, r#"{"l":[1],"n":7}"#);
    }

    #[test]
    fn keys_that_were_not_touched_stay_as_the_other_request_left_them() {
        let mut changes = Changes::default();
        changes.set("mine", raw("1"));
        changes.remove("gone");
        let theirs = values(r#"{"theirs":"\ud800","gone":1,"more":[ ]}"#);
        let merged = serde_json::to_string(&changes.apply(&theirs)).unwrap();
        assert_eq!(merged, r#"{"theirs":"\ud800","more":[ ],"mine":1}"#);
    }
}
