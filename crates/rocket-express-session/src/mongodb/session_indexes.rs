//! The indexes of the session store.

use mongodb::bson::{Document, doc};

use super::lookup::EXPRESS_OBJECTS;

/// For TTL and for the sessions of a user. The TTL index is called as connect-mongo calls its own: it
/// would refuse to start beside one of another name.
pub(super) fn of_sessions() -> Vec<Document> {
    let by_user = doc! { "key": { "user": 1, "createdAt": -1 }, "name": "user_1_createdAt_-1" };
    vec![ttl(), by_user]
}

/// For TTL and for the reason why a session was revoked.
pub(super) fn of_reasons() -> Vec<Document> {
    vec![ttl(), doc! { "key": { "sids": 1 }, "name": "sids_1" }]
}

/// For a user's sessions among those that Express created: by the words of the JSON text, or by what stands
/// below `passport` in an object. Only documents without `user` are in them.
pub(super) fn of_express() -> Vec<Document> {
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
    vec![texts, objects]
}

fn ttl() -> Document {
    doc! { "key": { "expires": 1 }, "name": "expires_1", "expireAfterSeconds": 0 }
}
