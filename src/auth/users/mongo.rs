//! Accounts as documents in the collection `users`, which an Express app may share.
//!
//! `{_id, username, username_key, password, admin, created_at, password_version}`. A document of another
//! program has `username` and another hash (`auth/legacy.rs`). The unique index on `username_key` decides
//! which of two concurrent registrations gets a name.

use mongodb::Collection;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{DateTime, Document, RawBsonRef, RawDocument, RawDocumentBuf, doc};
use mongodb::options::{
    Collation, CollationAlternate, CollationMaxVariable, CollationStrength, FindOptions,
};
use rocket::futures::TryStreamExt as _;
use rocket_express_session::mongodb::{DocumentId, SharedReads};

use super::{Account, StoredPassword, Users, matching, replacement};
use crate::auth::legacy::LegacyHash;
use crate::auth::password::PasswordHash;
use crate::auth::username::{TypedName, Username, key_of};
use crate::auth::users::{User, UserId};
use crate::db::{Documents, Mongo, READ_LIMIT, Unavailable, in_time, unless_duplicate};
use crate::names::USERS;

/// Accounts in MongoDB.
pub struct MongoUsers {
    documents: Documents<RawDocumentBuf>,
    /// Reads of [`USER_FIELDS`].
    shared: Option<SharedReads>,
}

impl MongoUsers {
    /// The accounts of this database.
    pub fn new(mongo: &Mongo) -> Self {
        let shared = mongo.shared_reads(USERS, &USER_FIELDS);
        Self { documents: mongo.documents(USERS), shared }
    }
}

/// The collation of the index `username_any_case`, which ignores case, width, composition and white space.
///
/// To it, all names with the same key are equal. Some names with different keys are equal as well.
fn any_case() -> Collation {
    let collation = Collation::builder().locale("en".to_owned()).normalization(true);
    let collation = collation.strength(CollationStrength::Secondary);
    let ignored = collation.alternate(CollationAlternate::Shifted);
    ignored.max_variable(CollationMaxVariable::Space).build()
}

/// The most accounts that are read for one name. The index returns the oldest ones first, so later accounts
/// of an Express app cannot hide an older one. An account that holds its key is found by the key as well.
const MAX_CANDIDATES: u32 = 50;

/// The fields of a [`User`]. A page does not need the hash, so it does not leave the database.
const USER_FIELDS: [&str; 3] = ["username", "admin", "password_version"];

fn user_fields() -> Document {
    USER_FIELDS.iter().map(|field| ((*field).to_owned(), 1.into())).collect()
}

/// The fields of an [`Account`]. A document of another program may have many more.
fn account_fields() -> Document {
    let mut fields = user_fields();
    fields.extend(doc! { "username_key": 1, "password": 1, "hash": 1, "salt": 1 });
    fields
}

/// Reads a user. `None` for a document that is no account: its owner cannot log in, all others can.
fn read_user(document: &RawDocumentBuf) -> Option<User> {
    let (id, username) = (document.get_object_id("_id"), document.get_str("username"));
    let (Ok(id), Ok(username)) = (id, username) else {
        tracing::warn!("an unreadable document in the user store was skipped");
        return None;
    };
    let admin = document.get_bool("admin").unwrap_or(false);
    let password_version = whole_number(document, "password_version").unwrap_or(0);
    Some(User { id: UserId(id), username: username.to_owned(), admin, password_version })
}

/// A number of any BSON type, because a shell writes a Double where this program writes an Int64.
#[expect(clippy::cast_possible_truncation, reason = "`as` saturates")]
fn whole_number(document: &RawDocument, field: &str) -> Option<i64> {
    let number = match document.get(field).ok()?? {
        RawBsonRef::Int32(number) => Some(number.into()),
        RawBsonRef::Int64(number) => Some(number),
        RawBsonRef::Double(number) => Some(number as i64),
        RawBsonRef::Decimal128(number) => {
            number.to_string().parse::<f64>().ok().map(|number| number as i64)
        }
        _ => None,
    };
    number.filter(|number| (0..=MAX_PASSWORD_VERSION).contains(number))
}

/// A larger number, or one below 0, cannot be the number of password changes.
const MAX_PASSWORD_VERSION: i64 = 1 << 50;

fn read_account(document: &RawDocumentBuf) -> Option<Account> {
    let text = |field| document.get_str(field).ok().filter(|text: &&str| !text.is_empty());
    let ours = text("password").filter(|hash| hash.starts_with("$argon2"));
    // An upgrade removes the old hash. If there is one again, the other program has set a new password.
    let is_ours_alone = ours.is_some() && text("hash").is_none();
    let legacy = if is_ours_alone { None } else { LegacyHash::read(text) };
    let ours = || Some(StoredPassword::Argon2(PasswordHash::stored(ours?)));
    let password = legacy.map(StoredPassword::Legacy).or_else(ours);
    let key = text("username_key").map(str::to_owned);
    Some(Account { user: read_user(document)?, key, password })
}

impl MongoUsers {
    /// The documents that the collation finds for a name. These are some more than the name can mean.
    ///
    /// One query finds the accounts of all programs, so a known and an unknown name cost the same.
    async fn candidates(&self, name: &TypedName) -> Result<Vec<RawDocumentBuf>, Unavailable> {
        // The collation ignores the white space around a name.
        let by_name = self.find_by("username", name.trimmed(), Some(any_case())).await?;
        if by_name.len() < MAX_CANDIDATES as usize {
            return Ok(by_name);
        }
        let by_key = self.find_by("username_key", name.as_key(), None).await?;
        Ok(by_name.into_iter().chain(by_key).collect())
    }

