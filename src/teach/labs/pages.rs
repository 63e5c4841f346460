//! The lab in the page of a lesson, and its buttons. A button redirects to the page: that request shows what
//! the browser made of the response.

use rocket::response::{self, Redirect, Responder};
use rocket::{Request, Route, State, get, post, routes};
use rocket_dyn_templates::Template;
use rocket_express_session::Session;
use serde::Serialize;
use serde_json::{Value, json};

use super::actions::{Button, LabContext, VISITS, decoded};
use super::servers::Tenant;
use super::sessions::Labs;
use super::{clocks, fixation, guest_book, network, note, options, other_site};
use crate::db::Unavailable;
use crate::names::{LAB_COOKIES, NOTE_COOKIE, OLD_COOKIE};
use crate::teach::lessons::{IS_OSKAR, LessonPage, Shown};
use crate::teach::limits::{Denied, Size};
use crate::teach::progress::{LabState, Learner, Progress};
use crate::web::Form;

/// A response with cookies of the lab.
struct WithCookies<R>(R, Vec<String>);

impl<'r, R: Responder<'r, 'static>> Responder<'r, 'static> for WithCookies<R> {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        let mut response = self.0.respond_to(request)?;
        for line in self.1 {
            response.adjoin_raw_header("Set-Cookie", line);
        }
        Ok(response)
    }
}

/// What a page shows of the learner's lab.
#[derive(Serialize)]
struct LabView {
    seen: Value,
    /// What the labs remember of the learner.
    state: LabState,
    /// This response sets a cookie of the lab.
    handed: bool,
    /// What the lab of this lesson alone shows. Its template says what that is.
    own: Value,
}

#[get("/<_>?<shown..>")]
async fn show(
    mut lesson: LessonPage<'_>,
    labs: &State<Labs>,
    shown: Shown<'_>,
) -> Result<Option<WithCookies<Template>>, Denied> {
    if !lesson.lesson.has_lab {
        return Ok(None);
    }
    let (lab, lines) = match lesson.shows_lab() {
        true => view(&mut lesson, labs).await.map(|(lab, lines)| (Some(lab), lines))?,
        false => (None, vec![]),
    };
    let page = lesson.render(lab, shown).await?;
    Ok(Some(WithCookies(page, lines)))
}

/// The lab as this request finds it, and the `Set-Cookie` lines of the response.
async fn view(lesson: &mut LessonPage<'_>, labs: &Labs) -> Result<(LabView, Vec<String>), Denied> {
    let context = context(lesson, labs, lesson.learner.is_stored());
    let LabContext { request, slug, .. } = context;
    let state = lesson.learner.progress().lab.clone();
    let session = context.session(&state).await?;
    if session.sessions().options().save_uninitialized && !session.is_stored() {
        context.limits.count(Size::Small).await?;
    }
    let seen = seen(request, &session);
    let mut lines: Vec<String> = session.sessions().commit(&session).await?.into_iter().collect();
    let own = match slug {
        "the-seal" => with_text(Some(NOTE_COOKIE), request, context.examine(&session, &state)),
        "no-secrets" => {
            if session.is_unknown() {
                // The X-ray then says that Oskar has ended the session.
                session.revoke_reason().await?;
            }
            with_text(Some(OLD_COOKIE), request, json!({ "heard": network::lines(request) }))
        }
        clocks::SLUG => match &state.ticket {
            Some(ticket) => {
                let (found, is_sent) = (labs.expires(ticket).await?, seen["ticket_bytes"] != 0);
                labs.clocks.view(ticket, found, labs.is_memory(), is_sent)
            }
            None => Value::Null,
        },
        guest_book::SLUG => guest_book::view(request, &state),
        "two-stores" => two_stores(&context, &session, &mut lines).await?,
        "fixation" => {
            note(slug, IS_OSKAR, (!seen["login"].is_null()).into());
            Value::Null
        }
        "session-or-token" => with_text(None, request, context.examine_token(&state)),
        _ => Value::Null,
    };
    lesson.learner.lab_cookies.clone_from(&lines);
    let own = match slug {
        options::SLUG => options::view(&lesson.learner, &state.switches),
        other_site::SLUG => other_site::view(&lesson.learner),
        _ => own,
    };
    Ok((LabView { state, handed: !lines.is_empty(), seen, own }, lines))
}

