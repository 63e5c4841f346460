//! Takes along at the login what the visitor did in the lessons before it.
//!
//! A login starts over with an empty session. So what is in the old one is looked at before, and
//! kept for the user after it, where the user has done nothing of that lesson yet.

use rocket::fairing::{Fairing, Info, Kind};
use rocket::http::Method;
use rocket::request::Outcome;
use rocket::{Data, Request, Response};
use rocket_express_session::Session;

use super::learner::KEY;
use super::{Progress, ProgressStore};
use crate::auth;
use crate::db::Unavailable;

/// Attaches it, behind the session's own fairing.
pub fn stage() -> impl Fairing {
    Carry
}

struct Carry;

/// From before the login.
#[derive(Default)]
struct Before(Option<Progress>);

#[rocket::async_trait]
impl Fairing for Carry {
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
            && let Err(error) = take_along(store, &user.to_hex(), before).await
        {
            log::warn!("progress in the lessons was not taken along: {error}");
        }
    }
}

fn is_login(request: &Request<'_>) -> bool {
    request.method() == Method::Post && request.uri().path() == "/login"
}

async fn take_along(
    store: &ProgressStore,
    user: &str,
    before: &Progress,
) -> Result<(), Unavailable> {
    let known = store.load(user).await?;
    let take_along = |progress: &mut Progress| {
        for (slug, state) in &before.lessons {
            progress.lessons.entry(slug.clone()).or_insert_with(|| state.clone());
        }
    };
    store.change(user, known, take_along).await.map(drop)
}
