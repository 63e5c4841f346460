//! Each sentence of the X-ray is said of some request, with all its values and with its source.

use std::collections::BTreeSet;
use std::process::Command;

use mongodb::bson::{DateTime, Document, doc};
use reqwest::Method;
use rocket::figment::Figment;
use rocket::tokio::time::{Duration, sleep};
use tempfile::TempDir;

use crate::class::teacher;
use crate::learner::Learner;
use crate::rows::rows_of;
use crate::support::lesson::solution;
use crate::support::{App, Browser, PASSWORD, figment};

/// What is written between two sentences, and sentences about a MongoDB, a browser or a command that is not
/// at hand.
const UNSAID: [&str; 6] = [
    "between-cookies",
    "between-fields",
    "session-undeliverable",
    "other-command",
    "reply-failed",
    "reply-none",
];

/// The files in `templates/xray`.
const FILES: [&str; 4] = ["request", "session", "login", "mongodb"];

/// The keys that pages have said.
#[derive(Default)]
struct Said(BTreeSet<String>);

impl Said {
    /// Adds those of a page. No value may be missing.
    fn page(&mut self, page: &str) {
        for row in rows_of(page) {
            for text in &row.dialects {
                let names = text.split('{').skip(1).filter_map(|rest| rest.split_once('}'));
                let is_letter = |c: char| c.is_ascii_lowercase();
                // A command may have `{}` in it.
                let mut names = names.map(|(name, _)| name).filter(|name| !name.is_empty());
                let missing = names.find(|name| name.chars().all(is_letter));
                assert_eq!(missing, None, "{row:#?}");
            }
            self.0.extend(row.words);
        }
    }

    /// Adds those of the last 20 requests of this browser.
    async fn last_of(&mut self, browser: &mut Browser) {
        self.page(&browser.get("/xray").await.body);
    }
}

