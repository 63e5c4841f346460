//! The dashboard: shows the user's cookie and session.

use rocket::{Route, get, routes};
use rocket_dyn_templates::{Template, context};
use rocket_express_session::{CookieRecord, Lifetime, Session};
use serde::Serialize;

use super::form::FieldError;
use super::page::Page;
use super::time_view::TimeView;
use crate::auth::User;

/// The session key of the items, a list of texts.
pub(super) const ITEMS: &str = "coat";

/// The session key of the tutorial's counter, a number.
pub(super) const VIEWS: &str = "viewCount";

#[get("/dashboard")]
pub(super) fn show(page: Page<'_>, session: &Session, user: &User) -> Template {
    render(&page, session, user, "", &[])
}

/// Renders the page. `item` is the text that the user typed into the form.
pub(super) fn render(
    page: &Page<'_>,
    session: &Session,
    user: &User,
    item: &str,
    errors: &[FieldError],
) -> Template {
    let content = session.data();
    let (name, bytes) = session.cookie_sent();
    let short_id = session.id().prefix();
    let json = content.to_json();
    let Lifetime { created, expires, rolling, .. } = session.lifetime();
    let own = context! {
        ticket: context! {
            name,
            bytes,
            sid_start: &short_id,
            attributes: attributes(&content.cookie),
        },
        coat: context! {
            hook: &short_id,
            bytes: json.len(),
            json: pretty(&json),
            place: page.store(),
            items: session.get::<Vec<String>>(ITEMS).unwrap_or_default(),
            views: session.number(VIEWS),
        },
        session: context! {
            started: created.map(TimeView::from),
            ends: expires.map(TimeView::from),
            slides: rolling,
        },
        form: context! { item, errors },
    };
    page.render("dashboard", user, own)
}

/// An attribute of the cookie, and its purpose.
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

/// Adds line breaks to JSON. Text that `serde_json` cannot read is shown unchanged. JavaScript may write such
/// text: half a surrogate pair.
fn pretty(json: &str) -> String {
    let value: Result<serde_json::Value, _> = serde_json::from_str(json);
    value.and_then(|value| serde_json::to_string_pretty(&value)).unwrap_or_else(|_| json.to_owned())
}

pub(super) fn routes() -> Vec<Route> {
    routes![show]
}
