//! The lab of lesson 14: a token is valid until its own date, and is no login of the site.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use mongodb::bson::{Document, doc};
use rocket_express_session::{Secrets, Timestamp};
use sha2::Sha256;

use crate::class;
use crate::forge::{lab, reached};
use crate::learner::Learner;
use crate::support::lesson::solution;
use crate::support::{App, SECRET};

const FOLDER: &str = "14-session-or-token";
const PATH: &str = "/lab/session-or-token";

async fn logged_in(app: &App, name: &'static str) -> Learner {
    let mut learner = Learner::new(app, name).await;
    learner.predict(FOLDER).await;
    let page = lab(&mut learner, PATH, &[("do", "login")]).await;
    assert_eq!((kind(&page), reached(&page)), ("a valid token", vec![0]));
    learner
}

fn kind(page: &str) -> &str {
    page.split_once("data-kind=\"").unwrap().1.split('"').next().unwrap()
}

#[rocket::async_test]
async fn only_a_token_of_the_learners_own_lab_with_its_own_payload_is_valid() {
    let app = class().await;
    let (mut rosa, mut ruth) = (logged_in(&app, "rosa").await, logged_in(&app, "ruth").await);
    let token = rosa.browsers[0].jar["lab.token"].clone();
    let [header, payload, signature]: [&str; 3] =
        token.split('.').collect::<Vec<_>>().try_into().unwrap();
    let header_of = |alg: &str| URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"{alg}"}}"#));
    for alg in ["none", "None", "hs256", "HS512", "RS256"] {
        for signature in ["", signature] {
            let value = format!("{}.{payload}.{signature}", header_of(alg));
            let page = lab(&mut rosa, PATH, &[("do", "send"), ("value", &value)]).await;
            assert_eq!(kind(&page), "a token that names another algorithm", "{value}");
        }
    }
    let first = if signature.starts_with('A') { "B" } else { "A" };
    for (value, expected, goals) in [
        (token.clone(), "a valid token", vec![0]),
        (format!(" {token}\n"), "a valid token", vec![0]),
        (format!("{header}.{payload}."), "a token with a wrong signature", vec![0]),
        (format!("{header}.{payload}._{signature}"), "a token with a wrong signature", vec![0]),
        (format!("{header}.{payload}.{signature}="), "a token with a wrong signature", vec![0]),
        (
            format!("{header}.{payload}.{first}{}", &signature[1..]),
            "a token with a wrong signature",
            vec![0],
        ),
        (
            format!("{}.{payload}.{signature}", header_of("HS256")),
            "a token with a wrong signature",
            vec![0],
        ),
        (format!("{header}.{payload}"), "a token that cannot be read", vec![0]),
        (format!(".{payload}.{signature}"), "a token that cannot be read", vec![0]),
        ("one-word".to_owned(), "a token that cannot be read", vec![0]),
        (String::new(), "no token", vec![0]),
        (format!("{header}._{payload}.{signature}"), "a token with a changed payload", vec![0, 2]),
    ] {
        let page = lab(&mut rosa, PATH, &[("do", "send"), ("value", &value)]).await;
        assert_eq!((kind(&page), reached(&page)), (expected, goals), "{value}");
    }
    let page = lab(&mut ruth, PATH, &[("do", "send"), ("value", &token)]).await;
    assert_eq!(kind(&page), "a token with a wrong signature");
}

