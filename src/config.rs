//! Settings: Rocket.toml, then `ROCKET_…` variables, then the three plain names of a deployment.
//!
//! Read once at the start and checked as a whole: an unknown key, a wrong value or an unsafe
//! setting stops the program with one line that says where it stands and what to do. Rocket's own
//! settings are Rocket's to read, from the same figment.

mod collisions;
mod explain;
mod session;

use rocket::figment::providers::{Env, Format as _, Serialized, Toml};
use rocket::figment::value::magic::RelativePathBuf;
use rocket::figment::value::{Dict, Map, Value};
use rocket::figment::{self, Figment, Metadata, Profile, Provider};
use serde::Deserialize;

use explain::{explain, place};
pub use session::{DEVELOPMENT_SECRET, SessionConfig, StoreKind};

use crate::auth::Policy;
use crate::proxy::TrustedProxies;

/// Settings of the program that are not Rocket's own.
#[derive(Debug, Deserialize)]
pub struct Config {
    /// `[default.mongodb]`.
    pub mongodb: MongoConfig,
    /// `[default.session]`.
    #[serde(default)]
    pub session: SessionConfig,
    /// `[default.password]`.
    #[serde(default)]
    pub password: Policy,
    /// The proxies whose headers about the client are believed.
    #[serde(default)]
    pub trusted_proxies: TrustedProxies,
    /// Lessons, labs and the X-ray: 404 without it, and nothing is recorded.
    #[serde(default)]
    pub teaching: bool,
    /// The folder of style sheets and scripts; relative to Rocket.toml.
    pub static_dir: RelativePathBuf,
}

/// `[default.mongodb]` of Rocket.toml.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MongoConfig {
    /// Connection string. Its database holds the collections.
    pub uri: Uri,
}

/// A connection string. It may hold a password, so it cannot be printed.
#[derive(Clone, PartialEq, Deserialize)]
pub struct Uri(pub String);

impl std::fmt::Debug for Uri {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Uri(…)")
    }
}

/// Where `cargo run` looks for a server, and falls back to memory when none is there.
pub const DEFAULT_URI: &str = "mongodb://localhost:27017/tutorial_db";

/// Why the program does not start with these settings.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each variant's message says what it is")]
pub enum ConfigError {
    #[error("{0}")]
    Wrong(String),
    #[error(
        "set SESSION_SECRET to at least {MIN_SECRET} bytes of your own, such as `openssl rand \
         -base64 32` makes: the release profile does not start with a short or a sample secret"
    )]
    WeakSecret,
}

/// A key for HMAC-SHA256 shorter than its output weakens it (RFC 2104, section 3).
const MIN_SECRET: usize = 32;

/// Keys of a profile that are neither Rocket's nor in [`Config`]: the template folder belongs to
/// rocket_dyn_templates, and the other two are how Rocket itself is told what to read.
const FOREIGN_KEYS: [&str; 3] = ["template_dir", "config", "profile"];
const OUR_KEYS: [&str; 6] =
    ["mongodb", "password", "session", "static_dir", "teaching", "trusted_proxies"];

/// All sources in their order; a later one wins.
pub fn figment() -> Figment {
    let file = std::env::var("ROCKET_CONFIG").unwrap_or_else(|_| "Rocket.toml".to_owned());
    defaults()
        .merge(Toml::file(file).nested())
        .merge(Env::prefixed("ROCKET_").ignore(&["PROFILE"]).global())
        .merge(PlainNames)
        .select(Profile::from_env_or("ROCKET_PROFILE", rocket::Config::DEFAULT_PROFILE))
}

/// The three variables with plain names. Not figment's `Env`, which would read a secret of digits
/// as a number.
struct PlainNames;

impl PlainNames {
    const KEYS: [(&str, [&str; 2]); 3] = [
        ("MONGODB_URI", ["mongodb", "uri"]),
        ("SESSION_SECRET", ["session", "secret"]),
        ("SESSION_STORE", ["session", "store"]),
    ];
}

