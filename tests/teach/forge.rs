//! The labs of lessons 5 and 6: a learner changes, forges and copies tickets, and gets at nothing else.

use mongodb::bson::{Document, doc};

use crate::class;
use crate::labs::fill_counters;
use crate::learner::Learner;
use crate::support::App;
use crate::support::lesson::{FOLDERS, solution};

const SEAL: &str = "/lab/the-seal";
const NETWORK: &str = "/lab/no-secrets";

/// Sends a form of the lab, and returns the page after it.
pub async fn lab(learner: &mut Learner, path: &str, fields: &[(&str, &str)]) -> String {
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, learner.fill(value))).collect();
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    learner.browsers[0].post(path, &fields).await.expect_redirect(path);
    let page = learner.browsers[0].get(path).await;
    assert_eq!(page.status, 200, "{fields:?}");
    learner.pages += &page.body;
    page.body
}

/// The kind of the ticket that came, as the page of lesson 5 has it.
fn kind(page: &str) -> &str {
    page.split_once("data-kind=\"").unwrap().1.split('"').next().unwrap()
}

/// The goals of a page that are reached, by number.
pub fn reached(page: &str) -> Vec<usize> {
    let goals = page.split("<li class=\"goal").skip(1).enumerate();
    goals.filter(|(_, goal)| goal.starts_with(" goal--reached")).map(|(n, _)| n).collect()
}

/// A learner with a genuine ticket of lesson 5, and with the leaked files.
async fn forger(app: &App, name: &'static str) -> Learner {
    let mut learner = Learner::new(app, name).await;
    learner.predict("05-the-seal").await;
    lab(&mut learner, SEAL, &[("do", "leak")]).await;
    let page = lab(&mut learner, SEAL, &[("do", "new")]).await;
    assert_eq!((kind(&page), reached(&page)), ("a genuine ticket", vec![]));
    learner
}

#[rocket::async_test]
async fn each_goal_of_lesson_5_is_reached_by_its_own_action_alone() {
    let app = class().await;
    let mut rosa = forger(&app, "rosa").await;
    let send = |value| vec![("do", "send"), ("value", value)];
    let sign = |id, secret| vec![("do", "sign"), ("id", id), ("signing_secret", secret)];
    for (fields, expected, goals) in [
        (vec![("do", "note")], "a genuine ticket", vec![]),
        (send("s:{id}.{signature}"), "a genuine ticket", vec![]),
        (send("s%3A{id}.{signature}"), "a genuine ticket", vec![]),
        (send("s:_{id}._{signature}"), "another ticket", vec![]),
        (send("{id}.{signature}"), "another ticket", vec![]),
        (sign("{id}", "{leaked_secret}"), "a genuine ticket", vec![]),
        (sign("{id}", "no such secret"), "a changed signature", vec![2]),
        (send("s:_{id}.{signature}"), "a changed session ID", vec![1, 2]),
        (sign("my own", "no such secret"), "another ticket", vec![1, 2]),
        (sign("my own", ""), "another ticket", vec![1, 2]),
        (sign("{leaked_id}", "no such secret"), "another ticket", vec![1, 2]),
        (send("s:{leaked_id}.{signature}"), "a changed session ID", vec![1, 2]),
        (send("s:{leaked_id}."), "a ticket without a signature", vec![1, 2, 3]),
        (vec![("do", "role"), ("value", "student")], "a ticket without a signature", vec![1, 2, 3]),
        (
            sign("my own", "{leaked_secret}"),
            "a genuine signature, and no session",
            vec![1, 2, 3, 4],
        ),
        (sign("{leaked_id}", "{leaked_secret}"), "the ticket of Oskar", vec![1, 2, 3, 4, 5]),
        (vec![("do", "role"), ("value", "admin")], "the ticket of Oskar", vec![1, 2, 3, 4, 5, 6]),
    ] {
        let page = lab(&mut rosa, SEAL, &fields).await;
        assert_eq!((kind(&page), reached(&page)), (expected, goals), "{fields:?}");
        assert_eq!(page.contains("id=\"staff\""), fields.contains(&("value", "admin")));
    }
    let answer = rosa.fill("colour={secret}");
    let fields = [("answer", answer.as_str())];
    rosa.browsers[0].post("/learn/the-seal/answer", &fields).await;
    assert_eq!(rosa.reached("05-the-seal").await, 7);
}

