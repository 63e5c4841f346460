//! No page makes MongoDB look through a collection, as its own profiler says.

use cloakroom::auth::key_of;
use mongodb::IndexModel;
use mongodb::bson::{Bson, DateTime, Document, doc, oid::ObjectId};
use mongodb::options::{
    Collation, CollationAlternate, CollationMaxVariable, CollationStrength, IndexOptions,
};
use rocket::futures::TryStreamExt as _;

use crate::support::{App, PASSWORD, fresh_database};

/// The number of other accounts, so that a scan of the collection would show.
const OTHERS: usize = 2_000;

async fn crowd(app: &App) {
    let later = DateTime::from_millis(DateTime::now().timestamp_millis() + 3_600_000);
    let (mut sessions, mut users) = (vec![], vec![]);
    for number in 0..OTHERS {
        let (id, name) = (ObjectId::new(), format!("other-{number}"));
        sessions.push(doc! {
            "_id": format!("{number:032}"), "expires": later, "createdAt": later, "user": id.to_hex(),
            "session": format!(r#"{{"cookie":{{"originalMaxAge":null}},"passport":{{"user":"{id}"}}}}"#),
        });
        // An Express app with saveUninitialized makes these for each visitor and each login.
        sessions.push(doc! {
            "_id": format!("visitor-{number}"), "expires": later,
            "session": r#"{"cookie":{"originalMaxAge":86400000,"httpOnly":true,"path":"/"}}"#,
        });
        sessions.push(doc! {
            "_id": format!("text-{number}"), "expires": later,
            "session": format!(r#"{{"cookie":{{"path":"/"}},"passport":{{"user":"{id}"}}}}"#),
        });
        let forms = [
            Bson::ObjectId(id),
            Bson::Document(doc! { "_id": id, "username": &name }),
            Bson::Document(doc! { "id": id.to_hex(), "username": &name }),
        ];
        let object = doc! { "cookie": { "path": "/" }, "passport": { "user": &forms[number % 3] } };
        sessions.push(doc! {
            "_id": format!("object-{number}"), "expires": later, "session": object,
        });
        users.push(doc! {
            "_id": id, "username": &name, "username_key": &name, "admin": false,
            "password": "$argon2id$none", "created_at": later,
        });
    }
    app.database().collection::<Document>("sessions").insert_many(sessions).await.unwrap();
    app.database().collection::<Document>("users").insert_many(users).await.unwrap();
}

#[rocket::async_test]
async fn every_look_up_of_every_page_goes_by_an_index() {
    let app = App::on_mongodb_with(|figment| figment.merge(("teaching", true))).await;
    crowd(&app).await;
    let profile = async |level: i32| {
        app.database().run_command(doc! { "profile": level }).await.unwrap();
    };
    profile(2).await;
    let (mut rosa, mut elsewhere) = (app.browser(), app.browser());
    rosa.sign_up("rosa").await;
    rosa.log_in("rosa").await;
    elsewhere.log_in("rosa").await;
    elsewhere.try_log_in("unknown", PASSWORD).await.expect_errors(422, 0);
    rosa.post("/coat", &[("item", "scarf")]).await.expect_redirect("/dashboard#coat");
    rosa.post("/coat/count", &[]).await.expect_redirect("/dashboard#coat");
    for path in ["/", "/dashboard", "/account", "/login", "/learn", "/xray"] {
        assert_eq!(rosa.get(path).await.status, 200, "{path}");
    }
    assert_eq!(
        rosa.post("/account/sessions/revoke-others", &[("password", PASSWORD)]).await.status,
        303
    );
    assert_eq!(elsewhere.get("/dashboard").await.status, 303);
    elsewhere.get("/login").await.expect_page(200, "Log in");
    let change = [("current", PASSWORD), ("new", "a better horse battery")];
    assert_eq!(rosa.post("/account/password", &change).await.status, 303);
    let delete = [("password", "a better horse battery")];
    assert_eq!(rosa.post("/account/delete", &delete).await.status, 303);
    profile(0).await;

    let seen = app.database().collection::<Document>("system.profile");
    let seen = seen.find(doc! { "appName": "cloakroom", "planSummary": { "$exists": true } });
    let seen: Vec<Document> = seen.await.unwrap().try_collect().await.unwrap();
    assert!(seen.len() > 30, "{}", seen.len());
    for entry in &seen {
        let plan = entry.get_str("planSummary").unwrap();
        assert!(
            !plan.contains("COLLSCAN")
                || entry.get_str("ns").unwrap().rsplit('.').next() == Some("class"),
            "{entry}"
        );
        for what in ["docsExamined", "keysExamined"] {
            let examined = entry.get_i32(what).unwrap_or(0);
            assert!(examined <= 20, "{what} {examined}: {entry}");
        }
    }
}

/// An account is looked up with this collation, and then by its key. So names with one key must be equal to
/// the collation, in each script.
#[rocket::async_test]
async fn two_names_with_one_key_are_one_to_the_collation_of_the_index() {
    let (_, database) = fresh_database().await;
    let names = database.collection::<Document>("names");
    let letters = ('\u{80}'..'\u{30000}').map(|letter| format!("x{letter}y"));
    let mut changed: Vec<String> = letters.filter(|name| key_of(name) != *name).collect();
    // Two marks in an order that their normal form does not have.
    changed.push("q\u{315}\u{300}y".to_owned());
    // White space around a name, and a sigma at its end.
    let spaced =
        [" xy", "xy ", "\txy\n", "xy\u{a0}", "\u{3000}xy", "xy\u{2003}\u{2028}", "x\u{3c2}"];
    changed.extend(spaced.map(str::to_owned));
    assert!(changed.len() > 1_000, "{}", changed.len());
    let documents = changed.iter().map(|name| doc! { "_id": name, "username": name });
    names.insert_many(documents).await.unwrap();
    let collation = Collation::builder().locale("en".to_owned()).normalization(true);
    let collation = collation.strength(CollationStrength::Secondary);
    let ignored = collation.alternate(CollationAlternate::Shifted);
    let collation = ignored.max_variable(CollationMaxVariable::Space).build();
    // As the program's index: a scan compares in another way, which tells U+00A0 from no white space.
    let options = IndexOptions::builder().collation(collation.clone()).build();
    let index = IndexModel::builder().keys(doc! { "username": 1 }).options(options).build();
    names.create_index(index).await.unwrap();
    for name in &changed {
        for typed in [key_of(name), name.to_uppercase()] {
            let found = names.find(doc! { "username": &typed }).collation(collation.clone());
            let found: Vec<Document> = found.await.unwrap().try_collect().await.unwrap();
            let is_found =
                found.iter().any(|found| found.get_str("_id").is_ok_and(|id| id == name));
            assert!(is_found || key_of(&typed) != key_of(name), "{name:?} by {typed:?}");
        }
    }
}
