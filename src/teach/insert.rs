//! Puts the X-ray and the news of the class into each page.
//!
//! The X-ray is known only when the response is ready, with its cookies and the writes of the session. So
//! each page is rendered with two empty places, which are filled here.

use std::io::Cursor;

use rocket::fairing::AdHoc;
use rocket::http::ContentType;
use rocket::{Request, Response};

use super::{class, xray};

/// The empty places in `base.html.tera`.
const XRAY: &str = "<x-ray></x-ray>";
const NEWS: &str = "<class-news></class-news>";

/// The fairing, which runs behind that of the recorder.
pub(super) fn stage() -> AdHoc {
    AdHoc::on_response("Insert", |request, response| Box::pin(insert(request, response)))
}

async fn insert(request: &Request<'_>, response: &mut Response<'_>) {
    if response.content_type() != Some(ContentType::HTML) {
        return;
    }
    let aside = xray::aside(request.rocket()).unwrap_or_default();
    let news = class::news(request).unwrap_or_default();
    match response.body_mut().to_string().await {
        Ok(page) => {
            let page = page.replacen(NEWS, &news, 1).replacen(XRAY, &aside, 1);
            response.set_sized_body(page.len(), Cursor::new(page));
        }
        Err(error) => tracing::error!("the X-ray could not be put into a page: {error}"),
    }
}