/// Registers with a page after it, fails to log in, logs in twice, and changes the session.
async fn visit(app: &App, said: &mut Said) -> Browser {
    let mut rosa = app.browser();
    said.page(&rosa.get("/").await.body);
    let fields = [("username", "rosa"), ("password", PASSWORD)];
    rosa.post_patiently("/register", &fields).await;
    said.page(&rosa.get("/login").await.body);
    said.page(&rosa.try_log_in("rosa", "wrong horse battery").await.body);
    for _ in 0..2 {
        rosa.log_in("rosa").await;
        rosa.get("/dashboard").await;
    }
    sleep(Duration::from_millis(1_100)).await;
    rosa.get("/dashboard").await;
    rosa.post("/coat", &[("item", "a red scarf")]).await;
    rosa.post("/coat/count", &[]).await;
    let headers =
        [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Site", "same-origin"), ("Origin", "")];
    for (header, value) in headers {
        let request = rosa.request(Method::POST, "/coat/count");
        let url = request.try_clone().unwrap().build().unwrap().url().origin();
        let value = if value.is_empty() { url.ascii_serialization() } else { value.to_owned() };
        rosa.send(request.header(header, value)).await;
    }
    said.last_of(&mut rosa).await;
    rosa
}

/// Tickets that lead to no session.
async fn lose_sessions(app: &App, rosa: &mut Browser, said: &mut Said) {
    let sessions = app.database().collection::<Document>("sessions");
    let ticket = rosa.jar["connect.sid"].clone();
    let mut thief = rosa.copy();
    rosa.log_in("rosa").await;
    said.page(&thief.get("/login").await.body);
    let both = format!("connect.sid={ticket}; connect.sid={}", rosa.jar["connect.sid"]);
    for cookies in [both, "connect.sid=garbled".into(), format!("connect.sid={ticket}X")] {
        let mut browser = app.browser();
        let request = browser.request(Method::GET, "/").header("Cookie", cookies);
        said.page(&browser.send(request).await.body);
    }
    let mut phone = app.browser();
    phone.log_in("rosa").await;
    rosa.post("/account/sessions/revoke-others", &[("password", PASSWORD)]).await;
    said.page(&phone.get("/login").await.body);
    phone.log_in("rosa").await;
    rosa.get("/account").await;
    let new = [("current", PASSWORD), ("new", "a better horse battery")];
    rosa.post_patiently("/account/password", &new).await;
    said.last_of(rosa).await;
    let over = doc! { "$set": { "expires": DateTime::from_millis(1_000) } };
    sessions.update_many(doc! {}, over).await.unwrap();
    said.page(&rosa.get("/login").await.body);
}

/// An admin ends sessions, and a user deletes the account. Another account is gone at once.
async fn lose_accounts(app: &App, said: &mut Said) {
    let (mut admin, mut oskar, mut ruth) = (teacher(app).await, app.browser(), app.browser());
    oskar.sign_up("oskar").await;
    ruth.sign_up("ruth").await;
    admin.get("/admin").await;
    admin.post("/admin/sessions/revoke", &[("username", "oskar")]).await;
    said.last_of(&mut admin).await;
    said.page(&oskar.get("/login").await.body);
    oskar.log_in("oskar").await;
    let fields = [("password", PASSWORD), ("username", "oskar")];
    oskar.post_patiently("/account/delete", &fields).await;
    said.page(&oskar.get("/").await.body);
    let users = app.database().collection::<Document>("users");
    users.delete_one(doc! { "username": "ruth" }).await.unwrap();
    said.page(&ruth.get("/").await.body);
}

async fn visit_labs(app: &App, said: &mut Said) {
    let mut rosa = Learner::new(app, "lena").await;
    for folder in ["05-the-seal", "06-no-secrets", "11-bigger-than-a-cookie", "13-the-options"] {
        rosa.play(folder, &solution(folder)).await;
        said.last_of(&mut rosa.browsers[0]).await;
    }
}

#[rocket::async_test]
async fn each_sentence_is_said_of_some_request_with_its_values_and_its_source() {
    let touching = |figment: Figment| {
        figment.merge(("teaching", true)).merge(("session.touch_after", "1 second"))
    };
    let mut said = Said::default();
    visit(&App::in_memory_with(touching).await, &mut said).await.post("/logout", &[]).await;
    let app = App::on_mongodb_with(touching).await;
    let mut rosa = visit(&app, &mut said).await;
    lose_sessions(&app, &mut rosa, &mut said).await;
    lose_accounts(&app, &mut said).await;
    visit_labs(&app, &mut said).await;

    let mut unsaid = vec![];
    for file in FILES {
        let file = format!("templates/xray/{file}.toml");
        let texts: toml::Table = std::fs::read_to_string(file).unwrap().parse().unwrap();
        for (key, text) in texts {
            let is_step = rosa.get(&format!("/xray/code/{key}")).await.status == 200;
            assert_eq!(is_step, text.get("code").is_some(), "{key}");
            unsaid.extend((!said.0.contains(&key)).then_some(key));
        }
    }
    assert_eq!(unsaid, UNSAID);
    assert_eq!(rosa.get("/xray/code/nothing").await.status, 404);
    let login = crate::unescape(rosa.get("/xray/code/login").await.body);
    let line = "regenerated.log_in(&amp;user.id.to_hex())?;</mark>";
    assert!(login.contains("<code>src/auth/login.rs</code>") && login.contains(line), "{login}");
}

#[rocket::async_test]
async fn a_value_marks_no_code_and_names_no_other_value() {
    let app = crate::class().await;
    let mut rosa = app.browser();
    rosa.sign_up("rosa").await;
    rosa.post("/coat", &[("item", "a red scarf"), ("`{length} }{", "four")]).await;
    let rows = rows_of(&rosa.get("/xray").await.body);
    // The list begins with the newest request; the login before it has a form as well.
    let form = rows.iter().find(|row| row.step() == "form").unwrap();
    form.expect_values(&["item (11 characters), '{length} }{ (4 characters);"]);
}

#[test]
fn every_key_in_the_source_has_a_sentence() {
    let read = |path: String| std::fs::read_to_string(path).unwrap();
    let texts = FILES.map(|name| read(format!("templates/xray/{name}.toml"))).concat();
    let mut count = 0;
    let source = read("src/teach/xray/steps.rs".to_owned());
    for key in source.split('"').skip(1).step_by(2).filter(|quoted| quoted.contains('-')) {
        // A key such as `memory-{method}` has its end from the recording.
        let key = key.split_once('{').map_or(format!("{key}]\n"), |(start, _)| start.to_owned());
        assert!(texts.contains(&format!("\n[{key}")), "no sentence for {key}");
        count += 1;
    }
    assert!(count > 60, "{count}");
}

/// A folder with a copy of the templates, which a test may change, and settings that use it.
fn copied_templates() -> (TempDir, Figment) {
    let folder = tempfile::tempdir().unwrap();
    let copied = Command::new("cp").args(["-r", "templates"]).arg(folder.path()).status();
    assert!(copied.unwrap().success());
    let settings = figment().merge(("teaching", true)).merge(("session.store", "memory"));
    let settings = settings.merge(("template_dir", folder.path().join("templates")));
    (folder, settings)
}

#[rocket::async_test]
async fn only_known_names_in_braces_are_filled_in_and_what_stands_between_backticks_is_code() {
    let (folder, settings) = copied_templates();
    let file = folder.path().join("templates/xray/request.toml");
    let texts = std::fs::read_to_string(&file).unwrap();
    let (start, _) = texts.split_once("[page-request]").unwrap();
    let (_, rest) = texts.split_once("[page-request-with-cookie]").unwrap();
    let sentence = "[page-request]\nplain = 'a `b`{path}{path} `{ path }`c {Path} {path'\n\
        protocol = '`b`'\nexpress = 'plain'\n\
        code = { file = 'src/trace/notebook.rs', function = 'of', mark = ['request.method()'] }\n\n";
    let changed = format!("{start}{sentence}[page-request-with-cookie]{rest}");
    std::fs::write(&file, changed).unwrap();
    let app = App::with(settings).await;
    let page = app.browser().get("/xray/code/page-request").await.body;
    for expected in [
        "plain\">a <code>b</code>‹path›‹path› <code>{ path }</code>c {Path} {path<",
        "l\"><code>b</code><",
        "s\">plain<",
    ] {
        assert!(page.contains(expected), "no {expected:?} in {page}");
    }
}

#[rocket::async_test]
async fn a_changed_file_has_all_sentences_no_other_no_unknown_value_and_true_places() {
    let (folder, settings) = copied_templates();
    let file = folder.path().join("templates/xray/login.toml");
    let texts = std::fs::read_to_string(&file).unwrap();
    for (text, other, expected) in [
        ("[login]\nplain = \"The coat", "[login]\nplain = \"Der Mantel", ""),
        ("[login]", "[log-in]", "no step for the sentence [log-in]"),
        ("[login]", "[login.plain]", "login.toml"),
        ("{algorithm}, {ms} ms", "{algorithmus}", "[password-hashed] has no value {algorithmus}"),
        ("{algorithm}, {ms} ms", "{ms} ms", ""),
        ("protocol = \"`session", "protokoll = \"`session", "protokoll"),
        (
            "file = \"src/auth/login.rs\"",
            "file = \"src/login.rs\"",
            "[login] code: the program has no",
        ),
        ("\"log_in_to\"", "\"log_on\"", "has no function log_on"),
        ("regenerated.log_in(", "regenerated.log_on(", "no line of log_in_to in"),
        (&texts[texts.find("[session-invalidated]").unwrap()..], "", "no sentence [session-inv"),
    ] {
        assert!(texts.contains(text), "{text}");
        std::fs::write(&file, texts.replacen(text, other, 1)).unwrap();
        let error = cloakroom::rocket(settings.clone()).await.err();
        let fault = error.map_or(String::new(), |error| error.to_string());
        let is_expected = fault.contains(expected) && fault.is_empty() == expected.is_empty();
        assert!(is_expected && !fault.contains('\n'), "{other:?}: {fault}");
    }
}
