//! Accounts as documents in the collection `users`, which an Express app may share.
//!
//! `{_id, username, username_key, password, admin, created_at, password_version}`. A document of
//! another program has `username` and a hash of its own (`auth/legacy.rs`). Between two registrations
//! here, the unique index on `username_key` decides who gets a name.

use mongodb::Collection;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{DateTime, Document, RawBsonRef, RawDocument, RawDocumentBuf, doc};
use mongodb::error::Error;
use mongodb::options::{Collation, CollationStrength};
use rocket::futures::TryStreamExt as _;

use super::{Account, StoredPassword, Users};
use crate::auth::legacy::LegacyHash;
use crate::auth::password::PasswordHash;
use crate::auth::user::{User, UserId};
use crate::auth::username::{TypedName, Username, key_of};
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

/// Finds names that differ in case, width or composition as one. Each two names with one key are equal
/// to it; it finds some others as well. The index `username_any_case` has this collation.
fn any_case() -> Collation {
    let collation = Collation::builder().locale("en".to_owned()).normalization(true);
    collation.strength(CollationStrength::Secondary).build()
}

/// More accounts of one name than this are not looked at. The index has the oldest first, so an
/// Express app cannot hide an account behind later ones.
const MOST_OF_A_NAME: i64 = 50;

/// The fields of a [`User`]. A page has no business with the hash, so it does not even leave the
/// database.
fn of_user() -> Document {
    doc! { "username": 1, "admin": 1, "password_version": 1 }
}

/// The fields of an [`Account`]: a document of another program may hold more than a page needs.
fn of_account() -> Document {
    let mut fields = of_user();
    fields.extend(doc! { "username_key": 1, "password": 1, "hash": 1, "salt": 1 });
    fields
}

/// `None` for a document that is no account: whoever it was meant for is nobody, the others go on.
fn read_user(document: &RawDocumentBuf) -> Option<User> {
    let (id, username) = (document.get_object_id("_id"), document.get_str("username"));
    let (Ok(id), Ok(username)) = (id, username) else {
        log::warn!("a document of the user store is unreadable");
        return None;
    };
    let admin = document.get_bool("admin").unwrap_or(false);
    let password_version = whole_number(document, "password_version").unwrap_or(0);
    Some(User { id: UserId(id), username: username.to_owned(), admin, password_version })
}

/// A number of any type: a shell writes a Double where this program writes an Int64.
#[expect(clippy::cast_possible_truncation, reason = "`as` saturates")]
fn whole_number(document: &RawDocument, field: &str) -> Option<i64> {
    match document.get(field).ok()?? {
        RawBsonRef::Int32(number) => Some(number.into()),
        RawBsonRef::Int64(number) => Some(number),
        RawBsonRef::Double(number) => Some(number as i64),
        _ => None,
    }
}

fn read_account(document: &RawDocumentBuf) -> Option<Account> {
    let text = |field| document.get_str(field).ok().filter(|text: &&str| !text.is_empty());
    let ours = text("password").filter(|hash| hash.starts_with("$argon2"));
    let ours = ours.map(|hash| StoredPassword::Argon2(PasswordHash::stored(hash)));
    let password = ours.or_else(|| LegacyHash::read(text).map(StoredPassword::Legacy));
    let key = text("username_key").map(str::to_owned);
    Some(Account { user: read_user(document)?, key, password })
}

