//! The indexes of the session store. The migrations make the same for `sessions`, and say why each is
//! what it is; a collection of another name gets them here.

use mongodb::bson::{Document, RawDocumentBuf, doc};

use super::lookup::EXPRESS_OBJECTS;
use crate::db::{Documents, IndexError, ensure_indexes};

/// For TTL and for the sessions of a user. The TTL index is called as connect-mongo calls its own: it
/// would refuse to start beside one of another name.
pub async fn of_sessions(sessions: &Documents<RawDocumentBuf>) -> Result<(), IndexError> {
    let by_user = doc! { "key": { "user": 1, "createdAt": -1 }, "name": "user_1_createdAt_-1" };
    ensure_indexes(sessions, vec![ttl(), by_user]).await
}

/// For TTL and for the reason why a session was ended.
pub async fn of_endings(endings: &Documents<Document>) -> Result<(), IndexError> {
    ensure_indexes(endings, vec![ttl(), doc! { "key": { "sids": 1 }, "name": "sids_1" }]).await
}

/// For a user's sessions among those that Express made: by the words of the JSON text, or by
/// what stands below `passport` in an object. Only documents without `user` are in them.
pub async fn of_logins(sessions: &Documents<RawDocumentBuf>) -> Result<(), IndexError> {
    let texts = doc! {
        "key": { "session": "text" },
        "name": "express_login_text",
        "default_language": "none",
        "language_override": "no_language_field",
        "partialFilterExpression": { "user": null },
        "collation": { "locale": "simple" },
    };
    let objects = doc! {
        "key": { "session.passport.$**": 1 },
        "name": EXPRESS_OBJECTS,
        "partialFilterExpression": { "user": null },
        "collation": { "locale": "en", "strength": 2 },
    };
    ensure_indexes(sessions, vec![texts, objects]).await
}

fn ttl() -> Document {
    doc! { "key": { "expires": 1 }, "name": "expires_1", "expireAfterSeconds": 0 }
}