#[rocket::async_test]
async fn a_forged_ticket_opens_nothing_of_another_learner() {
    let app = class().await;
    let (mut rosa, mut ruth) = (forger(&app, "rosa").await, forger(&app, "ruth").await);
    let [secret, oskar, own, signature] =
        ["{leaked_secret}", "{leaked_id}", "{id}", "{signature}"].map(|name| rosa.fill(name));
    assert_ne!(secret, ruth.fill("{leaked_secret}"));
    // Her own secret signs any ID, but finds only her own sessions.
    for id in [&oskar, &own] {
        let fields = [("do", "sign"), ("id", id), ("signing_secret", "{leaked_secret}")];
        let page = lab(&mut ruth, SEAL, &fields).await;
        assert_eq!((kind(&page), reached(&page)), ("a genuine signature, and no session", vec![]));
        // The other secret is worth nothing for her.
        let page =
            lab(&mut ruth, SEAL, &[("do", "sign"), ("id", id), ("signing_secret", &secret)]).await;
        assert_eq!((kind(&page), reached(&page)), ("another ticket", vec![]));
    }
    let copy = format!("s:{own}.{signature}");
    let page = lab(&mut ruth, SEAL, &[("do", "send"), ("value", &copy)]).await;
    assert_eq!((kind(&page), reached(&page)), ("another ticket", vec![]));
    // It is worth nothing in another lab, and nothing as the cookie of the login.
    let sign = [("do", "sign"), ("id", "{leaked_id}"), ("signing_secret", "{leaked_secret}")];
    assert_eq!(kind(&lab(&mut rosa, SEAL, &sign).await), "the ticket of Oskar");
    rosa.predict("06-no-secrets").await;
    let page = rosa.browsers[0].get(NETWORK).await.body;
    assert!(page.contains("verdict--bad") && !page.contains("verdict--ok"), "{page}");
    let mut thief = app.browser();
    thief.jar.insert("connect.sid".to_owned(), rosa.browsers[0].jar["lab.sid"].clone());
    assert!(!thief.is_logged_in().await);
}

#[rocket::async_test]
async fn a_value_that_was_typed_is_a_cookie_of_the_lab_and_nothing_else() {
    let app = class().await;
    let mut rosa = forger(&app, "rosa").await;
    let (long, wide) = ("x".repeat(5_000), "\u{1f9e5}".repeat(500));
    let hostile = [
        "",
        "%",
        "s:.",
        "..",
        "stolen-secret\r\nSet-Cookie: device=1",
        "stolen-secret; Domain=example.org; Path=/",
        "\"><script>stolen-secret()</script>",
        "{{ 1234 * 1234 }}{leaked}",
        "{\"$ne\": null}",
        &long,
        &wide,
    ];
    for value in hostile {
        for name in ["send", "sign", "role"] {
            let fields = [("do", name), ("value", value), ("id", value), ("signing_secret", value)];
            let answer = rosa.browsers[0].post(SEAL, &fields).await;
            answer.expect_redirect(SEAL);
            let lines = answer.all("set-cookie");
            let [line] = lines[..] else { panic!("{name} {value}: {lines:?}") };
            assert!(line.starts_with("lab.") && line.len() < 4_096, "{line}");
            assert!(line.ends_with("; Path=/lab; HttpOnly; SameSite=Lax"), "{line}");
            assert_eq!(line.matches(';').count(), 3, "{line}");
            let page = rosa.browsers[0].get(SEAL).await;
            assert_eq!(page.status, 200, "{name} {value}");
            assert!(!page.body.contains("<script>stolen") && !page.body.contains("1522756"));
        }
    }
    let nul = rosa.browsers[0].post(SEAL, &[("do", "send"), ("value", "\0")]).await;
    assert_eq!(nul.status, 400);
    let list = rosa.browsers[0].get("/xray").await.body;
    let paths = list.split("exchange__link\" href=\"").skip(1);
    for path in paths.map(|link| link.split('"').next().unwrap()) {
        let recording = rosa.browsers[0].get(&format!("{path}?step=999")).await.body;
        assert!(!recording.contains("stolen-"), "{recording}");
    }
    assert_eq!(rosa.reached("05-the-seal").await, 1, "a ticket without a signature was among them");
}