/// A token as the standards describe it (RFC 7515, RFC 7519), which this program has not made.
fn signed(header: &str, payload: &str, key: &str) -> String {
    let [header, payload] = [header, payload].map(|json| URL_SAFE_NO_PAD.encode(json));
    let message = format!("{header}.{payload}");
    let mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap().chain_update(&message);
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

#[rocket::async_test]
async fn a_token_that_another_program_signs_with_the_learners_key_is_valid_until_its_end() {
    let app = App::on_mongodb_with(|figment| {
        figment.merge(("teaching", true)).merge(("session.secret", SECRET))
    })
    .await;
    let mut rosa = logged_in(&app, "rosa").await;
    let progress = app.database().collection::<Document>("progress");
    let stored = progress.find_one(doc! {}).await.unwrap().unwrap();
    let hidden = stored.get_document("bench").unwrap().get_document("hidden").unwrap();
    let secret = hidden.get_str("secret").unwrap();
    let key = Secrets::new([SECRET.to_owned()]).unwrap().sign_for("cloakroom lab token", secret);
    // The header of the example in RFC 7515, A.1.
    let header = "{\"typ\":\"JWT\",\r\n \"alg\":\"HS256\"}";
    let now = Timestamp::now().as_millis() / 1_000;
    let [later, past] = [now + 60, now].map(|exp| format!(r#"{{"iss":"joe","exp":{exp}}}"#));
    for (payload, key, expected) in [
        (later.as_str(), key.as_str(), "a valid token"),
        (&past, &key, "a token that has expired"),
        (r#"{"iss":"joe"}"#, &key, "a token that cannot be read"),
        (&later, "another key", "a token with a wrong signature"),
    ] {
        let value = signed(header, payload, key);
        let page = lab(&mut rosa, PATH, &[("do", "send"), ("value", &value)]).await;
        assert_eq!(kind(&page), expected, "{payload}");
    }
}

#[rocket::async_test]
async fn logging_out_everywhere_ends_the_sessions_and_not_the_token() {
    let app = class().await;
    let mut rosa = logged_in(&app, "rosa").await;
    let sessions = app.database().collection::<Document>("lab_sessions");
    // Oskar is logged in to another browser as well.
    let mut other = app.browser();
    other.jar.clone_from(&rosa.browsers[0].jar);
    other.jar.remove("lab.sid");
    other.post(PATH, &[("do", "login")]).await;
    assert_eq!(sessions.count_documents(doc! {}).await.unwrap(), 2);
    let page = lab(&mut rosa, PATH, &[("do", "everywhere")]).await;
    assert_eq!((kind(&page), reached(&page)), ("a valid token", vec![0, 3]));
    assert_eq!(sessions.count_documents(doc! {}).await.unwrap(), 0);
    let evidence = "Commands of the lab to MongoDB: 1 to find the session, 0 about the token.";
    assert!(page.contains(evidence), "{page}");
    // Ending nothing shows nothing.
    rosa.press(FOLDER, "reset").await;
    rosa.predict(FOLDER).await;
    assert_eq!(reached(&lab(&mut rosa, PATH, &[("do", "everywhere")]).await), [0; 0]);
}

#[rocket::async_test]
async fn a_token_and_a_session_of_the_lab_are_no_login_of_the_site() {
    let app = class().await;
    let mut guest = Learner::guest(&app, "rosa");
    guest.predict(FOLDER).await;
    lab(&mut guest, PATH, &[("do", "login")]).await;
    let mut browser = app.browser();
    browser.jar.clone_from(&guest.browsers[0].jar);
    for name in ["lab.token", "lab.sid"] {
        let value = browser.jar[name].clone();
        for cookie in ["connect.sid", "token", "jwt", "lab.sid", "lab.token"] {
            browser.jar.insert(cookie.to_owned(), value.clone());
        }
        for path in ["/dashboard", "/account", "/admin", "/class", "/class/board"] {
            for header in [format!("Bearer {value}"), format!("JWT {value}")] {
                let request = browser.request(reqwest::Method::GET, path);
                let answer = browser.send(request.header("Authorization", header)).await;
                assert!(
                    [303, 404].contains(&answer.status),
                    "{path} with {name}: {}",
                    answer.status
                );
            }
        }
        assert!(!browser.is_logged_in().await, "{name}");
    }
}

#[rocket::async_test]
async fn the_lesson_is_solved_in_memory_as_well() {
    let app = App::in_memory_with(|figment| figment.merge(("teaching", true))).await;
    let mut rosa = Learner::new(&app, "rosa").await;
    rosa.play(FOLDER, &solution(FOLDER)).await;
    assert!(rosa.is_solved(FOLDER).await);
}
