//! The cost of a page without the network and MongoDB, step by step: `cargo bench`.
//!
//! In the order of a request: find the cookie and verify it, read the document, change a value, render the
//! page. Hashing a password is not here: it is slow on purpose.

use std::fs;
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use mongodb::bson::{DateTime, RawDocumentBuf, doc};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rocket_express_session::mongodb::read_record;
use rocket_express_session::{Secrets, SessionData, SessionId, cookie};
use serde_json::json;
use serde_json::value::to_raw_value;
use tera::Tera;

const SESSION: &str = r#"{"cookie":{"originalMaxAge":null,"expires":"2026-11-24T08:00:00.000Z","secure":true,"httpOnly":true,"path":"/","sameSite":"lax"},"passport":{"user":"65a1b2c3d4e5f60718293a4b"},"viewCount":7,"coat":["red scarf","a letter"]}"#;

fn ticket(criterion: &mut Criterion) {
    let secrets = Secrets::new(["a secret of thirty-two characters".to_owned()]);
    let secrets = secrets.expect("a secret");
    let value = secrets.sign(&SessionId::generate());
    let value = utf8_percent_encode(&value, NON_ALPHANUMERIC);
    let header = format!("theme=dark; connect.sid={value}; device=x");
    criterion.bench_function("cookie: find, decode, verify", |bencher| {
        bencher.iter(|| {
            let headers = std::iter::once(black_box(header.as_str()));
            let sent = cookie::find_all(headers, "connect.sid").next().expect("the cookie");
            secrets.verify(&cookie::decode(sent)).expect("ours")
        });
    });
}

fn coat(criterion: &mut Criterion) {
    let document = doc! {
        "_id": SessionId::generate().as_str(),
        "expires": DateTime::now(),
        "lastModified": DateTime::now(),
        "createdAt": DateTime::now(),
        "user": "65a1b2c3d4e5f60718293a4b",
        "userAgent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        "session": SESSION,
    };
    let document = RawDocumentBuf::try_from(&document).expect("a document");
    criterion.bench_function("document: read", |bencher| {
        bencher.iter(|| read_record(black_box(&document)).expect("a session"));
    });
    let data = SessionData::from_json(SESSION).expect("a session");
    let views = to_raw_value(&8).expect("a number");
    criterion.bench_function("session: change a value, write", |bencher| {
        bencher.iter(|| {
            let mut changed = black_box(&data).clone();
            changed.values.insert("viewCount".to_owned(), views.clone());
            changed.to_json()
        });
    });
}

/// As long as the template that `src/web/assets.rs` makes.
const ASSETS: &str = r#"  <link rel="icon" href="/favicon.ico" sizes="32x32">
  <link rel="icon" href="/static/favicon.0123456789abcdef.svg" type="image/svg+xml">
  <link rel="apple-touch-icon" href="/apple-touch-icon.png">
  <link rel="stylesheet" href="/static/site.0123456789abcdef.css">
  <script type="module" src="/static/site.0123456789abcdef.js"></script>
"#;

/// The templates by the names that Rocket gives them.
fn templates() -> Tera {
    let mut tera = Tera::default();
    let mut files = vec![];
    for folder in ["templates", "templates/macros"] {
        for entry in fs::read_dir(folder).expect("the templates") {
            let path = entry.expect("a file").path();
            let name = path.to_str().and_then(|path| path.strip_prefix("templates/"));
            if let Some(name) = name.and_then(|name| name.strip_suffix(".html.tera")) {
                files.push((name.to_owned(), fs::read_to_string(&path).expect("a template")));
            }
        }
    }
    files.push(("assets".to_owned(), ASSETS.to_owned()));
    tera.add_raw_templates(files).expect("templates");
    tera.autoescape_on(vec![""]);
    tera
}

fn page(criterion: &mut Criterion) {
    let tera = templates();
    let moment = json!({ "iso": "2026-11-23T08:00:00.000Z", "text": "23 November 2026" });
    let attribute = json!({ "name": "HttpOnly", "why": "no script in the page can read it" });
    let visitor = json!({ "kind": "logged_in", "username": "rosa", "admin": false });
    let context = json!({
        "page": { "path": "/dashboard", "visitor": visitor, "flash": null, "memory": false, "teaching": false },
        "ticket": { "name": "connect.sid", "sid_start": "abcdef", "bytes": 100, "attributes": [attribute] },
        "coat": { "json": SESSION, "bytes": 220, "place": "MongoDB", "hook": "abcdef", "items": ["red scarf"], "views": 7 },
        "session": { "started": moment, "ends": moment, "slides": true },
        "form": { "item": "", "errors": [], "user": "6b0864347e581ac40f5c5648" },
    });
    let context = tera::Context::from_value(context).expect("an object");
    criterion.bench_function("dashboard: render", |bencher| {
        bencher.iter(|| tera.render("dashboard", black_box(&context)).expect("a page"));
    });
}

criterion_group!(hot_path, ticket, coat, page);
criterion_main!(hot_path);
