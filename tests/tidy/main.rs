//! The architecture as a test. Each rule is a function from source files to violations, whose messages say
//! why and what to do; beside it, small bad sources show that it finds them.
//!
//! Rust is read as tokens, with `syn`: a macro's arguments count, and comments and texts do not.
//! The session crate has the reader, the cycles and rules of its own in
//! `crates/rocket-express-session/tests/structure`.

#![expect(
    clippy::case_sensitive_file_extension_comparisons,
    reason = "the names of our files end in lower case"
)]

#[path = "../../crates/rocket-express-session/tests/structure/code.rs"]
mod code;
#[path = "../../crates/rocket-express-session/tests/structure/files.rs"]
mod files;
#[path = "../../crates/rocket-express-session/tests/structure/graph.rs"]
mod graph;

mod arrows;
mod drawing;
mod owners;
mod pages;
mod references;
mod sentences;
mod settings;
mod shape;
mod sources;
mod words;
