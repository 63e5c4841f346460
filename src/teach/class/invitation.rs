//! How a class gets in: the address, as a QR code as well; and how its teacher does: by a link that
//! works once.
//!
//! There is no password that everybody knows. Whoever started the server reads the link in its
//! terminal, and whoever opens it within half an hour becomes an admin.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use qrcode::QrCode;
use qrcode::render::{svg, unicode};
use rocket::http::{ContentType, Status};
use rocket::response::Redirect;
use rocket::{Config, Orbit, Rocket, Route, State, get, post, routes};
use rocket_dyn_templates::{Template, context};
use subtle::ConstantTimeEq as _;

use super::network::{reachable_at, url};
use crate::audit::{Decision, Event, Whom};
use crate::auth::{Admin, LocalStrategy, User, Username};
use crate::session::Sid;
use crate::web::error::Error;
use crate::web::{Client, NoFields, Page};

/// How long the teacher may take to open the link.
const LIFETIME: Duration = Duration::from_secs(30 * 60);

/// The link that makes a teacher, until somebody has opened it; none to begin with.
#[derive(Default)]
pub struct TeacherLink(Mutex<Option<(String, Instant)>>);

impl TeacherLink {
    /// A new one, as unguessable as a ticket.
    fn renew(&self) -> String {
        let token = Sid::generate().as_str().to_owned();
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *kept = Some((token.clone(), Instant::now() + LIFETIME));
        token
    }

    fn token(&self) -> Option<String> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (token, until) = kept.as_ref()?;
        (*until > Instant::now()).then(|| token.clone())
    }

    fn is(&self, token: &str) -> bool {
        self.token().is_some_and(|own| own.as_bytes().ct_eq(token.as_bytes()).into())
    }

    /// True for the first who asks with the right token, and for nobody afterwards.
    fn take(&self, token: &str) -> bool {
        let is_right = self.is(token);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        is_right && kept.take().is_some()
    }
}

/// Where students find this server: the first of its addresses in the room.
pub fn address(config: &Config) -> Option<String> {
    addresses(config).into_iter().next()
}

fn addresses(config: &Config) -> Vec<String> {
    reachable_at(config.address).into_iter().map(|ip| url(ip, config.port)).collect()
}

/// Says on the terminal where the class is, and who its teacher may become.
pub fn announce(rocket: &Rocket<Orbit>) {
    let addresses = addresses(rocket.config());
    let Some(first) = addresses.first() else { return };
    println!("\nThe class is at:\n");
    for address in &addresses {
        println!("    {address}");
    }
    if let Ok(code) = QrCode::new(first) {
        // Most terminals are dark: there the light parts are what is drawn.
        let (dark, light) = (unicode::Dense1x2::Light, unicode::Dense1x2::Dark);
        let image = code.render().dark_color(dark).light_color(light).quiet_zone(true).build();
        println!("\n{image}\n");
    }
    if let Some(token) = rocket.state().map(TeacherLink::renew) {
        println!("Whoever opens this first, within 30 minutes, is the teacher:\n");
        println!("    {first}/class/teacher/{token}\n");
    }
}

/// The address as a picture.
#[get("/qr.svg")]
fn qr(_teacher: Admin<'_>, config: &Config) -> Option<(ContentType, String)> {
    let code = QrCode::new(address(config)?).ok()?;
    Some((ContentType::SVG, code.render::<svg::Color<'_>>().min_dimensions(240, 240).build()))
}

#[get("/teacher/<token>")]
async fn show(page: Page<'_>, link: &State<TeacherLink>, token: &str) -> (Status, Template) {
    let works = link.is(token);
    let status = if works { Status::Ok } else { Status::NotFound };
    (status, page.render("class/teacher", context! { token, works }).await)
}

#[post("/teacher/<token>", data = "<_form>")]
async fn become_teacher(
    user: &User,
    client: Client<'_>,
    strategy: &State<LocalStrategy>,
    link: &State<TeacherLink>,
    token: &str,
    _form: NoFields,
) -> Result<Redirect, Error> {
    let is_first = link.take(token);
    let done = match Username::parse(&user.username) {
        Ok(name) if is_first => strategy.users.set_admin(&name, true).await?,
        _ => false,
    };
    let decision = if done { Decision::Done } else { Decision::Refused };
    client.record(Event::Grant, decision, Whom::Name(&user.username));
    Ok(Redirect::to(if done { "/class".to_owned() } else { format!("/class/teacher/{token}") }))
}

pub fn routes() -> Vec<Route> {
    routes![qr, show, become_teacher]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_works_once() {
        let link = TeacherLink::default();
        assert!(!link.is(""));
        let token = link.renew();
        assert!(!link.take("another one") && !link.take(""));
        assert!(link.is(&token) && link.take(&token));
        assert!(!link.is(&token) && !link.take(&token));
    }
}
