//! Lesson 14: a token beside a session, made by one login. The check of the token needs no store.

use rocket_express_session::Timestamp;
use serde_json::{Value, json};

use super::forge::bounded;
use super::jwt::{self, Claims};
use super::request::{Button, LabRequest};
use super::{cookies, note};
use crate::auth::revoke::REVOKED;
use crate::db::Unavailable;
use crate::names::TOKEN_COOKIE;
use crate::teach::lessons::{CHANGED_PAYLOAD, VALID_TOKEN};
use crate::teach::limits::{Denied, Size};

/// Seconds that a token is valid, and a short-lived one.
const HOUR: i64 = 3_600;
const SHORT: i64 = 20;

impl LabRequest<'_> {
    pub(super) async fn press_token(&mut self, button: &Button) -> Result<bool, Denied> {
        match button.name.as_str() {
            "login" => {
                self.count(Size::Small).await?;
                let session = self.session().await?;
                session.regenerate().log_in(&self.state.hidden().oskar)?;
                self.commit(&session).await?;
                self.send_new_token(HOUR)?;
            }
            "short" => self.send_new_token(SHORT)?,
            "everywhere" => {
                let session = self.session().await?;
                let sessions = session.user_sessions();
                sessions.revoke_others(REVOKED).await?;
                // The browser keeps both cookies, as a thief's browser would.
                sessions.revoke(&session.id().handle(), REVOKED).await?;
            }
            "send" => self.send(cookies::plain(TOKEN_COOKIE, &bounded(&button.value))),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Makes a token, and sends it in a cookie without an expiry: the token itself has one.
    fn send_new_token(&mut self, lifetime: i64) -> Result<(), Unavailable> {
        let hidden = self.state.hidden();
        let claims = Claims {
            sub: hidden.oskar.clone(),
            exp: Timestamp::now().as_millis() / 1_000 + lifetime,
            jti: format!("{:06x}", rand::random_range(0..0x0100_0000)),
        };
        let key = self.labs.token_key(&hidden.secret);
        let token = jwt::sign(&claims, key.as_bytes()).map_err(Unavailable::new)?;
        self.send(cookies::plain(TOKEN_COOKIE, &token));
        self.state.token = Some(token);
        Ok(())
    }

    /// The token that came, in parts. A valid one has a user and an end. Notes its kind.
    pub(super) fn view_token(&self) -> Value {
        let now = Timestamp::now();
        let came = cookies::received(self.request(), TOKEN_COOKIE).unwrap_or_default();
        let parts: Vec<String> = came.split('.').map(bounded).take(3).collect();
        let hidden = self.state.hidden.as_ref().filter(|_| !came.is_empty());
        let verified = hidden.map(|hidden| {
            let key = self.labs.token_key(&hidden.secret);
            jwt::verify(&came, key.as_bytes(), now.as_millis() / 1_000)
        });
        let (kind, claims) = match verified {
            None => ("no token", None),
            Some(Ok(claims)) => (VALID_TOKEN, Some(claims)),
            Some(Err(jwt::WRONG)) if self.is_payload_changed(&parts) => (CHANGED_PAYLOAD, None),
            Some(Err(reason)) => (reason, None),
        };
        note(self.slug(), kind, 1);
        json!({
            "kind": kind,
            "parts": parts,
            "bytes": if came.is_empty() { 0 } else { TOKEN_COOKIE.len() + 1 + came.len() },
            "now": now.as_millis(),
            "user": claims.as_ref().map(|claims| &claims.sub),
            "ends": claims.as_ref().map(|claims| Timestamp::from_millis(claims.exp * 1_000).to_iso()),
        })
    }

    /// Whether only the payload differs from the learner's own token.
    fn is_payload_changed(&self, parts: &[String]) -> bool {
        let own = self.state.token.as_deref().unwrap_or_default();
        match (parts, &own.split('.').collect::<Vec<_>>()[..]) {
            ([header, payload, signature], [own_header, own_payload, own_signature]) => {
                header == own_header && payload != own_payload && signature == own_signature
            }
            _ => false,
        }
    }
}
