//! A browser that has made an account, or logged in to it before, and can prove it: OWASP's
//! "Device Cookies".
//!
//! The cookie `device` is `<nonce>.<signature>`. The signature covers the account, the nonce and the
//! password's hash, so it is worth nothing for another account, and nothing after a change of the
//! password. It logs no user in. Its only use is a lane of its own in `throttle`, so that an attacker
//! who guesses cannot keep this browser out.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::TryRng as _;
use rand::rngs::SysRng;
use rocket_express_session::Secrets;

use super::username::key_of;
use super::users::StoredPassword;

/// What its signature is for: see [`Secrets::sign_for`].
const PURPOSE: &str = "cloakroom device";

/// Told apart from all others, which is all it has to be.
const NONCE_BYTES: usize = 16;

/// Longer than any of ours: what is longer is not worth a look, and would take a while.
const LONGEST: usize = 128;

/// A value for the cookie of a browser that has just logged in. `None` when the system gives no
/// randomness: then the browser stays a stranger.
pub fn issue(secrets: &Secrets, username: &str, password: &StoredPassword) -> Option<String> {
    let mut nonce = [0; NONCE_BYTES];
    SysRng.try_fill_bytes(&mut nonce).ok()?;
    let nonce = URL_SAFE_NO_PAD.encode(nonce);
    let seal = secrets.sign_for(PURPOSE, &claim(&nonce, username, password));
    Some(format!("{nonce}.{seal}"))
}

/// The nonce of a cookie that was issued to this account under this password.
pub fn recognise<'c>(
    secrets: &Secrets,
    cookie: &'c str,
    username: &str,
    password: &StoredPassword,
) -> Option<&'c str> {
    if cookie.len() > LONGEST {
        return None;
    }
    let (nonce, sealed) = cookie.split_once('.')?;
    let claim = claim(nonce, username, password);
    secrets.verify_for(PURPOSE, &claim, sealed).then_some(nonce)
}

/// No nonce and no hash has a space in it, so that one claim cannot be read as another.
fn claim(nonce: &str, username: &str, password: &StoredPassword) -> String {
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
            assert_eq!(recognise(&secrets, cookie, name, password).is_some(), known, "{cookie}");
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
        assert_ne!(cookie, another, "each browser has a lane of its own");
    }
}
