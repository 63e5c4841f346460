//! How the sessions of a user are looked up, each kind by an index of its own (`session_indexes.rs`).
//!
//! A scan of the collection would be as long as the visitors of an Express app make it.

use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Binary, Bson, Document, Uuid, doc};
use mongodb::options::{Collation, FindOptions, Hint};

use crate::javascript::Timestamp;

/// The index on what stands below `passport` in a session that is an object.
pub(super) const EXPRESS_OBJECTS: &str = "express_login_forms";

/// Some of the valid sessions, the newest first.
pub(super) struct Lookup {
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

    /// Our own sessions of this user.
    pub(super) fn ours(user: &str) -> Self {
        Self::new(doc! { "user": user }, doc! { "createdAt": -1 })
    }

    /// Sessions that do not say which user they belong to.
    pub(super) fn without_user() -> Self {
        Self::new(doc! { "user": Bson::Null }, doc! { "createdAt": -1 })
    }

    /// Sessions of an Express app whose text has this user's ID in it. They have no field for the user.
    pub(super) fn express_text(user: &str) -> Self {
        let filter = doc! { "user": null, "$text": { "$search": search(user) } };
        Self::new(filter, doc! { "expires": -1 })
    }

    /// Sessions of an Express app that are objects. The ID may be text, an `ObjectId`, a UUID or a number,
    /// alone or in an object.
    pub(super) fn express_object(user: &str) -> Self {
        let ids = forms(user);
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

/// All words of the ID, each as a phrase: MongoDB finds the texts that have them all.
fn search(user: &str) -> String {
    let is_sign = |c: char| !c.is_alphanumeric() && c != '-';
    let words = user.split(is_sign).filter(|word| !word.is_empty());
    words.map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(" ")
}

/// The types in which an app may have stored an ID with this text.
fn forms(user: &str) -> Vec<Bson> {
    let mut forms = vec![Bson::from(user)];
    forms.extend(ObjectId::parse_str(user).map(Bson::from));
    // MongoDB compares numbers of all types by their value.
    forms.extend(user.parse().map(Bson::Int64).or_else(|_| user.parse().map(Bson::Double)));
    forms.extend(Uuid::parse_str(user).map(|id| Bson::Binary(Binary::from(id))));
    forms
}

/// Letters count the same in upper and lower case: an app may store the digits of an ID in either.
fn either_case() -> Collation {
    use mongodb::options::CollationStrength::Secondary;
    Collation::builder().locale("en".to_owned()).strength(Secondary).build()
}

/// A document without `expires` is valid, too.
pub(super) fn valid_at(now: Timestamp) -> Document {
    doc! { "expires": { "$not": { "$lte": now.to_bson() } } }
}
