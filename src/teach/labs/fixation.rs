//! Lesson 9: Mallory's ticket is in Oskar's browser before he logs in.
//!
//! Neither lab server uses `log_in` of the session crate, which demands a new ID. Both put the user's name
//! into the session, and only one gives it a new ID first.

use rocket_express_session::Session;
use serde_json::Value;

use super::request::{Button, LabRequest, VISITS, ticket_of};
use super::{cookies, note};
use crate::teach::lessons::IS_OSKAR;
use crate::teach::limits::Denied;
use crate::teach::progress::Switches;

/// The session key of the user who is logged in.
const USER: &str = "user";

impl LabRequest<'_> {
    pub(super) async fn press_fixation(&mut self, button: &Button) -> Result<bool, Denied> {
        match button.name.as_str() {
            "plant" => {
                let session = self.session_elsewhere(&Switches::default()).await?;
                // The lab stores a session only when it is changed.
                session.increment(VISITS)?;
                self.state.mallory = Some(ticket_of(&session).await?);
                self.state.hidden();
                self.play(false);
            }
            "mallory" => self.play(true),
            "keep" => self.log_in(false).await?,
            "regenerate" => self.log_in(true).await?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Lets this browser play Mallory's browser or Oskar's, with Mallory's ticket in it.
    fn play(&mut self, is_mallory: bool) {
        self.state.is_mallory = is_mallory;
        self.send_ticket(self.state.mallory.clone());
    }

    /// Logs Oskar in, if Mallory's ticket is in his browser.
    async fn log_in(&mut self, with_new_id: bool) -> Result<(), Denied> {
        let session = self.session().await?;
        let planted = self.state.mallory.as_deref().map(cookies::without_signature);
        let is_planted = planted.as_deref() == Some(session.id().as_str());
        if self.state.is_mallory || !is_planted {
            return Ok(());
        }
        if with_new_id {
            session.regenerate();
        }
        session.set(USER, &self.state.hidden().oskar)?;
        Ok(self.commit(&session).await?)
    }

    /// Notes whether Oskar is logged in. The page needs nothing more of this lab.
    pub(super) fn view_fixation(&self, session: &Session) -> Value {
        note(self.slug(), IS_OSKAR, user(session).is_some().into());
        Value::Null
    }
}

pub(super) fn user(session: &Session) -> Option<String> {
    session.login().or_else(|| session.get(USER))
}