/// True when the database has carried the write out; false when it is a duplicate in a unique index.
fn unless_duplicate(written: Result<bool, Error>) -> Result<bool, Error> {
    match written {
        Err(error) if is_duplicate_key(&error) => Ok(false),
        written => written,
    }
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

    async fn find_by_id(&self, id: UserId) -> Result<Option<Account>, Unavailable> {
        let filter = doc! { "_id": id.0 };
        let found = self.documents.run(|users| async move {
            users.find_one(filter).projection(of_account()).max_time(READ_LIMIT).await
        });
        Ok(found.await?.as_ref().and_then(read_account))
    }

    /// One query for the accounts of all programs, so that a known and an unknown name cost the same.
    async fn find_all(&self, name: &TypedName) -> Result<Vec<Account>, Unavailable> {
        let (typed, trimmed) = (name.as_typed(), name.trimmed());
        let filter = match typed == trimmed {
            true => doc! { "username": typed },
            false => doc! { "username": { "$in": [typed, trimmed] } },
        };
        let find = |users: Collection<RawDocumentBuf>| async move {
            let find = users.find(filter).collation(any_case()).projection(of_account());
            let find = find.limit(MOST_OF_A_NAME).max_time(READ_LIMIT);
            find.await?.try_collect::<Vec<RawDocumentBuf>>().await
        };
        let found = self.documents.run(find).await?;
        let accounts = found.iter().filter_map(read_account);
        Ok(accounts.filter(|account| account.answers_to(name)).collect())
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
            unless_duplicate(users.insert_one(document).await.map(|_| true))
        });
        if inserted.await? {
            let username = username.as_shown().to_owned();
            return Ok(Some(User { id: UserId(id), username, admin: false, password_version: 0 }));
        }
        match self.find_all(&username.into()).await?.is_empty() {
            false => Ok(None),
            true => Err(Unavailable::new(
                "a unique index of `users` refuses a second account without the field that it is on",
            )),
        }
    }

    async fn replace_password(
        &self,
        old: &Account,
        new: &PasswordHash,
        version: i64,
    ) -> Result<bool, Unavailable> {
        let Some(password) = &old.password else { return Ok(false) };
        let filter = holding(old.user.id, password);
        let replace = |key: Option<&str>| {
            let (filter, update) = (filter.clone(), replacement(old, password, new, version, key));
            self.documents.run(|users| async move {
                let updated = users.update_one(filter, update).await;
                unless_duplicate(updated.map(|updated| updated.matched_count == 1))
            })
        };
        let key = old.key.is_none().then(|| key_of(&old.user.username));
        let is_new = version != old.user.password_version;
        let replaced = replace(key.as_deref()).await?;
        // The owner chose another password. It must count, although another account holds the key.
        if !replaced && is_new && key.is_some() { replace(None).await } else { Ok(replaced) }
    }

    async fn all(&self, most: u32) -> Result<Vec<User>, Unavailable> {
        let found = self.documents.in_background().run(move |users| async move {
            // A document without a username is no account of ours.
            let find = users.find(doc! { "username": { "$type": "string" } });
            let find = find.projection(of_user()).sort(doc! { "_id": 1 });
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
        let filter = doc! { "username": { "$type": "string" }, "admin": { "$ne": true } };
        let deleted = self
            .documents
            .in_background()
            .run(|users| async move { users.delete_many(filter).await });
        Ok(deleted.await?.deleted_count)
    }

    async fn set_admin(&self, id: UserId, admin: bool) -> Result<bool, Unavailable> {
        let (filter, update) = (doc! { "_id": id.0 }, doc! { "$set": { "admin": admin } });
        let updated =
            self.documents.run(|users| async move { users.update_one(filter, update).await });
        Ok(updated.await?.matched_count == 1)
    }
}

/// The document of this account, as long as it holds this hash.
fn holding(id: UserId, password: &StoredPassword) -> Document {
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
fn replacement(
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
    if matches!(legacy, LegacyHash::Pbkdf2 { .. }) {
        set.insert("salt", ""); // As `insert` does, for an Express app.
    }
    let mut update = doc! {
        "$set": set,
        // These two only add what is missing: of any two values, BSON has an order.
        "$max": { "admin": false },
        "$min": { "created_at": old.user.id.0.timestamp() },
    };
    if !matches!(legacy, LegacyHash::Bcrypt { field: "password", .. }) {
        update.insert("$unset", doc! { "hash": 1 });
    }
    update
}
