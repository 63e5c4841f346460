//! The style sheet, the script and the icon, whose addresses have a hash of their content.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::process::Command;

use flate2::read::GzDecoder;
use mongodb::bson::{Document, doc};
use reqwest::header::HeaderMap;
use reqwest::{Client, Method};
use rocket::figment::Figment;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use crate::support::{App, figment};

const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/static");

/// A status, all headers and the bytes of a response.
type Response = (u16, HeaderMap, Vec<u8>);

async fn fetch(app: &App, method: Method, path: &str, accepts: Option<&str>) -> Response {
    let request = Client::new().request(method, format!("{}{path}", app.url));
    let request = accepts
        .into_iter()
        .fold(request, |request, value| request.header("Accept-Encoding", value));
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    (status, headers, response.bytes().await.unwrap().to_vec())
}

async fn content(app: &App, path: &str) -> String {
    let (status, _, body) = fetch(app, Method::GET, path, None).await;
    assert_eq!(status, 200, "{path}");
    String::from_utf8(body).unwrap()
}

/// The addresses with a hash in the head of a page.
fn files_of(page: &str) -> Vec<String> {
    let head = page.split_once("</head>").expect("a head").0;
    let addresses = head.split(['"', '\'']).filter(|text| text.starts_with("/static/"));
    addresses.map(str::to_owned).collect()
}

/// The icon, the style sheet and the script.
async fn files(app: &App) -> [String; 3] {
    files_of(&app.browser().get("/").await.body).try_into().expect("three files")
}

fn in_memory() -> Figment {
    figment().merge(("session.store", "memory"))
}

async fn with_teaching(is_on: bool) -> App {
    App::with(in_memory().merge(("teaching", is_on))).await
}

#[rocket::async_test]
async fn a_page_has_one_style_sheet_one_script_and_an_icon_and_all_pages_have_the_same() {
    let app = App::on_mongodb_with(|figment| figment.merge(("teaching", true))).await;
    let mut rosa = app.browser();
    let shared = files(&app).await;
    for page in ["/login", "/register", "/nowhere"] {
        assert_eq!(files_of(&rosa.get(page).await.body), shared, "{page}");
    }
    rosa.sign_up("rosa").await;
    let users = app.database().collection::<Document>("users");
    users.update_one(doc! {}, doc! { "$set": { "admin": true } }).await.unwrap();
    for page in [
        "/",
        "/dashboard",
        "/account",
        "/admin",
        "/learn",
        "/learn/handout",
        "/learn/http-forgets",
        "/lab/the-seal",
        "/xray",
        "/class",
        "/class/board",
    ] {
        let answer = rosa.get(page).await;
        assert_eq!((answer.status, files_of(&answer.body)), (200, shared.to_vec()), "{page}");
        let rest = answer.body.split_once("</head>").unwrap().1;
        assert!(!rest.contains("<script") && !rest.contains("<link"), "{page}");
    }
}

#[rocket::async_test]
async fn an_address_has_the_hash_of_its_content_and_browsers_keep_it_for_a_year() {
    for is_on in [true, false] {
        let app = with_teaching(is_on).await;
        let kinds = ["image/svg+xml", "text/css; charset=utf-8", "text/javascript"];
        for (path, kind) in files(&app).await.into_iter().zip(kinds) {
            let (status, headers, body) = fetch(&app, Method::GET, &path, None).await;
            assert_eq!(status, 200, "{path}");
            let hash: String = Sha256::digest(&body).iter().map(|b| format!("{b:02x}")).collect();
            assert_eq!(path.split('.').nth(1), Some(&hash[..16]), "{path}");
            assert_eq!(headers["cache-control"], "public, max-age=31536000, immutable", "{path}");
            assert_eq!(headers["content-type"], kind);
            assert_eq!(headers["vary"], "Accept-Encoding");
            assert!(headers.contains_key("content-security-policy"), "{path}");
            assert_eq!(headers["x-content-type-options"], "nosniff");
        }
    }
}

#[rocket::async_test]
async fn a_client_gets_gzip_only_if_it_accepts_it() {
    let app = with_teaching(true).await;
    // A page may have a secret in it, so it is never compressed.
    let (_, headers, _) = fetch(&app, Method::GET, "/login", Some("gzip")).await;
    assert_eq!(headers.get("content-encoding"), None);
    for path in files(&app).await {
        let (_, _, plain) = fetch(&app, Method::GET, &path, None).await;
        for accepts in ["gzip, deflate, br, zstd", "GZIP;q=0.5", "br, *"] {
            let (_, headers, body) = fetch(&app, Method::GET, &path, Some(accepts)).await;
            assert_eq!(headers["content-encoding"], "gzip", "{path} {accepts}");
            assert_eq!(headers["vary"], "Accept-Encoding");
            assert_eq!(headers["content-length"], body.len().to_string());
            assert!(body.len() < plain.len(), "{path}");
            let mut unpacked = vec![];
            GzDecoder::new(body.as_slice()).read_to_end(&mut unpacked).unwrap();
            assert!(unpacked == plain, "{path}");
        }
        for accepts in ["identity", "gzip;q=0", "gzip;q=0, *", "br", ""] {
            let (_, headers, body) = fetch(&app, Method::GET, &path, Some(accepts)).await;
            assert_eq!(headers.get("content-encoding"), None, "{path} {accepts}");
            assert!(body == plain, "{path} {accepts}");
        }
        for accepts in [None, Some("gzip")] {
            let (_, mut of_get, body) = fetch(&app, Method::GET, &path, accepts).await;
            let (status, mut of_head, nothing) = fetch(&app, Method::HEAD, &path, accepts).await;
            assert_eq!((status, nothing.len()), (200, 0), "{path}");
            assert_eq!(of_get["content-length"], body.len().to_string());
            for of_one in ["date", "x-request-id"] {
                of_get.remove(of_one);
                of_head.remove(of_one);
            }
            assert_eq!(of_get, of_head, "{path}");
        }
    }
}

