//! The same page with axum, tower-sessions and axum-login, for `script/bench`.
//!
//!     MONGODB_URI=... axum-peer PORT
//!
//! It is written as the examples of axum-login are, and renders the templates of Cloakroom. A session expires
//! after a day without a change. That is the usual setting: tower-sessions writes a session only if a request
//! has changed it, so a page writes nothing. With `always_save`, each page would also write.
//!
//! tower-sessions-mongodb-store 0.11 needs older versions of tower-sessions and of the driver. So the store
//! here writes the same document. Its `load` finds by `_id` alone and then compares the expiry, because
//! MongoDB answers such a find faster.
//!
//! axum drops a request when its client disconnects. If the request waits for a connection of the driver's
//! pool, the pool (3.9.1) can then stop for 5 to 20 seconds. `wrk` disconnects at the end of each run, so
//! each request here runs in a task of its own, as in Rocket.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use axum::extract::{Form, Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum_login::{AuthManagerLayerBuilder, AuthUser, AuthnBackend, UserId};
use mongodb::bson::oid::ObjectId;
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, DateTime, doc};
use mongodb::{Client, Collection};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tera::{Context, Tera};
use tower_sessions::cookie::time::Duration;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{self, Error};
use tower_sessions::{Expiry, SessionManagerLayer, SessionStore};

/// The allocator that Cloakroom uses.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A session as tower-sessions-mongodb-store writes it.
#[derive(Debug, Serialize, Deserialize)]
struct Stored {
    #[serde(rename = "_id")]
    id: String,
    data: Binary,
    #[serde(rename = "expireAt")]
    expires: DateTime,
}

#[derive(Clone, Debug)]
struct MongoStore(Collection<Stored>);

fn to_stored(record: &Record) -> session_store::Result<Stored> {
    let bytes = rmp_serde::to_vec(record).map_err(|error| Error::Encode(error.to_string()))?;
    let data = Binary { subtype: BinarySubtype::Generic, bytes };
    let expires = DateTime::from_millis(record.expiry_date.unix_timestamp() * 1000);
    Ok(Stored { id: record.id.to_string(), data, expires })
}

fn backend_error(error: mongodb::error::Error) -> Error {
    Error::Backend(error.to_string())
}

#[async_trait]
impl SessionStore for MongoStore {
    async fn create(&self, record: &mut Record) -> session_store::Result<()> {
        self.0.insert_one(to_stored(record)?).await.map_err(backend_error)?;
        Ok(())
    }

    async fn save(&self, record: &Record) -> session_store::Result<()> {
        let stored = to_stored(record)?;
        let replaced = self.0.replace_one(doc! { "_id": &stored.id }, &stored).upsert(true);
        replaced.await.map_err(backend_error)?;
        Ok(())
    }

    async fn load(&self, id: &Id) -> session_store::Result<Option<Record>> {
        let found = self.0.find_one(doc! { "_id": id.to_string() }).await.map_err(backend_error)?;
        let alive = found.filter(|stored| stored.expires > DateTime::now());
        let read = |stored: Stored| rmp_serde::from_slice(&stored.data.bytes);
        alive.map(read).transpose().map_err(|error| Error::Decode(error.to_string()))
    }

    async fn delete(&self, id: &Id) -> session_store::Result<()> {
        self.0.delete_one(doc! { "_id": id.to_string() }).await.map_err(backend_error)?;
        Ok(())
    }
}

/// A document of the collection `users`.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Account {
    #[serde(rename = "_id")]
    id: ObjectId,
    username: String,
    admin: bool,
    password: String,
}

impl AuthUser for Account {
    type Id = ObjectId;

    fn id(&self) -> ObjectId {
        self.id
    }

    /// The session of an old password is logged out.
    fn session_auth_hash(&self) -> &[u8] {
        self.password.as_bytes()
    }
}

#[derive(Clone, Deserialize)]
struct Credentials {
    username: String,
    password: String,
}

#[derive(Clone)]
struct Backend(Collection<Account>);

type AuthSession = axum_login::AuthSession<Backend>;

/// Runs a function that takes long, as a hash does, on a thread that serves no requests.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.expect("a hash does not panic")
}

impl AuthnBackend for Backend {
    type User = Account;
    type Credentials = Credentials;
    type Error = mongodb::error::Error;

    async fn authenticate(&self, sent: Credentials) -> Result<Option<Account>, Self::Error> {
        let Some(user) = self.0.find_one(doc! { "username": &sent.username }).await? else {
            return Ok(None);
        };
        let hash = user.password.clone();
        let is_right = move || password_auth::verify_password(sent.password, &hash).is_ok();
        Ok(aside(is_right).await.then_some(user))
    }

    async fn get_user(&self, id: &UserId<Self>) -> Result<Option<Account>, Self::Error> {
        self.0.find_one(doc! { "_id": id }).await
    }
}

