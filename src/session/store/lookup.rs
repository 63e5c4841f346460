//! How the sessions of a user are looked up, each kind by an index of its own (`indexes.rs`).
//!
//! Called by `mongo.rs`. A scan of the collection would be as long as the visitors of an Express app make it.

use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, Document, doc};
use mongodb::options::{Collation, FindOptions, Hint};

use crate::session::timestamp::Timestamp;

/// The index on what stands below `passport` in a session that is an object.
pub const EXPRESS_OBJECTS: &str = "express_login_forms";

/// Some of the valid sessions, the newest first.
pub struct Lookup {
    pub filter: Document,
    /// The order, and the index to use where MongoDB would choose another.
    pub options: FindOptions,
}

impl Lookup {
    fn new(filter: Document, newest_first: Document) -> Self {
        let mut valid = valid_at(Timestamp::now());
        valid.extend(filter);
        Self { filter: valid, options: FindOptions::builder().sort(newest_first).build() }
    }

    /// Our own sessions of this login (24 hex digits).
    pub fn ours(login: &str) -> Self {
        Self::new(doc! { "user": login }, doc! { "createdAt": -1 })
    }

    /// Sessions that do not say whose they are.
    pub fn without_user() -> Self {
        Self::new(doc! { "user": Bson::Null }, doc! { "createdAt": -1 })
    }

    /// Sessions of an Express app whose text has this login in it. They have no field for the login.
    pub fn express_text(login: &str) -> Self {
        let filter = doc! { "user": null, "$text": { "$search": format!("\"{login}\"") } };
        Self::new(filter, doc! { "expires": -1 })
    }

    /// Sessions of an Express app that are objects. The ID may be text or an ObjectId, alone or in an
    /// object.
    pub fn express_object(login: &str) -> Self {
        let mut ids = vec![Bson::from(login)];
        ids.extend(ObjectId::parse_str(login).map(Bson::from));
        let user = "session.passport.user";
        let paths = [user.to_owned(), format!("{user}._id"), format!("{user}.id")];
        let paths = paths.map(|path| doc! { "user": null, path: { "$in": &ids } });
        let mut lookup = Self::new(doc! { "$or": paths.to_vec() }, doc! { "expires": -1 });
        lookup.options.collation = Some(either_case());
        // Without the hint, MongoDB may read all documents that have no `user`.
        lookup.options.hint = Some(Hint::Name(EXPRESS_OBJECTS.to_owned()));
        lookup
    }
}

/// Letters count the same in upper and lower case: an app may store the digits of an ID in either.
fn either_case() -> Collation {
    use mongodb::options::CollationStrength::Secondary;
    Collation::builder().locale("en".to_owned()).strength(Secondary).build()
}

/// A document without `expires` is valid, too.
pub fn valid_at(now: Timestamp) -> Document {
    doc! { "expires": { "$not": { "$lte": now.to_bson() } } }
}
