//! When it did not work: one enum from cause to status, one page from status to words.
//!
//! The cause goes to the log, once, here; the page gets words that help. A client that prefers
//! JSON gets `{"error": {"code", "reason"}}`. 401 becomes the login page, which is what helps.

use rocket::http::{Method, Status};
use rocket::request::Outcome;
use rocket::response::{self, Redirect, Responder, Response};
use rocket::serde::json::{Json, json};
use rocket::{Catcher, Request, catch, catchers};
use rocket_dyn_templates::{Template, context};
use rocket_express_session::SetError;

use super::accept::prefers_json;
use super::headers;
use super::login::login_with_next;
use super::methods::allowed_instead;
use super::page::{Page, render_for_nobody};
use super::refused::is_cross_site;
use crate::audit::request_id;
use crate::db::Unavailable;

/// Seconds after which asking again makes sense: a replica set elects a new primary in about ten,
/// but most outages of a class are shorter.
pub(super) const RETRY_AFTER: &str = "5";

/// What a handler can fail with.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// 503: the database does not answer, or too many want to log in at once.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// 500: our own mistake.
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

/// Logs the cause and leaves the words to the catcher.
impl<'r> Responder<'r, 'static> for Error {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        let (method, path, id) = (request.method(), request.uri().path(), request_id(request));
        log::error!("{method} {path}: {self} request={id}");
        Err(self.status())
    }
}

/// The words of an error page.
struct Words {
    heading: &'static str,
    text: &'static str,
    /// Trying the same again can help.
    retry: bool,
}

/// For a request that came from another site, or that a proxy has made look like one.
const CROSS_SITE: Words = Words {
    heading: "That form came from another site",
    text: "Nothing was changed. Open the page with the form on this site, and send it from there. If \
           you run this site and its own forms end here: your proxy must pass the browser's Host \
           header on (nginx: proxy_set_header Host $host). The log line of this request has the \
           Origin and the Host that differ.",
    retry: false,
};

fn words(status: Status, method: Method) -> Words {
    let (heading, text, retry) = match status.code {
        400 => (
            "We could not read that request",
            "Something in it was garbled on the way here. Go back, reload the page and try again.",
            false,
        ),
        403 => ("You do not have access", "This page is for admins. Nothing was changed.", false),
        404 => ("There is no page here", "Check the address for a typing mistake.", false),
        405 => (
            "That does not work at this address",
            "The address exists, but it does not take this kind of request. Go to the start page, and \
             from there to the page that you want.",
            false,
        ),
        413 => ("That is too much", "What you sent is larger than any form here needs.", false),
        415 => ("We only take forms", "Send the form of the page as the page sends it.", false),
        422 => ("We could not use that", "Go back and check what you entered.", false),
        429 => ("Too many tries", "Wait a little, then try again.", true),
        431 => (
            "That is too much",
            "The address and the cookies of your request are larger than this site needs. Delete \
             this site's cookies in your browser, then try again.",
            false,
        ),
        503 if method != Method::Get => (
            "We cannot tell whether that was done",
            "Our database did not answer in time, or too many requests came at once. What you sent \
             may have been done or not. Wait a few seconds and look, then send it again if it was not.",
            false,
        ),
        503 => (
            "We cannot answer just now",
            "Our database does not answer, or too many requests came at once. You have not been \
             logged out. Try again in a few seconds.",
            true,
        ),
        _ if status.code >= 500 => (
            "Something went wrong here",
            "It is our mistake, not yours. It has been written to our log. Try again; if it happens \
             twice, go back to the start.",
            true,
        ),
        _ => ("That did not work", "Go back and try again.", false),
    };
    Words { heading, text, retry }
}

fn context(request: &Request<'_>, status: Status) -> impl serde::Serialize {
    let is_cross_site = status == Status::Forbidden && is_cross_site(request);
    let words = if is_cross_site { CROSS_SITE } else { words(status, request.method()) };
    let Words { heading, text, retry } = words;
    // A link is a GET; what a form wanted, only the form can try again.
    let retry = retry && request.method() == Method::Get;
    context! {
        error: context! {
            code: status.code,
            reason: status.reason_lossy(),
            heading,
            text,
            retry,
            // A user who asks for help can say which line of the log it is.
            request: (status.code >= 500 || is_cross_site).then(|| request_id(request)),
        },
    }
}

/// An error page, or the same as JSON.
enum ErrorAnswer {
    Page(Status, Box<Template>),
    Json(Status),
}

impl<'r> Responder<'r, 'static> for ErrorAnswer {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        let (status, mut response) = match self {
            Self::Page(status, template) => (status, template.respond_to(request)?),
            Self::Json(status) => {
                let error = json!({ "code": status.code, "reason": status.reason_lossy() });
                (status, Json(json!({ "error": error })).respond_to(request)?)
            }
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
        // Rocket answers a request that is no HTTP without asking any fairing.
        headers::set(request, &mut response);
        Ok(response)
    }
}

/// The answer that goes out instead of the handler's when its session could not be stored.
pub fn unavailable<'r>(request: &'r Request<'_>) -> Response<'r> {
    let answer = answer_for_nobody(request, Status::ServiceUnavailable);
    answer.respond_to(request).unwrap_or_else(|status| {
        let mut response = Response::new();
        response.set_status(status);
        response
    })
}

/// 429 for a program.
pub fn too_many(request: &Request<'_>) -> response::Result<'static> {
    ErrorAnswer::Json(Status::TooManyRequests).respond_to(request)
}

fn answer_for_nobody(request: &Request<'_>, status: Status) -> ErrorAnswer {
    if prefers_json(request) {
        return ErrorAnswer::Json(status);
    }
    ErrorAnswer::Page(
        status,
        Box::new(render_for_nobody(request, "error", context(request, status))),
    )
}

#[catch(default)]
async fn any(status: Status, request: &Request<'_>) -> ErrorAnswer {
    let is_known = status == Status::NotFound && allowed_instead(request).is_some();
    let status = if is_known { Status::MethodNotAllowed } else { status };
    // What just failed or was too much is not asked who is there; and JSON has no header to show a
    // name in.
    let is_too_much = status == Status::RequestHeaderFieldsTooLarge;
    if status.code >= 500 || is_too_much || prefers_json(request) {
        return answer_for_nobody(request, status);
    }
    match request.guard::<Page<'_>>().await {
        Outcome::Success(page) => ErrorAnswer::Page(
            status,
            Box::new(page.render("error", context(request, status)).await),
        ),
        _ => answer_for_nobody(request, status),
    }
}

/// A page needs a user, and none is logged in: to the login page, and back here afterwards.
#[catch(401)]
async fn unauthorized(request: &Request<'_>) -> Result<Redirect, ErrorAnswer> {
    if prefers_json(request) {
        return Err(ErrorAnswer::Json(Status::Unauthorized));
    }
    // A page can be come back to; what a form wanted to do is not done behind a login.
    let next = (request.method() == Method::Get).then(|| request.uri().to_string());
    Ok(Redirect::to(login_with_next(next.as_deref())))
}

/// For every status; 401 apart.
pub fn catchers() -> Vec<Catcher> {
    catchers![any, unauthorized]
}
