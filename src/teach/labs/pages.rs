//! The lab in the page of a lesson, and its buttons. A button redirects to the page: that request shows what
//! the browser made of the response.

use rocket::response::{self, Redirect, Responder};
use rocket::{Request, Route, State, get, post, routes};
use rocket_dyn_templates::Template;
use rocket_express_session::Session;
use serde::Serialize;

use super::actions::{Button, LabContext, VISITS, decoded};
use super::clocks_view::ClocksView;
use super::forge::Forge;
use super::options::{self, Outcome};
use super::servers::Tenant;
use super::sessions::{Labs, commit};
use super::token::TokenView;
use super::{fixation, network, note};
use crate::db::Unavailable;
use crate::names::{LAB_COOKIES, NOTE_COOKIE, OLD_COOKIE};
use crate::teach::lessons::{IS_OSKAR, LessonPage, Shown};
use crate::teach::limits::{Denied, Size};
use crate::teach::progress::{LabState, Learner};
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

/// The request, as the lab's server sees it.
#[derive(Serialize)]
struct Seen {
    /// The short session ID, if the session was found.
    short_id: String,
    is_found: bool,
    /// `signature` or `session`: what is wrong with the ticket, if the session was not found.
    refused: &'static str,
    /// The user who is logged in to the session.
    login: Option<String>,
    visits: i64,
    /// The size of the session as JSON.
    bytes: usize,
    /// The size of the cookie; 0 without one.
    ticket_bytes: usize,
    /// The names of the lab's cookies in the request.
    cookies: Vec<&'static str>,
}

/// What a page shows of the learner's lab.
#[derive(Serialize)]
struct LabView<'r> {
    seen: Seen,
    /// What the labs remember of the learner.
    state: LabState,
    note: Option<(&'static str, String)>,
    /// This response sets a cookie of the lab.
    handed: bool,
    /// A text that the learner has decoded from base64, and what it says.
    decode: Option<(&'r str, Option<String>)>,
    /// The clocks of the last ticket; `None` without one, and in other lessons.
    clocks: Option<ClocksView>,
    /// In lesson 12, the number of the learner's server, and the counter in its memory.
    memory: Option<(u32, i64)>,
    /// The ticket itself, in lesson 5.
    forge: Option<Forge>,
    /// The token, in lesson 14.
    token: Option<TokenView>,
    /// What plain http tells the network, in lesson 6.
    heard: Vec<String>,
    /// What the last requests did; empty in other lessons than 13.
    outcomes: Vec<Outcome>,
}

#[get("/<_>?<decode>&<shown..>")]
async fn show(
    mut lesson: LessonPage<'_>,
    labs: &State<Labs>,
    decode: Option<&str>,
    shown: Shown<'_>,
) -> Result<Option<WithCookies<Template>>, Denied> {
    if !lesson.requested.lesson.has_lab {
        return Ok(None);
    }
    if !lesson.shows_lab() {
        let page = lesson.render(None::<()>, shown).await?;
        return Ok(Some(WithCookies(page, vec![])));
    }
    let (mut lab, lines) = view(&lesson, labs, decode).await?;
    lesson.learner.lab_cookies.clone_from(&lines);
    if lesson.requested.lesson.slug == options::SLUG {
        lab.outcomes = options::outcomes(&lesson.learner);
    }
    let page = lesson.render(Some(lab), shown).await?;
    Ok(Some(WithCookies(page, lines)))
}

/// The lab as this request finds it, and the `Set-Cookie` lines of the response.
async fn view<'r>(
    lesson: &LessonPage<'_>,
    labs: &Labs,
    decode: Option<&'r str>,
) -> Result<(LabView<'r>, Vec<String>), Denied> {
    let (learner, request) = (&lesson.learner, lesson.page.request());
    let (slug, limits) = (lesson.requested.lesson.slug, &learner.limits);
    let tenant = learner.is_stored().then(|| tenant(learner));
    let context = LabContext { request, labs, tenant, limits, slug };
    let state = &learner.progress().lab;
    let session = context.session(state).await?;
    if session.sessions().options().save_uninitialized && !session.is_stored() {
        limits.count(Size::Small).await?;
    }
    let seen = seen(request, &session);
    let mut lines: Vec<String> = commit(&session).await?.into_iter().collect();
    let clocks = match (&state.ticket, slug) {
        (Some(ticket), "three-clocks") => {
            Some(ClocksView::read(labs, slug, ticket, seen.ticket_bytes > 0).await?)
        }
        _ => None,
    };
    if slug == options::SLUG {
        options::note_switches(&state.switches);
    }
    let memory = match slug {
        "two-stores" => two_stores(&context, &seen, &mut lines).await?,
        _ => None,
    };
    if slug == "no-secrets" && session.is_unknown() {
        // The X-ray then says that Oskar has ended the session.
        session.revoke_reason().await?;
    }
    if slug == "fixation" {
        note(slug, IS_OSKAR, seen.login.is_some().into());
    }
    let lab = LabView {
        state: state.clone(),
        note: readable_cookie(request, slug),
        handed: !lines.is_empty(),
        decode: decode.map(|text| (text, decoded(text))),
        seen,
        clocks,
        memory,
        forge: (slug == "the-seal").then(|| context.examine(&session, state)),
        token: (slug == "session-or-token").then(|| context.examine_token(state)),
        heard: if slug == "no-secrets" { network::lines(request) } else { vec![] },
        outcomes: vec![],
    };
    Ok((lab, lines))
}

