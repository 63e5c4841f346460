//! `[default.mongodb]` of Rocket.toml.

use serde::Deserialize;

/// The default address of MongoDB. In the debug profile, memory replaces a server that does not answer there.
pub const DEFAULT_URI: &str = "mongodb://localhost:27017/tutorial_db";

/// `[default.mongodb]` of Rocket.toml.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MongoConfig {
    /// The connection string. Its database holds the collections.
    pub uri: Uri,
    /// Whether concurrent requests share a `find`. Without effect with `teaching`: the X-ray shows the
    /// commands of each request.
    #[serde(default = "on")]
    pub share_reads: bool,
}

/// A connection string. It may contain a password, so `Debug` does not print it.
#[derive(Clone, PartialEq, Deserialize)]
pub struct Uri(pub String);

impl std::fmt::Debug for Uri {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Uri(…)")
    }
}

fn on() -> bool {
    true
}
