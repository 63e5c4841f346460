//! The contract, kept by the stores of this crate and by a small one, and broken by faulty ones.

#![cfg(all(feature = "contract", feature = "memory", feature = "mongodb"))]

#[path = "../support/mod.rs"]
mod support;

mod faulty;
mod faulty_registry;
mod kept;
mod broken;
mod broken_lists;
mod small;