fn seen(request: &Request<'_>, session: &Session) -> Seen {
    let (_, ticket_bytes) = session.cookie_sent();
    let sent = |name: &&str| request.cookies().get(name).is_some();
    let is_found = session.is_stored();
    Seen {
        short_id: if is_found { session.id().prefix() } else { String::new() },
        is_found,
        refused: if session.is_unknown() { "session" } else { "signature" },
        login: session.login().or_else(|| session.get(fixation::USER)),
        visits: session.get(VISITS).unwrap_or(0),
        bytes: session.data().to_json().len(),
        ticket_bytes,
        cookies: LAB_COOKIES.into_iter().filter(sent).collect(),
    }
}

/// The name and the value of the cookie of this lesson that is not encrypted.
fn readable_cookie(request: &Request<'_>, slug: &str) -> Option<(&'static str, String)> {
    let name = match slug {
        "the-seal" => NOTE_COOKIE,
        "no-secrets" => OLD_COOKIE,
        _ => return None,
    };
    Some((name, request.cookies().get(name)?.value().to_owned()))
}

async fn two_stores(
    context: &LabContext<'_>,
    seen: &Seen,
    lines: &mut Vec<String>,
) -> Result<Option<(u32, i64)>, Unavailable> {
    let Some(tenant) = &context.tenant else { return Ok(None) };
    let boot = context.labs.server(tenant).run_id;
    let Some(memory) = context.memory().await? else { return Ok(None) };
    let visits = memory.get(VISITS).unwrap_or(0);
    lines.extend(commit(&memory).await?);
    note(context.slug, "boot number", boot.into());
    note(context.slug, "counter in memory", visits);
    note(context.slug, "counter in MongoDB", seen.visits);
    Ok(Some((boot, visits)))
}

#[post("/<_>", data = "<form>")]
async fn run(
    mut lesson: LessonPage<'_>,
    labs: &State<Labs>,
    form: Form<Button>,
) -> Result<Option<WithCookies<Redirect>>, Denied> {
    let this = lesson.requested.lesson;
    if !this.has_lab {
        return Ok(None);
    }
    let learner = &mut lesson.learner;
    let button = form.0;
    // A count is stored at the end of this request, also for a visitor who had no session before it.
    let has_server = learner.is_stored() || button.name == "count";
    let context = LabContext {
        request: lesson.page.request(),
        labs,
        tenant: has_server.then(|| tenant(learner)),
        slug: this.slug,
        limits: &learner.limits,
    };
    let mut state = learner.progress().lab.clone();
    let Some(lines) = context.run(&button, &mut state).await? else { return Ok(None) };
    note(this.slug, &button.name, 1);
    learner
        .change(|learner, progress| {
            progress.lab.clone_from(&state);
            this.evaluate(learner, progress);
        })
        .await?;
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

/// The owner of this learner's server.
fn tenant(learner: &Learner<'_>) -> Tenant {
    let (id, is_guest) = (learner.user_id(), learner.user.is_none());
    Tenant { name: id.unwrap_or_else(|| learner.session.id().handle()), is_guest }
}

pub(crate) fn routes() -> Vec<Route> {
    routes![show, run]
}
