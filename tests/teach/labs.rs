//! The labs under a crowd: guests displace guests only, and addresses and accounts have limits.

use mongodb::bson::{DateTime, Document, doc};
use rocket::futures::future::join_all;

use crate::class;
use crate::support::{App, Browser};

/// Guesses in this lesson: its page shows the lab only then.
async fn guess(browser: &mut Browser, slug: &str) {
    let answer = browser.post(&format!("/learn/{slug}/predict"), &[("choice", "0")]).await;
    answer.expect_redirect(&format!("/lab/{slug}#do"));
}

/// The boot number and the counter in memory, as the page shows them.
async fn little_server(browser: &mut Browser) -> (String, String) {
    let page = browser.get("/lab/two-stores").await.body;
    let shown = |label: &str| {
        let rest = page.split_once(label).unwrap().1.split_once("<dd>").unwrap().1;
        rest.split('<').next().unwrap().to_owned()
    };
    (shown("Boot number"), shown("Counter in the memory"))
}

/// Sends `count` requests without a cookie, forty at a time.
async fn crowd(app: &App, count: usize, request: impl AsyncFn(&mut Browser)) {
    for _ in 0..count / 40 {
        join_all((0..40).map(async |_| request(&mut app.browser()).await)).await;
    }
}

#[rocket::async_test]
async fn a_crowd_of_visitors_leaves_a_learners_little_server_alone() {
    let app = class().await;
    let mut rosa = app.browser();
    rosa.sign_up("rosa").await;
    guess(&mut rosa, "two-stores").await;
    rosa.post("/lab/two-stores", &[("do", "count")]).await;
    let before = little_server(&mut rosa).await;
    assert_eq!(before.1, "1");
    crowd(&app, 1_000, async |visitor| drop(visitor.get("/lab/two-stores").await)).await;
    crowd(&app, 600, async |visitor| {
        visitor.post("/lab/two-stores", &[("do", "count")]).await;
    })
    .await;
    assert_eq!(little_server(&mut rosa).await, before);
}

#[rocket::async_test]
async fn a_visitor_gets_a_little_server_after_the_guess() {
    let app = class().await;
    let mut visitor = app.browser();
    visitor.post("/lab/two-stores", &[("do", "restart")]).await;
    assert!(visitor.jar.is_empty(), "there is none to restart, and nothing is kept");
    guess(&mut visitor, "two-stores").await;
    assert_eq!(little_server(&mut visitor).await.1, "0");
    // The browser keeps the section of this address when it is redirected.
    let page = visitor.get("/lab/two-stores").await;
    page.expect_page(200, "action=\"/lab/two-stores#do\"");
    visitor.post("/lab/two-stores", &[("do", "count")]).await;
    let (boot, counter) = little_server(&mut visitor).await;
    assert!(boot.parse::<u32>().is_ok() && counter == "1", "{boot} {counter}");
    visitor.post("/lab/two-stores", &[("do", "restart")]).await;
    let again = little_server(&mut visitor).await;
    assert!(again.0 != boot && again.1 == "0", "{again:?}");
}

/// The number of documents and bytes in the collection of the labs' sessions.
async fn stored(app: &App) -> (i32, i32) {
    let sessions = app.database().collection::<Document>("lab_sessions");
    let bytes = doc! { "$sum": { "$bsonSize": "$$ROOT" } };
    let sum = doc! { "$group": { "_id": null, "count": { "$sum": 1 }, "bytes": bytes } };
    let mut found = sessions.aggregate([sum]).await.unwrap();
    assert!(found.advance().await.unwrap(), "some are stored");
    let found = found.deserialize_current().unwrap();
    (found.get_i32("count").unwrap(), found.get_i32("bytes").unwrap())
}

const BIG: (&str, &[(&str, &str)]) = ("/lab/bigger-than-a-cookie", &[("do", "big-session")]);

