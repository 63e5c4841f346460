//! Moves the progress of an anonymous visitor to the user at login.
//!
//! A login starts an empty session. So the progress in the old session is read before the login, and stored
//! for the user after it. A lesson that the user has begun already stays as it is.

use rocket::fairing::{Fairing, Info, Kind};
use rocket::http::Method;
use rocket::request::Outcome;
use rocket::{Data, Request, Response};
use rocket_express_session::Session;

use super::{KEY, Progress, ProgressStore};
use crate::auth;
use crate::db::Unavailable;

/// The fairing, to be attached behind that of the sessions.
pub(crate) fn stage() -> impl Fairing {
    ClaimProgress
}

struct ClaimProgress;

/// The progress in the session from before the login.
#[derive(Default)]
struct Before(Option<Progress>);

#[rocket::async_trait]
impl Fairing for ClaimProgress {
    fn info(&self) -> Info {
        Info { name: "Progress", kind: Kind::Request | Kind::Response }
    }

    async fn on_request(&self, request: &mut Request<'_>, _: &mut Data<'_>) {
        if is_login(request)
            && let Outcome::Success(session) = request.guard::<&Session>().await
        {
            let before = session.get(KEY);
            request.local_cache(|| Before(before));
        }
    }

    async fn on_response<'r>(&self, request: &'r Request<'_>, _: &mut Response<'r>) {
        if !is_login(request) {
            return;
        }
        let Before(Some(before)) = request.local_cache(Before::default) else { return };
        if let Outcome::Success(session) = request.guard::<&Session>().await
            && let Some(user) = auth::user_id(session)
            && let Some(store) = request.rocket().state::<ProgressStore>()
            && let Err(error) = claim(store, &user.to_hex(), before).await
        {
            log::warn!("the progress of an anonymous visitor was lost at login: {error}");
        }
    }
}

/// The login page's form, or that of a lesson.
fn is_login(request: &Request<'_>) -> bool {
    let path = request.uri().path();
    request.method() == Method::Post && (path == "/login" || path.starts_with("/login/"))
}

async fn claim(store: &ProgressStore, user: &str, before: &Progress) -> Result<(), Unavailable> {
    let known = store.load(user).await?;
    let add = |progress: &mut Progress| {
        for (slug, state) in &before.lessons {
            progress.lessons.entry(slug.clone()).or_insert_with(|| state.clone());
        }
    };
    store.change(user, known, add).await.map(drop)
}
