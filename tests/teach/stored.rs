//! The stored document of a session: whole, and with one size, wherever a page shows it.

use mongodb::bson::{Document, RawDocumentBuf, doc};
use rocket::figment::Figment;

use crate::class::{line, teacher};
use crate::rows::rows_of;
use crate::support::{App, Browser};
use crate::unescape;

/// The document that a page shows, parsed.
fn shown(page: &str) -> serde_json::Value {
    let json = page.split_once("<pre class=\"").unwrap().1.split_once("<code>").unwrap().1;
    serde_json::from_str(&unescape(json.split_once("</code>").unwrap().0)).unwrap()
}

/// The size of the document that a page shows.
fn shown_bytes(page: &str) -> usize {
    let bytes = page.split_once("data-stored-bytes=\"").unwrap().1;
    bytes.split_once('"').unwrap().0.parse().unwrap()
}

/// The address of the page about this student.
async fn page_of(teacher: &mut Browser, name: &str) -> String {
    let room = teacher.get("/class").await.body;
    let path = line(&room, name).split_once("href=\"").unwrap().1;
    path.split('"').next().unwrap().to_owned()
}

/// Both forms of a document: `session` as text, and as an object.
const FORMS: [fn(Figment) -> Figment; 2] = [
    |figment| figment.merge(("teaching", true)).merge(("session.stringify", true)),
    |figment| figment.merge(("teaching", true)).merge(("session.stringify", false)),
];

#[rocket::async_test]
async fn dashboard_xray_and_teacher_say_the_same_bytes_as_mongodb_has() {
    for form in FORMS {
        let app = App::on_mongodb_with(form).await;
        let (mut teacher, mut rosa) = (teacher(&app).await, app.browser());
        rosa.sign_up("rosa").await;
        let path = page_of(&mut teacher, "rosa").await;
        let sid = rosa.session_id().unwrap();
        for item in ["a red scarf", "чёрная шляпа"] {
            rosa.post("/coat", &[("item", item)]).await.expect_redirect("/dashboard#coat");
            rosa.post("/coat/count", &[]).await.expect_redirect("/dashboard#coat");
            let sessions = app.database().collection::<RawDocumentBuf>("sessions");
            let stored = sessions.find_one(doc! { "_id": &sid }).await.unwrap().unwrap();
            let page = rosa.get("/dashboard").await.body;
            let bytes = shown_bytes(&page);
            assert_eq!(bytes, stored.as_bytes().len());
            // The request of this page ends its X-ray; those before it found a smaller document.
            let mut rows = rows_of(&page);
            rows.retain(|row| row.step() == "find-session");
            rows.pop().unwrap().expect_values(&[&format!("found, {bytes} bytes")]);
            assert_eq!(shown_bytes(&teacher.get(&path).await.body), bytes);
        }
    }
}

#[rocket::async_test]
async fn the_teacher_sees_each_field_of_the_document_and_no_typed_text() {
    for form in FORMS {
        let app = App::on_mongodb_with(form).await;
        let (mut teacher, mut rosa) = (teacher(&app).await, app.browser());
        rosa.sign_up("rosa").await;
        rosa.post("/coat", &[("item", "a very red scarf")]).await;
        let path = page_of(&mut teacher, "rosa").await;
        let page = teacher.get(&path).await.body;
        let sessions = app.database().collection::<Document>("sessions");
        let sid = rosa.session_id().unwrap();
        let stored = sessions.find_one(doc! { "_id": &sid }).await.unwrap().unwrap();
        let shown = shown(&page);
        let keys: Vec<&String> = shown.as_object().unwrap().keys().collect();
        assert_eq!(keys, stored.keys().collect::<Vec<_>>());
        assert_eq!(shown["_id"], format!("{}…", &sid[..6]));
        assert_eq!(shown["user"], stored.get_str("user").unwrap());
        assert_eq!(shown["session"]["coat"][0], "… (16 characters)");
        assert!(!page.contains("very red") && !page.contains(&sid[..8]), "{page}");
    }
}
