//! The indexes of the session store. The migrations make the same for `sessions`, and say why each is
//! what it is; a collection of another name gets them here.

use std::time::Duration;

use mongodb::bson::{Document, RawDocumentBuf, doc};
use mongodb::options::{Collation, IndexOptions};
use mongodb::{Collection, IndexModel};

use super::lookup::{EXPRESS_OBJECTS, either_case};
use crate::db::{Documents, Unavailable};

/// How long the indexes of a large collection may take: 70,000 sessions a second, measured.
const INDEX_BUILD: Duration = Duration::from_secs(60);

/// For TTL and for the sessions of a user. The TTL index exactly as connect-mongo makes it at its
/// start: with any difference, one of the two would refuse to start.
pub async fn of_sessions(sessions: &Documents<RawDocumentBuf>) -> Result<(), Unavailable> {
    let by_user = IndexModel::builder().keys(doc! { "user": 1, "createdAt": -1 }).build();
    let indexes = [ttl(), by_user];
    sessions.run(|all| async move { all.create_indexes(indexes).await }).await.map(drop)
}

/// For TTL and for the reason why a session was ended.
pub async fn of_endings(endings: &Documents<Document>) -> Result<(), Unavailable> {
    let by_sid = IndexModel::builder().keys(doc! { "sids": 1 }).build();
    let indexes = [ttl(), by_sid];
    endings.run(|all| async move { all.create_indexes(indexes).await }).await.map(drop)
}

/// For a user's sessions among those that Express made: by the words of the JSON text, or by what stands
/// below `passport` in an object. Only documents without `user` are in them.
pub async fn of_logins(sessions: &Documents<RawDocumentBuf>) -> Result<(), Unavailable> {
    let of_express = |name: &str| {
        let options = IndexOptions::builder().name(name.to_owned());
        options.partial_filter_expression(doc! { "user": null })
    };
    let texts = of_express("express_login_text")
        .default_language("none".to_owned())
        .language_override("no_language_field".to_owned())
        .collation(Collation::builder().locale("simple".to_owned()).build())
        .build();
    let texts = IndexModel::builder().keys(doc! { "session": "text" }).options(texts).build();
    let objects = of_express(EXPRESS_OBJECTS).collation(either_case()).build();
    let objects = IndexModel::builder().keys(doc! { "session.passport.$**": 1 }).options(objects);
    let indexes = [texts, objects.build()];
    let create = |all: Collection<RawDocumentBuf>| async move { all.create_indexes(indexes).await };
    sessions.within(INDEX_BUILD).run(create).await.map(drop)
}

fn ttl() -> IndexModel {
    let options = IndexOptions::builder().name("expires_1".to_owned()).expire_after(Duration::ZERO);
    IndexModel::builder().keys(doc! { "expires": 1 }).options(options.build()).build()
}
