//! A notice shown once, on the page after a redirect: what connect-flash is to Express.
//!
//! It travels in a cookie of its own and not in the session, because most of those who get one
//! have none: who has just registered or logged out would get a document for one sentence. The
//! cookie holds a name from a short list, never text, so that nobody can put words on our page.

use rocket::http::{Cookie, CookieJar, SameSite};
use rocket::time::Duration;
use serde::{Serialize, Serializer, ser::SerializeStruct as _};

const COOKIE: &str = "notice";

/// Long enough to follow a redirect on a bad line.
const LIFETIME: Duration = Duration::seconds(60);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    Registered,
    SignedOut,
}

impl Notice {
    const ALL: [Self; 2] = [Self::Registered, Self::SignedOut];

    fn name(self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::SignedOut => "signed-out",
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Registered => "Your account is made. You can log in now.",
            Self::SignedOut => "You are logged out. No session of yours is left on the server.",
        }
    }
}

/// For templates: `{tone, text}`.
impl Serialize for Notice {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut notice = serializer.serialize_struct("Notice", 2)?;
        notice.serialize_field("tone", "ok")?;
        notice.serialize_field("text", self.text())?;
        notice.end()
    }
}

/// Leaves a notice for the next page. `secure`: the request came over https.
pub fn leave(jar: &CookieJar<'_>, notice: Notice, secure: bool) {
    let cookie = Cookie::build((COOKIE, notice.name()))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(secure)
        .max_age(LIFETIME);
    jar.add(cookie);
}

/// The notice that was left, which is thereby gone.
pub fn take(jar: &CookieJar<'_>) -> Option<Notice> {
    let cookie = jar.get(COOKIE)?;
    let notice = Notice::ALL.into_iter().find(|notice| notice.name() == cookie.value());
    jar.remove(Cookie::build(COOKIE).path("/").http_only(true).same_site(SameSite::Lax));
    notice
}
