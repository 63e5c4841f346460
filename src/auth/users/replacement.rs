//! The filter and the update with which `mongo.rs` replaces the password hash of an account.

use mongodb::bson::{Bson, DateTime, Document, RawDocument, doc};

use super::{Account, StoredPassword};
use crate::auth::legacy::LegacyHash;
use crate::auth::password::PasswordHash;
use crate::auth::users::UserId;

/// Matches the document of this account, as long as it has this hash.
pub(super) fn filter(id: UserId, password: &StoredPassword) -> Document {
    match password {
        StoredPassword::Argon2(hash) => doc! { "_id": id.0, "password": hash.as_str() },
        StoredPassword::Legacy(LegacyHash::Bcrypt { hash, field }) => {
            doc! { "_id": id.0, (*field): hash }
        }
        StoredPassword::Legacy(LegacyHash::Pbkdf2 { hash, salt }) => {
            doc! { "_id": id.0, "hash": hash, "salt": salt }
        }
    }
}

/// The fields in which programs store a hash.
const HASH_FIELDS: [&str; 3] = ["password", "hash", "salt"];

/// Matches this document, as long as its hash is the same. For a hash of a kind that we cannot check.
pub(super) fn filter_as_is(id: UserId, document: &RawDocument) -> Option<Document> {
    let mut filter = doc! { "_id": id.0 };
    for field in HASH_FIELDS {
        // The value may be of any type. Without `$eq`, a regular expression would be a search.
        let same = if let Some(value) = document.get(field).ok()? {
            doc! { "$eq": Bson::try_from(value).ok()? }
        } else {
            doc! { "$exists": false }
        };
        filter.insert(field, same);
    }
    Some(filter)
}

/// Replaces an old hash by a new one. An account of another program becomes one of ours, and its weak hash is
/// removed.
pub(super) fn update(
    old: &Account,
    new: &PasswordHash,
    version: i64,
    key: Option<&str>,
) -> Document {
    let mut set = doc! { "password": new.as_str() };
    if version != old.user.password_version {
        set.insert("password_version", version);
    }
    if let Some(key) = key {
        set.insert("username_key", key);
    }
    if matches!(old.password, Some(StoredPassword::Argon2(_))) {
        return doc! { "$set": set };
    }
    // The salt is empty as in `insert`. Without a salt, a hash that stays is not mistaken for a newer one.
    set.insert("salt", "");
    // Without a hash that we can check, an account that holds its key may be one of ours.
    if old.password.is_some() || old.key.is_none() {
        set.insert("upgraded_at", DateTime::now());
    }
    // `$min` adds the field if it is missing. It cannot fail, because BSON orders values of all types.
    let mut update = doc! {
        "$set": set,
        "$min": { "created_at": old.user.id.0.timestamp() },
    };
    if !matches!(
        old.password,
        Some(StoredPassword::Legacy(LegacyHash::Bcrypt { field: "password", .. }))
    ) {
        update.insert("$unset", doc! { "hash": 1 });
    }
    update
}
