//! `[default.session]` of Rocket.toml: the options of the session engine, and four settings of the app.
//!
//! Both are in one table. This file reads the four settings, and passes the rest to the engine. The engine
//! rejects unknown keys.

use std::fmt;
use std::time::Duration;

use rocket_express_session::{Options, Secrets, deserialize_duration};
use serde::de::value::{MapAccessDeserializer, StringDeserializer};
use serde::de::{DeserializeSeed, Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Signs the cookies of a development server. The secret is public, so only the debug profile accepts it.
pub const DEVELOPMENT_SECRET: &str = "a development secret that everybody can read";

/// The most bytes of a collection's name. MongoDB allows 255 for database, collection and `_ended` together.
/// A database name has up to 63.
const MAX_COLLECTION: usize = 180;

/// The store of the sessions and the users.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StoreKind {
    /// Documents in MongoDB. They survive a restart, and all instances share them.
    Mongodb,
    /// The memory of this process, like the default store of express-session. The data is lost when the
    /// process stops.
    Memory,
}

/// The settings of the sessions.
#[derive(Clone, Debug)]
pub struct SessionConfig {
    /// Express: `store`.
    pub store: StoreKind,
    /// The MongoDB collection. connect-mongo: `collectionName`.
    pub collection: String,
    /// Whether new documents store the session as JSON text, and not as an object, which MongoDB can query.
    /// Existing documents keep their form. connect-mongo: `stringify`, with this default.
    pub stringify: bool,
    /// How long a login with "Keep me logged in" lasts without being used.
    pub remember_for: Duration,
    /// The options of the session engine.
    pub options: Options,
}

impl Default for SessionConfig {
    fn default() -> Self {
        let mut options = Options::default();
        options.secret = Secrets::new([DEVELOPMENT_SECRET.to_owned()]).expect("one secret");
        Self {
            store: StoreKind::Mongodb,
            collection: "sessions".to_owned(),
            stringify: true,
            remember_for: Duration::from_secs(14 * 24 * 60 * 60),
            options,
        }
    }
}

impl SessionConfig {
    /// How long a remembered login lasts without being used: `remember_for`, but never shorter than a login
    /// without it, and never longer than `absolute_timeout`.
    pub fn remembered(&self) -> Duration {
        self.remember_for.max(self.options.idle_timeout).min(self.options.absolute_timeout)
    }

    /// Rejects values with which no session works.
    ///
    /// # Errors
    /// A text that says what is wrong.
    pub fn check(&self) -> Result<(), String> {
        self.options.check().map_err(|error| error.to_string())?;
        if self.remember_for.is_zero() {
            return Err("remember_for must be greater than 0".to_owned());
        }
        check_collection(&self.collection).map_err(str::to_owned)
    }
}

/// Rejects names that MongoDB does not accept for a collection.
fn check_collection(name: &str) -> Result<(), &'static str> {
    if name.is_empty() {
        Err("`collection` must not be empty; the default is \"sessions\"")
    } else if name.starts_with("system.") {
        Err(
            "`collection` must not begin with \"system.\", which MongoDB reserves. Choose another name, such \
             as \"sessions\"",
        )
    } else if name.contains(['$', '\0']) || name.starts_with('.') || name.ends_with('.') {
        Err(
            "`collection` must not contain $ or a NUL, and must not begin or end with a dot: MongoDB \
             rejects such names. Choose another name, such as \"sessions\"",
        )
    } else if name.len() > MAX_COLLECTION {
        Err("`collection` is too long for MongoDB. Choose a name of at most 180 bytes")
    } else {
        Ok(())
    }
}

impl<'de> Deserialize<'de> for SessionConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Table)
    }
}

struct Table;

impl<'de> Visitor<'de> for Table {
    type Value = SessionConfig;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table of session settings")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<SessionConfig, A::Error> {
        let mut config = SessionConfig::default();
        let rest = Rest { map, config: &mut config };
        let mut options = Options::deserialize(MapAccessDeserializer::new(rest))?;
        if options.secret.iter().next().is_none() {
            options.secret = config.options.secret;
        }
        Ok(SessionConfig { options, ..config })
    }
}

