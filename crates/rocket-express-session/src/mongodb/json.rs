//! Between BSON and JSON, as the JavaScript driver and `JSON.stringify` go from one to the other.
//!
//! For the object form of a session alone (`document.rs`).

use mongodb::bson::Bson;
use mongodb::bson::spec::BinarySubtype;
use serde_json::value::RawValue;

use crate::javascript::{Timestamp, to_json_number};

/// BSON as `JSON.stringify` would show it to a JavaScript program.
pub(super) fn to_json(value: &Bson) -> serde_json::Value {
    match value {
        Bson::DateTime(date) => Timestamp::from_millis(date.timestamp_millis()).to_iso().into(),
        Bson::ObjectId(id) => id.to_hex().into(),
        Bson::Int64(number) => (*number).into(),
        // JavaScript shows a UUID as text.
        Bson::Binary(bytes) if bytes.subtype == BinarySubtype::Uuid => {
            bytes.to_uuid().map_or(serde_json::Value::Null, |id| id.to_string().into())
        }
        // JavaScript has one kind of number: 3.0 is written as 3.
        Bson::Double(number) => {
            to_json_number(*number).map_or(serde_json::Value::Null, serde_json::Value::Number)
        }
        Bson::Undefined => serde_json::Value::Null,
        Bson::Array(items) => items.iter().map(to_json).collect(),
        Bson::Document(members) => {
            members.iter().map(|(key, value)| (key.clone(), to_json(value))).collect()
        }
        other => serde_json::to_value(other).unwrap_or_default(),
    }
}

/// Converts a BSON value to JSON text.
pub(super) fn to_raw(value: &Bson) -> Box<RawValue> {
    serde_json::value::to_raw_value(&to_json(value)).expect("a JSON value is JSON")
}

/// A value of a session. JSON has no NaN: as text it stays what an increment cannot add to, and as null
/// it would count as nothing.
pub(super) fn value_to_raw(value: &Bson) -> Box<RawValue> {
    match value {
        Bson::Double(number) if !number.is_finite() => to_raw(&Bson::from("NaN")),
        _ => to_raw(value),
    }
}

/// JSON text as BSON.
pub(super) fn from_raw(value: &RawValue) -> Bson {
    // A text that does not parse (half a surrogate pair, 1e999) is nothing that BSON could hold.
    serde_json::from_str(value.get()).map_or(Bson::Null, |value| from_json(&value))
}

/// The largest number up to which a Double has each whole number.
const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

/// JSON as the JavaScript driver stores it: whole numbers as Int32 where they fit, else Double. A larger one
/// that a Double cannot hold, such as the ID of a user, stays exact as Int64.
pub(super) fn from_json(value: &serde_json::Value) -> Bson {
    match value {
        serde_json::Value::Null => Bson::Null,
        serde_json::Value::Bool(flag) => Bson::Boolean(*flag),
        serde_json::Value::String(text) => Bson::String(text.clone()),
        serde_json::Value::Number(number) => {
            let double = || Bson::Double(number.as_f64().unwrap_or(f64::NAN));
            match number.as_i64() {
                Some(int) if int.unsigned_abs() > MAX_SAFE_INTEGER => Bson::Int64(int),
                Some(int) => i32::try_from(int).map_or_else(|_| double(), Bson::Int32),
                None => double(),
            }
        }
        serde_json::Value::Array(items) => items.iter().map(from_json).collect(),
        serde_json::Value::Object(members) => {
            let members = members.iter().map(|(key, value)| (key.clone(), from_json(value)));
            Bson::Document(members.collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_become_what_the_javascript_driver_makes_of_them() {
        let check = |json: &str, expected: Bson| {
            assert_eq!(from_raw(serde_json::from_str(json).unwrap()), expected, "{json}");
        };
        check("7", Bson::Int32(7));
        check("3000000000", Bson::Double(3e9));
        check("9007199254740991", Bson::Double(9_007_199_254_740_991.0));
        check("9007199254740993", Bson::Int64(9_007_199_254_740_993));
        check("-9007199254740993", Bson::Int64(-9_007_199_254_740_993));
        check("1.5", Bson::Double(1.5));
        check("[1,null]", Bson::Array(vec![Bson::Int32(1), Bson::Null]));
    }

    #[test]
    fn a_uuid_is_text_as_javascript_shows_it() {
        let text = "67e55044-10b1-426f-9247-bb680e5fe0c8";
        let id: mongodb::bson::Uuid = text.parse().unwrap();
        assert_eq!(to_json(&Bson::Binary(id.into())), text);
    }
}
