//! Lesson 5: the ticket itself. The learner changes it, and signs one with a leaked secret.
//!
//! What was typed goes into a cookie and comes back. The recording gets only the kind of the change.

use rocket_express_session::{Secrets, Session, SessionId, cookie};
use serde_json::{Value, json};

use super::request::{Button, LabRequest, VISITS, ticket_of};
use super::{cookies, note};
use crate::db::Unavailable;
use crate::names::{LAB_COOKIE, ROLE_COOKIE};
use crate::teach::limits::Denied;
use crate::teach::progress::Switches;

/// Characters of a typed value. A ticket has 77.
const LONGEST: usize = 200;

impl LabRequest<'_> {
    pub(super) async fn press_forge(&mut self, button: &Button) -> Result<bool, Denied> {
        let (name, value) = match button.name.as_str() {
            "leak" => {
                let session = self.new_signed().await?;
                session.regenerate().log_in(&self.state.hidden().oskar)?;
                self.state.leaked = Some(decoded_ticket_of(&session).await?);
                return Ok(true);
            }
            "new" => {
                let session = self.new_signed().await?;
                session.increment(VISITS)?;
                let ticket = decoded_ticket_of(&session).await?;
                (LAB_COOKIE, self.state.signed.insert(ticket).clone())
            }
            "sign" => {
                let id = SessionId::stored(&bounded(&button.id));
                let secrets = Secrets::new([bounded(&button.signing_secret)]).unwrap_or_default();
                (LAB_COOKIE, secrets.sign(&id))
            }
            "role" => (ROLE_COOKIE, bounded(&button.value)),
            // The tools of a browser show the ticket as it is sent: encoded.
            "send" => (LAB_COOKIE, cookie::decode(&bounded(&button.value)).into_owned()),
            _ => return Ok(false),
        };
        self.send(cookies::plain(name, &value));
        Ok(true)
    }

    /// A session whose ticket the learner's own secret signs. It is in no browser yet.
    async fn new_signed(&mut self) -> Result<Session, Denied> {
        let own = Some(self.state.hidden().secret.clone());
        self.session_elsewhere(&Switches { own, ..Switches::default() }).await
    }

    /// The session of the ticket that came. All labs share one collection, and a learner who knows a secret
    /// can sign any ID in it, so only the learner's own sessions count.
    pub(super) async fn signed_session(&self) -> Result<Session, Unavailable> {
        let own = self.state.hidden.as_ref().map(|hidden| hidden.secret.clone());
        let sessions = self.labs.sessions(&Switches { own, ..Switches::default() })?;
        let session = sessions.load(self.request()).await?;
        let mut known = [&self.state.signed, &self.state.leaked].into_iter().flatten();
        let is_known = known.any(|ticket| ticket.contains(session.id().as_str()));
        Ok(if is_known { session } else { sessions.create(self.request()) })
    }

    /// The ticket that came, in parts, and the role. Notes the kind of the ticket.
    pub(super) fn view_forge(&self, session: &Session) -> Value {
        let came = cookies::received(self.request(), LAB_COOKIE);
        let genuine = self.state.signed.as_deref();
        let kind = came.as_deref().map_or("no ticket", |came| kind(came, genuine, session));
        note(self.slug(), kind, 1);
        let role = cookies::received(self.request(), ROLE_COOKIE).as_deref().map(bounded);
        if role.as_deref() == Some("admin") {
            note(self.slug(), "the role is admin", 1);
        }
        json!({ "kind": kind, "came": came.as_deref().map(parts), "role": role })
    }
}

/// Stores a session that is in no browser yet; returns its ticket, as the page shows it.
async fn decoded_ticket_of(session: &Session) -> Result<String, Unavailable> {
    Ok(cookie::decode(&ticket_of(session).await?).into_owned())
}

/// The kind of a ticket: one of our texts, never a typed one.
fn kind(came: &str, genuine: Option<&str>, session: &Session) -> &'static str {
    // Without a ticket from this lab, one that came is of another lab.
    if genuine.is_some() && session.sessions().options().secret.verify(came).is_some() {
        return match session.login::<String>() {
            Some(_) => "the ticket of Oskar",
            None if session.is_stored() => "a genuine ticket",
            None if genuine == Some(came) => "a ticket whose session has expired",
            None => "a genuine signature, and no session",
        };
    }
    let ((id, by), (own, own_by)) = (parts(came), parts(genuine.unwrap_or_default()));
    match by {
        _ if genuine.is_none() => "another ticket",
        None => "a ticket without a signature",
        Some(_) if id == own => "a changed signature",
        Some(_) if by == own_by && id.starts_with("s:") => "a changed session ID",
        Some(_) => "another ticket",
    }
}

/// The ID with its prefix, and the signature behind the last dot.
fn parts(ticket: &str) -> (String, Option<String>) {
    let ticket = bounded(ticket);
    let (id, signature) = ticket.rsplit_once('.').unwrap_or((&ticket, ""));
    (id.to_owned(), Some(signature.to_owned()).filter(|signature| !signature.is_empty()))
}

/// At most so many characters, and none that a text field adds at the end of a line.
pub(super) fn bounded(typed: &str) -> String {
    let is_visible = |character: &char| !character.is_whitespace() && !character.is_control();
    typed.chars().filter(is_visible).take(LONGEST).collect()
}
