//! Requests that a page of a lesson sends without the session cookie. The ID of the page's exchange is in
//! their address, and says whose recording they belong to.

use rocket::Request;
use rocket_express_session::Session;

use crate::trace::{self, Recorder};

/// The name of the field in the address.
const PAGE: &str = "page";

/// Assigns this request to the browser that got the page at `path`, unless it has brought a session cookie.
/// One page can send at most `most` such requests.
pub(crate) async fn assign_to_page(request: &Request<'_>, path: &str, most: u8) {
    let Some(session) = request.guard::<&Session>().await.succeeded() else { return };
    let id = request.query_value::<&str>(PAGE).and_then(Result::ok);
    let recorder = request.rocket().state::<Recorder>();
    let Some((id, recorder)) = id.zip(recorder) else { return };
    let (_, ticket_bytes) = session.cookie_sent();
    if ticket_bytes == 0
        && let Some(browser) = recorder.browser_of_page(id, path, most)
    {
        trace::assign_to(browser);
    }
}

/// Notes that this request comes from the page whose exchange has the ID in the address.
pub(crate) fn link_to_page(request: &Request<'_>) {
    if let Some(Ok(id)) = request.query_value::<&str>(PAGE) {
        trace::link_to(id);
    }
}
