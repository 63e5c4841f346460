//! The lab's page, its buttons, and the answer to them: on to the page again, so that the browser
//! shows with a request of its own what it made of it.

use rocket::request::{FromRequest, Outcome};
use rocket::response::{self, Redirect, Responder};
use rocket::{Request, Route, State, get, post, routes};
use rocket_dyn_templates::{Template, context};
use rocket_express_session::Session;
use serde::{Deserialize, Serialize};

use super::actions::{Action, Place, VISITS, decoded};
use super::bench::{Bench, Secret, Switches};
use super::server::{Labs, commit};
use super::servers::Tenant;
use super::{BIG_COOKIE, COOKIE, MEMORY_COOKIE, NOTE_COOKIE, OLD_COOKIE, note};
use crate::db::Unavailable;
use crate::teach::lessons::{self, Lesson, Named};
use crate::teach::limits::{Denied, Size};
use crate::teach::progress::Learner;
use crate::web::{Form, Page};

/// The request itself: a lab opens a session of its own with it.
pub struct Visit<'r>(&'r Request<'r>);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Visit<'r> {
    type Error = std::convert::Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Self::Error> {
        Outcome::Success(Self(request))
    }
}

/// An answer with cookies of the lab.
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

/// What the lab's server sees of this request.
#[derive(Serialize)]
struct Seen {
    /// The browser sent a ticket of the lab.
    has_ticket: bool,
    /// The start of its number.
    hook: String,
    /// A document stands for it.
    is_found: bool,
    /// The user who is logged in to it.
    login: Option<String>,
    visits: i64,
    /// Bytes of the session as JSON, and of the ticket.
    bytes: usize,
    ticket_bytes: usize,
    /// The names of the lab's cookies that came.
    cookies: Vec<&'static str>,
}

#[get("/<_>?<decode>")]
async fn show(
    named: Named<'_>,
    visit: Visit<'_>,
    page: Page<'_>,
    learner: Learner<'_>,
    labs: &State<Labs>,
    decode: Option<&str>,
) -> Result<Option<WithCookies<Template>>, Denied> {
    let lesson = named.lesson;
    let Some(template) = lesson.lab else { return Ok(None) };
    let tenant = learner.is_kept().then(|| tenant(&learner));
    let place = Place { request: visit.0, labs, tenant, lesson, limits: &learner.limits };
    let bench = &learner.progress().bench;
    let session = place.session(bench).await?;
    if bench.switches.save_uninitialized && !session.is_stored() {
        learner.limits.count(Size::Small).await?;
    }
    let seen = seen(visit.0, &session);
    let mut lines: Vec<String> = commit(&session).await?.into_iter().collect();
    let kept = match (&bench.ticket, lesson.slug) {
        (Some(ticket), "three-clocks") => Some(place.is_kept(ticket).await?),
        _ => None,
    };
    if let Some(kept) = kept {
        note(lesson, "is kept", kept.into());
    }
    let memory = if lesson.slug == "two-stores" {
        two_stores(&place, lesson, &seen, &mut lines).await?
    } else {
        None
    };
    let own = context! {
        lesson: context! { slug: lesson.slug, title: &named.content.title },
        switches: &bench.switches,
        has_bench_ticket: bench.ticket.is_some(),
        note: told(visit.0, lesson),
        handed: !lines.is_empty(),
        decode: decode.map(|text| context! { text, says: decoded(text) }),
        seen, kept, memory,
    };
    Ok(Some(WithCookies(page.render(template, own).await, lines)))
}

fn seen(request: &Request<'_>, session: &Session) -> Seen {
    let (_, ticket_bytes) = session.cookie_sent();
    let sent = |name: &&str| request.cookies().get(name).is_some();
    let is_found = session.is_stored();
    Seen {
        has_ticket: ticket_bytes > 0,
        hook: if is_found { session.id().prefix() } else { String::new() },
        is_found,
        login: session.login(),
        visits: session.get(VISITS).unwrap_or(0),
        bytes: session.data().to_json().len(),
        ticket_bytes,
        cookies: [COOKIE, MEMORY_COOKIE, BIG_COOKIE, NOTE_COOKIE, OLD_COOKIE]
            .into_iter()
            .filter(sent)
            .collect(),
    }
}

/// A cookie of this lesson that can be read.
#[derive(Serialize)]
struct Told {
    name: &'static str,
    value: String,
}

fn told(request: &Request<'_>, lesson: &Lesson) -> Option<Told> {
    let name = if lesson.slug == "no-secrets" { OLD_COOKIE } else { NOTE_COOKIE };
    let value = request.cookies().get(name)?.value().to_owned();
    Some(Told { name, value })
}

/// The counter in memory and the number of the server's start; `None` before there is a server.
#[derive(Serialize)]
struct Memory {
    boot: u32,
    visits: i64,
}

async fn two_stores(
    place: &Place<'_>,
    lesson: &'static Lesson,
    seen: &Seen,
    lines: &mut Vec<String>,
) -> Result<Option<Memory>, Unavailable> {
    let Some(tenant) = &place.tenant else { return Ok(None) };
    let boot = place.labs.server(tenant).boot;
    let Some(memory) = place.memory().await? else { return Ok(None) };
    let visits = memory.get(VISITS).unwrap_or(0);
    lines.extend(commit(&memory).await?);
    note(lesson, "boot number", boot.into());
    note(lesson, "counter in memory", visits);
    note(lesson, "counter in MongoDB", seen.visits);
    Ok(Some(Memory { boot, visits }))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Button {
    #[serde(rename = "do")]
    name: String,
    resave: String,
    save_uninitialized: String,
    one_day: String,
    secret: String,
}

impl Button {
    fn switches(&self) -> Switches {
        Switches {
            resave: !self.resave.is_empty(),
            save_uninitialized: !self.save_uninitialized.is_empty(),
            one_day: !self.one_day.is_empty(),
            secret: match self.secret.as_str() {
                "new" => Secret::New,
                "both" => Secret::Both,
                _ => Secret::First,
            },
        }
    }
}

#[post("/<_>", data = "<form>")]
async fn press(
    named: Named<'_>,
    visit: Visit<'_>,
    mut learner: Learner<'_>,
    labs: &State<Labs>,
    form: Form<Button>,
) -> Result<Option<WithCookies<Redirect>>, Denied> {
    let lesson = named.lesson;
    if lesson.lab.is_none() {
        return Ok(None);
    }
    let action = Action { name: &form.0.name, switches: form.0.switches() };
    // A count is kept at the end of this request, also of a visitor who comes for the first time.
    let has_server = learner.is_kept() || action.name == "count";
    let tenant = has_server.then(|| tenant(&learner));
    let place = Place { request: visit.0, labs, tenant, lesson, limits: &learner.limits };
    let mut bench: Bench = learner.progress().bench.clone();
    let Some(lines) = place.act(&action, &mut bench).await? else { return Ok(None) };
    note(lesson, action.name, 1);
    learner
        .change(|learner, progress| {
            progress.bench.clone_from(&bench);
            lessons::evaluate(learner, progress, lesson);
        })
        .await?;
    let back = Redirect::to(format!("/lab/{}", lesson.slug));
    Ok(Some(WithCookies(back, lines)))
}

/// The owner of this learner's little server.
fn tenant(learner: &Learner<'_>) -> Tenant {
    let (id, is_guest) = (learner.user_id(), learner.user.is_none());
    Tenant { name: id.unwrap_or_else(|| learner.session.id().handle()), is_guest }
}

pub fn routes() -> Vec<Route> {
    routes![show, press]
}
