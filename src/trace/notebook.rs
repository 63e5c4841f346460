//! The notes of one request, in their order. `in_flight.rs` keeps them while the request is on its way.

use std::time::Instant;

use super::bounds::{self, Steps};
use super::recorder::Owner;

/// Browsers that one request can belong to: a login makes a second one of the first.
const MAX_OWNERS: usize = 4;

/// The notes of one request.
pub struct Notebook {
    /// When the request came.
    pub opened: Instant,
    /// What happened.
    pub steps: Steps,
    /// The browsers that it belongs to, in the order in which that became known: a login gives the browser a
    /// new session.
    pub owners: Vec<Owner>,
    /// The exchange that led to this one, by its ID.
    pub follows: Option<String>,
    /// The times could tell whether an account exists.
    pub blurred: bool,
}

impl Notebook {
    /// Without any note.
    pub fn new() -> Self {
        Self {
            opened: Instant::now(),
            steps: Steps::default(),
            owners: vec![],
            follows: None,
            blurred: false,
        }
    }

    /// The request belongs to this browser as well.
    pub fn add_owner(&mut self, owner: Owner) {
        if self.owners.last() != Some(&owner) {
            self.owners.truncate(MAX_OWNERS - 1);
            self.owners.push(owner);
        }
    }

    /// The exchange of this ID led to this one. A text that is too long to be an ID names none.
    pub fn follow(&mut self, id: &str) {
        if id.len() <= bounds::ID {
            self.follows = Some(id.to_owned());
        }
    }
}

impl Default for Notebook {
    fn default() -> Self {
        Self::new()
    }
}
