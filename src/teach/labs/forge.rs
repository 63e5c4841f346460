//! Lesson 5: the ticket itself. The learner sees it whole, changes it, and signs one with a leaked secret.
//!
//! What the learner types goes into a cookie, and comes back with the next request. The recording gets only
//! the kind of the change.

use rocket_express_session::{Secrets, Session, SessionId, cookie};
use serde::Serialize;

use super::actions::{Action, LabContext};
use super::{cookies, note};
use crate::db::Unavailable;
use crate::names::{LAB_COOKIE, ROLE_COOKIE};
use crate::teach::decoy;
use crate::teach::limits::{Denied, Size};
use crate::teach::progress::LabState;

/// The slug of the lesson.
pub(super) const SLUG: &str = "the-seal";

/// Characters of a value that are sent as a cookie. A ticket has 77.
const LONGEST: usize = 200;

/// The session key of the learner whom a session belongs to. All labs share one collection, and a learner
/// who knows a secret can sign the ID of any session in it.
const OWNER: &str = "owner";

/// The ticket and the role that came, for the page.
#[derive(Serialize)]
pub(super) struct Forge {
    /// The kind of the ticket that came: also the fact that the lesson checks.
    kind: &'static str,
    /// The ticket that came: the ID with its prefix, and the signature.
    came: Option<(String, Option<String>)>,
    /// The last genuine ticket.
    genuine: Option<String>,
    /// The secret in the leaked settings, and the ID and the user in the leaked backup.
    leaked: Option<(String, String, Option<String>)>,
    /// The role that came, and that the lab believes.
    role: Option<String>,
}

impl LabContext<'_> {
    /// Runs an action of this lesson; returns the `Set-Cookie` lines. `None` if it is not one of its own.
    pub(super) async fn forge(
        &self,
        action: &Action<'_>,
        state: &mut LabState,
    ) -> Result<Option<Vec<String>>, Denied> {
        let typed = &action.typed;
        Ok(Some(match action.name {
            "new" => {
                let ticket = self.sign_new(state, None).await?;
                state.signed = Some(ticket.clone());
                vec![cookies::typed(LAB_COOKIE, &ticket)]
            }
            "leak" => {
                note(self.slug, "sessions begun for Oskar, in a browser of his own", 1);
                let name = state.oskar.get_or_insert_with(decoy::oskar).clone();
                let ticket = self.sign_new(state, Some(&name)).await?;
                state.leaked_id =
                    ticket.trim_start_matches("s:").split('.').next().map(str::to_owned);
                vec![]
            }
            "send" => vec![cookies::typed(LAB_COOKIE, &bounded(typed.value))],
            "sign" => {
                let id = SessionId::stored(&bounded(typed.id));
                let secrets = Secrets::new([bounded(typed.secret)]);
                secrets.iter().map(|by| cookies::typed(LAB_COOKIE, &by.sign(&id))).collect()
            }
            "role" => vec![cookies::typed(ROLE_COOKIE, &bounded(typed.value))],
            _ => return Ok(None),
        }))
    }

    /// Stores a session for the learner, or for Oskar if he logs in; returns its ticket.
    async fn sign_new(&self, state: &mut LabState, user: Option<&str>) -> Result<String, Denied> {
        self.limits.count(Size::Small).await?;
        let secret = state.secret.get_or_insert_with(decoy::secret);
        let session = self.labs.signed_with(secret)?.create(self.request);
        if let Some(user) = user {
            session.regenerate().log_in(user).map_err(Unavailable::new)?;
        }
        session.set(OWNER, &owner(secret)).map_err(Unavailable::new)?;
        let line = super::sessions::commit(&session).await?.unwrap_or_default();
        Ok(cookie::decode(cookies::value(&line).unwrap_or_default()).into_owned())
    }

    /// The session of the ticket that came. One of another learner is as good as none.
    pub(super) async fn signed_session(&self, state: &LabState) -> Result<Session, Unavailable> {
        let secret = state.secret.as_deref().unwrap_or_default();
        let sessions = self.labs.signed_with(secret)?;
        let session = sessions.load(self.request).await?;
        let is_own = session.get(OWNER) == Some(owner(secret));
        Ok(if is_own { session } else { sessions.create(self.request) })
    }

    /// What came with this request. Notes its kind for the lesson.
    pub(super) fn examine(&self, session: &Session, state: &LabState) -> Forge {
        let received = |name| {
            let value = cookie::request_values(self.request, name).next();
            value.map(|value| cookie::decode(value).into_owned())
        };
        let (came, role) = (received(LAB_COOKIE), received(ROLE_COOKIE));
        let genuine = state.signed.clone();
        let kind = match &came {
            Some(came) => kind(came, genuine.as_deref(), session),
            None => "no ticket",
        };
        if came.is_some() {
            note(self.slug, kind, 1);
        }
        if role.as_deref() == Some("admin") {
            note(self.slug, "the role is admin", 1);
        }
        let leaked = state.secret.clone().zip(state.leaked_id.clone());
        Forge {
            kind,
            came: came.as_deref().map(parts),
            genuine,
            leaked: leaked.map(|(secret, id)| (secret, id, state.oskar.clone())),
            role: role.as_deref().map(bounded),
        }
    }
}

/// The kind of a ticket: one of our texts, never a typed one.
fn kind(came: &str, genuine: Option<&str>, session: &Session) -> &'static str {
    // Without a ticket from this lab, one that came is of another lab.
    if genuine.is_some() && session.sessions().options().secret.verify(came).is_some() {
        return match session.is_stored() {
            true if session.login::<String>().is_some() => "the ticket of Oskar",
            true => "a genuine ticket",
            false if genuine == Some(came) => "a genuine ticket whose session has expired",
            false => "a genuine signature, and no session",
        };
    }
    match (parts(came), genuine.map(parts)) {
        ((_, None), Some(_)) => "a ticket without a signature",
        ((id, signed), Some((own, by))) if id == own && signed != by => "a changed signature",
        ((id, signed), Some((own, by))) if id != own && signed == by && id.starts_with("s:") => {
            "a changed session ID"
        }
        _ => "another ticket",
    }
}

/// The ID with its prefix, and the signature behind the last dot, as the session engine divides them.
fn parts(ticket: &str) -> (String, Option<String>) {
    let ticket = bounded(ticket);
    match ticket.rsplit_once('.') {
        Some((id, signature)) if !signature.is_empty() => {
            (id.to_owned(), Some(signature.to_owned()))
        }
        Some((id, _)) => (id.to_owned(), None),
        None => (ticket, None),
    }
}

/// Names the learner without telling the secret.
fn owner(secret: &str) -> String {
    SessionId::stored(secret).handle()
}

/// At most so many characters, and none that a text field adds at a line's end.
fn bounded(typed: &str) -> String {
    let visible = |character: &char| !character.is_whitespace() && !character.is_control();
    typed.chars().filter(visible).take(LONGEST).collect()
}
