//! `[default.session]` of Rocket.toml: the options of the session engine, and three settings of the app.
//!
//! They stand in one table, so this file takes the three out of it and hands the rest to the engine, which
//! refuses what it does not know.

use std::fmt;

use rocket_express_session::{Options, Secrets};
use serde::de::value::{MapAccessDeserializer, StringDeserializer};
use serde::de::{DeserializeSeed, Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Signs the cookies of a development server. It stands in public source, so only the debug profile takes it.
pub const DEVELOPMENT_SECRET: &str = "a development secret that everybody can read";

/// Bytes of a collection's name. MongoDB takes 255 for database, collection and `_ended` together,
/// and a database has up to 63.
const MAX_COLLECTION: usize = 180;

/// Which store keeps the sessions (and the users).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StoreKind {
    /// Documents in MongoDB: outlive a restart, shared by all instances.
    Mongodb,
    /// This process's memory, express-session's default: gone with the process, alone in it.
    Memory,
}

/// Where and how sessions are kept.
#[derive(Clone, Debug)]
pub struct SessionConfig {
    /// Express: `store`.
    pub store: StoreKind,
    /// The MongoDB collection. connect-mongo: `collectionName`.
    pub collection: String,
    /// New documents hold the session as JSON text, connect-mongo's default (`stringify: true`),
    /// or as an object that can be queried. Existing documents keep the form they have.
    pub stringify: bool,
    /// The engine's own options.
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
            options,
        }
    }
}

impl SessionConfig {
    /// Refuses what no session could live with.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn check(&self) -> Result<(), String> {
        self.options.check().map_err(|error| error.to_string())?;
        check_collection(&self.collection).map_err(str::to_owned)
    }
}

/// The names that MongoDB takes for a collection.
fn check_collection(name: &str) -> Result<(), &'static str> {
    if name.is_empty() {
        Err("`collection` must not be empty: the default is \"sessions\"")
    } else if name.starts_with("system.") {
        Err(
            "`collection` must not begin with system., which MongoDB keeps for itself: choose another \
             name, such as \"sessions\"",
        )
    } else if name.contains(['$', '\0']) || name.starts_with('.') || name.ends_with('.') {
        Err(
            "`collection` must not contain $ or a NUL, and must not begin or end with a dot: MongoDB \
             refuses such names. Choose another one, such as \"sessions\"",
        )
    } else if name.len() > MAX_COLLECTION {
        Err("`collection` is too long for MongoDB: it may have at most 180 bytes")
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

/// The table without the app's own settings, which are put into `config` in passing. In this way an error
/// still names the setting that is wrong.
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
            }
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

/// A key of the table.
enum Key<K> {
    Engine(K),
    Store,
    Collection,
    Stringify,
}

/// Reads a key. The engine's own reader is called from within figment's, so that figment can say in an error
/// where the key stands.
struct KeySeed<'s, K>(&'s mut Option<K>);

impl<'de, K: DeserializeSeed<'de>> DeserializeSeed<'de> for KeySeed<'_, K> {
    type Value = Key<K::Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let key = String::deserialize(deserializer)?;
        match key.as_str() {
            "store" => Ok(Key::Store),
            "collection" => Ok(Key::Collection),
            "stringify" => Ok(Key::Stringify),
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
