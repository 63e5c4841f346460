//! The way into a class: the address for students, also as a QR code, and a link for the teacher that works
//! once.
//!
//! There is no default password. The person who started the server reads the link in its terminal. The first
//! user who confirms it within half an hour becomes an admin.

use std::time::{Duration, Instant};

use qrcode::QrCode;
use qrcode::render::{svg, unicode};
use rocket::http::{ContentType, Status};
use rocket::response::Redirect;
use rocket::tokio::sync::{Mutex, MutexGuard};
use rocket::{Orbit, Rocket, State, get, post, uri};
use rocket_dyn_templates::{Template, context};
use rocket_express_session::SessionId;
use subtle::ConstantTimeEq as _;

use super::class_page::ClassPage;
use crate::audit::{self, Actor, AuditEvent, Outcome};
use crate::auth::{LocalStrategy, User, Visitor};
use crate::network::addresses;
use crate::web::{Error, NoFields, Page};

const LIFETIME: Duration = Duration::from_secs(30 * 60);

/// The token in the teacher's link, and when it expires. There is none after its use.
#[derive(Default)]
pub(super) struct TeacherLink(Mutex<Option<(String, Instant)>>);

impl TeacherLink {
    /// The lock of the link, for a request with the right token. All other requests wait for it. The request
    /// that empties it has used the link; if MongoDB fails before that, the link still works.
    async fn lock(&self, token: &str) -> Option<MutexGuard<'_, Option<(String, Instant)>>> {
        let link = self.0.lock().await;
        let is_right = link.as_ref().is_some_and(|(own, expires)| {
            *expires > Instant::now() && own.as_bytes().ct_eq(token.as_bytes()).into()
        });
        is_right.then_some(link)
    }
}

/// Prints the addresses of the class and the teacher's link on the terminal.
pub(super) async fn announce(rocket: &Rocket<Orbit>) {
    let addresses = addresses(rocket.config());
    let Some(first) = addresses.first() else { return };
    println!("\nStudents open:\n");
    for address in &addresses {
        println!("    {address}");
    }
    if let Ok(code) = QrCode::new(first) {
        // Most terminals are dark, so the light parts are the ones to draw.
        let (dark, light) = (unicode::Dense1x2::Light, unicode::Dense1x2::Dark);
        let image = code.render().dark_color(dark).light_color(light).quiet_zone(true).build();
        println!("\n{image}\n");
    }
    let Some(link) = rocket.state::<TeacherLink>() else { return };
    // As hard to guess as a session ID.
    let token = SessionId::generate().as_str().to_owned();
    *link.0.lock().await = Some((token.clone(), Instant::now() + LIFETIME));
    println!("The first user to confirm at this link, within 30 minutes, becomes the teacher:\n");
    println!("    {first}/class/teacher/{token}\n");
}

#[get("/qr.svg")]
pub(super) fn qr(class: ClassPage<'_>) -> Option<(ContentType, String)> {
    let code = QrCode::new(class.address()?).ok()?;
    Some((ContentType::SVG, code.render::<svg::Color<'_>>().min_dimensions(240, 240).build()))
}

#[get("/teacher/<token>")]
pub(super) async fn show(
    page: Page<'_>,
    visitor: &Visitor,
    link: &State<TeacherLink>,
    token: &str,
) -> (Status, Template) {
    let works = link.lock(token).await.is_some();
    let status = if works { Status::Ok } else { Status::NotFound };
    (status, page.render("class/teacher", visitor, context! { token, works }))
}

#[post("/teacher/<token>", data = "<_form>")]
pub(super) async fn become_teacher(
    user: &User,
    strategy: &State<LocalStrategy>,
    link: &State<TeacherLink>,
    token: &str,
    _form: NoFields,
) -> Result<Redirect, Error> {
    let link = link.lock(token).await;
    let done = link.is_some() && strategy.users.set_admin(user.id, true).await?;
    if let Some(mut link) = link {
        link.take_if(|_| done);
    }
    audit::record(AuditEvent::Grant, Outcome::of(done), Actor::Name(&user.username));
    // The token may be any text, so the address of its page is encoded.
    Ok(Redirect::to(if done { uri!("/class") } else { uri!("/class", show(token)) }))
}
