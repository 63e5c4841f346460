//! Lesson 6: what the network hears of a request, and whose session the ticket in it names.

use rocket::Request;
use rocket_express_session::Session;
use serde::Serialize;

use super::actions::LabContext;
use super::note;
use crate::db::Unavailable;
use crate::names::LAB_COOKIES;
use crate::proxy::is_https;
use crate::teach::progress::LabState;

/// The slug of the lesson.
pub(super) const SLUG: &str = "no-secrets";

/// Header lines on the page, and characters of each.
const LINES: usize = 40;
const LONGEST: usize = 600;

/// Replaces a value that may log in to something real.
const MASK: &str = "●●●";

/// The request as it came, and what the lab made of its ticket.
#[derive(Serialize)]
pub(super) struct Network {
    /// The request came over https, so the network heard none of the lines.
    https: bool,
    /// The request line and the headers.
    lines: Vec<String>,
    /// Oskar has a session, so his account page has something to end.
    has_session: bool,
    /// Oskar has ended the session of the ticket that came.
    is_ended: bool,
}

impl LabContext<'_> {
    /// The request as the network heard it. Notes for the lesson whether its ticket is Oskar's.
    ///
    /// # Errors
    /// The store does not answer.
    pub(super) async fn listen(
        &self,
        session: &Session,
        state: &LabState,
    ) -> Result<Network, Unavailable> {
        if state.oskar.is_some() && session.login() == state.oskar {
            note(self.slug, "logged in as Oskar", 1);
        }
        let reason = if session.is_unknown() { session.revoke_reason().await? } else { None };
        Ok(Network {
            https: is_https(self.request),
            lines: lines(self.request),
            has_session: state.decoy.is_some(),
            is_ended: reason.is_some(),
        })
    }
}

/// Only the cookies of the labs are shown whole.
fn lines(request: &Request<'_>) -> Vec<String> {
    let first = format!("{} {}", request.method(), request.uri());
    let headers = request.headers().iter().map(|header| {
        let name = header.name().as_str().to_ascii_lowercase();
        let value = match &*name {
            "cookie" => header.value().split(';').map(masked).collect::<Vec<_>>().join("; "),
            "authorization" | "proxy-authorization" => MASK.to_owned(),
            _ => header.value().to_owned(),
        };
        format!("{name}: {value}")
    });
    let lines = std::iter::once(first).chain(headers).take(LINES);
    lines.map(|line| line.chars().take(LONGEST).collect()).collect()
}

fn masked(pair: &str) -> String {
    let (name, value) = pair.trim().split_once('=').unwrap_or((MASK, MASK));
    let value = if LAB_COOKIES.contains(&name) { value } else { MASK };
    format!("{name}={value}")
}
