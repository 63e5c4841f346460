//! An app whose one route does to the session what the query says, one step after the other.
//!
//! `GET /do?steps=set:a=1,regenerate` answers with the session as JSON. The Express app in
//! `tests/express/` takes the same steps, so that one list can be tried on both.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use cloakroom::proxy::TrustedProxies;
use cloakroom::session::store::Store;
use cloakroom::session::store::memory::MemoryStore;
use cloakroom::session::store::mongo::MongoStore;
use cloakroom::session::{self, Engine, Options, Session};
use mongodb::Database;
use mongodb::bson::{Document, doc};
use rocket::fairing::AdHoc;
use rocket::http::Status;
use rocket::tokio::sync::oneshot;
use rocket::{Request, Response, get, routes, tokio};

use super::browser::{Answer, Browser};
use super::mongod::fresh_database;

/// A running lab on a store.
pub struct Lab {
    pub url: String,
    uri: String,
    database: Option<Database>,
}

impl Lab {
    /// One on each store, with the settings of the JSON text (as in Rocket.toml).
    pub async fn both(settings: &str) -> [Self; 2] {
        [Self::on_mongodb(settings).await, Self::in_memory(settings).await]
    }

    pub async fn on_mongodb(settings: &str) -> Self {
        let (uri, database) = fresh_database().await;
        Self::on(&uri, database, settings).await
    }

    /// Another instance on the same database.
    pub async fn beside(&self, settings: &str) -> Self {
        Self::on(&self.uri, self.database().clone(), settings).await
    }

    /// Through the app's own client, with its deadlines; `database` is for us to look into.
    async fn on(uri: &str, database: Database, settings: &str) -> Self {
        let options = options(settings);
        let client = cloakroom::db::Mongo::open(uri, false).await.expect("the app's client");
        let store = MongoStore::new(&client, &options.collection, options.stringify);
        let url = launch(options, Arc::new(store), "[]").await;
        Self { url, uri: uri.to_owned(), database: Some(database) }
    }

    /// The connection string of the database.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// The database, to look into it behind the app's back.
    pub fn database(&self) -> &Database {
        self.database.as_ref().expect("this test runs on MongoDB")
    }

    pub async fn in_memory(settings: &str) -> Self {
        Self::behind(settings, "[]").await
    }

    /// In memory, with one address that is believed when it says "https".
    pub async fn behind_proxy(settings: &str, address: &str) -> Self {
        Self::behind(settings, &format!("[{address:?}]")).await
    }

    async fn behind(settings: &str, proxies: &str) -> Self {
        Self::with_store(settings, Arc::new(MemoryStore::default()), proxies).await
    }

    /// On a store of the test's own, behind the proxies of a JSON list.
    pub async fn with_store(settings: &str, store: Arc<dyn Store>, proxies: &str) -> Self {
        let url = launch(options(settings), store, proxies).await;
        Self { url, uri: String::new(), database: None }
    }

    pub fn browser(&self) -> Browser {
        Browser::new(&self.url)
    }

    /// All documents of the store; `None` on memory, which cannot be looked into.
    pub async fn documents(&self) -> Option<Vec<Document>> {
        let sessions = self.database.as_ref()?.collection::<Document>("sessions");
        let mut found = sessions.find(doc! {}).await.expect("the sessions");
        let mut documents = vec![];
        while found.advance().await.expect("the sessions") {
            documents.push(found.deserialize_current().expect("a document"));
        }
        Some(documents)
    }

    /// The one document that there is.
    pub async fn document(&self) -> Option<Document> {
        let mut documents = self.documents().await?;
        assert_eq!(documents.len(), 1, "{documents:?}");
        documents.pop()
    }

    pub async fn expect_documents(&self, number: usize) {
        if let Some(documents) = self.documents().await {
            assert_eq!(documents.len(), number, "{documents:?}");
        }
    }
}

