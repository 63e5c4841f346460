//! Stores the exchange of a request when its response is ready.

use std::sync::{Arc, OnceLock};

use rocket::fairing::AdHoc;
use rocket::{Request, Response};

use super::bounds::{self, cut};
use super::exchange::{Cookie, Exchange};
use super::in_flight::{close_notebook, request_id};
use super::notebook::Notebook;
use super::recorder::Recorder;
use super::step::{Noted, Step};

/// The exchange of a request whose response is ready.
#[derive(Default)]
pub struct Recorded(OnceLock<Arc<Exchange>>);

impl Recorded {
    /// The exchange of this request. `None` before the response is ready, and for a request that is not
    /// recorded.
    pub fn of<'r>(request: &'r Request<'_>) -> Option<&'r Arc<Exchange>> {
        request.local_cache(Self::default).0.get()
    }
}

/// Attaches the recorder, which closes the notebook and stores its content. It comes after all fairings that
/// change the response.
pub fn stage() -> AdHoc {
    AdHoc::on_response("Recorder", |request, response| {
        Box::pin(async move { keep(request, response).await })
    })
}

async fn keep(request: &Request<'_>, response: &mut Response<'_>) {
    let Some(notebook) = close_notebook() else { return };
    let Some(recorder) = request.rocket().state::<Recorder>() else { return };
    let Notebook { begun, at, method, path, mut cookies, steps, owners, follows, blurred } =
        notebook;
    let steps = steps.finish();
    for cookie in &mut cookies {
        as_sent(cookie, &steps);
    }
    let mut exchange = Exchange {
        id: request_id(),
        number: 0,
        received: at,
        method,
        path,
        cookies,
        user: user_of(&steps),
        steps,
        status: response.status().code,
        location: response.headers().get_one("location").map(|to| cut(to, bounds::PATH)),
        set_cookies: set_by(response),
        bytes: response.body_mut().size().await,
        took: begun.elapsed(),
        follows,
        has_coarse_times: false,
    };
    if blurred {
        exchange.coarsen_times();
    }
    let kept = recorder.keep(exchange, &owners);
    let _ = request.local_cache(Recorded::default).0.set(kept);
}

fn set_by(response: &Response<'_>) -> Vec<Cookie> {
    let lines = response.headers().get("set-cookie");
    lines.take(bounds::SET_COOKIES).filter_map(Cookie::set).collect()
}

/// Corrects the size of a session cookie. Rocket has decoded the value, but the session engine knows how many
/// bytes the browser sent.
fn as_sent(cookie: &mut Cookie, steps: &[Noted]) {
    for noted in steps {
        if let Step::CookieRead { name, bytes, .. } = &noted.step
            && *name == cookie.name
        {
            cookie.bytes = *bytes;
        }
    }
}

fn user_of(steps: &[Noted]) -> Option<String> {
    steps.iter().rev().find_map(|noted| match &noted.step {
        Step::User { id } => Some(id.clone()),
        Step::Login { user } => Some(user.clone()),
        _ => None,
    })
}
