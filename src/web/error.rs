//! Failed requests: one enum maps a cause to a status, and one function maps a status to a text.
//!
//! The cause is logged once, here. The page has a text that helps. A 401 redirects to the login page. A
//! client that prefers JSON gets `{"error": {"code", "reason"}}`.

use rocket::http::{Method, Status};
use rocket::response::{self, Redirect, Responder, Response};
use rocket::{Catcher, Request, catch, catchers};
use rocket_dyn_templates::{Template, context};
use rocket_express_session::SetError;

use super::accept::{json_error, prefers_json};
use super::cookies::set_flash;
use super::flash::Flash;
use super::methods::allowed_instead;
use super::next::{page_of_form, with_next};
use super::page::{Page, render_without_user};
use super::protection::{is_cross_site, set_headers};
use crate::auth::Visitor;
use crate::db::Unavailable;
use crate::in_flight::request_id;

/// Seconds until a client should retry. A replica set elects a new primary in about ten, but most outages of
/// a class are shorter.
pub(super) const RETRY_AFTER: &str = "5";

/// The error of a handler.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// 503: the database does not answer, or too many users log in at the same time.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// 500: this program has a bug. It set a key or a value that a session cannot hold.
    #[error(transparent)]
    Session(#[from] SetError),
}

impl Error {
    fn status(&self) -> Status {
        match self {
            Self::Unavailable(_) => Status::ServiceUnavailable,
            Self::Session(_) => Status::InternalServerError,
        }
    }
}

/// Logs the cause. A catcher makes the page.
impl<'r> Responder<'r, 'static> for Error {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        log_failure(request, &self);
        Err(self.status())
    }
}

/// Logs why a request failed.
pub(super) fn log_failure(request: &Request<'_>, error: &dyn std::error::Error) {
    let (method, path) = (request.method(), request.uri().path());
    tracing::error!("{method} {path}: {error}");
}

/// The text of an error page.
struct ErrorText {
    heading: &'static str,
    text: &'static str,
    /// Whether a retry can help.
    retry: bool,
}

/// The text for a request from another site, or from behind a proxy that changes the `Host` header.
const CROSS_SITE: ErrorText = ErrorText {
    heading: "That form came from another site",
    text: "Nothing was changed. Open the page with the form on this site, and send it from there. If \
           you run this site and it rejects its own forms, your proxy must pass on the Host \
           header (nginx: proxy_set_header Host $host). The log line of this request shows the Origin \
           and the Host that differ.",
    retry: false,
};

fn text(status: Status, method: Method) -> ErrorText {
    let (heading, text, retry) = match status.code {
        400 => (
            "We couldn't read that request",
            "Its form was incomplete or damaged. Go back, reload the page and try again.",
            false,
        ),
        403 => ("You don't have access", "This page is for admins.", false),
        404 => ("We can't find that page", "Check the address, or go to the start page.", false),
        405 => (
            "That doesn't work at this address",
            "This address doesn't accept this kind of request. Go to the start page, and from there to the \
             page you want.",
            false,
        ),
        408 => (
            "Your form took too long to arrive",
            "Nothing was changed. Go back and send it again.",
            false,
        ),
        413 => (
            "That is too large",
            "What you sent is larger than any form here needs. Nothing was changed. Send less.",
            false,
        ),
        415 => (
            "That wasn't a form",
            "That request wasn't a form we understand. Nothing was changed. Go back to the page and use its form.",
            false,
        ),
        422 => (
            "Something in that form wasn't right",
            "Nothing was changed. Go back and check what you entered.",
            false,
        ),
        429 => ("Too many attempts", "Wait a moment, then try again.", true),
        431 => (
            "That request is too large",
            "Its address or its cookies are too long. Delete this site's cookies in your browser, then try \
             again.",
            false,
        ),
        503 if method != Method::Get => (
            "We don't know whether that was done",
            "Our database didn't answer in time, or too many requests came at once. Wait a few seconds, \
             then check the page. If nothing has changed, send the form again.",
            false,
        ),
        503 => (
            "We can't show this page right now",
            "Our database isn't answering, or too many requests came at once. You have not been logged out. \
             Try again in a few seconds.",
            true,
        ),
        _ if status.code >= 500 => (
            "Something went wrong",
            "This is our fault and has been logged. Try again. If it happens again, ask the people who run this \
             site for help.",
            true,
        ),
        _ => ("That didn't work", "Go back and try again.", false),
    };
    ErrorText { heading, text, retry }
}

