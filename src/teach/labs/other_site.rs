//! Lesson 8: a page that plays another site, and the address that its forms, its link and its image lead to.
//!
//! The page is sandboxed (`web/protection.rs`), so browsers treat what it sends as cross-site. No other
//! address of the app takes a form from another site. It changes nothing: the recording has what came.

use rocket::fairing::AdHoc;
use rocket::http::Status;
use rocket::response::Redirect;
use rocket::{Request, get, post};
use rocket_dyn_templates::{Template, context};
use rocket_express_session::{SessionId, Timestamp};
use serde_json::{Value, json};

use super::request::LabRequest;
use super::{cookies, note};
use crate::in_flight::request_id;
use crate::names::SITE_COOKIES;
use crate::teach::lessons::{AGE, LessonPage, OTHER, TARGET, assign_to_page, hits, link_to_page};
use crate::teach::progress::Learner;
use crate::web::protection::{OpenToOtherSites, Sandboxed, is_cross_site};
use crate::web::{NoFields, Page};

const SLUG: &str = "another-site";

/// The lesson's page, at the section with the lab.
const BACK: &str = "/lab/another-site#do";

/// The most requests without the session cookie of one page: each kind of them, and some more.
const MOST: u8 = 10;

const SAME_SITE: [&str; 3] = ["", "; SameSite=Lax", "; SameSite=Strict"];

/// Two minutes: so long Chromium sends a new cookie without `SameSite` with a POST form as well.
const YOUNG: i64 = 120;

impl LabRequest<'_> {
    /// Sends the three cookies. Their value is new: with the same one, a browser may keep the old age.
    pub(super) fn give_site_cookies(&mut self) {
        self.state.given = Some(Timestamp::now().as_millis());
        let value = SessionId::generate().prefix();
        for (name, same_site) in SITE_COOKIES.into_iter().zip(SAME_SITE) {
            self.send(cookies::with(name, &value, &format!("; HttpOnly{same_site}")));
        }
    }

    /// The age of the cookies, and what this browser sent with the last request of each kind.
    pub(super) fn view_other_site(&self) -> Value {
        let learner = &self.lesson.learner;
        let own = learner.exchanges();
        let mut rows: Vec<Value> = vec![];
        for hit in hits(&own) {
            let is_old = hit.age > YOUNG;
            rows.retain(|row| row["kind"] != hit.kind || row["is_old"] != is_old);
            rows.push(json!({
                "kind": hit.kind,
                "is_old": is_old,
                "age": hit.age,
                "number": hit.exchange.number,
                "came": hit.came,
            }));
        }
        json!({ "age": age(learner), "rows": rows, "cookies": SITE_COOKIES })
    }
}

fn age(learner: &Learner<'_>) -> Option<i64> {
    let given = learner.progress().lab.given?;
    Some((Timestamp::now().as_millis() - given) / 1_000)
}

#[get("/<_>/other")]
pub(super) fn other(lesson: LessonPage<'_>) -> Option<Result<Sandboxed<Template>, Redirect>> {
    if lesson.lesson.slug != SLUG {
        return None;
    }
    let age = age(&lesson.learner).filter(|_| lesson.shows_lab());
    let Some(age) = age else { return Some(Err(Redirect::to(BACK))) };
    note(SLUG, AGE, age);
    // Its image is asked for once: only so many requests of a browser are kept.
    let image = !hits(&lesson.learner.exchanges()).any(|hit| hit.kind == "image");
    let values = context! { age, image, target: TARGET, id: request_id(), back: BACK };
    Some(Ok(Sandboxed(Template::render("lessons/08-another-site/other", values))))
}

/// A form, a link or an image of the other page. An image needs no page as its response.
#[get("/another-site/target?<by>")]
pub(super) fn got(by: &str, page: Page<'_>) -> Result<Redirect, Status> {
    let kinds = [("form", "GET form"), ("link", "link"), ("image", "image")];
    let (_, kind) = kinds.into_iter().find(|(name, _)| *name == by).ok_or(Status::NotFound)?;
    note_request(page.request(), kind);
    if kind == "image" { Err(Status::NoContent) } else { Ok(Redirect::to(BACK)) }
}

#[post("/another-site/target", data = "<_form>")]
pub(super) fn posted(page: Page<'_>, _form: NoFields) -> Redirect {
    note_request(page.request(), "POST form");
    Redirect::to(BACK)
}

/// Notes what the request was, and for the X-ray which of the three cookies came.
fn note_request(request: &Request<'_>, kind: &str) {
    note(SLUG, kind, 1);
    for name in SITE_COOKIES {
        note(SLUG, &format!("{name} came"), request.cookies().get(name).is_some().into());
    }
}

/// The one address that takes forms of other sites.
pub(crate) const OPEN: OpenToOtherSites = OpenToOtherSites(TARGET);

/// Assigns the other page's requests, also refused ones, to the learner's browser; before the recorder.
pub(crate) fn stage() -> AdHoc {
    AdHoc::on_response("Other site", |request, _| Box::pin(assign(request)))
}

async fn assign(request: &Request<'_>) {
    if request.uri().path() == TARGET || is_cross_site(request) {
        assign_to_page(request, OTHER, MOST).await;
        link_to_page(request);
    }
}
