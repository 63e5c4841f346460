//! The pages: one file each, of the same shape: form, show, submit, routes.
//!
//! Around them:
//! - what every page shows (`page`, `notice`), who asks (`client`), the two small cookies (`cookies`)
//! - what every form shares (`form`, `next`), time in words (`moment`), a session in words (`logins`)
//! - what every response gets (`headers`), and what is refused first (`refused`, `origin`)
//! - a page or JSON (`accept`), how many heavy pages at once (`heavy`), which methods an address takes
//!   (`methods`), and what to say when it did not work (`error`)
//!
//! The way of a request ends here, in a template.

mod page;
mod accept;
mod cookies;
mod client;
mod notice;
mod form;
mod moment;
mod logins;
mod next;
mod origin;
pub mod refused;
pub mod headers;
mod methods;
pub mod error;
mod home;
mod register;
mod login;
mod logout;
mod dashboard;
mod coat;
mod heavy;
mod account;
mod admin;
mod health;

pub use client::Client;
pub use cookies::{DEVICE, NOTICE, SiteCookie};
pub use form::{FieldError, Form, NoFields, Submitted};
pub use logins::LoginView;
pub use moment::{Moment, in_words, whole_seconds};
pub use notice::Notice;
pub use page::Page;

use std::path::Path;

use rocket::fairing::{AdHoc, Fairing};
use rocket::fs::{FileServer, Options};
use rocket::shield::Shield;
use rocket_dyn_templates::Template;
use tera::Tera;

use crate::stores::{Backing, StartError};

/// Attaches all pages.
/// `teaching`: pages link to the lessons, and have a place for the X-ray.
///
/// # Errors
/// There is no folder of static files.
pub fn stage(
    backing: Backing,
    teaching: bool,
    static_dir: &Path,
) -> Result<impl Fairing + use<>, StartError> {
    if !static_dir.is_dir() {
        return Err(StartError::NoStaticFiles(static_dir.display().to_string()));
    }
    let files = FileServer::new(static_dir, Options::None);
    Ok(AdHoc::on_ignite("Pages", move |rocket| async move {
        rocket
            // `headers` says all that Shield would, and more: one place for them.
            .attach(Shield::new())
            .attach(Template::custom(|engines| escape_everything(&mut engines.tera)))
            .attach(page::stage(backing, teaching))
            .manage(heavy::HeavyPages::default())
            .mount("/static", files)
            .mount("/", home::routes())
            .mount("/", register::routes())
            .mount("/", login::routes())
            .mount("/", logout::routes())
            .mount("/", dashboard::routes())
            .mount("/", coat::routes())
            .mount("/", account::routes())
            .mount("/", admin::routes())
            .mount("/", health::routes())
            .mount("/", refused::routes())
            .register("/", error::catchers())
    }))
}

/// A template of whatever name is escaped. Tera alone would escape `*.html` and let the rest pass.
fn escape_everything(tera: &mut Tera) {
    tera.autoescape_on(vec![".tera"]);
}
