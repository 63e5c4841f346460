//! The dashboard: your ticket and your coat, as they really are.

use rocket::{Route, get, routes};
use rocket_dyn_templates::{Template, context};
use rocket_express_session::{CookieRecord, Lifetime, Session};
use serde::Serialize;

use super::form::FieldError;
use super::moment::Moment;
use super::page::Page;
use crate::auth::User;

/// The session key of the items, a list of texts.
pub const ITEMS: &str = "coat";

/// The session key of the tutorial's counter, a number.
pub const VIEWS: &str = "viewCount";

#[get("/dashboard")]
pub async fn show(page: Page<'_>, session: &Session, _user: &User) -> Template {
    render(&page, session, "", &[]).await
}

/// The page, with what was typed into the form for an item.
pub async fn render(
    page: &Page<'_>,
    session: &Session,
    item: &str,
    errors: &[FieldError],
) -> Template {
    let content = session.data();
    let (name, bytes) = session.cookie_sent();
    let hook = session.id().prefix();
    let json = content.to_json();
    let Lifetime { created, expires, rolling, .. } = session.lifetime();
    let own = context! {
        ticket: context! {
            name,
            bytes,
            sid_start: &hook,
            attributes: attributes(&content.cookie),
        },
        coat: context! {
            hook: &hook,
            bytes: json.len(),
            json: pretty(&json),
            place: page.store(),
            items: session.get::<Vec<String>>(ITEMS).unwrap_or_default(),
            views: session.number(VIEWS),
        },
        session: context! {
            started: created.map(Moment::from),
            ends: expires.map(Moment::from),
            slides: rolling,
        },
        form: context! { item, errors },
    };
    page.render("dashboard", own).await
}

/// An attribute of the cookie, and why it has it.
#[derive(Serialize)]
struct Attribute {
    name: String,
    why: &'static str,
}

fn attributes(cookie: &CookieRecord) -> Vec<Attribute> {
    let mut list = vec![];
    let mut add = |name: String, why| list.push(Attribute { name, why });
    if cookie.is_http_only() {
        add("HttpOnly".to_owned(), "no script in the page can read it");
    }
    if let Some(same_site) = cookie.same_site() {
        add(format!("SameSite={same_site}"), "forms on other sites do not carry it");
    }
    if cookie.is_secure() {
        add("Secure".to_owned(), "it travels over https only");
    }
    if let Some(domain) = cookie.domain() {
        add(format!("Domain={domain}"), "its subdomains get it as well");
    }
    if let Some(path) = cookie.path() {
        add(format!("Path={path}"), "the part of this site that gets it");
    }
    match cookie.expires() {
        Some(expires) => {
            add(format!("Expires={}", expires.to_http_date()), "when your browser throws it away");
        }
        None => add("no Expires".to_owned(), "your browser throws it away when it is closed"),
    }
    list
}

/// The same JSON with line breaks. What no JSON library reads (half a surrogate pair, which
/// JavaScript may write) is shown as it stands.
fn pretty(json: &str) -> String {
    let value: Result<serde_json::Value, _> = serde_json::from_str(json);
    value.and_then(|value| serde_json::to_string_pretty(&value)).unwrap_or_else(|_| json.to_owned())
}

pub fn routes() -> Vec<Route> {
    routes![show]
}
