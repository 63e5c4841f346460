//! The two cookies beside the session's: `device` and `notice`.
//!
//! Where the session's cookie is called `__Host-…`, these two take the prefix as well. Browsers then
//! accept them from this host alone, over https, for the whole site (RFC 6265bis, 4.1.3.2). A sibling
//! host cannot plant one. `client.rs` and `notice.rs` say what stands in them.

use std::borrow::Cow;

use rocket::Request;
use rocket::http::{Cookie, SameSite};
use rocket::time::Duration;
use rocket_express_session::Sessions;
use rocket_express_session::cookie::{decode, request_values};

use crate::proxy::is_https;

/// One of the two cookies.
#[derive(Clone, Copy)]
pub struct SiteCookie {
    plain: &'static str,
    prefixed: &'static str,
    path: &'static str,
}

/// Holds what `auth/device.rs` has signed. Only the form of the login page needs it.
pub const DEVICE: SiteCookie =
    SiteCookie { plain: "device", prefixed: "__Host-device", path: "/login" };

/// Holds the sentence for the next page.
pub const NOTICE: SiteCookie = SiteCookie { plain: "notice", prefixed: "__Host-notice", path: "/" };

/// What the names of all three cookies may begin with.
const HOST_PREFIX: &str = "__Host-";

impl SiteCookie {
    /// Both names that it can have: without the prefix and with it.
    pub const fn names(self) -> [&'static str; 2] {
        [self.plain, self.prefixed]
    }

    /// The first value that the browser sent.
    pub fn get<'r>(self, request: &'r Request<'_>) -> Option<Cow<'r, str>> {
        self.all(request).next().map(decode)
    }

    /// The values that the browser sent, as they came. Not from Rocket's jar: that takes other white space than HTTP
    /// knows from names, so that a sibling host could plant a cookie behind the prefix.
    pub fn all<'r>(self, request: &'r Request<'_>) -> impl Iterator<Item = &'r str> {
        let name = if has_host_prefix(request) { self.prefixed } else { self.plain };
        request_values(request, name)
    }

    /// Sends it with the response, unless a browser would refuse it.
    pub fn set(self, request: &Request<'_>, value: String, lifetime: Duration) {
        if is_refused(request) {
            return;
        }
        let mut cookie = self.cookie(request);
        cookie.set_value(value);
        cookie.set_max_age(lifetime);
        request.cookies().add(cookie);
    }

    /// Tells the browser to delete it.
    pub fn remove(self, request: &Request<'_>) {
        if is_refused(request) {
            return;
        }
        request.cookies().remove(self.cookie(request));
    }

    /// Its name and attributes. A deletion needs them too: browsers ignore a `Set-Cookie` that lacks
    /// what the prefix promises.
    fn cookie(self, request: &Request<'_>) -> Cookie<'static> {
        let cookie = if has_host_prefix(request) {
            Cookie::build(self.prefixed).path("/").secure(true)
        } else {
            Cookie::build(self.plain).path(self.path).secure(is_https(request))
        };
        cookie.http_only(true).same_site(SameSite::Lax).build()
    }
}

/// The prefix over plain http. The session's cookie has the same fate, and the session
/// engine says so in the log.
fn is_refused(request: &Request<'_>) -> bool {
    has_host_prefix(request) && !is_https(request)
}

/// Whether the session's cookie is called `__Host-…`, so that the site's other cookies are as well. Browsers
/// compare the prefix without regard to case.
fn has_host_prefix(request: &Request<'_>) -> bool {
    let sessions: Option<&Sessions> = request.rocket().state();
    let name = sessions.map_or("", |sessions| &sessions.options().name);
    name.get(..HOST_PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(HOST_PREFIX))
}
