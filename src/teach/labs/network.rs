//! Lesson 6: what the network heard of a request.

use rocket::Request;
use rocket_express_session::Session;
use serde_json::Value;

use super::request::LabRequest;
use crate::db::Unavailable;
use crate::names::LAB_COOKIES;

/// Replaces a value that may log in to something real.
const MASK: &str = "●●●";

impl LabRequest<'_> {
    /// The lines that the network heard. Finds out for the X-ray why the session has ended.
    pub(super) async fn view_network(&self, session: &Session) -> Result<Value, Unavailable> {
        if session.is_unknown() {
            session.revoke_reason().await?;
        }
        Ok(lines(self.request()).into())
    }
}

/// The request line and the headers, as they came. Only cookies of the labs are whole.
fn lines(request: &Request<'_>) -> Vec<String> {
    let first = format!("{} {}", request.method(), request.uri());
    let headers = request.headers().iter().map(|header| {
        let (name, value) = (header.name().as_str(), header.value());
        let value = match &*name.to_ascii_lowercase() {
            "cookie" => value.split(';').map(masked).collect::<Vec<_>>().join("; "),
            "authorization" | "proxy-authorization" => MASK.to_owned(),
            _ => value.to_owned(),
        };
        format!("{name}: {value}")
    });
    std::iter::once(first).chain(headers).collect()
}

fn masked(pair: &str) -> String {
    let (name, value) = pair.trim().split_once('=').unwrap_or((MASK, MASK));
    format!("{name}={}", if LAB_COOKIES.contains(&name) { value } else { MASK })
}
