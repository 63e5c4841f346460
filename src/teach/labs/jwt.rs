//! A token in the form of JWT: header, payload and signature in base64url, with dots between them (RFC 7515,
//! RFC 7519). Only HS256, which is HMAC-SHA256, is accepted.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::Sha256;

use crate::teach::lessons::EXPIRED_TOKEN;

/// Why a token is refused, beside [`EXPIRED_TOKEN`]: also what the lab notes.
pub(super) const UNREADABLE: &str = "a token that cannot be read";
pub(super) const OTHER_ALGORITHM: &str = "a token that names another algorithm";
pub(super) const WRONG: &str = "a token with a wrong signature";

const ALGORITHM: &str = "HS256";

const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

/// The payload: the user, the end in seconds since 1970, and the ID of the token.
#[derive(Serialize, Deserialize)]
pub(super) struct Claims {
    #[serde(default)]
    pub sub: String,
    pub exp: i64,
    #[serde(default)]
    pub jti: String,
}

/// The token with these claims.
pub(super) fn sign(claims: &Claims, key: &[u8]) -> serde_json::Result<String> {
    let [header, payload] =
        [HEADER.as_bytes(), &serde_json::to_vec(claims)?].map(|json| URL_SAFE_NO_PAD.encode(json));
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
    let header: Value = read(header).ok_or(UNREADABLE)?;
    if header["alg"].as_str().ok_or(UNREADABLE)? != ALGORITHM {
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
