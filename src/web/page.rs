//! What every page shows: who is there, a notice, whether all this is only in memory.
//!
//! A route takes `Page` and calls `render` once it knows what to show. No user is looked up before
//! that, so a login that succeeds and redirects asks the database nothing for a page.

use rocket::Request;
use rocket::fairing::AdHoc;
use rocket::request::{FromRequest, Outcome};
use rocket_dyn_templates::Template;
use rocket_express_session::Session;
use serde::Serialize;

use super::notice::{self, Notice};
use crate::audit::request_id;
use crate::auth::Visitor;
use crate::stores::Backing;
use crate::trace::{self, Step};

/// The page that this request will be answered with.
pub struct Page<'r> {
    request: &'r Request<'r>,
}

/// What templates get as `page`.
#[derive(Serialize)]
struct Frame<'r> {
    path: String,
    visitor: VisitorView<'r>,
    notice: Option<Notice>,
    memory: bool,
    /// Whether there are lessons to link to, and a place for the X-ray.
    teaching: bool,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum VisitorView<'r> {
    Anonymous,
    SignedIn { username: &'r str, admin: bool },
    Unknown,
}

/// `page` and the page's own values, side by side.
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

    /// That it answers.
    pub fn request(&self) -> &'r Request<'r> {
        self.request
    }

    /// The session of this request; `None` when the store does not answer.
    pub async fn session(&self) -> Option<&'r Session> {
        self.request.guard::<&Session>().await.succeeded()
    }

    /// Where the sessions are kept, in words.
    pub fn store(&self) -> String {
        match self.request.rocket().state() {
            Some(Backing::Mongodb { sessions, .. }) => format!("MongoDB, collection {sessions}"),
            _ => "this server's memory".to_owned(),
        }
    }

    /// Leaves a notice for the page after the redirect.
    pub fn leave(&self, notice: Notice) {
        let from = request_id(self.request);
        notice::leave(self.request, notice, from);
    }

    /// Renders a template for the visitor of this request.
    pub async fn render<T: Serialize>(&self, template: &'static str, own: T) -> Template {
        let visitor = match self.request.guard::<&Visitor>().await {
            Outcome::Success(Visitor::Anonymous) => VisitorView::Anonymous,
            Outcome::Success(Visitor::SignedIn(user)) => {
                VisitorView::SignedIn { username: &user.username, admin: user.admin }
            }
            _ => VisitorView::Unknown,
        };
        let notice = notice::take(self.request);
        trace::note(|| Step::Rendered { template });
        Template::render(template, Context { page: frame(self.request, visitor, notice), own })
    }
}

/// Renders a template without asking anything of a database that may be the very problem.
pub fn render_for_nobody<T: Serialize>(
    request: &Request<'_>,
    template: &'static str,
    own: T,
) -> Template {
    Template::render(template, Context { page: frame(request, VisitorView::Unknown, None), own })
}

fn frame<'r>(request: &Request<'_>, visitor: VisitorView<'r>, notice: Option<Notice>) -> Frame<'r> {
    Frame {
        // As a link, "//host" would lead to another site.
        path: format!("/{}", request.uri().path().as_str().trim_start_matches('/')),
        visitor,
        notice,
        memory: matches!(request.rocket().state(), Some(Backing::Memory)),
        teaching: request.rocket().state::<Teaching>().is_some_and(|Teaching(is_on)| *is_on),
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Page<'r> {
    type Error = std::convert::Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Self::Error> {
        Outcome::Success(Page::of(request))
    }
}

/// Whether the pages are for a class as well.
struct Teaching(bool);

/// Attaches what pages say about the stores, and says it in the log as well.
pub fn stage(backing: Backing, teaching: bool) -> AdHoc {
    AdHoc::on_ignite("Page", move |rocket| async move {
        rocket.manage(backing).manage(Teaching(teaching)).attach(AdHoc::on_liftoff(
            "Memory",
            |rocket| {
                Box::pin(async move {
                    if matches!(rocket.state(), Some(Backing::Memory)) {
                        log::warn!(
                            "serving from memory: accounts and sessions end with this process"
                        );
                    }
                })
            },
        ))
    })
}