/// What tests do in a lab.
impl Browser {
    /// Does the steps to this browser's session.
    pub async fn steps(&mut self, steps: &str) -> Answer {
        self.send(self.steps_request(steps)).await
    }

    /// That request, to be changed before it is sent.
    pub fn steps_request(&self, steps: &str) -> reqwest::RequestBuilder {
        let steps =
            percent_encoding::utf8_percent_encode(steps, percent_encoding::NON_ALPHANUMERIC);
        self.request(reqwest::Method::GET, &format!("/do?steps={steps}"))
    }
}

impl Answer {
    /// The session that the lab answered with.
    pub fn session(&self) -> serde_json::Value {
        serde_json::from_str(&self.body)
            .unwrap_or_else(|_| panic!("{}: {}", self.status, self.body))
    }
}

fn options(settings: &str) -> Options {
    serde_json::from_str(settings).expect("settings")
}

/// Ignores the session altogether.
#[get("/plain")]
fn plain() -> &'static str {
    "plain"
}

#[get("/do?<steps>")]
async fn take_steps(session: &Session, steps: &str) -> Result<String, (Status, String)> {
    for step in steps.split(',').filter(|step| !step.is_empty()) {
        let status = if step == "missing" { Status::NotFound } else { Status::Conflict };
        take_step(session, step).await.map_err(|error| (status, error))?;
    }
    Ok(session.content().to_json())
}

async fn take_step(session: &Session, step: &str) -> Result<(), String> {
    let (verb, rest) = step.split_once(':').unwrap_or((step, ""));
    let (key, value) = rest.split_once('=').unwrap_or((rest, ""));
    match verb {
        "set" => session.set(key, value).map_err(|error| error.to_string())?,
        "fill" => session
            .set(key, &"x".repeat(value.parse().expect("a number")))
            .map_err(|error| error.to_string())?,
        // No JSON object has a list as a key.
        "odd" => {
            let value = HashMap::from([([1], 1)]);
            session.set(key, &value).map_err(|error| error.to_string())?;
        }
        "remove" => session.remove(key),
        "push" => session.push(key, value, usize::MAX).map_err(|error| error.to_string())?,
        "count" => session.increment(key).map_err(|error| error.to_string())?,
        "login" => session.regenerate().set_login(&key).map_err(|error| error.to_string())?,
        "renew" => session.renew().set_login(&key).map_err(|error| error.to_string())?,
        "regenerate" => drop(session.regenerate()),
        "destroy" => session.destroy(),
        "save" => session.save().await.map_err(|error| error.to_string())?,
        "reload" => session.reload().await.map_err(|error| error.to_string())?,
        "touch" => session.touch(),
        "missing" => return Err("there is no such page".to_owned()),
        "maxage" => session.set_max_age(key.parse().ok().map(Duration::from_millis)),
        "sleep" => {
            let time = Duration::from_millis(key.parse().expect("milliseconds"));
            tokio::time::sleep(time).await;
        }
        other => panic!("no step {other:?}"),
    }
    Ok(())
}

fn unavailable<'r>(_: &'r Request<'_>) -> Response<'r> {
    Response::build().status(Status::ServiceUnavailable).finalize()
}

async fn launch(options: Options, store: Arc<dyn Store>, proxies: &str) -> String {
    let proxies: TrustedProxies = serde_json::from_str(proxies).expect("addresses");
    let (tell, port) = oneshot::channel();
    let figment = rocket::Config::figment().merge(("port", 0)).merge(("log_level", "off"));
    let rocket = rocket::custom(figment)
        .manage(proxies)
        .attach(session::stage(Engine::new(options, store), unavailable))
        .mount("/", routes![plain, take_steps])
        .attach(AdHoc::on_liftoff("port", |rocket| {
            Box::pin(async move { tell.send(rocket.config().port).expect("the test waits") })
        }));
    tokio::spawn(rocket.launch());
    format!("http://127.0.0.1:{}", port.await.expect("the lab lifts off"))
}
