//! The limit: how fast Rocket, the MongoDB driver and Tera are on this machine without a session engine. One
//! guard reads two documents, and the page is Cloakroom's dashboard.
//!
//! There are two limits. By default, each request sends two finds. With `LIMIT_FINDS=shared`, requests that
//! wait at the same time share one find for each collection (`shared.rs`).
//!
//! Do not copy it: no signature is checked, nothing is written, nothing expires, and no header is set.
//! `script/bench` compares Cloakroom with it, on the same database, built with the same profile.

mod shared;

use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, Document, doc};
use mongodb::{Client, Collection};
use rocket::http::Status;
use rocket::request::{FromRequest, Outcome};
use rocket::{Build, Request, Rocket, get, launch, routes};
use rocket_dyn_templates::{Template, context};
use serde_json::Value;

use shared::SharedFinds;

/// The allocator that Cloakroom uses.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// As long as the template that `src/web/assets.rs` makes.
const ASSETS: &str = r#"  <link rel="icon" href="/favicon.ico" sizes="32x32">
  <link rel="icon" href="/static/favicon.0123456789abcdef.svg" type="image/svg+xml">
  <link rel="apple-touch-icon" href="/apple-touch-icon.png">
  <link rel="stylesheet" href="/static/site.0123456789abcdef.css">
  <script type="module" src="/static/site.0123456789abcdef.js"></script>
"#;

/// How the documents of a collection are read.
enum Reader {
    OneByOne(Collection<Document>),
    Together(SharedFinds),
}

impl Reader {
    fn new(documents: Collection<Document>) -> Self {
        match std::env::var("LIMIT_FINDS").as_deref() {
            Ok("shared") => Self::Together(SharedFinds::new(documents)),
            _ => Self::OneByOne(documents),
        }
    }

    async fn find(&self, id: impl Into<Bson>) -> Option<Document> {
        match self {
            Self::OneByOne(documents) => documents.find_one(doc! { "_id": id }).await.ok()?,
            Self::Together(finds) => finds.find(id.into()).await,
        }
    }
}

struct Readers {
    sessions: Reader,
    users: Reader,
}

/// The user who is logged in, and the data of the session.
struct Visitor {
    username: String,
    admin: bool,
    sid: String,
    session: String,
}

async fn look_up(request: &Request<'_>) -> Option<Visitor> {
    let readers: &Readers = request.rocket().state()?;
    let cookie = request.cookies().get("connect.sid")?.value().to_owned();
    let sid = cookie.strip_prefix("s:")?.split('.').next()?.to_owned();
    let session = readers.sessions.find(&sid).await?;
    let session = session.get_str("session").ok()?.to_owned();
    let content: Value = serde_json::from_str(&session).ok()?;
    let id = ObjectId::parse_str(content["passport"]["user"].as_str()?).ok()?;
    let user = readers.users.find(id).await?;
    let username = user.get_str("username").ok()?.to_owned();
    Some(Visitor { username, admin: user.get_bool("admin").ok()?, sid, session })
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Visitor {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        match look_up(request).await {
            Some(visitor) => Outcome::Success(visitor),
            None => Outcome::Error((Status::Unauthorized, ())),
        }
    }
}

#[get("/dashboard")]
fn dashboard(visitor: Visitor) -> Template {
    let hook = &visitor.sid[..6];
    let moment = context! { iso: "2026-11-23T08:00:00.000Z", text: "23 November 2026, 08:00 UTC" };
    let attribute =
        |name: &'static str| context! { name, why: "no script in the page can read it" };
    let session: Value = serde_json::from_str(&visitor.session).unwrap_or_default();
    Template::render(
        "dashboard",
        context! {
            page: context! {
                path: "/dashboard",
                visitor: context! {
                    kind: "logged_in", username: &visitor.username, admin: visitor.admin,
                },
                flash: None::<&str>,
                memory: false,
                teaching: false,
            },
            ticket: context! {
                name: "connect.sid",
                sid_start: hook,
                bytes: 100,
                attributes: ["HttpOnly", "SameSite=Lax", "Path=/", "no Expires"].map(attribute),
            },
            coat: context! {
                json: serde_json::to_string_pretty(&session).unwrap_or_default(),
                bytes: visitor.session.len(),
                place: "MongoDB, collection sessions",
                hook,
                items: Vec::<String>::new(),
                views: 0,
            },
            session: context! { started: &moment, ends: &moment, slides: true },
            form: context! { item: "", errors: Vec::<String>::new(), user: "6b0864347e581ac40f5c5648" },
        },
    )
}

#[launch]
async fn rocket() -> Rocket<Build> {
    let uri = std::env::var("MONGODB_URI").expect("MONGODB_URI");
    let client = Client::with_uri_str(uri).await.expect("a client");
    let database = client.default_database().expect("a database in MONGODB_URI");
    let reader = |collection| Reader::new(database.collection(collection));
    let readers = Readers { sessions: reader("sessions"), users: reader("users") };
    let figment = rocket::Config::figment().merge(("log_level", "off"));
    rocket::custom(figment)
        .manage(readers)
        .attach(Template::try_custom(|engines| {
            Ok(engines.tera.add_raw_template("assets", ASSETS)?)
        }))
        .mount("/", routes![dashboard])
}
