//! An app whose one route does to the session what the query says, one step after the other.
//!
//! `GET /do?steps=set:a=1,regenerate` answers with the session as JSON. The Express app in
//! `tests/express/` takes the same steps, so that one list can be tried on both.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use mongodb::bson::{Document, doc};
use mongodb::options::ClientOptions;
use mongodb::{Client, Database};
use rocket::fairing::AdHoc;
use rocket::http::Status;
use rocket::tokio::sync::oneshot;
use rocket::{Build, Request, Rocket, get, routes, tokio};
use rocket_express_session::mongodb::MongoStore;
use rocket_express_session::store::{MemoryStore, Store};
use rocket_express_session::{Builder, Options, Secrets, Session, Sessions};

use super::browser::{Answer, Browser};
use super::log;
use super::mongod::fresh_database;
use super::profiler::commands_of;

/// The secret of each lab whose settings name no other.
pub const SECRET: &str = "a secret of the tests";

/// The name of the labs in MongoDB's profiler.
const APP_NAME: &str = "lab";

/// A running lab on a store.
pub struct Lab {
    pub url: String,
    uri: String,
    database: Option<Database>,
    stringify: bool,
}

impl Lab {
    /// One on each store, with the settings of the JSON text (as in Rocket.toml).
    pub async fn both(settings: &str) -> [Self; 2] {
        [Self::on_mongodb(settings).await, Self::in_memory(settings).await]
    }

    pub async fn on_mongodb(settings: &str) -> Self {
        Self::on_mongodb_as(true, settings).await
    }

    /// On MongoDB. `stringify`: new documents hold the session as JSON text; otherwise as an object.
    pub async fn on_mongodb_as(stringify: bool, settings: &str) -> Self {
        let (uri, database) = fresh_database().await;
        Self::on(&uri, database, stringify, settings).await
    }

    /// Another instance on the same database.
    pub async fn beside(&self, settings: &str) -> Self {
        Self::on(&self.uri, self.database().clone(), self.stringify, settings).await
    }

    /// With a client of its own; `database` is for the test to look into.
    async fn on(uri: &str, database: Database, stringify: bool, settings: &str) -> Self {
        let client = client(uri).await;
        let store = MongoStore::new(&client.database(database.name())).stringify(stringify);
        let lab = Self::start(builder(settings, store)).await;
        Self { uri: uri.to_owned(), database: Some(database), stringify, ..lab }
    }

    pub async fn in_memory(settings: &str) -> Self {
        Self::start(builder(settings, MemoryStore::default())).await
    }

    /// In memory, and the header `X-Forwarded-Proto` is believed.
    pub async fn behind_proxy(settings: &str) -> Self {
        Self::start(builder(settings, MemoryStore::default()).https(says_https)).await
    }

    /// With what the test itself has built.
    pub async fn start(builder: Builder) -> Self {
        let sessions = builder.build().expect("options that browsers accept");
        let app = rocket().attach(sessions).mount("/", routes![plain, take_steps]);
        Self { url: serve(app).await, uri: String::new(), database: None, stringify: true }
    }

    /// The connection string of the database.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// The database, to look into it without the store.
    pub fn database(&self) -> &Database {
        self.database.as_ref().expect("this test runs on MongoDB")
    }

    /// The commands that labs send to the database while `what` runs.
    pub async fn count_commands(&self, what: impl Future<Output = ()>) -> Vec<String> {
        commands_of(APP_NAME, self.database(), what).await
    }

    pub fn browser(&self) -> Browser {
        Browser::new(&self.url)
    }

    /// All documents of the store; `None` in memory, which cannot be looked into.
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

/// The requests that tests send to a lab.
impl Browser {
    /// Does the steps to this browser's session.
    pub async fn steps(&mut self, steps: &str) -> Answer {
        self.send(self.steps_request(steps)).await
    }

    /// The request of [`steps`](Self::steps), to be changed before it is sent.
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

/// A builder with the settings of the JSON text, and with a secret if they have none.
pub fn builder(settings: &str, store: impl Store) -> Builder {
    builder_with(settings, Arc::new(store))
}

/// As [`builder`], for a store that others use as well.
pub fn builder_with(settings: &str, store: Arc<dyn Store>) -> Builder {
    let mut options: Options = serde_json::from_str(settings).expect("settings");
    if options.secret.iter().next().is_none() {
        options.secret = Secrets::new([SECRET.to_owned()]).expect("a secret");
    }
    Sessions::builder_with(store).options(options)
}

/// A client whose commands the profiler can tell from those of the test.
pub async fn client(uri: &str) -> Client {
    let mut options = ClientOptions::parse(uri).await.expect("a connection string");
    options.app_name = Some(APP_NAME.to_owned());
    Client::with_options(options).expect("a client")
}

/// The scheme that a trusted proxy sends. The first one is the browser's own.
pub fn says_https(request: &Request<'_>) -> bool {
    let scheme = request.headers().get_one("x-forwarded-proto").unwrap_or_default();
    scheme.split(',').next().is_some_and(|first| first.eq_ignore_ascii_case("https"))
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
    Ok(session.data().to_json())
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
        "take" => drop(session.take::<String>(key)),
        "push" => session.push(key, value, usize::MAX).map_err(|error| error.to_string())?,
        "count" => session.increment(key).map_err(|error| error.to_string())?,
        "login" => session.regenerate().log_in(key).map_err(|error| error.to_string())?,
        "cycle_id" if key.is_empty() => drop(session.cycle_id()),
        "cycle_id" => session.cycle_id().log_in(key).map_err(|error| error.to_string())?,
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

/// An app without routes yet, to be given to [`serve`].
pub fn rocket() -> Rocket<Build> {
    log::record();
    rocket::custom(rocket::Config::figment().merge(("port", 0)).merge(("log_level", "off")))
}

/// Starts an app on a free port; returns its address. It ends with the test's runtime.
pub async fn serve(app: Rocket<Build>) -> String {
    let (tell, port) = oneshot::channel();
    let app = app.attach(AdHoc::on_liftoff("port", |rocket| {
        Box::pin(async move { tell.send(rocket.config().port).expect("the test waits") })
    }));
    tokio::spawn(app.launch());
    format!("http://127.0.0.1:{}", port.await.expect("the app starts"))
}
