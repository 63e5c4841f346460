//! A token in the form of JWT: header, payload and signature in base64url, with dots between them (RFC 7515,
//! RFC 7519). Only HS256, which is HMAC-SHA256, is accepted.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::teach::lessons::EXPIRED_TOKEN;

/// Why a token is refused, beside [`EXPIRED_TOKEN`]: also what the lab notes.
pub(super) const UNREADABLE: &str = "a token that cannot be read";
pub(super) const OTHER_ALGORITHM: &str = "a token that names another algorithm";
pub(super) const WRONG: &str = "a token with a wrong signature";

const ALGORITHM: &str = "HS256";

#[derive(Serialize, Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    typ: String,
}

/// The payload. Times are in seconds since 1970.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Claims {
    /// The user.
    #[serde(default)]
    pub sub: String,
    /// When the token ends.
    pub exp: i64,
    /// The ID of the token.
    #[serde(default)]
    pub jti: String,
}

/// The token with these claims.
pub(super) fn sign(claims: &Claims, key: &[u8]) -> serde_json::Result<String> {
    let header = Header { alg: ALGORITHM.to_owned(), typ: "JWT".to_owned() };
    let [header, payload] = [serde_json::to_vec(&header)?, serde_json::to_vec(claims)?]
        .map(|json| URL_SAFE_NO_PAD.encode(json));
    let message = format!("{header}.{payload}");
    let signature = URL_SAFE_NO_PAD.encode(mac(&message, key).finalize().into_bytes());
    Ok(format!("{message}.{signature}"))
}

/// The claims of a token that is genuine and has not expired. `now`: seconds since 1970.
///
/// # Errors
/// The token is refused, for this reason.
pub(super) fn verify(token: &str, key: &[u8], now: i64) -> Result<Claims, &'static str> {
    let (message, signature) = token.rsplit_once('.').ok_or(UNREADABLE)?;
    let (header, payload) = message.split_once('.').ok_or(UNREADABLE)?;
    // The sender has written the header, so it must not choose how its signature is verified.
    if read::<Header>(header).ok_or(UNREADABLE)?.alg != ALGORITHM {
        return Err(OTHER_ALGORITHM);
    }
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| WRONG)?;
    mac(message, key).verify_slice(&signature).map_err(|_| WRONG)?;
    let claims: Claims = read(payload).ok_or(UNREADABLE)?;
    if claims.exp > now { Ok(claims) } else { Err(EXPIRED_TOKEN) }
}

fn mac(message: &str, key: &[u8]) -> Hmac<Sha256> {
    let mac = Hmac::new_from_slice(key).expect("HMAC takes a key of any length (RFC 2104)");
    mac.chain_update(message)
}

fn read<T: DeserializeOwned>(part: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7515, A.1: key, and token.
    const KEY: &str =
        "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
    const TOKEN: [&str; 3] = [
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9",
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
        "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
    ];
    const EXP: i64 = 1_300_819_380;

    fn verified(parts: [&str; 3], now: i64) -> Result<i64, &'static str> {
        let key = URL_SAFE_NO_PAD.decode(KEY).unwrap();
        verify(&parts.join("."), &key, now).map(|claims| claims.exp)
    }

    #[test]
    fn the_example_of_the_standard_is_accepted_until_it_expires() {
        assert_eq!(verified(TOKEN, EXP - 1), Ok(EXP));
        assert_eq!(verified(TOKEN, EXP), Err(EXPIRED_TOKEN));
    }

    #[test]
    fn a_changed_token_and_one_that_names_another_algorithm_are_refused() {
        let [header, payload, signature] = TOKEN;
        let header_of = |alg: &str| URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"{alg}"}}"#));
        for alg in ["none", "None", "hs256", "HS512", "RS256"] {
            let refused = verified([&header_of(alg), payload, signature], EXP - 1);
            assert_eq!(refused, Err(OTHER_ALGORITHM), "{alg}");
            assert_eq!(verified([&header_of(alg), payload, ""], EXP - 1), Err(OTHER_ALGORITHM));
        }
        let later = payload.replace("ODAs", "ODEs");
        let padded = format!("{signature}=");
        for (parts, expected) in [
            ([&*header_of("HS256"), payload, signature], WRONG),
            ([header, &later, signature], WRONG),
            ([header, payload, ""], WRONG),
            ([header, payload, &padded], WRONG),
            ([header, payload, &signature.replace('k', "l")], WRONG),
            (["", payload, signature], UNREADABLE),
        ] {
            assert_eq!(verified(parts, EXP - 1), Err(expected), "{parts:?}");
        }
        assert_eq!(verify("", b"key", 0), Err(UNREADABLE));
    }

    #[test]
    fn a_token_needs_its_own_key_and_an_end() {
        let claims = Claims { sub: "oskar".to_owned(), exp: 10, jti: "a1".to_owned() };
        let token = sign(&claims, b"key").unwrap();
        assert_eq!(verify(&token, b"other key", 9), Err(WRONG));
        assert_eq!(verify(&token, b"key", 9), Ok(claims));
    }
}
