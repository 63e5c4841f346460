//! Sessions for Rocket, with express-session's cookie, options and methods.
//!
#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(unreachable_pub)]

// In reading order. What the cookie says:
mod signature;
pub mod cookie;
// What the session holds:
mod javascript;
mod cookie_record;
mod data;
mod changes;
mod error;
pub mod meters;
// The options, and where sessions are kept:
mod options;
pub mod store;
#[cfg(feature = "mongodb")]
pub mod mongodb;
#[cfg(feature = "contract")]
pub mod contract;
// Decisions:
mod expiry;
mod plan;
// A request: the way in (guard), the handler (session), the way out (commit).
mod state;
pub mod observe;
mod sessions;
mod builder;
mod write;
mod user_sessions;
mod session;
mod guard;
mod commit;
mod admin;

pub use admin::{Admin, SessionInfo};
pub use builder::Builder;
pub use cookie_record::{CookieRecord, Members};
pub use data::{LOGIN_KEY, RESERVED_KEYS, SessionData, Values, user_key};
pub use error::{OptionsError, SaveError, SetError, Unavailable, Unreadable};
pub use expiry::Lifetime;
pub use javascript::Timestamp;
pub use options::{
    Auto, CookieOptions, Options, SameSiteName, SameSiteOption, Secure, deserialize_duration,
};
pub use plan::Write;
pub use session::Session;
pub use sessions::Sessions;
pub use signature::{Secrets, SessionId, Verified};
pub use state::RegeneratedSession;
pub use store::{ListLimits, RevokeReason};
pub use user_sessions::{MAX_LISTED, UserSession, UserSessions};
