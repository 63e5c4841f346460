//! Opens the notebook of a request, and stores its exchange when its response is ready.

use std::sync::{Arc, OnceLock};

use rocket::fairing::AdHoc;
use rocket::{Request, Response};

use super::bounds::{self, cut};
use super::exchange::{Cookie, Exchange};
use super::notebook::{NOTEBOOKS, Notebook};
use super::recorder::Recorder;

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

/// Opens the notebook of each request, if there is a recorder. It comes before all fairings that change the
/// request.
pub fn openings() -> AdHoc {
    AdHoc::on_request("Notebooks", |request, _| {
        Box::pin(async move {
            let is_recorded = request.rocket().state::<Recorder>().is_some();
            if let Some(notebook) = Notebook::of(request).filter(|_| is_recorded) {
                NOTEBOOKS.insert(notebook);
            }
        })
    })
}

/// Attaches the recorder, which closes the notebook and stores its content. It comes after all fairings that
/// change the response.
pub fn stage() -> AdHoc {
    AdHoc::on_response("Recorder", |request, response| {
        Box::pin(async move { keep(request, response).await })
    })
}

async fn keep(request: &Request<'_>, response: &mut Response<'_>) {
    let Some(recorder) = request.rocket().state::<Recorder>() else { return };
    let Some((exchange, owners)) = NOTEBOOKS.remove().map(Notebook::finish) else { return };
    let exchange = Exchange {
        status: response.status().code,
        location: response.headers().get_one("location").map(|to| cut(to, bounds::PATH)),
        set_cookies: set_by(response),
        bytes: response.body_mut().size().await,
        ..exchange
    };
    let kept = recorder.keep(exchange, &owners);
    let _ = request.local_cache(Recorded::default).0.set(kept);
}

fn set_by(response: &Response<'_>) -> Vec<Cookie> {
    let lines = response.headers().get("set-cookie");
    lines.take(bounds::SET_COOKIES).filter_map(Cookie::set).collect()
}
