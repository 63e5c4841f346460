//! A session as a page shows it: its browser, its network, its beginning and its end.

use rocket_express_session::UserSession;
use serde::Serialize;
use woothee::parser::Parser;

use super::time_view::TimeView;

/// The values of a session for a template.
#[derive(Serialize)]
pub struct SessionView {
    /// The short ID of the session, for addresses.
    pub handle: String,
    /// The session of the request.
    pub is_this: bool,
    /// The name of the browser, such as "Firefox on Windows".
    pub browser: String,
    /// The network that the browser was in when it logged in, such as `203.0.113.x`.
    address: Option<String>,
    began: Option<TimeView>,
    last_seen: Option<TimeView>,
    ends: Option<TimeView>,
}

impl From<UserSession> for SessionView {
    fn from(login: UserSession) -> Self {
        Self {
            browser: match login.lifetime.created {
                Some(_) => name_browser(&login.user_agent.unwrap_or_default()),
                // Only sessions of an Express app lack this time.
                None => "Another app on this site".to_owned(),
            },
            handle: login.handle,
            address: login.address.map(|address| address.chars().take(ADDRESS_SHOWN).collect()),
            is_this: login.is_current,
            began: login.lifetime.created.map(TimeView::from),
            last_seen: login.last_seen.map(TimeView::from),
            ends: login.lifetime.expires.map(TimeView::from),
        }
    }
}

/// The most characters of an address that are shown. Other programs can write this document, with a text of
/// any length.
const ADDRESS_SHOWN: usize = 50;

/// The most characters of a `User-Agent` that are searched for a browser's name.
const USER_AGENT_READ: usize = 256;

/// The name of the browser, such as "Firefox on Windows". A browser can send any name.
fn name_browser(user_agent: &str) -> String {
    // Other programs can write this document, with a text of any length.
    let start: String = user_agent.chars().take(USER_AGENT_READ).collect();
    let found = Parser::new().parse(&start);
    let known = |name: &str| !name.is_empty() && name != "UNKNOWN";
    match found {
        Some(found) if known(found.name) && known(found.os) => {
            format!("{} on {}", found.name, name_system(found.os))
        }
        Some(found) if known(found.name) && found.name != "HTTP Library" => found.name.to_owned(),
        _ => "Unknown browser".to_owned(),
    }
}

fn name_system(os: &str) -> &str {
    match os {
        "Mac OSX" => "macOS",
        windows if windows.starts_with("Windows ") && !windows.contains("Phone") => "Windows",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_named_by_what_they_say_of_themselves() {
        let check = |user_agent: &str, expected: &str| {
            assert_eq!(name_browser(user_agent), expected, "{user_agent}");
        };
        let webkit = "AppleWebKit/537.36 (KHTML, like Gecko)";
        check(
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0",
            "Firefox on Windows",
        );
        check(
            &format!("Mozilla/5.0 (X11; Linux x86_64) {webkit} Chrome/131.0.0.0 Safari/537.36"),
            "Chrome on Linux",
        );
        check(
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like \
             Gecko) Version/17.6 Safari/605.1.15",
            "Safari on macOS",
        );
        check("curl/8.5.0", "Unknown browser");
        check("", "Unknown browser");
        check("<script>alert(1)</script>", "Unknown browser");
    }
}