#[rocket::async_test]
async fn the_network_hears_the_cookies_of_the_lab_and_the_page_hides_those_of_the_login() {
    let app = class().await;
    let mut rosa = Learner::new(&app, "rosa").await;
    rosa.predict("06-no-secrets").await;
    lab(&mut rosa, NETWORK, &[("do", "bad-cookie")]).await;
    lab(&mut rosa, NETWORK, &[("do", "steal")]).await;
    let request = rosa.browsers[0].request(reqwest::Method::GET, &format!("{NETWORK}?a=<b>"));
    let request = request.header("Authorization", "Basic c2VjcmV0");
    let page = rosa.browsers[0].send(request).await.body;
    let heard = page.split_once("id=\"heard\"").unwrap().1;
    let heard = heard.split_once("</pre>").unwrap().0;
    assert!(heard.contains("GET &#x2F;lab&#x2F;no-secrets?a=%3Cb%3E"), "{heard}");
    for (name, value) in &rosa.browsers[0].jar {
        let (pair, is_of_lab) = (format!("{name}={value}"), name.starts_with("lab."));
        assert_eq!(heard.contains(&pair), is_of_lab, "{pair}: {heard}");
        assert!(heard.contains(&format!("{name}={}", if is_of_lab { value } else { "●●●" })));
    }
    assert!(!page.contains("c2VjcmV0"), "{heard}");
}

#[rocket::async_test]
async fn a_copied_ticket_works_until_its_owner_ends_the_session_and_oskar_can_log_in_again() {
    let app = class().await;
    let (mut rosa, mut ruth) = (Learner::new(&app, "rosa").await, Learner::new(&app, "ruth").await);
    for learner in [&mut rosa, &mut ruth] {
        learner.predict("06-no-secrets").await;
        let page = lab(learner, NETWORK, &[("do", "steal")]).await;
        assert_eq!(reached(&page), [1]);
    }
    // His session is ended as the account page does it, and the other learner's Oskar stays logged in.
    let page = lab(&mut rosa, NETWORK, &[("do", "revoke")]).await;
    assert_eq!(reached(&page), [1], "not used again yet");
    assert!(page.contains("verdict--bad"));
    let page = lab(&mut ruth, NETWORK, &[("do", "steal")]).await;
    assert!(page.contains("verdict--ok"));
    // A new ticket is not the copied one.
    let page = lab(&mut rosa, NETWORK, &[("do", "oskar-again")]).await;
    assert!(page.contains("verdict--ok") && reached(&page) == [1]);
    let page = lab(&mut rosa, NETWORK, &[("do", "steal")]).await;
    assert!(page.contains("verdict--ok") && reached(&page) == [1], "his new session is not ended");
    lab(&mut rosa, NETWORK, &[("do", "revoke")]).await;
    let page = lab(&mut rosa, NETWORK, &[("do", "steal")]).await;
    assert!(page.contains("verdict--bad"));
    let ended = app.database().collection::<Document>("lab_sessions_ended");
    assert_eq!(ended.count_documents(doc! { "why": "revoked" }).await.unwrap(), 2);
}

#[rocket::async_test]
async fn each_session_that_lesson_5_stores_is_counted() {
    let app = class().await;
    let mut guest = app.browser();
    guest.post(SEAL, &[("do", "new")]).await.expect_redirect(SEAL);
    fill_counters(&app).await;
    for button in ["new", "leak"] {
        let answer = guest.post(SEAL, &[("do", button)]).await;
        answer.expect_page(429, "id=\"network-limit\"");
    }
    for button in ["send", "sign", "role"] {
        guest.post(SEAL, &[("do", button)]).await.expect_redirect(SEAL);
    }
    let sessions = app.database().collection::<Document>("lab_sessions");
    assert_eq!(sessions.count_documents(doc! {}).await.unwrap(), 1);
}

#[rocket::async_test]
async fn both_lessons_are_solved_in_memory_as_well() {
    let app = App::in_memory_with(|figment| figment.merge(("teaching", true))).await;
    for (folder, name) in FOLDERS[4..6].iter().zip(["rosa", "ruth"]) {
        let mut rosa = Learner::new(&app, name).await;
        rosa.play(folder, &solution(folder)).await;
        let page = rosa.page(folder).await.body;
        assert!(rosa.is_solved(folder).await, "{folder} {:?} {page}", reached(&page));
    }
}
