//! The two cookies beside that of the session: `device` and `notice`.
//!
//! If the name of the session cookie begins with `__Host-`, these two have the prefix as well. Browsers then
//! accept them only from this host, over https and for the whole site (RFC 6265bis, 4.1.3.2). A sibling host
//! cannot set one. `auth/device.rs` makes the value of the first, `flash.rs` that of the second.

use std::borrow::Cow;
use std::convert::Infallible;

use rocket::Request;
use rocket::http::{Cookie, SameSite};
use rocket::request::{FromRequest, Outcome};
use rocket::time::Duration;
use rocket_express_session::cookie::{decode, is_host_name, request_values};
use rocket_express_session::{Secrets, Sessions};

use super::flash::Flash;
use crate::in_flight;
use crate::names::{DEVICE_COOKIE, FLASH_COOKIE};
use crate::proxy::is_https;
use crate::trace;

/// One of the two cookies.
#[derive(Clone, Copy)]
struct SiteCookie {
    /// The names without and with the prefix.
    names: [&'static str; 2],
    path: &'static str,
}

/// The device cookie, with a value that `auth/device.rs` has signed. Only a form for logging in needs it:
/// that of the login page, and that of a lesson at an address below.
const DEVICE: SiteCookie = SiteCookie { names: DEVICE_COOKIE, path: "/login" };

/// The cookie with the flash message for the next page.
const FLASH: SiteCookie = SiteCookie { names: FLASH_COOKIE, path: "/" };

/// Long enough to follow a redirect over a slow connection.
const FLASH_LIFETIME: Duration = Duration::seconds(60);

/// Half a year. A browser that does not log in to an account for so long is unknown again.
const DEVICE_LIFETIME: Duration = Duration::days(180);

/// The most device cookies that are read.
const MAX_DEVICES: usize = 8;

/// The device cookies of a browser, as a guard. There are several if another host of the domain has set some.
pub(super) struct DeviceCookies<'r> {
    request: &'r Request<'r>,
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for DeviceCookies<'r> {
    type Error = Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Infallible> {
        Outcome::Success(Self::of(request))
    }
}

impl<'r> DeviceCookies<'r> {
    /// The device cookies of this request's browser.
    pub(super) fn of(request: &'r Request<'_>) -> Self {
        Self { request }
    }

    /// The values that the browser sent.
    pub(super) fn values(&self) -> Vec<&'r str> {
        DEVICE.all(self.request).take(MAX_DEVICES).collect()
    }

    /// Sends a device cookie, if there is a value for one.
    pub(super) fn set(&self, value: Option<String>) {
        if let Some(value) = value {
            DEVICE.set(self.request, value, DEVICE_LIFETIME);
        }
    }
}

/// Sets a flash message for the next page, with the ID of this request. The X-ray shows which requests led to
/// that page.
pub(super) fn set_flash(request: &Request<'_>, flash: &Flash) {
    let Some(secrets) = secrets(request) else { return };
    let value = format!("{}~{}", flash.to_value(secrets), in_flight::own_id());
    FLASH.set(request, value, FLASH_LIFETIME);
}

/// Reads and deletes the flash message of an earlier request.
pub(super) fn take_flash(request: &Request<'_>) -> Option<Flash> {
    let cookie = FLASH.get(request)?;
    trace::link_to(parts(&cookie).1);
    FLASH.remove(request);
    flash(request)
}

/// Reads the flash message of an earlier request.
pub(super) fn flash(request: &Request<'_>) -> Option<Flash> {
    let cookie = FLASH.get(request)?;
    Flash::from_value(parts(&cookie).0, secrets(request)?)
}

/// The message, and the ID of the request that set it.
fn parts(cookie: &str) -> (&str, &str) {
    cookie.split_once('~').unwrap_or((cookie, ""))
}

/// The secrets that sign a username in a flash message.
fn secrets<'r>(request: &'r Request<'_>) -> Option<&'r Secrets> {
    let sessions: &Sessions = request.rocket().state()?;
    Some(&sessions.options().secret)
}

impl SiteCookie {
    /// The first value that the browser sent.
    fn get<'r>(self, request: &'r Request<'_>) -> Option<Cow<'r, str>> {
        self.all(request).next().map(decode)
    }

    /// The values that the browser sent, undecoded. Rocket's jar is not used, because it trims more white
    /// space from names than HTTP allows. A sibling host could set a cookie with the prefix.
    fn all<'r>(self, request: &'r Request<'_>) -> impl Iterator<Item = &'r str> {
        let name = self.names[usize::from(has_host_prefix(request))];
        request_values(request, name)
    }

    /// Sends the cookie with the response, unless browsers would reject it.
    fn set(self, request: &Request<'_>, value: String, lifetime: Duration) {
        if is_refused(request) {
            return;
        }
        let mut cookie = self.cookie(request);
        cookie.set_value(value);
        cookie.set_max_age(lifetime);
        request.cookies().add(cookie);
    }

    /// Tells the browser to delete the cookie.
    fn remove(self, request: &Request<'_>) {
        if is_refused(request) {
            return;
        }
        request.cookies().remove(self.cookie(request));
    }

    /// The cookie with its name and attributes. A deletion needs them too: browsers ignore a `Set-Cookie`
    /// that breaks the rules of the prefix.
    fn cookie(self, request: &Request<'_>) -> Cookie<'static> {
        let cookie = if has_host_prefix(request) {
            Cookie::build(self.names[1]).path("/").secure(true)
        } else {
            Cookie::build(self.names[0]).path(self.path).secure(is_https(request))
        };
        cookie.http_only(true).same_site(SameSite::Lax).build()
    }
}

/// Whether browsers would reject a cookie: one with the prefix, over http. They reject the session cookie as
/// well, and the session engine logs that.
fn is_refused(request: &Request<'_>) -> bool {
    has_host_prefix(request) && !is_https(request)
}

/// Whether the name of the session cookie begins with `__Host-`. Then the names of the other cookies do, too.
fn has_host_prefix(request: &Request<'_>) -> bool {
    let sessions: Option<&Sessions> = request.rocket().state();
    sessions.is_some_and(|sessions| is_host_name(&sessions.options().name))
}

/// Names and lifetimes of the two cookies, for the page that says what is stored.
pub(super) struct Described {
    pub device: (&'static str, std::time::Duration),
    pub flash: (&'static str, std::time::Duration),
}

/// The two cookies, as the responses to requests like this one set them.
pub(super) fn describe(request: &Request<'_>) -> Described {
    let name = |cookie: SiteCookie| cookie.names[usize::from(has_host_prefix(request))];
    Described {
        device: (name(DEVICE), DEVICE_LIFETIME.unsigned_abs()),
        flash: (name(FLASH), FLASH_LIFETIME.unsigned_abs()),
    }
}
