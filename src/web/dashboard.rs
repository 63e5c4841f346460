//! The dashboard: shows the user's cookie and session.

use rocket::http::SameSite;
use rocket::{Route, get, routes};
use rocket_dyn_templates::{Template, context};
use rocket_express_session::{CookieRecord, Lifetime, Session, Timestamp};
use serde::Serialize;

use super::form::FieldError;
use super::page::Page;
use super::stored_document::stored_document;
use super::time_view::TimeView;
use crate::auth::User;

/// The session key of the items, a list of texts.
pub(super) const ITEMS: &str = "coat";

/// The session key of the tutorial's counter, a number.
pub(super) const VIEWS: &str = "viewCount";

#[get("/dashboard")]
pub(super) fn show(page: Page<'_>, session: &Session, user: &User) -> Template {
    render(&page, session, user, Typed::default())
}

/// A form for an item that was rejected: what was typed, the page that follows, and the errors.
#[derive(Default)]
pub(super) struct Typed<'t> {
    pub item: &'t str,
    pub next: &'t str,
    pub errors: &'t [FieldError],
}

/// Renders the page.
pub(super) fn render(
    page: &Page<'_>,
    session: &Session,
    user: &User,
    typed: Typed<'_>,
) -> Template {
    let Typed { item, next, errors } = typed;
    let content = session.data();
    let (name, bytes) = session.cookie_sent();
    let short_id = session.id().prefix();
    let Lifetime { created, expires, rolling, .. } = session.lifetime();
    let cookie = &content.cookie;
    // A cookie with an expiry is sent again whenever the session is extended, so both expire together. But an
    // Express app may have extended only the session.
    let sent_by_express =
        cookie.expires().filter(|expires| created.is_none() && *expires > Timestamp::now());
    let cookie_expires = sent_by_express.or(expires).filter(|_| cookie.has_expiry());
    let own = context! {
        ticket: context! {
            name,
            bytes,
            sid_start: &short_id,
            attributes: attributes(cookie, cookie_expires),
        },
        coat: context! {
            hook: &short_id,
            bytes: session.record().and_then(|record| record.stored_bytes),
            json: stored_document(session),
            place: page.store(),
            items: session.get::<Vec<String>>(ITEMS).unwrap_or_default(),
            views: session.number(VIEWS),
        },
        session: context! {
            started: created.map(TimeView::from),
            ends: expires.map(TimeView::from),
            slides: rolling,
        },
        form: context! { item, next, errors, user: user.id.to_hex() },
    };
    page.render("dashboard", user, own)
}

/// An attribute of the cookie, and its purpose.
#[derive(Serialize)]
struct Attribute {
    name: String,
    why: &'static str,
    time: Option<TimeView>,
}

/// `expires`: when the browser deletes the cookie. `None`: when it is closed.
fn attributes(cookie: &CookieRecord, expires: Option<Timestamp>) -> Vec<Attribute> {
    let mut list = vec![];
    let mut add = |name: String, why| list.push(Attribute { name, why, time: None });
    if cookie.is_http_only() {
        add("HttpOnly".to_owned(), "scripts in the page cannot read it");
    }
    if let Some(same_site) = cookie.same_site() {
        add(format!("SameSite={same_site}"), same_site_purpose(same_site));
    }
    if cookie.is_secure() {
        add("Secure".to_owned(), "your browser sends it over https only");
    }
    if let Some(domain) = cookie.domain() {
        add(format!("Domain={domain}"), "this host and its subdomains receive it");
    }
    if let Some(path) = cookie.path() {
        let why = match &*path {
            "/" => "which part of the site receives it (here: all of it)",
            _ => "which part of the site receives it",
        };
        add(format!("Path={path}"), why);
    }
    match expires {
        Some(expires) => list.push(Attribute {
            name: "Expires".to_owned(),
            why: "when your browser deletes it, unless we send it again first",
            time: Some(expires.into()),
        }),
        None => add(
            "no Expires".to_owned(),
            "your browser deletes it when you close it, unless it opens your tabs again the next time",
        ),
    }
    list
}

fn same_site_purpose(same_site: SameSite) -> &'static str {
    match same_site {
        SameSite::Strict => "your browser never sends it with requests from other sites",
        SameSite::Lax => {
            "your browser sends it with links and GET forms on other sites, but not with POST forms"
        }
        SameSite::None => "your browser also sends it with requests from other sites",
    }
}

pub(super) fn routes() -> Vec<Route> {
    routes![show]
}