/// The table without the app's own settings. Reading it moves those settings into `config`. An error
/// therefore still names the wrong setting.
struct Rest<'c, A> {
    map: A,
    config: &'c mut SessionConfig,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Rest<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        let mut seed = Some(seed);
        while let Some(key) = self.map.next_key_seed(KeySeed(&mut seed))? {
            match key {
                Key::Engine(key) => return Ok(Some(key)),
                Key::Store => self.config.store = self.map.next_value()?,
                Key::Collection => self.config.collection = self.map.next_value()?,
                Key::Stringify => self.config.stringify = self.map.next_value()?,
                Key::RememberFor => {
                    self.config.remember_for = self.map.next_value::<DurationText>()?.0;
                }
            }
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

/// A duration, written as those of the engine.
#[derive(Deserialize)]
#[serde(transparent)]
struct DurationText(#[serde(deserialize_with = "deserialize_duration")] Duration);

/// A key of the table.
enum Key<K> {
    Engine(K),
    Store,
    Collection,
    Stringify,
    RememberFor,
}

/// Reads a key. It calls the engine's reader inside figment's, so figment's errors name the place of the key.
struct KeySeed<'s, K>(&'s mut Option<K>);

impl<'de, K: DeserializeSeed<'de>> DeserializeSeed<'de> for KeySeed<'_, K> {
    type Value = Key<K::Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let key = String::deserialize(deserializer)?;
        match key.as_str() {
            "store" => Ok(Key::Store),
            "collection" => Ok(Key::Collection),
            "stringify" => Ok(Key::Stringify),
            "remember_for" => Ok(Key::RememberFor),
            _ => {
                let seed = self.0.take().ok_or_else(|| D::Error::custom("a second key"))?;
                seed.deserialize(StringDeserializer::new(key)).map(Key::Engine)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(json: &str) -> Result<SessionConfig, String> {
        let config: SessionConfig =
            serde_json::from_str(json).map_err(|error| error.to_string())?;
        config.check().map(|()| config)
    }

    #[test]
    fn the_settings_of_the_app_and_of_the_engine_stand_in_one_table() {
        let config = with(r#"{"rolling":true,"store":"memory","name":"sid","stringify":false}"#);
        let config = config.unwrap();
        assert_eq!((config.store, config.stringify), (StoreKind::Memory, false));
        assert_eq!((config.options.rolling, &*config.options.name), (true, "sid"));
        let secrets: Vec<&str> = config.options.secret.iter().collect();
        assert_eq!((secrets, &*config.collection), (vec![DEVELOPMENT_SECRET], "sessions"));
        for wrong in [r#"{"stor":"memory"}"#, r#"{"store":"redis"}"#, r#"{"rolling":1}"#, "[]"] {
            assert!(with(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_remembered_login_lasts_at_least_as_long_as_another_one() {
        let check = |json: &str, seconds: u64| {
            assert_eq!(with(json).unwrap().remembered(), Duration::from_secs(seconds), "{json}");
        };
        check("{}", 14 * 24 * 60 * 60);
        check(r#"{"remember_for":"1 hour","idle_timeout":"10 minutes"}"#, 3600);
        check(r#"{"remember_for":60,"idle_timeout":"1 hour"}"#, 3600);
        check(r#"{"remember_for":"30 days","absolute_timeout":"7 days"}"#, 7 * 24 * 60 * 60);
        assert!(with(r#"{"remember_for":0}"#).unwrap_err().contains("remember_for"));
        assert!(with(r#"{"remember_for":"long"}"#).is_err());
    }

    #[test]
    fn a_collection_is_one_that_mongodb_takes() {
        let of = |name: &str| check_collection(name);
        let long = "x".repeat(181);
        for bad in ["", "system.sessions", "system.", "a$b", "$", "a\0b", ".a", "a.", &long] {
            assert!(of(bad).is_err(), "{bad:?}");
        }
        for good in ["sessions", "my.sessions", "systems", "a-b_c", "s\u{e9}ances"] {
            assert_eq!(of(good), Ok(()), "{good}");
        }
    }
}
