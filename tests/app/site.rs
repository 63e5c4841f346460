//! What browsers, search engines and people look for: icons, descriptions, the footer, and what is stored.

use std::collections::BTreeSet;

use cloakroom::names::LAB_COOKIES;
use mongodb::bson::{Document, doc};
use rocket::figment::Figment;
use rocket_express_session::Timestamp;

use crate::support::{App, Browser, Mongod, figment};

fn in_memory() -> Figment {
    figment().merge(("session.store", "memory"))
}

async fn of_a_school() -> App {
    let settings = in_memory()
        .merge(("site.operator", "School <9b> & friends"))
        .merge(("site.contact", "help@example.org"))
        .merge(("site.security_contact", "mailto:security@example.org"))
        .merge(("site.source", "https://example.org/cloakroom?a=b&c"));
    App::with(settings).await
}

/// The text between two marks, the first time that they occur.
fn between<'t>(text: &'t str, start: &str, end: &str) -> Option<&'t str> {
    Some(text.split_once(start)?.1.split_once(end)?.0)
}

fn footer(page: &str) -> &str {
    between(page, "<footer", "</footer>").expect("a footer")
}

#[rocket::async_test]
async fn the_footer_names_the_operator_and_the_source_if_they_are_set() {
    let page = of_a_school().await.browser().get("/login").await.body;
    let footer_text = footer(&page);
    assert!(footer_text.contains("School &lt;9b&gt; &amp; friends"), "{footer_text}");
    assert!(footer_text.contains("href=\"mailto:help@example.org\""), "{footer_text}");
    assert!(footer_text.contains("cloakroom?a=b&amp;c\""), "{footer_text}");
    assert!(footer_text.contains("href=\"/privacy\""), "{footer_text}");
    assert!(!page.contains("security@example.org"), "that one is for security.txt");

    let page = App::in_memory().await.browser().get("/login").await.body;
    assert_eq!(footer(&page).matches("href=").count(), 1, "only /privacy: {}", footer(&page));
    let web = in_memory().merge(("site.contact", "https://example.org/help"));
    let page = App::with(web).await.browser().get("/privacy").await.body;
    assert_eq!(
        page.matches("href=\"https:&#x2F;&#x2F;example.org&#x2F;help\"").count(),
        2,
        "{page}"
    );
}

#[rocket::async_test]
async fn the_page_about_what_is_stored_follows_the_settings() {
    let settings = in_memory()
        .merge(("session.idle_timeout", "36 hours"))
        .merge(("session.absolute_timeout", "20 days"))
        .merge(("session.remember_for", "10 days"))
        .merge(("session.name", "__Host-sid"))
        .merge(("session.cookie.secure", true));
    let app = App::with(settings).await;
    let page = app.browser().get("/privacy").await;
    page.expect_page(200, "36 hours");
    for figure in [
        "20 days",
        "10 days",
        "180 days",
        "1 minute",
        "__Host-sid",
        "__Host-device",
        "__Host-notice",
    ] {
        assert!(page.body.contains(figure), "{figure}");
    }
    for absent in ["lab.sid", "id=\"lessons\"", "14 days"] {
        assert!(!page.body.contains(absent), "{absent}");
    }

    let app = App::on_mongodb_with(|figment| figment.merge(("teaching", true))).await;
    let mut rosa = app.browser();
    rosa.sign_up("rosa").await;
    let page = rosa.get("/privacy").await;
    page.expect_page(200, "14 days");
    for figure in ["<code>connect.sid</code>", "<code>device</code>", "id=\"lessons\""] {
        assert!(page.body.contains(figure), "{figure}");
    }
    for name in LAB_COOKIES {
        assert!(page.body.contains(&format!("<code>{name}</code>")), "{name}");
    }
    // The longest of the buckets: 40 attempts, of which one is forgotten every two hours.
    assert!(page.body.contains("80 hours"), "{}", page.body);
}

/// If a document gets another field, the page has to say so.
#[rocket::async_test]
async fn the_page_knows_all_fields_of_an_account_and_a_session() {
    let app = App::on_mongodb().await;
    app.browser().sign_up("rosa").await;
    let fields = async |collection: &str| {
        let documents = app.database().collection::<Document>(collection);
        let document = documents.find_one(doc! {}).await.unwrap().expect("a document");
        document.keys().cloned().collect::<BTreeSet<_>>()
    };
    let known = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let account =
        ["_id", "__v", "admin", "created_at", "password", "salt", "username", "username_key"];
    assert_eq!(fields("users").await, known(&account));
    let session =
        ["_id", "expires", "lastModified", "createdAt", "userAgent", "address", "user", "session"];
    let of_session = fields("sessions").await;
    let known: BTreeSet<_> = known(&session);
    assert!(of_session.is_subset(&known), "{of_session:?}");
}

#[rocket::async_test]
async fn the_page_about_what_is_stored_needs_no_database() {
    let mongod = Mongod::start(&[]);
    let app = App::on(&mongod.database("privacy")).await;
    let mut rosa = app.browser();
    rosa.sign_up("rosa").await;
    mongod.stop();
    rosa.get("/privacy").await.expect_page(200, "id=\"cookies\"");
    rosa.get("/robots.txt").await.expect_page(200, "User-agent");
}

