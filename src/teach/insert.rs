//! Puts into a page what is known only when its answer is ready, or what no page asks for.
//!
//! The X-ray: only then is it known whether the session was written, and which cookie goes out. The
//! teacher's line: pages that are not about the class need not know that there is one. So each page
//! is made with two empty places, and filled here.

use std::io::Cursor;

use rocket::fairing::AdHoc;
use rocket::http::ContentType;
use rocket::{Request, Response};

use super::{class, xray};

/// The empty places in `base.html.tera`.
const XRAY: &str = "<x-ray></x-ray>";
const LINE: &str = "<class-line></class-line>";

/// Attaches it: at ignition as the recorder is, and behind it.
pub fn stage() -> AdHoc {
    AdHoc::on_ignite("Insert", |rocket| async {
        rocket.attach(AdHoc::on_response("Insert", |request, response| {
            Box::pin(async move { insert(request, response).await })
        }))
    })
}

async fn insert(request: &Request<'_>, response: &mut Response<'_>) {
    if response.content_type() == Some(ContentType::HTML) {
        let aside = xray::aside(request).unwrap_or_default();
        let line = class::line(request).unwrap_or_default();
        fill(response, &[(LINE, &line), (XRAY, &aside)]).await;
    }
}

async fn fill(response: &mut Response<'_>, places: &[(&str, &str)]) {
    match response.body_mut().to_string().await {
        Ok(mut page) => {
            for (place, text) in places {
                page = page.replacen(place, text, 1);
            }
            response.set_sized_body(page.len(), Cursor::new(page));
        }
        Err(error) => log::error!("a page could not be read to be filled: {error}"),
    }
}
