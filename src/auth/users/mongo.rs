//! Accounts as documents in the collection `users`, which an Express app may share.
//!
//! `{_id, username, username_key, password, admin, created_at, password_version}`; migration 001
//! says what else may stand there. The unique index on `username_key` decides who gets a name, not a look before.

use mongodb::bson::oid::ObjectId;
use mongodb::bson::{DateTime, Document, RawDocumentBuf, doc};
use rocket::futures::TryStreamExt as _;

use super::{Account, StoredPassword, Users};
use crate::auth::legacy::TutorialHash;
use crate::auth::password::PasswordHash;
use crate::auth::user::{User, UserId};
use crate::auth::username::Username;
use crate::db::{Documents, Mongo, READ_LIMIT, Unavailable, is_duplicate_key};

/// The name of the collection.
pub const COLLECTION: &str = "users";

/// The user store in MongoDB.
pub struct MongoUsers {
    documents: Documents<RawDocumentBuf>,
}

impl MongoUsers {
    /// The accounts of this database.
    pub fn new(mongo: &Mongo) -> Self {
        Self { documents: mongo.documents(COLLECTION) }
    }
}

/// The document of this name: ours by its key, one of the Express tutorial, which has no key, by
/// the very name. One query for both, so that a known and an unknown name cost the same.
fn by_name(username: &Username) -> Document {
    let tutorial = doc! { "username": username.as_shown(), "username_key": { "$exists": false } };
    doc! { "$or": [{ "username_key": username.as_key() }, tutorial] }
}

/// The fields of a [`User`]. A page has no business with the hash, so it does not even leave the
/// database.
fn of_user() -> Document {
    doc! { "username": 1, "admin": 1, "password_version": 1 }
}

/// `None` for a document that is no account: whoever it was meant for is nobody, the others go on.
fn read_user(document: &RawDocumentBuf) -> Option<User> {
    let (id, username) = (document.get_object_id("_id"), document.get_str("username"));
    let (Ok(id), Ok(username)) = (id, username) else {
        log::warn!("a document of the user store is unreadable");
        return None;
    };
    let admin = document.get_bool("admin").unwrap_or(false);
    let password_version = document.get_i64("password_version").unwrap_or(0);
    Some(User { id: UserId(id), username: username.to_owned(), admin, password_version })
}

fn read_account(document: &RawDocumentBuf) -> Option<Account> {
    let text = |field| document.get_str(field).ok().filter(|text| !text.is_empty());
    let password = match (text("password"), text("hash"), text("salt")) {
        (Some(ours), ..) => Some(StoredPassword::Argon2(PasswordHash::stored(ours))),
        (None, Some(hash), Some(salt)) => {
            let (hash, salt) = (hash.to_owned(), salt.to_owned());
            Some(StoredPassword::Tutorial(TutorialHash { hash, salt }))
        }
        _ => None,
    };
    Some(Account { user: read_user(document)?, password })
}

#[rocket::async_trait]
impl Users for MongoUsers {
    async fn find(&self, id: UserId) -> Result<Option<User>, Unavailable> {
        let filter = doc! { "_id": id.0 };
        let found = self.documents.run(|users| async move {
            users.find_one(filter).projection(of_user()).max_time(READ_LIMIT).await
        });
        Ok(found.await?.as_ref().and_then(read_user))
    }

    async fn find_account(&self, username: &Username) -> Result<Option<Account>, Unavailable> {
        // Names of the tutorial are not unique; an account of ours goes before its namesakes.
        let (filter, ours_first) = (by_name(username), doc! { "username_key": -1 });
        let found = self.documents.run(|users| async move {
            users.find_one(filter).sort(ours_first).max_time(READ_LIMIT).await
        });
        Ok(found.await?.as_ref().and_then(read_account))
    }

    async fn insert(
        &self,
        username: &Username,
        password: &PasswordHash,
    ) -> Result<Option<User>, Unavailable> {
        let id = ObjectId::new();
        let document = doc! {
            "_id": id,
            "username": username.as_shown(),
            "username_key": username.as_key(),
            "password": password.as_str(),
            "admin": false,
            "created_at": DateTime::now(),
            // For an Express app on the same collection: with no salt its pbkdf2 would throw, with
            // an empty one its comparison fails as it should. `__v` is what mongoose expects.
            "salt": "",
            "__v": 0,
        };
        let document = RawDocumentBuf::try_from(&document).map_err(Unavailable::new)?;
        let inserted = self.documents.run(|users| async move {
            match users.insert_one(document).await {
                Err(error) if is_duplicate_key(&error) => Ok(false),
                result => result.map(|_| true),
            }
        });
        let username = username.as_shown().to_owned();
        let user = User { id: UserId(id), username, admin: false, password_version: 0 };
        Ok(inserted.await?.then_some(user))
    }

    async fn replace_password(
        &self,
        username: &Username,
        old: &Account,
        new: &PasswordHash,
        version: i64,
    ) -> Result<bool, Unavailable> {
        let id = old.user.id.0;
        let mut set = doc! { "password": new.as_str() };
        if version != old.user.password_version {
            set.insert("password_version", version);
        }
        let (filter, update) = match &old.password {
            None => return Ok(false),
            Some(StoredPassword::Argon2(old)) => {
                (doc! { "_id": id, "password": old.as_str() }, doc! { "$set": set })
            }
            // The account becomes one of ours, and the weak hash goes.
            Some(StoredPassword::Tutorial(old)) => {
                set.insert("username_key", username.as_key());
                set.insert("created_at", id.timestamp());
                set.insert("salt", "");
                let filter = doc! { "_id": id, "hash": &old.hash, "salt": &old.salt };
                (filter, doc! { "$set": set, "$unset": { "hash": 1 } })
            }
        };
        let replaced = self.documents.run(|users| async move {
            match users.update_one(filter, update).await {
                // Another account has the name here; this account stays the tutorial's.
                Err(error) if is_duplicate_key(&error) => Ok(false),
                result => result.map(|result| result.matched_count == 1),
            }
        });
        replaced.await
    }

    async fn all(&self, most: u32) -> Result<Vec<User>, Unavailable> {
        let found = self.documents.in_background().run(move |users| async move {
            let find = users.find(doc! {}).projection(of_user()).sort(doc! { "_id": 1 });
            let find = find.limit(most.into()).max_time(READ_LIMIT);
            find.await?.try_collect::<Vec<RawDocumentBuf>>().await
        });
        Ok(found.await?.iter().filter_map(read_user).collect())
    }

    async fn delete(&self, id: UserId) -> Result<(), Unavailable> {
        let filter = doc! { "_id": id.0 };
        let deleted = self.documents.run(|users| async move { users.delete_one(filter).await });
        deleted.await.map(drop)
    }

    async fn delete_students(&self) -> Result<u64, Unavailable> {
        let filter = doc! { "admin": { "$ne": true } };
        let deleted = self
            .documents
            .in_background()
            .run(|users| async move { users.delete_many(filter).await });
        Ok(deleted.await?.deleted_count)
    }

    async fn set_admin(&self, username: &Username, admin: bool) -> Result<bool, Unavailable> {
        let Some(account) = self.find_account(username).await? else {
            return Ok(false);
        };
        let filter = doc! { "_id": account.user.id.0 };
        let update = doc! { "$set": { "admin": admin } };
        let updated =
            self.documents.run(|users| async move { users.update_one(filter, update).await });
        Ok(updated.await?.matched_count == 1)
    }
}
