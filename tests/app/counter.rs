//! The tutorial's counter, when another program has stored something that is no whole number.

use mongodb::bson::{Bson, Document, doc};
use rocket::futures::future::join_all;
use serde_json::Value;

use crate::foreign::{both_forms, register, stored, with_session};
use crate::support::App;

/// The counter in a document of either form, as JSON.
fn counter(document: &Document) -> Value {
    match document.get("session").unwrap() {
        Bson::String(text) => serde_json::from_str::<Value>(text).unwrap()["viewCount"].clone(),
        Bson::Document(session) => serde_json::to_value(session.get("viewCount").unwrap()).unwrap(),
        other => panic!("{other}"),
    }
}

#[rocket::async_test]
async fn a_count_adds_to_what_javascript_reads_as_a_number() {
    let app = App::on_mongodb().await;
    let user = register(&app).await;
    for (value, expected) in [
        ("1", "2"),
        ("1.5", "2.5"),
        ("-0.5", "0.5"),
        ("2.0", "3"),
        ("3000000000", "3000000001"),
        (r#""5""#, "6"),
        (r#""1.5""#, "2.5"),
        (r#"" 0x10 ""#, "17"),
        (r#""1e2""#, "101"),
        (r#""""#, "1"),
        ("true", "2"),
        ("false", "1"),
        ("null", "1"),
    ] {
        for session in both_forms("{}", &user, &format!(r#","viewCount":{value}"#)) {
            let (mut rosa, sid) = with_session(&app, session.clone(), doc! {}).await;
            rosa.post("/coat/count", &[]).await.expect_redirect("/dashboard#coat");
            let expected: Value = serde_json::from_str(expected).unwrap();
            let found = counter(&stored(&app, &sid).await);
            // An object of MongoDB may hold 3 as 3.0.
            assert_eq!(found.as_f64(), expected.as_f64(), "{session}");
            let is_text = matches!(session, Bson::String(_));
            assert!(!is_text || found == expected, "{session}: whole numbers stay whole");
            let page = rosa.get("/dashboard").await;
            page.expect_page(
                200,
                &format!(r#"<strong class="counter__number">{expected}</strong>"#),
            );
        }
    }
}

#[rocket::async_test]
async fn what_is_no_number_is_left_as_it_is_and_the_page_says_so() {
    let app = App::on_mongodb().await;
    let user = register(&app).await;
    for value in [r#""abc""#, r#""5 6""#, r#""Infinity""#, r#"{"a":1}"#, "[5]", r#""NaN""#] {
        for session in both_forms("{}", &user, &format!(r#","viewCount":{value}"#)) {
            let (mut rosa, sid) = with_session(&app, session.clone(), doc! {}).await;
            rosa.post("/coat/count", &[]).await.expect_redirect("/dashboard#coat");
            let page = rosa.get("/dashboard").await;
            page.expect_flash("not-counted");
            page.expect_page(200, "<code>viewCount</code> is not a number");
            assert_eq!(stored(&app, &sid).await.get("session"), Some(&session));
            let page = rosa.get("/dashboard").await;
            assert!(!page.body.contains("data-flash=\"not-counted\""), "once");
        }
    }
}

#[rocket::async_test]
async fn counts_at_once_are_all_added_to_a_fraction_or_a_text() {
    let app = App::on_mongodb().await;
    let user = register(&app).await;
    for (value, expected) in [("1.5", 21.5), (r#""5""#, 25.0)] {
        for session in both_forms("{}", &user, &format!(r#","viewCount":{value}"#)) {
            let (rosa, sid) = with_session(&app, session.clone(), doc! {}).await;
            let count = async |_| {
                rosa.copy()
                    .post_patiently("/coat/count", &[])
                    .await
                    .expect_redirect("/dashboard#coat");
            };
            join_all((0..20).map(count)).await;
            let found = counter(&stored(&app, &sid).await);
            assert_eq!(found.as_f64(), Some(expected), "{session}");
        }
    }
}

/// JSON has no word for it, and BSON has.
#[rocket::async_test]
async fn what_is_not_a_number_in_bson_is_left_as_it_is() {
    let app = App::on_mongodb().await;
    let user = register(&app).await;
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let [_, session] = both_forms("{}", &user, "");
        let mut session = session.as_document().unwrap().clone();
        session.insert("viewCount", value);
        let (mut rosa, sid) = with_session(&app, session.clone().into(), doc! {}).await;
        rosa.post("/coat/count", &[]).await.expect_redirect("/dashboard#coat");
        rosa.get("/dashboard").await.expect_flash("not-counted");
        let kept = stored(&app, &sid).await;
        let kept = kept.get_document("session").unwrap().get_f64("viewCount").unwrap();
        assert_eq!(kept.to_bits(), value.to_bits());
    }
}