#[rocket::async_test]
async fn visitors_at_one_address_cannot_fill_the_database_and_learners_are_not_affected() {
    let app = class().await;
    let mut rosa = app.browser();
    rosa.sign_up("rosa").await;
    crowd(&app, 160, async |visitor| {
        let status = visitor.post(BIG.0, BIG.1).await.status;
        assert!([303, 429].contains(&status), "{status}");
    })
    .await;
    let (count, bytes) = stored(&app).await;
    println!("{count} lab sessions of visitors, {bytes} bytes");
    assert!((80..=82).contains(&count), "{count}");
    assert!(bytes / count < 103_000, "the bound counts on it: {bytes} in {count}");
    let refused = app.browser().post(BIG.0, BIG.1).await;
    refused.expect_page(429, "id=\"network-limit\"");
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=24 * 60).contains(&wait), "{wait}");
    // An account has a share of its own, which is limited as well.
    for number in 0..21 {
        rosa.jar.remove("lab.sid");
        let answer = rosa.post(BIG.0, BIG.1).await;
        assert_eq!(answer.status, if number < 20 { 303 } else { 429 }, "{number}");
    }
    rosa.get("/lab/bigger-than-a-cookie").await.expect_page(200, "id=\"predict\"");
    rosa.post(BIG.0, BIG.1).await.expect_page(429, "id=\"account-limit\"");
}

#[rocket::async_test]
async fn a_session_with_its_cargo_can_be_loaded_again_and_again() {
    let app = class().await;
    let mut visitor = app.browser();
    for _ in 0..100 {
        let answer = visitor.post(BIG.0, BIG.1).await;
        answer.expect_redirect(BIG.0);
    }
    assert_eq!(stored(&app).await.0, 1);
}

#[rocket::async_test]
async fn a_class_of_forty_visitors_at_one_address_can_do_every_lab() {
    let app = class().await;
    let labs = ["bigger-than-a-cookie", "the-seal", "no-secrets", "two-stores", "the-options"];
    let buttons = ["new", "big-session", "steal", "count", "newcomer", "change", "big-session"];
    crowd(&app, 40, async |visitor| {
        for lab in labs {
            guess(visitor, lab).await;
        }
        for button in buttons {
            let path = format!("/lab/{}", labs[0]);
            let answer = visitor.post(&path, &[("do", button)]).await;
            answer.expect_redirect(&path);
        }
    })
    .await;
}

/// Fills all counters for two days.
pub async fn fill_counters(app: &App) {
    let counters = app.database().collection::<Document>("throttle");
    let later = DateTime::from_millis(DateTime::now().timestamp_millis() + 48 * 3_600_000);
    counters.update_many(doc! {}, doc! { "$set": { "until": later } }).await.unwrap();
}

#[rocket::async_test]
async fn each_way_to_make_a_session_as_a_visitor_is_counted() {
    let app = class().await;
    let (mut first, mut rosa) = (app.browser(), app.browser());
    rosa.sign_up("rosa").await;
    let switch = [("do", "switch"), ("save_uninitialized", "on")];
    first.post("/lab/the-options", &switch).await.expect_redirect("/lab/the-options");
    guess(&mut first, "the-options").await;
    fill_counters(&app).await;
    let sessions = app.database().collection::<Document>("sessions");
    let before = sessions.count_documents(doc! {}).await.unwrap();
    for path in ["predict", "skip"] {
        let path = format!("/learn/the-seal/{path}");
        let answer = app.browser().post(&path, &[("choice", "0")]).await;
        answer.expect_page(429, "id=\"network-limit\"");
    }
    let buttons = ["new", "change", "count", "steal", "short-cookie", "short-document", "switch"];
    for button in buttons {
        let fields = [("do", button), ("resave", "on")];
        let lab = if button == "switch" { "/lab/the-options" } else { "/lab/the-seal" };
        let answer = app.browser().post(lab, &fields).await;
        assert_eq!(answer.status, 429, "{button}");
    }
    // A page stores a session too, when the learner has switched that on.
    assert_eq!(first.get("/lab/the-options").await.status, 429);
    assert_eq!(sessions.count_documents(doc! {}).await.unwrap(), before);
    let labs = app.database().collection::<Document>("lab_sessions");
    assert_eq!(labs.count_documents(doc! {}).await.unwrap(), 0);
    // Requests that store nothing new still work.
    guess(&mut first, "the-seal").await;
    assert_eq!(rosa.post("/lab/the-seal", &[("do", "new")]).await.status, 303);
}
