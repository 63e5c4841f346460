//! Refuses names for the session that this program uses for something else.

use super::SessionConfig;
use crate::auth::{throttle, users};
use crate::{migrate, teach, web};

/// What all three cookies of the site may begin with.
const HOST_PREFIX: &str = "__Host-";

/// What collides, in words, and what helps.
pub fn find(config: &SessionConfig) -> Option<String> {
    let (name, collection) = (&config.options.name, &config.collection);
    if is_other_cookie(name) {
        Some(format!("another cookie of this site is called {name:?}: choose another `name`"))
    } else if is_other_collection(collection) {
        Some(format!(
            "{collection:?} is a collection of this program that holds something else: choose another \
             `collection`"
        ))
    } else {
        None
    }
}

/// Browsers compare the prefix without regard to case, and the rest of a name with it.
fn is_other_cookie(name: &str) -> bool {
    let prefix = name.get(..HOST_PREFIX.len());
    let has_prefix = prefix.is_some_and(|prefix| prefix.eq_ignore_ascii_case(HOST_PREFIX));
    let plain = if has_prefix { &name[HOST_PREFIX.len()..] } else { name };
    let of_site = [web::DEVICE, web::NOTICE].into_iter().flat_map(web::SiteCookie::names);
    of_site.chain(teach::COOKIES).any(|other| other == plain)
}

fn is_other_collection(name: &str) -> bool {
    let always = [users::mongo::COLLECTION, throttle::mongo::COLLECTION, migrate::COLLECTION];
    always.into_iter().chain(teach::COLLECTIONS).any(|other| other == name)
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
                assert!(text.contains("another cookie of this site"), "{text}");
            }
        }
        for name in ["connect.sid", "__Host-sid", "notices", "Notice", "__Secure-notice", "sid"] {
            assert_eq!(find(&cookie(name)), None, "{name}");
        }
        let collection =
            |name: &str| SessionConfig { collection: name.to_owned(), ..SessionConfig::default() };
        let taken = ["users", "migrations", "throttle", "progress", "class", "lab_sessions"];
        for name in taken.into_iter().chain(["lab_sessions_ended"]) {
            let text = find(&collection(name)).expect(name);
            assert!(text.contains("choose another `collection`"), "{text}");
        }
        assert_eq!(find(&collection("my_sessions")), None);
    }

    /// A collection that a later version adds must be in the list.
    #[test]
    fn every_collection_of_the_source_is_known() {
        let mut folders =
            vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))];
        let mut known = 0;
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
                if entry.path().is_dir() {
                    folders.push(entry.path());
                    continue;
                }
                let text = std::fs::read_to_string(entry.path()).unwrap();
                for name in text.split(" COLLECTION: &str = \"").skip(1) {
                    let name = name.split('"').next().unwrap();
                    assert!(is_other_collection(name), "{name}");
                    known += 1;
                }
                let is_literal = text.contains(".documents(\"");
                assert!(!is_literal, "{:?}: give the name a constant", entry.path());
            }
        }
        assert!(known >= 6, "{known}");
    }
}