async fn register(auth: AuthSession, Form(sent): Form<Credentials>) -> Response {
    let password = aside(move || password_auth::generate_hash(sent.password)).await;
    let id = ObjectId::new();
    let user = Account { id, username: sent.username, admin: false, password };
    match auth.backend.0.insert_one(user).await {
        Ok(_) => Redirect::to("/login").into_response(),
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

async fn log_in(mut auth: AuthSession, Form(sent): Form<Credentials>) -> Response {
    let user = match auth.authenticate(sent).await {
        Ok(Some(user)) => user,
        Ok(None) => return StatusCode::UNAUTHORIZED.into_response(),
        Err(_) => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
    };
    match auth.login(&user).await {
        Ok(()) => Redirect::to("/dashboard").into_response(),
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

/// Shows the values that Cloakroom shows. Only the session's content differs.
async fn dashboard(State(tera): State<Arc<Tera>>, auth: AuthSession) -> Response {
    let (Some(user), Some(id)) = (auth.user, auth.session.id()) else {
        return Redirect::to("/login").into_response();
    };
    let id = id.to_string();
    let hook = &id[..6];
    let expires = auth.session.expiry_date().unix_timestamp();
    let session = json!({ "expires": expires, "axum-login.data": { "user_id": user.id } });
    let moment =
        json!({ "iso": "2026-11-23T08:00:00.000Z", "text": "23 November 2026, 08:00 UTC" });
    let attribute = |name| json!({ "name": name, "why": "no script in the page can read it" });
    let attributes = ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=86400"].map(attribute);
    let visitor = json!({ "kind": "logged_in", "username": user.username, "admin": user.admin });
    let context = json!({
        "page": {
            "path": "/dashboard", "visitor": visitor, "flash": null,
            "memory": false, "teaching": false,
        },
        "ticket": {
            "name": "id", "sid_start": hook, "bytes": id.len(), "attributes": attributes,
        },
        "coat": {
            "json": serde_json::to_string_pretty(&session).unwrap_or_default(),
            "bytes": session.to_string().len(), "place": "MongoDB, collection sessions",
            "hook": hook, "items": [], "views": 0,
        },
        "session": { "started": moment, "ends": moment, "slides": true },
        "form": { "item": "", "errors": [], "user": "6b0864347e581ac40f5c5648" },
    });
    let rendered = Context::from_value(context).and_then(|page| tera.render("dashboard", &page));
    match rendered {
        Ok(page) => Html(page).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:?}")).into_response(),
    }
}

async fn to_the_end(request: Request, next: Next) -> Response {
    tokio::spawn(next.run(request)).await.expect("a request does not panic")
}

/// As long as the template that `src/web/assets.rs` makes.
const ASSETS: &str = r#"  <link rel="icon" href="/favicon.ico" sizes="32x32">
  <link rel="icon" href="/static/favicon.0123456789abcdef.svg" type="image/svg+xml">
  <link rel="apple-touch-icon" href="/apple-touch-icon.png">
  <link rel="stylesheet" href="/static/site.0123456789abcdef.css">
  <script type="module" src="/static/site.0123456789abcdef.js"></script>
"#;

/// Loads the dashboard and what it uses, with the names that Rocket gives them.
fn templates() -> Tera {
    let mut tera = Tera::default();
    tera.autoescape_on(vec![".tera"]);
    let mut files = vec!["base.html.tera".to_owned(), "dashboard.html.tera".to_owned()];
    for file in Path::new("templates/macros").read_dir().expect("the templates of Cloakroom") {
        let name = file.expect("a file").file_name();
        files.push(format!("macros/{}", name.display()));
    }
    let name = |file: &String| file.trim_end_matches(".html.tera").to_owned();
    let files = files.iter().map(|file| (format!("templates/{file}"), Some(name(file))));
    tera.add_template_files(files).expect("templates without errors");
    tera.add_raw_template("assets", ASSETS).expect("a template without errors");
    tera
}

#[tokio::main]
async fn main() {
    let uri = std::env::var("MONGODB_URI").expect("MONGODB_URI");
    let port = std::env::args().nth(1).expect("a port");
    let client = Client::with_uri_str(uri).await.expect("a client");
    let database = client.default_database().expect("a database in MONGODB_URI");
    let sessions = SessionManagerLayer::new(MongoStore(database.collection("sessions")))
        .with_secure(false)
        .with_expiry(Expiry::OnInactivity(Duration::days(1)));
    let backend = Backend(database.collection("users"));
    let app = axum::Router::new()
        .route("/dashboard", get(dashboard))
        .route("/register", post(register))
        .route("/login", post(log_in))
        .layer(AuthManagerLayerBuilder::new(backend, sessions).build())
        .layer(from_fn(to_the_end))
        .with_state(Arc::new(templates()));
    let listener =
        tokio::net::TcpListener::bind(format!("127.0.0.1:{port}")).await.expect("a port");
    axum::serve(listener, app).await.expect("a server");
}
