//! The three settings that also have variables with plain names, such as `MONGODB_URI`.

use rocket::figment::value::{Dict, Map, Value};
use rocket::figment::{self, Metadata, Profile, Provider};

/// The variables without the prefix `ROCKET_`. Figment's own `Env` would read a secret of digits as a number.
pub(super) struct PlainNames;

impl PlainNames {
    pub(super) const SOURCE: &str = "MONGODB_URI, SESSION_SECRET, SESSION_STORE";
    pub(super) const KEYS: [(&str, [&str; 2]); 3] = [
        ("MONGODB_URI", ["mongodb", "uri"]),
        ("SESSION_SECRET", ["session", "secret"]),
        ("SESSION_STORE", ["session", "store"]),
    ];
}

impl Provider for PlainNames {
    fn metadata(&self) -> Metadata {
        Metadata::named(Self::SOURCE)
    }

    fn data(&self) -> figment::Result<Map<Profile, Dict>> {
        let mut sections = Dict::new();
        for (name, [section, key]) in Self::KEYS {
            let Ok(value) = std::env::var(name) else { continue };
            let section = sections.entry(section.to_owned()).or_insert_with(|| Dict::new().into());
            if let Value::Dict(_, keys) = section {
                keys.insert(key.to_owned(), value.into());
            }
        }
        Ok(Profile::Global.collect(sections))
    }
}