impl Provider for PlainNames {
    fn metadata(&self) -> Metadata {
        Metadata::named("MONGODB_URI, SESSION_SECRET, SESSION_STORE")
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

/// What holds without any file: Rocket's defaults, but no header that a client could forge.
pub fn defaults() -> Figment {
    // In the default profile: a bare tuple would count for all profiles, and beat the file.
    Figment::from(rocket::Config::default())
        .merge(Serialized::default("ip_header", false))
        .merge(Serialized::default("ident", "Cloakroom"))
        .merge(Serialized::default("mongodb.uri", DEFAULT_URI))
        .merge(Serialized::default("static_dir", "static"))
}

impl Config {
    /// Reads and checks the settings.
    ///
    /// # Errors
    /// [`ConfigError`], in one line.
    pub fn from(figment: &Figment) -> Result<Self, ConfigError> {
        refuse_unknown_keys(figment)?;
        let config: Self = figment.extract().map_err(|error| explain(&error))?;
        let _: rocket::Config = figment.extract().map_err(|error| explain(&error))?;
        config.session.check().map_err(|why| ConfigError::Wrong(format!("`session`: {why}")))?;
        if let Some(why) = collisions::find(&config.session) {
            return Err(ConfigError::Wrong(format!("`session`: {why}")));
        }
        config.password.check().map_err(|why| ConfigError::Wrong(format!("`password`: {why}")))?;
        // Whatever a profile is called: only the one for development is unsafe.
        if figment.profile() != rocket::Config::DEBUG_PROFILE {
            config.refuse_weak_secrets()?;
        }
        Ok(config)
    }

    fn refuse_weak_secrets(&self) -> Result<(), ConfigError> {
        let is_weak = |secret: &str| secret.len() < MIN_SECRET || secret == DEVELOPMENT_SECRET;
        if self.session.options.secret.iter().any(is_weak) {
            return Err(ConfigError::WeakSecret);
        }
        Ok(())
    }
}

/// Serde alone cannot do this at the top level, where Rocket's keys and ours are mixed.
fn refuse_unknown_keys(figment: &Figment) -> Result<(), ConfigError> {
    let settings: Dict = figment.extract().map_err(|error| explain(&error))?;
    let known = |key: &str| {
        rocket::Config::PARAMETERS.contains(&key)
            || OUR_KEYS.contains(&key)
            || FOREIGN_KEYS.contains(&key)
    };
    match settings.keys().find(|key| !known(key)) {
        None => Ok(()),
        Some(key) => {
            let place = place(figment.find_metadata(key), std::slice::from_ref(key));
            Err(ConfigError::Wrong(format!("{place}: unknown setting `{key}`")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(toml: &str) -> Result<Config, String> {
        let figment = defaults().merge(Toml::string(toml).nested()).select("debug");
        Config::from(&figment).map_err(|error| error.to_string())
    }

    #[test]
    fn no_file_at_all_is_the_tutorial() {
        let config = with("").unwrap();
        assert_eq!(config.mongodb.uri, Uri(DEFAULT_URI.to_owned()));
        assert_eq!(config.session.options.name, "connect.sid");
    }

    #[test]
    fn unknown_keys_are_refused_wherever_they_stand() {
        let check = |toml: &str, part: &str| {
            let error = with(toml).expect_err(toml);
            assert!(error.contains(part), "{error}");
        };
        check("[default]\nprot = 8000", "unknown setting `prot`");
        check("[default.session]\nidle_timeuot = 5", "unknown setting `session.idle_timeuot`");
        check(
            "[default.session.cookie]\nsameSite = 'lax'",
            "unknown setting `session.cookie.sameSite`",
        );
        check("[default.mongodb]\nurl = 'x'", "unknown setting `mongodb.url`");
        check("[default.session]\ntouch_after = 'soon'", "`session.touch_after`");
        check("[default]\nport = 'http'", "`port` must be");
        check("[default.session.cookie]\nsame_site = 'None'", "cookie.same_site` has a value");
        check("[default.session.cookie]\nsecure = 'maybe'", "cookie.secure` has a value");
    }

    #[test]
    fn the_file_beats_the_defaults_and_a_profile_beats_the_file() {
        let toml = "[default]\nident = 'Foo'\nstatic_dir = 'x'\n[default.mongodb]\nuri = 'one'\n\
                    [debug.mongodb]\nuri = 'two'";
        let figment = defaults().merge(Toml::string(toml).nested()).select("debug");
        let config = Config::from(&figment).unwrap();
        assert_eq!(config.mongodb.uri, Uri("two".to_owned()));
        assert_eq!(config.static_dir.original().to_str(), Some("x"));
        let rocket: rocket::Config = figment.extract().unwrap();
        assert_eq!(rocket.ident.as_str(), Some("Foo"));
        assert_eq!(rocket.ip_header, None);
    }

    #[test]
    fn what_is_no_toml_is_said_in_one_line_without_its_text() {
        let error = with("[default.session]\nsecret = 'hunter2\n").unwrap_err();
        assert!(!error.contains('\n') && !error.contains("hunter2"), "{error}");
    }

    #[test]
    fn values_that_nobody_could_log_in_with_are_refused() {
        for wrong in [
            "name = ''",
            "name = 'a=b'",
            "name = 'a;b'",
            "name = '__Host-sid'\ncookie.domain = 'example.org'",
            "name = '__Host-sid'\ncookie.secure = false",
            "idle_timeout = 0",
            "collection = ''",
        ] {
            let error = with(&format!("[default.session]\n{wrong}")).expect_err(wrong);
            assert!(error.contains("`session`"), "{error}");
        }
        assert!(
            with("[default.session]\nstore = 'redis'").unwrap_err().contains("mongodb, memory")
        );
    }

    #[test]
    fn the_line_in_the_file_is_named() {
        let folder = std::env::temp_dir().join(format!("cloakroom-config-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("Rocket.toml");
        std::fs::write(
            &file,
            "[default.mongodb]\n# idle_timeuot = 1\n[debug.session]\n  idle_timeuot = 5\n",
        )
        .unwrap();
        let figment = defaults().merge(Toml::file(&file).nested()).select("debug");
        let error = Config::from(&figment).unwrap_err().to_string();
        assert!(
            error.starts_with("Rocket.toml, line 4: unknown setting `session.idle_timeuot`"),
            "{error}"
        );
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn the_release_profile_refuses_short_and_sample_secrets() {
        let release = |secret: &str| {
            let figment = defaults().merge(("session.secret", secret)).select("release");
            Config::from(&figment).map(drop)
        };
        assert!(release("0123456789abcdef0123456789abcdef").is_ok());
        assert!(release("keyboard cat").is_err());
        assert!(release(DEVELOPMENT_SECRET).is_err());
        assert!(release("0123456789abcdef0123456789abcdef,short").is_err());
        assert!(Config::from(&defaults().select("release")).is_err());
    }

    #[test]
    fn no_error_repeats_a_secret() {
        let error = with("[default.session]\nsecret = 5317008").unwrap_err();
        assert!(!error.contains("5317008"), "{error}");
    }
}
