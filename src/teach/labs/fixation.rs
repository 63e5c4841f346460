//! Lesson 9: Mallory's ticket is in Oskar's browser before he logs in.
//!
//! Neither lab server uses `log_in` of the session crate, which demands a new ID. Both put the user's name
//! into the session, and only one gives it a new ID first.

use rocket_express_session::Session;

use super::actions::{Button, LabContext, VISITS};
use super::cookies;
use crate::db::Unavailable;
use crate::teach::limits::Denied;
use crate::teach::progress::{Hidden, LabState, Switches};

/// The session key of the user who is logged in.
pub(super) const USER: &str = "user";

impl LabContext<'_> {
    /// Runs the action of a button of this lesson, and returns the `Set-Cookie` lines.
    pub(super) async fn fixation(
        &self,
        button: &Button,
        state: &mut LabState,
    ) -> Result<Vec<String>, Denied> {
        match button.name.as_str() {
            "keep" => return self.log_in(state, false).await,
            "regenerate" => return self.log_in(state, true).await,
            "plant" => {
                // The session is changed, because the lab stores no other.
                let change = |session: &Session| session.increment(VISITS);
                state.mallory = Some(self.new_ticket(&Switches::default(), change).await?);
            }
            _ => {}
        }
        state.is_mallory = button.name == "mallory";
        state.hidden.get_or_insert_with(Hidden::random);
        Ok(state.mallory.iter().map(|ticket| cookies::ticket(ticket, None)).collect())
    }

    /// Logs Oskar in, if Mallory's ticket is in his browser.
    async fn log_in(&self, state: &LabState, with_new_id: bool) -> Result<Vec<String>, Denied> {
        let session = self.session(state).await?;
        let planted = state.mallory.as_deref().map(cookies::without_signature);
        let is_planted = planted.as_deref() == Some(session.id().as_str());
        let Some(Hidden { oskar, .. }) = state.hidden.as_ref().filter(|_| is_planted) else {
            return Ok(vec![]);
        };
        if state.is_mallory {
            return Ok(vec![]);
        }
        if with_new_id {
            session.regenerate();
        }
        session.set(USER, oskar).map_err(Unavailable::new)?;
        Ok(session.sessions().commit(&session).await?.into_iter().collect())
    }
}
