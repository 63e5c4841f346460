//! Who runs this site, for the footer of each page, and the two files that programs look for.
//!
//! `/robots.txt` is for search engines. `/.well-known/security.txt` (RFC 9116) is for people who have found a
//! security fault. The values are in `[default.site]` of Rocket.toml.

use std::time::Duration;

use rocket::{Route, State, get, routes};
use rocket_express_session::Timestamp;
use serde::Serialize;

use crate::config::SiteConfig;

/// The settings of the site, as the templates need them: `page.site`.
#[derive(Serialize)]
pub(super) struct Site {
    operator: Option<String>,
    contact: Option<String>,
    /// The address of a link to `contact`.
    contact_link: Option<String>,
    source: Option<String>,
    #[serde(skip)]
    security_contact: Option<String>,
}

impl From<&SiteConfig> for Site {
    fn from(config: &SiteConfig) -> Self {
        let SiteConfig { operator, contact, security_contact, source } = config.clone();
        let contact_link = config.contact_link();
        Self { operator, contact, contact_link, source, security_contact }
    }
}

/// Closes the pages that a search engine does not need: a visit of a lab stores a session, and the pages of
/// the class and of the X-ray are different for each visitor. All other pages may be read.
const ROBOTS: &str = "User-agent: *\nDisallow: /class\nDisallow: /lab\nDisallow: /xray\n";

#[get("/robots.txt")]
fn robots() -> &'static str {
    ROBOTS
}

/// How long a copy of `security.txt` may be used. RFC 9116 recommends less than a year.
const SECURITY_FRESH: Duration = Duration::from_secs(30 * DAY);
const DAY: u64 = 24 * 60 * 60;

/// The contact for security faults. 404 if none is set.
///
/// `Expires` says until when a copy can be trusted. It counts from the request, because the running server's
/// setting is what its operator says now. A fixed date in the settings would pass one day, unnoticed, and the
/// contact would count as stale. It is the start of a day, so that the text changes once a day.
#[get("/.well-known/security.txt")]
fn security(site: &State<Site>) -> Option<String> {
    let contact = site.security_contact.as_ref()?;
    let end = Timestamp::now().plus(SECURITY_FRESH);
    let into_the_day = end.as_millis() % i64::try_from(DAY * 1000).unwrap_or(i64::MAX);
    let expires = Timestamp::from_millis(end.as_millis() - into_the_day).to_iso();
    Some(format!("Contact: {contact}\nExpires: {expires}\n"))
}

pub(super) fn routes() -> Vec<Route> {
    routes![robots, security]
}