#[rocket::async_test]
async fn search_engines_may_read_the_pages_for_everyone() {
    let robots = App::in_memory().await.browser().get("/robots.txt").await;
    assert_eq!(robots.header("content-type"), Some("text/plain; charset=utf-8"));
    let mut lines = robots.body.lines();
    assert_eq!(lines.next(), Some("User-agent: *"));
    let closed: Vec<&str> =
        lines.map(|line| line.strip_prefix("Disallow: /").expect("a path")).collect();
    for page in ["", "login", "register", "dashboard", "account", "learn", "privacy", "static/x"] {
        assert!(!closed.iter().any(|path| page.starts_with(path)), "{page}: {closed:?}");
    }
}

#[rocket::async_test]
async fn security_txt_has_a_contact_and_an_end_in_the_future() {
    let app = of_a_school().await;
    let file = app.browser().get("/.well-known/security.txt").await;
    assert_eq!(
        (file.status, file.header("content-type")),
        (200, Some("text/plain; charset=utf-8"))
    );
    let fields: Vec<(&str, &str)> =
        file.body.lines().map(|line| line.split_once(": ").expect("a field")).collect();
    let [contact, ("Expires", expires)] = fields[..] else { panic!("{fields:?}") };
    assert_eq!(contact, ("Contact", "mailto:security@example.org"));
    let days = Timestamp::from_iso(expires).expect("RFC 3339").since(Timestamp::now()) / 86_400_000;
    assert!((28..365).contains(&days), "{expires}");
    assert!(expires.contains("T00:00:00"), "it changes once a day: {expires}");
    let head = app.browser().request(reqwest::Method::HEAD, "/.well-known/security.txt");
    assert_eq!(app.browser().send(head).await.status, 200);

    let without = App::in_memory().await;
    assert_eq!(without.browser().get("/.well-known/security.txt").await.status, 404);
}

#[rocket::async_test]
async fn the_icons_with_fixed_addresses_are_there_and_linked() {
    let app = App::in_memory().await;
    let page = app.browser().get("/").await.body;
    let head = between(&page, "<head>", "</head>").unwrap();
    let file = async |path: &str| {
        let response = reqwest::get(format!("{}{path}", app.url)).await.unwrap();
        assert!(head.contains(&format!("href=\"{path}\"")), "{path}");
        assert_eq!(response.headers()["cache-control"], "public, max-age=600", "{path}");
        let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
        (kind, response.bytes().await.unwrap())
    };
    let number =
        |bytes: &[u8]| bytes.iter().fold(0, |number, byte| number * 256 + usize::from(*byte));

    let (kind, icon) = file("/favicon.ico").await;
    assert_eq!((kind.as_str(), &icon[..4]), ("image/x-icon", &[0, 0, 1, 0][..]));
    let sizes: Vec<u8> = (0..usize::from(icon[4])).map(|n| icon[6 + 16 * n]).collect();
    assert_eq!(sizes, [16, 32]);

    let (kind, icon) = file("/apple-touch-icon.png").await;
    assert_eq!((kind.as_str(), &icon[1..4]), ("image/png", &b"PNG"[..]));
    assert_eq!((number(&icon[16..20]), number(&icon[20..24])), (180, 180));
    // Colour type 2 has no transparency, which a phone would fill with black.
    assert_eq!(icon[25], 2);
}

#[rocket::async_test]
async fn every_page_has_a_description_and_the_main_ones_have_their_own() {
    let app = App::on_mongodb_with(|figment| figment.merge(("teaching", true))).await;
    let mut rosa = app.browser();
    let description = async |browser: &mut Browser, path: &str| {
        let page = browser.get(path).await.body;
        assert_eq!(page.matches("<meta name=\"description\"").count(), 1, "{path}");
        let text = between(&page, "<meta name=\"description\" content=\"", "\"").unwrap();
        assert!((40..=160).contains(&text.chars().count()), "{path}: {text}");
        text.to_owned()
    };
    let mut own = vec![];
    for path in ["/", "/login", "/register", "/learn", "/privacy"] {
        own.push(description(&mut rosa, path).await);
    }
    rosa.sign_up("rosa").await;
    for path in ["/dashboard", "/account", "/logout"] {
        own.push(description(&mut rosa, path).await);
    }
    assert_eq!(description(&mut rosa, "/nowhere").await, own[7], "the default");
    assert_eq!(own.iter().collect::<BTreeSet<_>>().len(), own.len(), "{own:?}");
}

#[rocket::async_test]
async fn the_theme_colours_are_those_of_the_page() {
    let page = App::in_memory().await.browser().get("/").await.body;
    let tokens = include_str!("../../static/css/tokens.css");
    let colours = between(tokens, "--bg: light-dark(", ")").expect("the page's background");
    for (colour, scheme) in colours.split(", ").zip(["light", "dark"]) {
        let meta = format!("content=\"{colour}\" media=\"(prefers-color-scheme: {scheme})\"");
        assert!(page.contains(&meta), "{meta}");
    }
}

#[rocket::async_test]
async fn fields_for_a_new_password_tell_a_password_manager_the_rules() {
    let app = App::with(in_memory().merge(("password.min_length", 15))).await;
    let mut rosa = app.browser();
    let rules = "data-passwordrules=\"minlength: 15; maxlength: 256\"";
    rosa.get("/register").await.expect_page(200, rules);
    rosa.sign_up("rosa").await;
    let account = rosa.get("/account").await;
    account.expect_page(200, rules);
    assert_eq!(account.body.matches("data-passwordrules").count(), 1, "not the current password");
}
