//! Lesson 1: HTTP forgets, and the browser attaches the cookie to every request.

use rocket::get;

use super::assign_to_page;
use super::evidence::{Evidence, Goal, Proof};
use crate::auth::Visitor;
use crate::web::Page;

/// The address of the lesson's page, which asks both questions.
const PAGE: &str = "/learn/http-forgets";

const WHO: &str = "/learn/http-forgets/who";

pub(super) fn check(evidence: &Evidence) -> Vec<Goal> {
    let mut asked = evidence.own.iter().filter(|exchange| exchange.path == WHO);
    let me = asked.clone().find_map(|exchange| {
        let is_mine = exchange.user.is_some() && exchange.user == evidence.user;
        let ticket = exchange.ticket().filter(|_| is_mine)?;
        Some(Proof::of("with", exchange).fact("ticket", ticket))
    });
    let anonymous = asked.find(|exchange| exchange.user.is_none() && exchange.cookies.is_empty());
    vec![("me", me), ("nobody", anonymous.map(|without| Proof::of("without", without)))]
}

/// Answers the two buttons of the lesson. The page sends one request without the cookie.
#[get("/http-forgets/who")]
pub(super) async fn who(page: Page<'_>, visitor: &Visitor) -> String {
    if let Visitor::LoggedIn(user) = visitor {
        return format!("You are {}.", user.username);
    }
    assign_to_page(page.request(), PAGE, 1).await;
    "For this request, you are anonymous.".to_owned()
}
