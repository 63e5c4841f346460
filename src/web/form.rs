//! Reads form bodies strictly: a malformed body never reaches a handler.
//!
//! Rocket's own `Form` takes the first of two fields of one name, and reads `username[$ne]=x` as
//! `username=x`. This one rejects a repeated field, and ignores `username[$ne]`. Each page checks the values
//! of its fields.

use std::time::Duration;

use percent_encoding::percent_decode;
use rocket::Request;
use rocket::data::{Data, FromData, Outcome, ToByteUnit as _};
use rocket::http::uri::Reference;
use rocket::http::{ContentType, Status};
use rocket::response::{self, Redirect, Responder};
use rocket_dyn_templates::Template;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};

use super::accept::{json_error, prefers_json};
use super::error::RETRY_AFTER;
use super::time_view::whole_seconds;
use crate::in_flight::within;
use crate::trace::{self, Step};

/// The longest wait for a body. Ours have a few hundred bytes. A request that waits keeps the slots that its
/// guards hold.
const BODY: Duration = Duration::from_secs(2);

/// The fields of an `application/x-www-form-urlencoded` body.
pub struct Form<T>(pub T);

/// A form that is only a button, with hidden fields at most. A program may also send no body and no content
/// type.
pub struct Button<T>(pub T);

/// A form that is only a button, without any field.
pub type NoFields = Button<IgnoredAny>;

/// A reason why a body is not a valid form.
#[derive(Debug, PartialEq, Eq)]
pub enum Malformed {
    WrongType,
    TooLarge,
    /// The body did not arrive in time.
    TooSlow,
    /// The body is not UTF-8, contains a NUL, or has a field twice.
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
impl<'r, T: DeserializeOwned + Default> FromData<'r> for Button<T> {
    type Error = Malformed;

    async fn from_data(request: &'r Request<'_>, mut data: Data<'r>) -> Outcome<'r, Self> {
        let first = within(BODY, data.peek(1)).await.map(<[u8]>::is_empty);
        if request.content_type().is_none() && first == Some(true) {
            return Outcome::Success(Self(T::default()));
        }
        match read(request, data).await {
            Ok(fields) => Outcome::Success(Self(fields)),
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

/// The name of each field, and the number of its characters. The notebook gets nothing else of a form.
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

/// An error in a form. The page shows it in the summary, and beside its field.
#[derive(Clone, Debug, Serialize)]
pub struct FieldError {
    /// The ID of the field, to which the summary links.
    pub id: &'static str,
    /// A text that says what is wrong, and how to correct it.
    pub text: String,
}

impl FieldError {
    /// An error with the text of `error`.
    pub fn new(id: &'static str, error: impl ToString) -> Self {
        Self { id, text: error.to_string() }
    }
}

/// The response to a form.
pub enum FormResponse {
    /// 303: the action is done. The browser goes on with a GET, so a reload is safe.
    Redirect(Box<Redirect>),
    /// 200: the action is done, and this page has what is shown only once.
    Shown(Box<Template>),
    /// 422: the form is shown again, with its errors.
    Invalid(Box<Template>),
    /// 429: the form is shown again. Further attempts are rejected until this time has passed.
    Throttled(Duration, Box<Template>),
    /// 503: the form is shown again, because the database does not answer or too many requests came at once.
    Unavailable(Box<Template>),
}

impl<'r> Responder<'r, 'static> for FormResponse {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        match self {
            Self::Redirect(redirect) => redirect.respond_to(request),
            Self::Shown(page) => page.respond_to(request),
            // The catcher responds with JSON.
            Self::Invalid(_) if prefers_json(request) => Err(Status::UnprocessableEntity),
            Self::Invalid(page) => (Status::UnprocessableEntity, *page).respond_to(request),
            Self::Throttled(wait, page) => {
                let mut response = if prefers_json(request) {
                    json_error(request, Status::TooManyRequests)?
                } else {
                    (Status::TooManyRequests, *page).respond_to(request)?
                };
                response.set_raw_header("Retry-After", whole_seconds(wait).to_string());
                Ok(response)
            }
            // The catcher responds with JSON.
            Self::Unavailable(_) if prefers_json(request) => Err(Status::ServiceUnavailable),
            Self::Unavailable(page) => {
                let mut response = (Status::ServiceUnavailable, *page).respond_to(request)?;
                response.set_raw_header("Retry-After", RETRY_AFTER);
                Ok(response)
            }
        }
    }
}

impl FormResponse {
    /// Redirects to `path`.
    pub fn redirect(path: impl Into<Reference<'static>>) -> Self {
        Self::Redirect(Box::new(Redirect::to(path.into())))
    }

    /// Shows the page with the result of the action.
    pub fn shown(page: Template) -> Self {
        Self::Shown(Box::new(page))
    }

    /// Shows the form again, with its errors.
    pub fn invalid(page: Template) -> Self {
        Self::Invalid(Box::new(page))
    }

    /// Shows the form again, because the database does not answer or too many requests came at once.
    pub fn unavailable(page: Template) -> Self {
        Self::Unavailable(Box::new(page))
    }

    /// Shows the form again. `wait`: further attempts are rejected until this time has passed.
    pub fn rejected(wait: Option<Duration>, page: Template) -> Self {
        match wait {
            Some(wait) => Self::throttled(wait, page),
            None => Self::invalid(page),
        }
    }

    /// Shows the form again, with the time until the next attempt.
    pub fn throttled(wait: Duration, page: Template) -> Self {
        Self::Throttled(wait, Box::new(page))
    }
}

/// A checkbox. It is checked if the browser sends any value for it.
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