    async fn find_by(
        &self,
        field: &str,
        value: &str,
        collation: Option<Collation>,
    ) -> Result<Vec<RawDocumentBuf>, Unavailable> {
        let filter = doc! { field: value };
        let find = move |users: Collection<RawDocumentBuf>| async move {
            let options = FindOptions::builder().collation(collation).projection(account_fields());
            let options = options.limit(i64::from(MAX_CANDIDATES)).max_time(READ_LIMIT).build();
            let found = users.find(filter).with_options(options);
            found.await?.try_collect::<Vec<RawDocumentBuf>>().await
        };
        self.documents.run(find).await
    }

    /// Matches an account without a hash that we can check, as long as it has none. `None` if it has one.
    async fn filter_as_is(&self, id: UserId) -> Result<Option<Document>, Unavailable> {
        let found = self.find_one(id, account_fields()).await?;
        let is_same = |document: &RawDocumentBuf| {
            read_account(document).is_some_and(|account| account.password.is_none())
        };
        let found = found.filter(is_same);
        Ok(found.and_then(|document| replacement::filter_as_is(id, &document)))
    }

    async fn find_one(
        &self,
        id: UserId,
        fields: Document,
    ) -> Result<Option<RawDocumentBuf>, Unavailable> {
        let filter = doc! { "_id": id.0 };
        let found = self.documents.run(|users| async move {
            users.find_one(filter).projection(fields).max_time(READ_LIMIT).await
        });
        found.await
    }
}

#[rocket::async_trait]
impl Users for MongoUsers {
    async fn find(&self, id: UserId) -> Result<Option<User>, Unavailable> {
        let found = match &self.shared {
            Some(shared) => in_time(shared.read(DocumentId::ObjectId(id.0))).await??,
            None => self.find_one(id, user_fields()).await?,
        };
        Ok(found.as_ref().and_then(read_user))
    }

    async fn find_account(&self, id: UserId) -> Result<Option<Account>, Unavailable> {
        Ok(self.find_one(id, account_fields()).await?.as_ref().and_then(read_account))
    }

    async fn find_matching(&self, name: &TypedName) -> Result<Vec<Account>, Unavailable> {
        let accounts = self.candidates(name).await?.iter().filter_map(read_account).collect();
        Ok(matching(accounts, name))
    }

    /// Counts documents without an `ObjectId` as well: they are no accounts here, but another program may use
    /// them.
    async fn is_taken(&self, name: &TypedName) -> Result<bool, Unavailable> {
        let found = self.candidates(name).await?;
        let mut usernames = found.iter().filter_map(|document| document.get_str("username").ok());
        Ok(found.len() >= MAX_CANDIDATES as usize
            || usernames.any(|username| key_of(username) == name.as_key()))
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
            // For an Express app on the same collection. Without a salt, its pbkdf2 would throw; with an
            // empty one, its comparison fails as it should. mongoose expects `__v`.
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
        // The other program may have renamed an account that still holds the key.
        let holders = self.find_by("username_key", username.as_key(), None).await?;
        if !holders.is_empty() || self.is_taken(&username.into()).await? {
            return Ok(None);
        }
        Err(Unavailable::new(
            "a unique index of `users` refuses a second account without the field that it is on",
        ))
    }

    async fn replace_password(
        &self,
        old: &Account,
        new: &PasswordHash,
        version: i64,
    ) -> Result<bool, Unavailable> {
        let filter = match &old.password {
            Some(password) => replacement::filter(old.user.id, password),
            None => match self.filter_as_is(old.user.id).await? {
                Some(filter) => filter,
                None => return Ok(false),
            },
        };
        let replace = |key: Option<&str>| {
            let filter = filter.clone();
            let update = replacement::update(old, new, version, key);
            self.documents.run(|users| async move {
                let updated = users.update_one(filter, update).await;
                unless_duplicate(updated.map(|updated| updated.matched_count == 1))
            })
        };
        let key = old.key.is_none().then(|| key_of(&old.user.username));
        let is_new = version != old.user.password_version;
        match replace(key.as_deref()).await {
            // The owner chose another password. It must count, even if another account holds the key or a
            // validator rejects the update.
            Ok(false) if is_new && key.is_some() => replace(None).await,
            Err(error) if error.is_refusal() && is_new && key.is_some() => replace(None).await,
            replaced => replaced,
        }
    }

    async fn all(&self, limit: u32) -> Result<Vec<User>, Unavailable> {
        let found = self.documents.in_background().run(move |users| async move {
            // A document without a username is no account of ours.
            let find = users.find(doc! { "username": { "$type": "string" } });
            let find = find.projection(user_fields()).sort(doc! { "_id": 1 });
            let find = find.limit(limit.into()).max_time(READ_LIMIT);
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
        // The accounts of another program are not ours to delete.
        let ours = doc! { "username_key": { "$exists": true }, "upgraded_at": null };
        let filter = doc! { "$and": [ours, { "admin": { "$ne": true } }] };
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
