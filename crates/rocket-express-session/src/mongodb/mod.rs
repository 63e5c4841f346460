//! Sessions in MongoDB, in the documents that connect-mongo writes (feature `mongodb`).
//!
//! [`MongoStore`] is the store. [`Gate`] bounds the operations inside the driver, and [`indexes`] makes
//! indexes beside those of other programs: an app that shares the client or the database needs both as well,
//! so both are public.
//!
//! The feature turns on the features `bson-3`, `compat-3-3-0`, `rustls-tls` and `redact-errors` of the crate
//! `mongodb`, for the whole app. Use bson 3 in your own code as well.
//!
//! An Express app with the same database, collection and secret shares its sessions: see the example
//! `beside_express`.

mod document;
mod error;
mod gate;
pub mod indexes;
mod json;
mod lookup;
mod registry;
mod session_indexes;
mod shared_reads;
mod store;

pub use document::read_record;
pub use gate::{Gate, Lane};
pub use shared_reads::{DocumentId, SharedReads};
pub use store::MongoStore;
