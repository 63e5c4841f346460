//! Lesson 1: HTTP forgets, and the browser attaches the cookie to every request.

use rocket::{Route, State, get, routes};
use rocket_express_session::Session;

use super::Goal;
use super::evidence::{Evidence, ticket};
use crate::auth::Visitor;
use crate::teach::progress::Proof;
use crate::trace::{self, Recorder};

/// The address of the lesson's page, which asks both questions.
const PAGE: &str = "/learn/http-forgets";

/// The address that both questions go to, without the ID of the page's exchange.
pub(super) const WHO: &str = "/learn/http-forgets/who?page=";

/// The goals of the lesson.
pub(super) fn check(evidence: &Evidence) -> Vec<Goal> {
    let is_asked = |path: &str| WHO.split('?').next() == Some(path);
    let mut asked = evidence.own.iter().filter(|exchange| is_asked(&exchange.path));
    let me = asked.clone().find_map(|exchange| {
        let is_mine = exchange.user.is_some() && exchange.user == evidence.user;
        let ticket = ticket(exchange).filter(|_| is_mine)?;
        Some(Proof::of("with", exchange).fact("ticket", ticket))
    });
    let anonymous = asked.find(|exchange| exchange.user.is_none() && exchange.cookies.is_empty());
    vec![("me", me), ("nobody", anonymous.map(|without| Proof::of("without", without)))]
}

/// Answers the two buttons of the lesson. `page` is the ID of the exchange of the lesson's page. If no cookie
/// came, the exchange belongs to the browser that got this page, and to no browser otherwise.
#[get("/http-forgets/who?<page>")]
fn who(page: &str, session: &Session, visitor: &Visitor, recorder: &State<Recorder>) -> String {
    if let Visitor::LoggedIn(user) = visitor {
        return format!("You are {}.", user.username);
    }
    let has_ticket = session.is_stored() || session.is_unknown();
    if !has_ticket && let Some(owner) = recorder.browser_once(page, PAGE) {
        trace::assign_to(owner);
    }
    "For this request, you are anonymous.".to_owned()
}

pub(super) fn routes() -> Vec<Route> {
    routes![who]
}
