//! The filter and the update with which `mongo.rs` replaces the password hash of an account.

use mongodb::bson::{DateTime, Document, doc};

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

/// Replaces an old hash by a new one. An account of another program becomes one of ours, and its weak hash is
/// removed.
pub(super) fn update(
    old: &Account,
    password: &StoredPassword,
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
    let StoredPassword::Legacy(legacy) = password else { return doc! { "$set": set } };
    // The salt is empty as in `insert`. Without a salt, a hash that stays is not mistaken for a newer one.
    set.insert("salt", "");
    set.insert("upgraded_at", DateTime::now());
    // `$min` adds the field if it is missing. It cannot fail, because BSON orders values of all types.
    let mut update = doc! {
        "$set": set,
        "$min": { "created_at": old.user.id.0.timestamp() },
    };
    if !matches!(legacy, LegacyHash::Bcrypt { field: "password", .. }) {
        update.insert("$unset", doc! { "hash": 1 });
    }
    update
}
