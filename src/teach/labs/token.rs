//! Lesson 14: a token beside a session, made by one login. The check of the token needs no store.

use rocket_express_session::{Timestamp, cookie};
use serde_json::{Value, json};

use super::actions::{Button, LabContext};
use super::forge::bounded;
use super::jwt::{self, Claims};
use super::{cookies, note};
use crate::auth::revoke::REVOKED;
use crate::db::Unavailable;
use crate::names::TOKEN_COOKIE;
use crate::teach::lessons::{CHANGED_PAYLOAD, VALID_TOKEN};
use crate::teach::limits::{Denied, Size};
use crate::teach::progress::{Hidden, LabState};

/// Seconds that a token is valid, and a short-lived one.
const HOUR: i64 = 3_600;
const SHORT: i64 = 20;

impl LabContext<'_> {
    /// Runs the action of a button of this lesson, and returns the `Set-Cookie` lines.
    pub(super) async fn token(
        &self,
        button: &Button,
        state: &mut LabState,
    ) -> Result<Vec<String>, Denied> {
        match button.name.as_str() {
            "login" => {
                self.limits.count(Size::Small).await?;
                let session = self.session(state).await?;
                let Hidden { oskar, .. } = state.hidden.get_or_insert_with(Hidden::random);
                session.regenerate().log_in(oskar).map_err(Unavailable::new)?;
                let token = self.new_token(state, HOUR)?;
                let line = session.sessions().commit(&session).await?;
                Ok(line.into_iter().chain([token]).collect())
            }
            "short" => Ok(vec![self.new_token(state, SHORT)?]),
            "everywhere" => {
                let session = self.session(state).await?;
                let sessions = session.user_sessions();
                sessions.revoke_others(REVOKED).await?;
                sessions.revoke(&session.id().handle(), REVOKED).await?;
                // The browser keeps both cookies, as a thief's browser would.
                Ok(vec![])
            }
            _ => Ok(vec![cookies::plain(TOKEN_COOKIE, &bounded(&button.value))]),
        }
    }

    /// Makes a token; returns its `Set-Cookie` line, which has no expiry: the token itself has one.
    fn new_token(&self, state: &mut LabState, lifetime: i64) -> Result<String, Unavailable> {
        let hidden = state.hidden.get_or_insert_with(Hidden::random);
        let claims = Claims {
            sub: hidden.oskar.clone(),
            exp: Timestamp::now().as_millis() / 1_000 + lifetime,
            jti: format!("{:06x}", rand::random_range(0..0x0100_0000)),
        };
        let key = self.labs.token_key(&hidden.secret);
        let token = jwt::sign(&claims, key.as_bytes()).map_err(Unavailable::new)?;
        Ok(cookies::plain(TOKEN_COOKIE, state.token.insert(token)))
    }

    /// The token that came with this request, in parts: its kind, which is noted for the lesson, its user and
    /// its end, if it is valid, and the size of the cookie.
    pub(super) fn examine_token(&self, state: &LabState) -> Value {
        let now = Timestamp::now();
        let came = cookie::request_values(self.request, TOKEN_COOKIE).next();
        let came = came.map(|value| cookie::decode(value).into_owned()).unwrap_or_default();
        let parts: Vec<String> = came.split('.').map(bounded).take(3).collect();
        let key = state.hidden.as_ref().map(|hidden| self.labs.token_key(&hidden.secret));
        let key = key.filter(|_| !came.is_empty());
        let verified = key.map(|key| jwt::verify(&came, key.as_bytes(), now.as_millis() / 1_000));
        let (kind, claims) = match verified {
            None => ("no token", None),
            Some(Ok(claims)) => (VALID_TOKEN, Some(claims)),
            Some(Err(jwt::WRONG)) if is_payload_changed(&parts, state) => (CHANGED_PAYLOAD, None),
            Some(Err(reason)) => (reason, None),
        };
        note(self.slug, kind, 1);
        json!({
            "kind": kind,
            "parts": parts,
            "bytes": if came.is_empty() { 0 } else { TOKEN_COOKIE.len() + 1 + came.len() },
            "now": now.as_millis(),
            "user": claims.as_ref().map(|claims| &claims.sub),
            "ends": claims.as_ref().map(|claims| Timestamp::from_millis(claims.exp * 1_000).to_iso()),
        })
    }
}

/// Whether only the payload differs from the learner's own token.
fn is_payload_changed(parts: &[String], state: &LabState) -> bool {
    let own: Vec<&str> = state.token.iter().flat_map(|token| token.split('.')).collect();
    let ([header, payload, signature], [own_header, own_payload, own_signature]) =
        (parts, &own[..])
    else {
        return false;
    };
    header == own_header && signature == own_signature && payload != own_payload
}
