//! How a class gets in: the address, as a QR code as well; and how its teacher does: by a link that
//! works once.
//!
//! There is no default password. The person who started the server reads the link in its terminal, and the
//! first browser that opens it within half an hour becomes an admin.

use std::time::{Duration, Instant};

use qrcode::QrCode;
use qrcode::render::{svg, unicode};
use rocket::http::{ContentType, Status};
use rocket::response::Redirect;
use rocket::tokio::sync::{Mutex, MutexGuard};
use rocket::{Config, Orbit, Rocket, Route, State, get, post, routes, uri};
use rocket_dyn_templates::{Template, context};
use rocket_express_session::SessionId;
use subtle::ConstantTimeEq as _;

use super::network::{reachable_at, url};
use crate::audit::{Decision, Event, Whom};
use crate::auth::{Admin, LocalStrategy, User};
use crate::web::error::Error;
use crate::web::{Client, NoFields, Page};

/// How long the teacher may take to open the link.
const LIFETIME: Duration = Duration::from_secs(30 * 60);

/// The link that makes a teacher, until a browser has opened it; none to begin with.
#[derive(Default)]
pub struct TeacherLink(Mutex<Option<(String, Instant)>>);

impl TeacherLink {
    /// A new one, as unguessable as a ticket.
    async fn renew(&self) -> String {
        let token = SessionId::generate().as_str().to_owned();
        *self.0.lock().await = Some((token.clone(), Instant::now() + LIFETIME));
        token
    }

    /// For the browser with the right token. A request that holds this keeps all others waiting, and has used the link
    /// up once it is emptied: a teacher whom MongoDB could not make may try again.
    async fn held(&self, token: &str) -> Option<MutexGuard<'_, Option<(String, Instant)>>> {
        let kept = self.0.lock().await;
        let is_right = kept.as_ref().is_some_and(|(own, until)| {
            *until > Instant::now() && own.as_bytes().ct_eq(token.as_bytes()).into()
        });
        is_right.then_some(kept)
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
pub async fn announce(rocket: &Rocket<Orbit>) {
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
    if let Some(link) = rocket.state::<TeacherLink>() {
        let token = link.renew().await;
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
    let works = link.held(token).await.is_some();
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
    let done = match link.held(token).await {
        Some(mut link) => {
            let done = strategy.users.set_admin(user.id, true).await?;
            link.take_if(|_| done);
            done
        }
        None => false,
    };
    let decision = if done { Decision::Done } else { Decision::Refused };
    client.record(Event::Grant, decision, Whom::Name(&user.username));
    // What came as a token may be anything, and need not be an address again.
    Ok(Redirect::to(if done { uri!("/class") } else { uri!("/class", show(token)) }))
}

pub fn routes() -> Vec<Route> {
    routes![qr, show, become_teacher]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rocket::async_test]
    async fn a_link_works_until_somebody_has_used_it() {
        let link = TeacherLink::default();
        assert!(link.held("").await.is_none());
        let token = link.renew().await;
        assert!(link.held("another one").await.is_none() && link.held("").await.is_none());
        assert!(link.held(&token).await.is_some(), "looked at");
        link.held(&token).await.unwrap().take();
        assert!(link.held(&token).await.is_none(), "used");
    }
}
