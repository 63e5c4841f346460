//! The cookie of a browser that has made an account or logged in to it before: OWASP's "Device Cookies".
//!
//! The cookie `device` is `<nonce>.<signature>`. The signature covers the nonce, the account and the
//! password's hash. So the cookie is valid for this account only, and until its password changes. It logs no
//! user in. It gives the browser a rate limit of its own in `throttle`, so that an attacker who guesses the
//! password cannot keep this browser out.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::TryRng as _;
use rand::rngs::SysRng;
use rocket_express_session::Secrets;

use super::username::key_of;
use super::users::StoredPassword;

/// The purpose of the signature: see [`Secrets::sign_for`].
const PURPOSE: &str = "cloakroom device";

/// Enough that each browser has a different nonce.
const NONCE_BYTES: usize = 16;

/// Longer than any cookie of ours. A longer one is not checked, because that would take time.
const MAX_LENGTH: usize = 128;

/// The cookie's value for a browser that has just logged in. `None` when the system has no random numbers:
/// then the browser stays unknown.
pub(super) fn issue(
    secrets: &Secrets,
    username: &str,
    password: &StoredPassword,
) -> Option<String> {
    let mut nonce = [0; NONCE_BYTES];
    SysRng.try_fill_bytes(&mut nonce).ok()?;
    let nonce = URL_SAFE_NO_PAD.encode(nonce);
    let signature = secrets.sign_for(PURPOSE, &message(&nonce, username, password));
    Some(format!("{nonce}.{signature}"))
}

/// The nonce of a cookie, if it was issued for this account under this password.
pub(super) fn verify<'c>(
    secrets: &Secrets,
    cookie: &'c str,
    username: &str,
    password: &StoredPassword,
) -> Option<&'c str> {
    if cookie.len() > MAX_LENGTH {
        return None;
    }
    let (nonce, signature) = cookie.split_once('.')?;
    let message = message(nonce, username, password);
    secrets.verify_for(PURPOSE, &message, signature).then_some(nonce)
}

/// The message that is signed. Neither a nonce nor a hash has a space in it, so it has one meaning only.
fn message(nonce: &str, username: &str, password: &StoredPassword) -> String {
    format!("{nonce} {} {}", key_of(username), password.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::password::PasswordHash;

    #[test]
    fn a_browser_is_known_to_its_account_under_its_password_only() {
        let secrets = |list: &[&str]| Secrets::new(list.iter().map(|s| (*s).to_owned())).unwrap();
        let password = |text: &str| StoredPassword::Argon2(PasswordHash::stored(text));
        let [rosa, vera] = ["Rosa", "vera"];
        let (old, new) = (password("$argon2id$old"), password("$argon2id$new"));
        let cookie = issue(&secrets(&["one"]), rosa, &old).unwrap();
        let check = |secrets: Secrets, cookie: &str, name: &str, password, known: bool| {
            assert_eq!(verify(&secrets, cookie, name, password).is_some(), known, "{cookie}");
        };
        check(secrets(&["one"]), &cookie, rosa, &old, true);
        check(secrets(&["two", "one"]), &cookie, rosa, &old, true);
        check(secrets(&["two"]), &cookie, rosa, &old, false);
        check(secrets(&["one"]), &cookie, vera, &old, false);
        check(secrets(&["one"]), &cookie, rosa, &new, false);
        for altered in ["", ".", "x", &format!("x{cookie}"), &format!("{cookie}x")] {
            check(secrets(&["one"]), altered, rosa, &old, false);
        }
        let another = issue(&secrets(&["one"]), rosa, &old).unwrap();
        assert_ne!(cookie, another, "each browser has a nonce of its own");
    }
}
