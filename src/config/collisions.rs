//! Rejects settings that name what this program uses already: a cookie, a collection, or its own address.

use std::net::SocketAddr;

use rocket_express_session::cookie::is_host_name;

use super::SessionConfig;
use crate::names::{COLLECTIONS, DEVICE_COOKIE, FLASH_COOKIE, LAB_COOKIES, TEACHING_COLLECTIONS};

/// The error text, if one of the two names is taken.
pub(super) fn find(config: &SessionConfig) -> Option<String> {
    let (name, collection) = (&config.options.name, &config.collection);
    if is_other_cookie(name) {
        Some(format!("another cookie of this site has the name {name:?}: choose another `name`"))
    } else if is_other_collection(collection) {
        Some(format!(
            "the collection {collection:?} holds other data of this program: choose another `collection`"
        ))
    } else {
        None
    }
}

/// Whether another cookie has this name. Case matters in a name, but not in its prefix.
fn is_other_cookie(name: &str) -> bool {
    let plain = if is_host_name(name) { &name["__Host-".len()..] } else { name };
    [DEVICE_COOKIE[0], FLASH_COOKIE[0]].contains(&plain) || LAB_COOKIES.contains(&plain)
}

fn is_other_collection(name: &str) -> bool {
    COLLECTIONS.contains(&name) || TEACHING_COLLECTIONS.contains(&name)
}

/// Whether a listener at this address and the site would be in each other's way.
pub(super) fn is_of_site(address: SocketAddr, site: &rocket::Config) -> bool {
    let is_same_ip = address.ip() == site.address
        || address.ip().is_unspecified()
        || site.address.is_unspecified();
    address.port() == site.port && is_same_ip
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_taken_is_found() {
        let cookie = |name: &str| {
            let mut config = SessionConfig::default();
            config.options.name = name.to_owned();
            config
        };
        for name in ["notice", "device", "lab.sid", "lab.memory", "lab.note"] {
            for prefix in ["", "__Host-", "__host-", "__HOST-"] {
                let text = find(&cookie(&format!("{prefix}{name}"))).expect(name);
                assert!(text.contains("choose another `name`"), "{text}");
            }
        }
        for name in ["connect.sid", "__Host-sid", "notices", "Flash", "__Secure-notice", "sid"] {
            assert_eq!(find(&cookie(name)), None, "{name}");
        }
        let collection =
            |name: &str| SessionConfig { collection: name.to_owned(), ..SessionConfig::default() };
        let taken = ["users", "migrations", "throttle", "progress", "class", "lab_sessions"];
        for name in taken.into_iter().chain(["lab_sessions_ended", "lab_other_sessions_ended"]) {
            let text = find(&collection(name)).expect(name);
            assert!(text.contains("choose another `collection`"), "{text}");
        }
        assert_eq!(find(&collection("my_sessions")), None);
    }
}
