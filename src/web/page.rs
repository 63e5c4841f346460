//! The frame of every page: the user, a flash message, and a warning if all data is in memory.
//!
//! A route takes `Page`, and calls `render` with the visitor or user for the header. A route that may
//! redirect looks up the visitor only when it shows its form again.

use rocket::Request;
use rocket::fairing::AdHoc;
use rocket::http::Method;
use rocket::request::{FromRequest, Outcome};
use rocket_dyn_templates::Template;
use rocket_express_session::Session;
use serde::Serialize;

use super::cookies;
use super::flash::{Flash, FlashView};
use super::next::{local_path, page_of_form};
use super::site::Site;
use crate::auth::{User, Visitor};
use crate::stores::Backend;
use crate::trace::{self, Step};

/// The page that is the response to this request.
pub struct Page<'r> {
    request: &'r Request<'r>,
}

/// The value `page` of the templates.
#[derive(Serialize)]
struct Frame<'r> {
    /// The address of this page. The response to a rejected form has that of the page with the form.
    path: String,
    visitor: Header<'r>,
    flash: Option<FlashView>,
    memory: bool,
    /// Whether the page links to the lessons, and has a place for the X-ray.
    teaching: bool,
    /// Who runs the site, and where its source code is.
    site: Option<&'r Site>,
}

/// The user in the header of a page.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Header<'r> {
    /// No user is logged in.
    Anonymous,
    /// This user is logged in.
    LoggedIn {
        /// The name of the account.
        username: &'r str,
        /// The user is an admin.
        admin: bool,
    },
    /// The database does not answer.
    Unknown,
}

impl<'r> From<&'r User> for Header<'r> {
    fn from(user: &'r User) -> Self {
        Self::LoggedIn { username: &user.username, admin: user.admin }
    }
}

impl<'r> From<&'r Visitor> for Header<'r> {
    fn from(visitor: &'r Visitor) -> Self {
        match visitor {
            Visitor::Anonymous => Self::Anonymous,
            Visitor::LoggedIn(user) => user.into(),
            Visitor::Unknown(_) => Self::Unknown,
        }
    }
}

/// All values of a template: `page`, and the page's own.
#[derive(Serialize)]
struct Context<'r, T> {
    page: Frame<'r>,
    #[serde(flatten)]
    own: T,
}

impl<'r> Page<'r> {
    /// The page of this request.
    pub fn of(request: &'r Request<'_>) -> Self {
        Self { request }
    }

    /// The request that the page responds to.
    pub fn request(&self) -> &'r Request<'r> {
        self.request
    }

    /// The session of this request; `None` when the store does not answer.
    pub async fn session(&self) -> Option<&'r Session> {
        self.request.guard::<&Session>().await.succeeded()
    }

    /// A text that says where the sessions are stored.
    pub fn store(&self) -> String {
        match self.request.rocket().state() {
            Some(Backend::Mongodb { sessions, .. }) => format!("MongoDB, collection {sessions}"),
            _ => "this server's memory".to_owned(),
        }
    }

    /// The flash message that this page will show.
    pub(super) fn flash(&self) -> Option<Flash> {
        cookies::flash(self.request)
    }

    /// Sets a flash message for the page after the redirect.
    pub fn set_flash(&self, flash: &Flash) {
        cookies::set_flash(self.request, flash);
    }

    /// The visitor of this request, for a form that is shown again.
    pub async fn visitor(&self) -> &'r Visitor {
        Visitor::of(self.request).await
    }

    /// Renders a template, with `visitor` in the header of the page.
    pub fn render<'v, T: Serialize>(
        &self,
        template: &'static str,
        visitor: impl Into<Header<'v>>,
        own: T,
    ) -> Template {
        // A rejected form shows its errors. A flash message waits for the next page.
        let is_page = !is_form(self.request);
        let flash = is_page.then(|| cookies::take_flash(self.request)).flatten();
        trace::note(|| Step::Rendered { template });
        Template::render(
            template,
            Context { page: frame(self.request, visitor.into(), flash), own },
        )
    }
}

/// Renders a template without a database command, because the database may be down.
pub(super) fn render_without_user<T: Serialize>(
    request: &Request<'_>,
    template: &'static str,
    own: T,
) -> Template {
    Template::render(template, Context { page: frame(request, Header::Unknown, None), own })
}

fn frame<'r>(request: &'r Request<'_>, visitor: Header<'r>, flash: Option<Flash>) -> Frame<'r> {
    let page = if is_form(request) { page_of_form(request) } else { None };
    let path = page.unwrap_or_else(|| local_path(request));
    Frame {
        flash: flash.map(|flash| flash.view(&path)),
        path,
        visitor,
        memory: matches!(request.rocket().state(), Some(Backend::Memory)),
        teaching: request.rocket().state::<Teaching>().is_some_and(|Teaching(is_on)| *is_on),
        site: request.rocket().state(),
    }
}

fn is_form(request: &Request<'_>) -> bool {
    !matches!(request.method(), Method::Get | Method::Head)
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Page<'r> {
    type Error = std::convert::Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Self::Error> {
        Outcome::Success(Page::of(request))
    }
}

/// Whether the setting `teaching` is on.
struct Teaching(bool);

/// Attaches the values that all pages need, and warns in the log if the stores are in memory.
pub(super) fn stage(backing: Backend, teaching: bool) -> AdHoc {
    AdHoc::on_ignite("Page", move |rocket| async move {
        rocket.manage(backing).manage(Teaching(teaching)).attach(AdHoc::on_liftoff(
            "Memory",
            |rocket| {
                Box::pin(async move {
                    if matches!(rocket.state(), Some(Backend::Memory)) {
                        tracing::warn!(
                            "serving from memory: accounts and sessions are lost when this process stops"
                        );
                    }
                })
            },
        ))
    })
}
