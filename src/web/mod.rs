//! The pages. Each has a file of its own, with the parts form, show, submit and routes.
//!
//! The other files:
//!
//! - every page: its frame (`page`), its flash message (`flash`), and two cookies (`cookies`)
//! - every form (`form`, `next`), those of a login (`credentials`); times and sessions for templates
//!   (`time_view`, `session_view`, `stored_document`)
//! - the protection of every request and response (`protection`, `origin`), and one address for each page
//!   (`canonical`)
//! - the style sheet, the script and the icons (`assets`); the files that programs look for (`site`)
//! - a page or JSON (`accept`), limits for heavy pages (`heavy`), the password once more (`reauth`), the
//!   methods of an address (`methods`), and error pages (`error`)

mod page;
mod assets;
mod accept;
mod cookies;
mod flash;
mod form;
mod time_view;
mod session_view;
mod next;
mod origin;
pub mod protection;
pub mod canonical;
mod methods;
pub mod error;
mod site;
mod home;
mod privacy;
mod register;
mod credentials;
mod login;
mod logout;
mod stored_document;
mod dashboard;
mod coat;
mod heavy;
mod reauth;
mod account;
mod admin;
mod health;

pub use admin::{just_changed, set_new_password};
pub use assets::NoStaticFiles;
pub use credentials::{Credentials, log_in};
pub use error::Error;
pub use flash::{Flash, LoginResult};
pub use form::{FieldError, Form, FormResponse, NoFields};
pub use page::Page;
pub use reauth::{ConfirmError, Reauth};
pub use session_view::SessionView;
pub use stored_document::{document_of, stored_document};
pub use time_view::{TimeView, humanize};

use std::path::Path;

use rocket::fairing::{AdHoc, Fairing};
use rocket::fs::{FileServer, Options};
use rocket::shield::Shield;
use rocket_dyn_templates::Template;
use tera::Tera;

use crate::config::SiteConfig;
use crate::stores::Backend;
use assets::Assets;
use site::Site;

/// Attaches all pages. With `teaching`, they link to the lessons and have a place for the X-ray.
///
/// # Errors
/// A static file is missing or unreadable.
pub fn stage(
    backing: Backend,
    teaching: bool,
    site: &SiteConfig,
    static_dir: &Path,
) -> Result<impl Fairing + use<>, NoStaticFiles> {
    let assets = Assets::read(static_dir, teaching)?;
    let head = assets.template();
    let site = Site::from(site);
    let files = FileServer::new(static_dir, Options::None);
    Ok(AdHoc::on_ignite("Pages", move |rocket| async move {
        rocket
            // This replaces Rocket's own Shield. `protection` sets all its headers, and more.
            .attach(Shield::new())
            .attach(Template::try_custom(move |engines| prepare(&mut engines.tera, &head)))
            .attach(page::stage(backing, teaching))
            .manage(assets)
            .manage(site)
            .manage(heavy::HeavyPages::default())
            .mount("/static", files)
            .mount("/", assets::routes())
            .mount("/", site::routes())
            .mount("/", home::routes())
            .mount("/", privacy::routes())
            .mount("/", register::routes())
            .mount("/", login::routes())
            .mount("/", logout::routes())
            .mount("/", dashboard::routes())
            .mount("/", coat::routes())
            .mount("/", account::routes())
            .mount("/", admin::routes())
            .mount("/", health::routes())
            .mount("/", protection::routes())
            .mount("/", canonical::routes())
            .register("/", error::catchers())
    }))
}

/// Escapes HTML in all templates, and adds the template `assets`. By itself, Tera escapes only names such as
/// `*.html`. A debug build calls this again when a template has changed.
fn prepare(tera: &mut Tera, head: &str) -> Result<(), Box<dyn std::error::Error>> {
    tera.autoescape_on(vec![".tera"]);
    Ok(tera.add_raw_template("assets", head)?)
}
