//! Settings: Rocket.toml, then the variables `ROCKET_…`, then the three variables of `plain_names`.
//!
//! The program reads and checks them once, at the start. An unknown key, a wrong value or an unsafe setting
//! stops the program. The error is one line, with the place and the remedy. Rocket reads its own settings
//! from the same figment.

mod collisions;
mod explain;
mod file;
mod mongodb;
mod plain_names;
mod session;
mod site;
mod workers;

use std::net::SocketAddr;

use rocket::figment::providers::{Env, Format as _, Serialized, Toml};
use rocket::figment::value::Dict;
use rocket::figment::value::magic::RelativePathBuf;
use rocket::figment::{Figment, Profile};
use serde::Deserialize;

use explain::{explain, place, unknown};
pub use mongodb::{DEFAULT_URI, MongoConfig, Uri};
use plain_names::PlainNames;
pub use session::{DEVELOPMENT_SECRET, SessionConfig, StoreKind};
pub use site::SiteConfig;

use crate::auth::{Policy, UsernameRules};
use crate::embedded::ROCKET_TOML;
use crate::logging::LogFormat;
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
    /// `[default.site]`.
    #[serde(default)]
    pub site: SiteConfig,
    /// `[default.username]`.
    #[serde(default)]
    pub username: UsernameRules,
    /// The proxies whose headers about the client are trusted.
    #[serde(default)]
    pub trusted_proxies: TrustedProxies,
    /// Turns on lessons, labs and X-ray. Otherwise they respond with 404, and nothing is recorded.
    #[serde(default)]
    pub teaching: bool,
    /// The address of `GET /metrics`. `None`: nothing is measured.
    #[serde(default)]
    pub metrics: Option<SocketAddr>,
    /// The form of the lines in the log.
    #[serde(default)]
    pub log_format: LogFormat,
    /// The folder of style sheets and scripts, relative to Rocket.toml.
    pub static_dir: RelativePathBuf,
}

/// A reason why the program does not start with these settings.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each variant's message says what it is")]
pub enum ConfigError {
    #[error("{0}")]
    Wrong(String),
    #[error(
        "the session secret is too short, or it is the public sample. Set SESSION_SECRET to a random text of \
         at least {MIN_SECRET} bytes, such as the output of: openssl rand -base64 32"
    )]
    WeakSecret,
}

/// The fewest bytes of a secret. A shorter key weakens HMAC-SHA256 (RFC 2104, section 3).
const MIN_SECRET: usize = 32;

/// Further keys of a profile: the template folder of `rocket_dyn_templates`, and Rocket's choice of file and
/// profile.
const FOREIGN_KEYS: [&str; 3] = ["template_dir", "config", "profile"];
const OUR_KEYS: [&str; 10] = [
    "log_format",
    "metrics",
    "mongodb",
    "password",
    "session",
    "site",
    "static_dir",
    "teaching",
    "trusted_proxies",
    "username",
];

/// Reads all sources of settings. A later source overrides an earlier one.
pub fn figment() -> Figment {
    let over = |defaults: Figment| {
        defaults
            .merge(Toml::string(ROCKET_TOML).nested())
            .merge(Toml::file(file::name()).nested())
            .merge(Env::prefixed("ROCKET_").ignore(&["PROFILE"]).global())
            .merge(PlainNames)
            .select(Profile::from_env_or("ROCKET_PROFILE", rocket::Config::DEFAULT_PROFILE))
    };
    let workers = workers::default(&over(defaults()));
    over(defaults().merge(Serialized::default("workers", workers)))
}

/// The default settings. Unlike Rocket's, they trust no header about the client's address.
pub fn defaults() -> Figment {
    // A bare tuple would apply to all profiles, and override the file.
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
        file::check()?;
        refuse_unknown_keys(figment)?;
        let config: Self = figment.extract().map_err(|error| explain(&error))?;
        let rocket: rocket::Config = figment.extract().map_err(|error| explain(&error))?;
        if rocket.workers == 0 || rocket.max_blocking == 0 {
            let why = "`workers` and `max_blocking` must be at least 1".to_owned();
            return Err(ConfigError::Wrong(why));
        }
        if config.metrics.is_some_and(|metrics| collisions::is_of_site(metrics, &rocket)) {
            let why = "`metrics` must not be the address of the site. Choose another port";
            return Err(ConfigError::Wrong(why.to_owned()));
        }
        config.session.check().map_err(|why| ConfigError::Wrong(format!("`session`: {why}")))?;
        if let Some(why) = collisions::find(&config.session) {
            return Err(ConfigError::Wrong(format!("`session`: {why}")));
        }
        config.password.check().map_err(|why| ConfigError::Wrong(format!("`password`: {why}")))?;
        config.username.check().map_err(|why| ConfigError::Wrong(format!("`username`: {why}")))?;
        // Every profile except `debug` needs strong secrets.
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

/// Rejects unknown keys. Rocket's keys and ours are mixed at the top level, so serde cannot do this.
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
            Err(ConfigError::Wrong(format!("{place}: {}", unknown(key))))
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
        check("[default.site]\noperater = 'x'", "unknown setting `site.operater`");
        check("[default.site]\nsource = 'ftp://x'", "`site.source`: must be an address");
        check("[default.session]\ntouch_after = 'soon'", "`session.touch_after`");
        check("[default]\nport = 'http'", "`port` must be");
        check("[default]\nworkers = 0", "`workers`");
        check(
            "[default.session.cookie]\nsame_site = 'None'",
            "`session.cookie.same_site` has an invalid value",
        );
        check(
            "[default.session.cookie]\nsecure = 'maybe'",
            "`session.cookie.secure` has an invalid value",
        );
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
    fn values_that_prevent_every_login_are_rejected() {
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