/// While instances are renewed one after the other, an old one is asked for what a page of a new one names.
#[rocket::async_test]
async fn a_hash_of_another_version_gets_the_current_content_and_no_browser_keeps_it() {
    let app = App::in_memory().await;
    for path in files(&app).await {
        let hash = path.split('.').nth(1).unwrap();
        for other in ["0123456789abcdef".to_owned(), hash.to_uppercase()] {
            let (status, headers, body) =
                fetch(&app, Method::GET, &path.replace(hash, &other), None).await;
            assert_eq!(status, 200, "{path}");
            assert_eq!(headers["cache-control"], "no-store", "{path}");
            assert_eq!(body, content(&app, &path).await.into_bytes());
        }
    }
    for path in [
        "/static/other.0123456789abcdef.css",
        "/static/site.0123456789abcdef.svg",
        "/static/site.0123456789abcde.css",
        "/static/site.0123456789abcdeg.css",
        "/static/site.0123456789abcdef",
        "/static/site..css",
        "/static/site.css",
        "/static/css/site.0123456789abcdef.css",
    ] {
        let (status, headers, _) = fetch(&app, Method::GET, path, Some("gzip")).await;
        assert_eq!(
            (status, &headers["cache-control"]),
            (404, &"no-store".parse().unwrap()),
            "{path}"
        );
        assert_eq!(headers.get("content-encoding"), None, "{path}");
    }
}

#[rocket::async_test]
async fn the_sources_have_their_own_addresses_as_well() {
    let app = App::in_memory().await;
    for (path, source) in sources() {
        let (status, headers, body) = fetch(&app, Method::GET, &path, Some("gzip")).await;
        assert_eq!((status, headers.get("content-encoding")), (200, None), "{path}");
        assert_eq!(headers["cache-control"], "public, max-age=600", "{path}");
        assert_eq!(body, source.into_bytes(), "{path}");
    }
}

/// All style sheets and scripts, by their addresses.
fn sources() -> BTreeMap<String, String> {
    let mut sources = BTreeMap::new();
    for folder in ["css", "js"] {
        for entry in fs::read_dir(format!("{SOURCES}/{folder}")).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            let text = fs::read_to_string(&path).unwrap();
            sources.insert(format!("/static/{folder}/{name}"), text);
        }
    }
    sources
}

#[rocket::async_test]
async fn every_source_is_sent_with_teaching_and_those_of_teaching_are_not_sent_without() {
    let of_teaching = [
        "/static/css/board.css",
        "/static/css/class.css",
        "/static/css/lab.css",
        "/static/css/learn.css",
        "/static/css/ray.css",
        "/static/css/room.css",
        "/static/css/sheets.css",
        "/static/css/xray.css",
        "/static/js/ask-who.js",
        "/static/js/board.js",
        "/static/js/class-room.js",
        "/static/js/copy.js",
        "/static/js/countdown.js",
        "/static/js/dialect.js",
        "/static/js/guest-book.js",
        "/static/js/live-goals.js",
        "/static/js/news.js",
        "/static/js/open-when-wide.js",
    ];
    for (is_on, absent) in [(true, &of_teaching[..0]), (false, &of_teaching)] {
        let app = with_teaching(is_on).await;
        let [_, style, script] = files(&app).await;
        let sent = content(&app, &style).await + &content(&app, &script).await;
        for (path, source) in sources() {
            // A script is in a block of its own, so its names cannot clash with those of another.
            let source = if path.contains("/js/") { format!("{{\n{source}\n}}\n") } else { source };
            assert_eq!(sent.contains(&source), !absent.contains(&path.as_str()), "{path}");
        }
    }
}

/// A folder of static files or templates that a test may change.
pub fn copy(folder: &str) -> TempDir {
    let copy = TempDir::new().unwrap();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut command = Command::new("cp");
    command.arg("-r").arg(from.join(".")).arg(copy.path());
    assert!(command.status().unwrap().success());
    copy
}

async fn with_files_in(folder: &Path) -> App {
    App::with(in_memory().merge(("static_dir", folder))).await
}

#[rocket::async_test]
async fn two_starts_give_the_same_addresses_and_a_changed_file_gives_another() {
    let folder = copy("static");
    let [icon, style, script] = files(&with_files_in(folder.path()).await).await;
    assert_eq!(files(&App::in_memory().await).await, [&icon, &style, &script].map(String::clone));
    fs::write(folder.path().join("css/print.css"), "").unwrap();
    let changed = files(&with_files_in(folder.path()).await).await;
    assert_eq!([&changed[0], &changed[2]], [&icon, &script]);
    assert_ne!(changed[1], style);
}

/// A debug build reads the templates again when one has changed.
#[cfg(debug_assertions)]
#[rocket::async_test]
async fn a_changed_template_still_has_the_addresses() {
    let folder = copy("templates");
    let app = App::with(in_memory().merge(("template_dir", folder.path()))).await;
    let shared = files(&app).await;
    fs::write(folder.path().join("home.html.tera"), "{% extends \"base\" %}").unwrap();
    let mut page = app.browser().get("/").await;
    for _ in 0..100 {
        if !page.body.contains("<h1") {
            break;
        }
        rocket::tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        page = app.browser().get("/").await;
    }
    assert!(!page.body.contains("<h1"), "not read again");
    assert_eq!((page.status, files_of(&page.body)), (200, shared.to_vec()));
}
