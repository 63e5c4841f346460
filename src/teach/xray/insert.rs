//! Puts the X-ray of a page beside it.
//!
//! Only when the answer is ready is it known what went into it: whether the session was written,
//! and which cookie goes out. So the page is made with an empty place, and filled here.

use std::io::Cursor;

use rocket::fairing::AdHoc;
use rocket::http::ContentType;
use rocket::{Request, Response};
use rocket_dyn_templates::{Template, context};

use super::pages::story;
use crate::trace::{Recorded, Recorder};

/// Stands in `base.html.tera`.
const PLACE: &str = "<x-ray></x-ray>";

/// Attaches it, behind the recorder.
pub fn stage() -> AdHoc {
    AdHoc::on_response("X-ray", |request, response| {
        Box::pin(async move {
            if response.content_type() == Some(ContentType::HTML) {
                let aside = render(request).unwrap_or_default();
                fill(response, &aside).await;
            }
        })
    })
}

/// `None` for a page that is not recorded, such as that of the X-ray itself.
fn render(request: &Request<'_>) -> Option<String> {
    let exchange = Recorded::of(request)?;
    let recorder: &Recorder = request.rocket().state()?;
    let story = story(&recorder.chain(exchange));
    Template::show(request.rocket(), "teach/xray_aside", context! { story })
}

async fn fill(response: &mut Response<'_>, aside: &str) {
    match response.body_mut().to_string().await {
        Ok(page) => {
            let page = page.replacen(PLACE, aside, 1);
            response.set_sized_body(page.len(), Cursor::new(page));
        }
        Err(error) => log::error!("a page could not be read to put its X-ray in: {error}"),
    }
}