fn context(request: &Request<'_>, status: Status) -> impl serde::Serialize {
    let is_cross_site = status == Status::Forbidden && is_cross_site(request);
    let text = if is_cross_site { CROSS_SITE } else { text(status, request.method()) };
    let ErrorText { heading, text, retry } = text;
    // The link is a GET, so it cannot send a form again. It leads to the page with the form.
    let is_get = matches!(request.method(), Method::Get | Method::Head);
    let form = match is_get || status == Status::Forbidden {
        true => None,
        false => page_of_form(request),
    };
    let retry = retry && is_get;
    context! {
        error: context! {
            code: status.code,
            reason: status.reason_lossy(),
            heading,
            text,
            retry,
            form,
            // A user who asks for help can quote the ID of the log line.
            request: request_id(),
        },
    }
}

/// An error, as a page or as JSON.
enum ErrorResponse {
    Page(Status, Box<Template>),
    Json(Status),
}

impl<'r> Responder<'r, 'static> for ErrorResponse {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        let (status, mut response) = match self {
            Self::Page(status, template) => (status, template.respond_to(request)?),
            Self::Json(status) => (status, json_error(request, status)?),
        };
        response.set_status(status);
        if status == Status::ServiceUnavailable {
            response.set_raw_header("Retry-After", RETRY_AFTER);
        }
        if status == Status::MethodNotAllowed
            && let Some(methods) = allowed_instead(request)
        {
            response.set_raw_header("Allow", methods);
        }
        // Rocket runs no fairing for a request that is not valid HTTP.
        set_headers(request, &mut response);
        Ok(response)
    }
}

/// The response that replaces the handler's when the session could not be saved.
pub fn unavailable<'r>(request: &'r Request<'_>) -> Response<'r> {
    let page = without_user(request, Status::ServiceUnavailable);
    page.respond_to(request).unwrap_or_else(|status| {
        let mut response = Response::new();
        response.set_status(status);
        response
    })
}

fn without_user(request: &Request<'_>, status: Status) -> ErrorResponse {
    if prefers_json(request) {
        return ErrorResponse::Json(status);
    }
    ErrorResponse::Page(
        status,
        Box::new(render_without_user(request, "error", context(request, status))),
    )
}

#[catch(default)]
async fn any(status: Status, request: &Request<'_>) -> ErrorResponse {
    let is_known = status == Status::NotFound && allowed_instead(request).is_some();
    let status = if is_known { Status::MethodNotAllowed } else { status };
    // The user is not looked up after a failure of the database, or if the head is too large. JSON shows no
    // user.
    let is_too_much = status == Status::RequestHeaderFieldsTooLarge;
    if status.code >= 500 || is_too_much || prefers_json(request) {
        return without_user(request, status);
    }
    let page =
        Page::of(request).render("error", Visitor::of(request).await, context(request, status));
    ErrorResponse::Page(status, Box::new(page))
}

/// Redirects an anonymous visitor to the login page, which then leads back to the page or the form.
#[catch(401)]
fn unauthorized(request: &Request<'_>) -> Result<Redirect, ErrorResponse> {
    if prefers_json(request) {
        return Err(ErrorResponse::Json(Status::Unauthorized));
    }
    if request.method() == Method::Get {
        return Ok(Redirect::to(with_next("/login", &request.uri().to_string())));
    }
    // A login can lead back to a page, but it cannot send a form again.
    set_flash(request, &Flash::NotLoggedIn);
    let page = page_of_form(request).unwrap_or_default();
    Ok(Redirect::to(with_next("/login", &page)))
}

/// The catchers: one for 401, and one for every other status.
pub fn catchers() -> Vec<Catcher> {
    catchers![any, unauthorized]
}
