//! Form bodies, read strictly: what is no proper form never reaches a handler.
//!
//! Rocket's own `Form` takes the first of two fields of one name and reads `username[$ne]=x` as
//! `username=x`. This one refuses the first and does not know the second. What the fields mean is
//! for each page.

use std::time::Duration;

use percent_encoding::percent_decode;
use rocket::Request;
use rocket::data::{Data, FromData, Outcome, ToByteUnit as _};
use rocket::http::uri::Origin;
use rocket::http::{ContentType, Status};
use rocket::response::{self, Redirect, Responder};
use rocket_dyn_templates::Template;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};

use super::accept::prefers_json;
use super::error::too_many;
use super::moment::whole_seconds;
use crate::in_flight::within;
use crate::trace::{self, Step};

/// The longest wait for a body. Ours have a few hundred bytes, and a request that waits holds what its
/// guards have taken.
const BODY: Duration = Duration::from_secs(2);

/// The fields of an `application/x-www-form-urlencoded` body.
pub struct Form<T>(pub T);

/// A form that is a button and nothing else. A program may send no body at all, and then no type.
pub struct NoFields;

/// Why a body is no form.
#[derive(Debug, PartialEq, Eq)]
pub enum Malformed {
    WrongType,
    TooLarge,
    /// Not all of it came in time.
    TooSlow,
    /// Bytes that are no UTF-8, a NUL, a field twice.
    Garbled,
}

impl Malformed {
    fn status(&self) -> Status {
        match self {
            Self::WrongType => Status::UnsupportedMediaType,
            Self::TooLarge => Status::PayloadTooLarge,
            Self::TooSlow => Status::RequestTimeout,
            Self::Garbled => Status::BadRequest,
        }
    }
}

#[rocket::async_trait]
impl<'r, T: DeserializeOwned> FromData<'r> for Form<T> {
    type Error = Malformed;

    async fn from_data(request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r, Self> {
        match read(request, data).await {
            Ok(form) => Outcome::Success(Form(form)),
            Err(malformed) => Outcome::Error((malformed.status(), malformed)),
        }
    }
}

#[rocket::async_trait]
impl<'r> FromData<'r> for NoFields {
    type Error = Malformed;

    async fn from_data(request: &'r Request<'_>, mut data: Data<'r>) -> Outcome<'r, Self> {
        let first = within(BODY, data.peek(1)).await.map(<[u8]>::is_empty);
        if request.content_type().is_none() && first == Some(true) {
            return Outcome::Success(Self);
        }
        match read::<IgnoredAny>(request, data).await {
            Ok(_) => Outcome::Success(Self),
            Err(malformed) => Outcome::Error((malformed.status(), malformed)),
        }
    }
}

async fn read<T: DeserializeOwned>(request: &Request<'_>, data: Data<'_>) -> Result<T, Malformed> {
    let is_form = request.content_type().is_some_and(|kind| {
        kind.top() == ContentType::Form.top() && kind.sub() == ContentType::Form.sub()
    });
    if !is_form {
        return Err(Malformed::WrongType);
    }
    let limit = request.limits().get("form").unwrap_or(32.kibibytes());
    let body = within(BODY, data.open(limit).into_bytes()).await.ok_or(Malformed::TooSlow)?;
    let body = body.map_err(|_| Malformed::Garbled)?;
    if !body.is_complete() {
        return Err(Malformed::TooLarge);
    }
    let form = parse(&body)?;
    trace::note(|| Step::Form { fields: lengths(&body) });
    Ok(form)
}

/// The fields by name, and how many characters are in each: all that may be noted of a form.
fn lengths(body: &[u8]) -> Vec<(String, usize)> {
    let fields: Vec<(String, String)> = serde_html_form::from_bytes(body).unwrap_or_default();
    let short = |name: &str| name.chars().take(40).collect();
    fields.iter().map(|(name, value)| (short(name), value.chars().count())).take(20).collect()
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Malformed> {
    let text = percent_decode(body).decode_utf8().map_err(|_| Malformed::Garbled)?;
    if text.contains('\0') {
        return Err(Malformed::Garbled);
    }
    serde_html_form::from_bytes(body).map_err(|_| Malformed::Garbled)
}

/// Something to mend in a form, shown in the summary and beside its field.
#[derive(Clone, Debug, Serialize)]
pub struct FieldError {
    /// The id (and name) of the field, where the summary's link leads.
    pub id: &'static str,
    /// What is wrong, and how to mend it.
    pub text: String,
}

impl FieldError {
    /// `error` in its own words.
    pub fn new(id: &'static str, error: impl ToString) -> Self {
        Self { id, text: error.to_string() }
    }
}

/// What a form that was sent is answered with: it is done, or here it is again with what to mend.
pub enum Submitted {
    /// 303.
    Done(Box<Redirect>),
    /// 422.
    Again(Box<Template>),
    /// 429.
    Later(Duration, Box<Template>),
}

impl<'r> Responder<'r, 'static> for Submitted {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        match self {
            Self::Done(redirect) => redirect.respond_to(request),
            // The catcher answers a program; a page is for people.
            Self::Again(_) if prefers_json(request) => Err(Status::UnprocessableEntity),
            Self::Again(page) => (Status::UnprocessableEntity, *page).respond_to(request),
            Self::Later(wait, page) => {
                let mut response = if prefers_json(request) {
                    too_many(request)?
                } else {
                    (Status::TooManyRequests, *page).respond_to(request)?
                };
                response.set_raw_header("Retry-After", whole_seconds(wait).to_string());
                Ok(response)
            }
        }
    }
}

impl Submitted {
    /// Done: on to `path`, with a GET, so that a reload is safe.
    pub fn go_to(path: Origin<'static>) -> Self {
        Self::Done(Box::new(Redirect::to(path)))
    }

    /// Here it is again, with what to mend.
    pub fn again(page: Template) -> Self {
        Self::Again(Box::new(page))
    }

    /// Here it is again; there is no use in sending it before so long.
    pub fn later(wait: Duration, page: Template) -> Self {
        Self::Later(wait, Box::new(page))
    }
}

/// A checkbox: absent, or whatever value the browser sends for a checked one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "bool")]
pub struct Checked(pub bool);

impl From<String> for Checked {
    fn from(value: String) -> Self {
        Self(!value.is_empty())
    }
}

impl From<Checked> for bool {
    fn from(value: Checked) -> Self {
        value.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(default)]
    #[derive(Default)]
    struct Login {
        username: String,
        password: String,
        remember: Checked,
    }

    #[test]
    fn fields_are_decoded_once_and_others_ignored() {
        let login: Login =
            parse(b"username=R%C3%A9n%20e+x&password=%2525&remember=on&more=1").unwrap();
        assert_eq!(login.username, "Rén e x");
        assert_eq!(login.password, "%25");
        assert_eq!(login.remember, Checked(true));
    }

    #[test]
    fn fields_of_another_name_are_not_taken_for_ours() {
        for body in [
            "username[$ne]=x&password[$gt]=",
            "username[]=x",
            "Username=x",
            "{\"username\":\"x\"}",
            "",
        ] {
            assert_eq!(parse::<Login>(body.as_bytes()).unwrap(), Login::default(), "{body}");
        }
    }

    #[test]
    fn garbled_bodies_are_refused() {
        for body in
            [&b"username=a&username=b"[..], b"username=%ff", b"username=a%00b", b"\xff\xfe=1"]
        {
            assert_eq!(parse::<Login>(body).unwrap_err(), Malformed::Garbled);
        }
    }
}
