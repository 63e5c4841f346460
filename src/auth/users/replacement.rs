//! The update that puts a new password hash into the document of an account, for `mongo.rs`.

use mongodb::bson::{DateTime, Document, doc};

use super::{Account, StoredPassword};
use crate::auth::legacy::LegacyHash;
use crate::auth::password::PasswordHash;
use crate::auth::users::UserId;

/// The document of this account, as long as it holds this hash.
pub fn holding(id: UserId, password: &StoredPassword) -> Document {
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

/// The update that puts a new hash in the place of an old one. An account of another program becomes
/// one of ours, and the weak hash goes.
pub fn replacement(
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
    // As `insert` does, for an Express app. Without a salt, no hash that stays is taken for a newer one.
    set.insert("salt", "");
    set.insert("upgraded_at", DateTime::now());
    // `$min` only adds what is missing: of any two values, BSON has an order.
    let mut update = doc! {
        "$set": set,
        "$min": { "created_at": old.user.id.0.timestamp() },
    };
    if !matches!(legacy, LegacyHash::Bcrypt { field: "password", .. }) {
        update.insert("$unset", doc! { "hash": 1 });
    }
    update
}