/// The request, as the lab's server sees it. `refused` is what is wrong with the ticket, if its session was
/// not found; `bytes` is the size of the session as JSON.
fn seen(request: &Request<'_>, session: &Session) -> Value {
    let (_, ticket_bytes) = session.cookie_sent();
    let sent = |name: &&str| request.cookies().get(name).is_some();
    let is_found = session.is_stored();
    let login: Option<String> = session.login().or_else(|| session.get(fixation::USER));
    json!({
        "short_id": if is_found { session.id().prefix() } else { String::new() },
        "is_found": is_found,
        "refused": if session.is_unknown() { "session" } else { "signature" },
        "login": login,
        "visits": session.get(VISITS).unwrap_or(0),
        "bytes": session.data().to_json().len(),
        "ticket_bytes": ticket_bytes,
        "cookies": LAB_COOKIES.into_iter().filter(sent).collect::<Vec<_>>(),
    })
}

/// The view of a lab with the value of its cookie, if that is in base64, and with a text that the learner has
/// decoded: what it is, and what it says.
fn with_text(cookie: Option<&str>, request: &Request<'_>, mut view: Value) -> Value {
    let came = cookie.and_then(|cookie| request.cookies().get(cookie));
    view["note"] = json!(came.map(|came| (came.name(), came.value())));
    let typed = request.query_value::<&str>("decode").and_then(Result::ok);
    view["decode"] = json!(typed.map(|text| (text, decoded(text))));
    view
}

async fn two_stores(
    context: &LabContext<'_>,
    session: &Session,
    lines: &mut Vec<String>,
) -> Result<Value, Unavailable> {
    let Some(tenant) = &context.tenant else { return Ok(Value::Null) };
    let boot = context.labs.servers().of(tenant).run_id;
    let Some(memory) = context.memory().await? else { return Ok(Value::Null) };
    let visits = memory.get(VISITS).unwrap_or(0);
    lines.extend(memory.sessions().commit(&memory).await?);
    note(context.slug, "boot number", boot.into());
    note(context.slug, "counter in memory", visits);
    note(context.slug, "counter in MongoDB", session.get(VISITS).unwrap_or(0));
    Ok(json!({ "boot": boot, "visits": visits }))
}

#[post("/<_>", data = "<form>")]
async fn run(
    mut lesson: LessonPage<'_>,
    labs: &State<Labs>,
    form: Form<Button>,
) -> Result<Option<WithCookies<Redirect>>, Denied> {
    let this = lesson.lesson;
    if !this.has_lab {
        return Ok(None);
    }
    let button = form.0;
    // A count is stored at the end of this request, also for a visitor who had no session before it.
    let has_server = lesson.learner.is_stored() || button.name == "count";
    let context = context(&lesson, labs, has_server);
    let mut state = lesson.learner.progress().lab.clone();
    let Some(lines) = context.run(&button, &mut state).await? else { return Ok(None) };
    note(this.slug, &button.name, 1);
    let store = |learner: &Learner<'_>, progress: &mut Progress| {
        progress.lab.clone_from(&state);
        this.evaluate(learner, progress);
    };
    lesson.learner.change(store).await?;
    // Without a section here, the browser keeps the one in the address of the form.
    let section =
        if matches!(this.slug, "the-seal" | "no-secrets" | "fixation" | "session-or-token") {
            ""
        } else {
            "#do"
        };
    let back = Redirect::to(format!("{}{section}", this.path(true)));
    Ok(Some(WithCookies(back, lines)))
}

fn context<'r>(lesson: &'r LessonPage<'_>, labs: &'r Labs, has_server: bool) -> LabContext<'r> {
    let learner = &lesson.learner;
    let (id, is_guest) = (learner.user_id(), learner.user.is_none());
    let name = || id.unwrap_or_else(|| learner.session.id().handle());
    LabContext {
        request: lesson.page.request(),
        labs,
        tenant: has_server.then(|| Tenant { name: name(), is_guest }),
        slug: lesson.lesson.slug,
        limits: &learner.limits,
    }
}

pub(super) fn routes() -> Vec<Route> {
    routes![show, run]
}
