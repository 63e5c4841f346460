//! The buttons of the labs. Each is a request of its own, so the X-ray shows its effect. The next request
//! shows what the browser made of the response.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use rocket_express_session::{Session, Timestamp};

use super::request::{Button, LabRequest, VISITS, ticket_of};
use super::sessions::DAY;
use super::{cookies, note};
use crate::auth::revoke::REVOKED;
use crate::db::Unavailable;
use crate::names::{BIG_COOKIE, LAB_COOKIE, NOTE_COOKIE, OLD_COOKIE};
use crate::teach::limits::{Denied, Size};
use crate::teach::progress::{Hidden, Switches};

/// The lifetime of the short-lived cookie, and of the short-lived document, in the lesson on clocks.
const SHORT: Duration = Duration::from_secs(20);

/// The size of a cookie that browsers reject (RFC 6265bis: at most 4,096 bytes of name and value).
const GIANT: usize = 5_000;

/// The size of a session that no cookie could hold.
const CARGO: usize = 100 * 1024;

const CARGO_KEY: &str = "cargo";

impl LabRequest<'_> {
    /// Runs the action of a button. False if there is no such button.
    pub(super) async fn press(&mut self, button: &Button) -> Result<bool, Denied> {
        let is_own = match self.slug() {
            "the-seal" => self.press_forge(button).await?,
            "what-a-script-takes" => self.press_guest_book(button),
            "fixation" => self.press_fixation(button).await?,
            "session-or-token" => self.press_token(button).await?,
            "another-site" if button.name == "give" => {
                self.give_site_cookies();
                true
            }
            "the-options" => {
                self.state.switches = button.switches.clone();
                false
            }
            _ => false,
        };
        let is_known = is_own || self.press_common(&button.name).await?;
        if self.slug() == "three-clocks" {
            self.labs.clocks.sent(&self.lesson.learner.lab_cookies);
        }
        Ok(is_known)
    }

    /// Runs the action of a button that each lab has, although most pages show only some of them.
    async fn press_common(&mut self, name: &str) -> Result<bool, Denied> {
        match name {
            "new" => {
                let session = self.new_session().await?;
                self.save(&session).await?;
            }
            "change" => self.count_visit().await?,
            "count" => {
                self.count_visit().await?;
                self.count_in_memory().await?;
            }
            "big-session" => self.add_cargo().await?,
            "big-cookie" => {
                let value = "x".repeat(GIANT - BIG_COOKIE.len() - 1);
                self.send(cookies::plain(BIG_COOKIE, &value));
            }
            "note" => {
                let text = format!("colour={}", self.state.hidden().colour);
                self.send(cookies::plain(NOTE_COOKIE, &encoded(&text)));
            }
            "bad-cookie" => {
                let Hidden { oskar, password, .. } = self.state.hidden();
                let text = format!("user={oskar};password={password}");
                self.send(cookies::plain(OLD_COOKIE, &encoded(&text)));
            }
            "replay" => self.send_ticket(self.state.ticket.clone()),
            "newcomer" | "forget" => self.send(cookies::no_ticket()),
            "steal" => self.steal().await?,
            "oskar-again" => {
                self.state.decoy = None;
                self.steal().await?;
            }
            "revoke" => self.revoke().await?,
            "logout" => self.log_out().await?,
            "restart" => self.restart(),
            "switch" => {}
            "short-cookie" => self.start_clocks(DAY, SHORT).await?,
            "short-document" => self.start_clocks(SHORT, DAY).await?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// A new session for this browser. It is counted, and its counter is 1.
    async fn new_session(&self) -> Result<Session, Denied> {
        self.count(Size::Small).await?;
        let session = self.session().await?;
        session.regenerate();
        session.set(VISITS, &1)?;
        Ok(session)
    }

    /// Stores the session, and remembers its ticket.
    async fn save(&mut self, session: &Session) -> Result<(), Denied> {
        self.commit(session).await?;
        let mut lines = self.lesson.learner.lab_cookies.iter();
        if let Some(ticket) = lines.find_map(|line| cookies::ticket_in(line)) {
            self.state.ticket = Some(ticket.to_owned());
        }
        Ok(())
    }

    async fn count_visit(&mut self) -> Result<(), Denied> {
        let session = self.session().await?;
        self.count_new(&session).await?;
        session.increment(VISITS)?;
        self.save(&session).await
    }

    async fn count_in_memory(&mut self) -> Result<(), Denied> {
        let memory = self.memory().await?;
        self.count_new(&memory).await?;
        memory.increment(VISITS)?;
        Ok(self.commit(&memory).await?)
    }

    /// Restarts the learner's server. A visitor without a stored session has none.
    fn restart(&self) {
        if self.lesson.learner.is_stored() {
            self.labs.servers().restart(&self.lesson.learner);
        }
    }

    /// Adds the cargo to the session. A session that has it already grows no further.
    async fn add_cargo(&mut self) -> Result<(), Denied> {
        let session = self.session().await?;
        if session.get::<String>(CARGO_KEY).is_none() {
            self.count(Size::Big).await?;
        }
        self.count_new(&session).await?;
        session.set(CARGO_KEY, &"x".repeat(CARGO))?;
        self.save(&session).await
    }

    /// Starts a session whose document has another lifetime than its cookie.
    async fn start_clocks(&mut self, document: Duration, cookie: Duration) -> Result<(), Denied> {
        let session = self.new_session().await?;
        session.set_max_age(Some(document));
        self.save(&session).await?;
        let ticket = self.state.ticket.as_deref().unwrap_or_default();
        let line = cookies::ticket(ticket, Some(Timestamp::now().plus(cookie)));
        // In place of the session's own line.
        self.lesson.learner.lab_cookies = vec![line];
        Ok(())
    }

    async fn log_out(&mut self) -> Result<(), Denied> {
        let session = self.session().await?;
        self.labs.clocks.change(session.id().as_str(), |times| times.is_logged_out = true);
        session.destroy();
        Ok(self.commit(&session).await?)
    }

    /// Sends the ticket of Oskar, who is logged in with another browser.
    async fn steal(&mut self) -> Result<(), Denied> {
        if self.state.decoy.is_none() {
            note(self.slug(), "sessions begun for Oskar, in a browser of his own", 1);
            let session = self.session_elsewhere(&Switches::default()).await?;
            session.regenerate().log_in(&self.state.hidden().oskar)?;
            self.state.decoy = Some(ticket_of(&session).await?);
        }
        self.send_ticket(self.state.decoy.clone());
        Ok(())
    }

    /// Ends Oskar's session as the account page does: for this reason, and at once.
    async fn revoke(&self) -> Result<(), Unavailable> {
        let header = format!("{LAB_COOKIE}={}", self.state.decoy.as_deref().unwrap_or_default());
        let sessions = self.labs.sessions(&Switches::default())?;
        let session = sessions.load_from_header(self.request(), &header).await?;
        // The thief's browser keeps the cookie: no response tells it to delete it.
        session.user_sessions().revoke(&session.id().handle(), REVOKED).await?;
        Ok(())
    }
}

fn encoded(text: &str) -> String {
    STANDARD_NO_PAD.encode(text)
}

/// The text that this base64 encodes. No key is needed for that.
pub(super) fn decoded(text: &str) -> Option<String> {
    let bytes = STANDARD_NO_PAD.decode(text.trim().trim_end_matches('=')).ok()?;
    String::from_utf8(bytes).ok()
}
