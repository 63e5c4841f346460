//! The lab in the page of a lesson, and its buttons. A button redirects to the page: that request shows what
//! the browser made of the response.

use rocket::response::{self, Redirect, Responder};
use rocket::{Request, State, get, post};
use rocket_dyn_templates::Template;
use rocket_express_session::Session;
use serde_json::{Value, json};

use super::actions::decoded;
use super::request::{Button, LabRequest, VISITS};
use super::sessions::Labs;
use super::{fixation, note};
use crate::db::Unavailable;
use crate::names::LAB_COOKIES;
use crate::teach::lessons::{LessonPage, Shown};
use crate::teach::limits::Denied;
use crate::teach::progress::{Learner, Progress};
use crate::web::Form;

/// A response with cookies of the lab.
pub(super) struct WithCookies<R>(R, Vec<String>);

impl<'r, R: Responder<'r, 'static>> Responder<'r, 'static> for WithCookies<R> {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        let mut response = self.0.respond_to(request)?;
        for line in self.1 {
            response.adjoin_raw_header("Set-Cookie", line);
        }
        Ok(response)
    }
}

#[get("/<_>?<decode>&<shown..>")]
pub(super) async fn show(
    lesson: LessonPage<'_>,
    labs: &State<Labs>,
    decode: Option<&str>,
    shown: Shown<'_>,
) -> Result<Option<WithCookies<Template>>, Denied> {
    let Some(mut lab) = LabRequest::new(lesson, labs) else { return Ok(None) };
    let view = match lab.lesson.shows_lab() {
        true => Some(lab.view(decode).await?),
        false => None,
    };
    let page = lab.lesson.render(view, shown).await?;
    Ok(Some(WithCookies(page, lab.lesson.learner.lab_cookies)))
}

#[post("/<_>", data = "<form>")]
pub(super) async fn press(
    lesson: LessonPage<'_>,
    labs: &State<Labs>,
    form: Form<Button>,
) -> Result<Option<WithCookies<Redirect>>, Denied> {
    let Some(mut lab) = LabRequest::new(lesson, labs) else { return Ok(None) };
    if !lab.press(&form.0).await? {
        return Ok(None);
    }
    let LabRequest { mut lesson, state, .. } = lab;
    let this = lesson.lesson;
    note(this.slug, &form.0.name, 1);
    let store = |learner: &Learner<'_>, progress: &mut Progress| {
        progress.lab.clone_from(&state);
        this.evaluate(learner, progress);
    };
    lesson.learner.change(store).await?;
    // The browser keeps the section in the address of the form.
    Ok(Some(WithCookies(Redirect::to(this.path(true)), lesson.learner.lab_cookies)))
}

impl LabRequest<'_> {
    /// The lab as this request finds it. `handed`: the response sets a cookie of the lab. `own` is what the
    /// lab of this lesson alone shows: its template says what that is. `decode`: base64 that was typed.
    async fn view(&mut self, decode: Option<&str>) -> Result<Value, Denied> {
        let session = self.session().await?;
        if session.sessions().options().save_uninitialized {
            self.count_new(&session).await?;
        }
        let seen = self.seen(&session);
        self.commit(&session).await?;
        let own = match self.slug() {
            "the-seal" => self.view_forge(&session),
            "no-secrets" => self.view_network(&session).await?,
            "what-a-script-takes" => self.view_guest_book(),
            "another-site" => self.view_other_site(),
            "fixation" => self.view_fixation(&session),
            "three-clocks" => self.view_clocks(&session).await?,
            "two-stores" => self.view_two_stores(&session).await?,
            "the-options" => self.view_options(),
            "session-or-token" => self.view_token(),
            _ => Value::Null,
        };
        Ok(json!({
            "seen": seen,
            "state": self.state,
            "handed": !self.lesson.learner.lab_cookies.is_empty(),
            "own": own,
            "decode": decode.map(|typed| (typed, decoded(typed))),
        }))
    }

    /// The request, as the lab's server sees it. `bytes` is the size of the session as JSON.
    fn seen(&self, session: &Session) -> Value {
        let (_, ticket_bytes) = session.cookie_sent();
        let cookie = |name: &str| {
            let came = self.request().cookies().get(name)?;
            Some(json!({ "name": name, "value": came.value() }))
        };
        json!({
            "is_found": session.is_stored(),
            "is_unknown": session.is_unknown(),
            "short_id": session.id().prefix(),
            "login": fixation::user(session),
            "visits": session.get(VISITS).unwrap_or(0),
            "bytes": session.data().to_json().len(),
            "ticket_bytes": ticket_bytes,
            "cookies": LAB_COOKIES.into_iter().filter_map(cookie).collect::<Vec<_>>(),
        })
    }

    async fn view_clocks(&self, session: &Session) -> Result<Value, Unavailable> {
        let Some(ticket) = &self.state.ticket else { return Ok(Value::Null) };
        let (found, is_memory) = (self.labs.expires(ticket).await?, self.labs.is_memory());
        let (_, ticket_bytes) = session.cookie_sent();
        Ok(self.labs.clocks.view(ticket, found, is_memory, ticket_bytes > 0))
    }

    async fn view_two_stores(&mut self, session: &Session) -> Result<Value, Unavailable> {
        if !self.lesson.learner.is_stored() {
            return Ok(Value::Null);
        }
        let boot = self.labs.servers().of(&self.lesson.learner).run_id;
        let memory = self.memory().await?;
        let visits = memory.get(VISITS).unwrap_or(0);
        self.commit(&memory).await?;
        note(self.slug(), "boot number", boot.into());
        note(self.slug(), "counter in memory", visits);
        note(self.slug(), "counter in MongoDB", session.get(VISITS).unwrap_or(0));
        Ok(json!({ "boot": boot, "visits": visits }))
    }
}
