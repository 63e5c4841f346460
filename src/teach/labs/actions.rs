//! The buttons of the labs.
//!
//! Each is a request of its own, so the X-ray shows its effect. The request after it shows what the browser
//! made of the response.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use rocket::Request;
use rocket_express_session::Session;
use serde::Deserialize;

use super::servers::Tenant;
use super::sessions::{DAY, Labs};
use super::{cookies, guest_book, options, other_site};
use crate::auth::revoke::REVOKED;
use crate::db::Unavailable;
use crate::names::{BIG_COOKIE, LAB_COOKIE, NOTE_COOKIE, OLD_COOKIE};
use crate::teach::limits::{Denied, Limits, Size};
use crate::teach::progress::{Hidden, LabState, Switches};

/// The lifetime of the short-lived cookie, and of the short-lived document, in the lesson on clocks.
const SHORT: Duration = Duration::from_secs(20);

/// The size of a cookie that browsers reject (RFC 6265bis: at most 4,096 bytes of name and value).
const GIANT: usize = 5_000;

/// The size of a session that no cookie could hold.
const CARGO: usize = 100 * 1024;

/// The session key of the lab's counter.
pub(super) const VISITS: &str = "visits";
const CARGO_KEY: &str = "cargo";

/// A button that was pressed, and the fields beside it. What was typed is never recorded.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Button {
    /// The name of the button.
    #[serde(rename = "do")]
    pub name: String,
    /// In lesson 5, the value of a cookie, and a session ID with the secret to sign it with. In lesson 7,
    /// `value` is what a script has read.
    pub value: String,
    pub id: String,
    pub signing_secret: String,
    /// The switches of lesson 13.
    #[serde(flatten)]
    pub switches: Switches,
}

/// A request to a lab, and what it may use.
pub(super) struct LabContext<'r> {
    pub request: &'r Request<'r>,
    pub labs: &'r Labs,
    /// The owner of the learner's server; `None` for a visitor without a stored session.
    pub tenant: Option<Tenant>,
    /// How much the learner may store.
    pub limits: &'r Limits<'r>,
    pub slug: &'static str,
}

impl LabContext<'_> {
    /// Runs the action of a button, and returns the `Set-Cookie` lines. `None` if there is no such button.
    ///
    /// # Errors
    /// The store does not answer, or the learner has stored enough.
    pub(super) async fn run(
        &self,
        button: &Button,
        state: &mut LabState,
    ) -> Result<Option<Vec<String>>, Denied> {
        if self.slug == options::SLUG {
            state.switches = button.switches.clone();
        }
        let lines = match (self.slug, button.name.as_str()) {
            ("the-seal", "new" | "leak" | "send" | "sign" | "role") => {
                self.forge(button, state).await?
            }
            ("fixation", "plant" | "keep" | "regenerate" | "mallory") => {
                self.fixation(button, state).await?
            }
            ("session-or-token", "login" | "short" | "everywhere" | "send") => {
                self.token(button, state).await?
            }
            (guest_book::SLUG, name @ ("give" | "stranger" | "escape" | "trust")) => {
                guest_book::press(self.request, name, &button.value, state)
            }
            (other_site::SLUG, "give") => other_site::give(state),
            (_, name) => match self.press(name, state).await? {
                Some(lines) => lines,
                None => return Ok(None),
            },
        };
        if self.slug == "three-clocks" {
            self.labs.clocks.sent(&lines);
        }
        Ok(Some(lines))
    }

    /// Runs the action of a button that is not of one lesson alone, or has no file of its own.
    async fn press(&self, name: &str, state: &mut LabState) -> Result<Option<Vec<String>>, Denied> {
        Ok(Some(match name {
            "new" => self.begin(state, None).await?,
            "change" => self.change(state, |session| session.increment(VISITS)).await?,
            "big-session" => self.add_cargo(state).await?,
            "big-cookie" => {
                vec![cookies::plain(BIG_COOKIE, &"x".repeat(GIANT - BIG_COOKIE.len() - 1))]
            }
            "note" => {
                let Hidden { colour, .. } = state.hidden.get_or_insert_with(Hidden::random);
                vec![cookies::plain(NOTE_COOKIE, &encoded(&format!("colour={colour}")))]
            }
            "bad-cookie" => {
                let hidden = state.hidden.get_or_insert_with(Hidden::random);
                let text = format!("user={};password={}", hidden.oskar, hidden.password);
                vec![cookies::plain(OLD_COOKIE, &encoded(&text))]
            }
            "replay" => state.ticket.iter().map(|value| cookies::ticket(value, None)).collect(),
            "newcomer" | "forget" => vec![cookies::forget(LAB_COOKIE)],
            "steal" => vec![cookies::ticket(&self.decoy(state).await?, None)],
            "oskar-again" => {
                state.decoy = None;
                vec![cookies::ticket(&self.decoy(state).await?, None)]
            }
            "revoke" => self.revoke(state).await?,
            "logout" => self.log_out(state).await?,
            "count" => self.count(state).await?,
            "restart" => {
                if let Some(tenant) = &self.tenant {
                    self.labs.servers().restart(tenant);
                }
                vec![]
            }
            "switch" => vec![],
            "short-cookie" => self.with_other_clock(state, DAY, SHORT).await?,
            "short-document" => self.with_other_clock(state, SHORT, DAY).await?,
            _ => return Ok(None),
        }))
    }

    /// The lab's session that the browser's cookie names.
    ///
    /// # Errors
    /// The store does not answer.
    pub(super) async fn session(&self, state: &LabState) -> Result<Session, Unavailable> {
        let switches = match self.slug {
            "the-seal" => return self.signed_session(state).await,
            options::SLUG => state.switches.clone(),
            _ => Switches::default(),
        };
        self.labs.sessions(&switches)?.load(self.request).await
    }

    /// Starts a new session, and remembers its ticket.
    async fn begin(
        &self,
        state: &mut LabState,
        max_age: Option<Duration>,
    ) -> Result<Vec<String>, Denied> {
        self.limits.count(Size::Small).await?;
        let session = self.session(state).await?;
        session.regenerate();
        if max_age.is_some() {
            session.set_max_age(max_age);
        }
        self.save(state, &session, |session| session.set(VISITS, &1)).await
    }

    async fn change<E: std::fmt::Display>(
        &self,
        state: &mut LabState,
        change: impl FnOnce(&Session) -> Result<(), E>,
    ) -> Result<Vec<String>, Denied> {
        let session = self.session(state).await?;
        self.count_new(&session).await?;
        self.save(state, &session, change).await
    }

    /// Adds the cargo to the session. A session that has it already grows no further.
    async fn add_cargo(&self, state: &mut LabState) -> Result<Vec<String>, Denied> {
        let session = self.session(state).await?;
        if session.get::<String>(CARGO_KEY).is_none() {
            self.limits.count(Size::Big).await?;
        }
        self.count_new(&session).await?;
        let cargo = "x".repeat(CARGO);
        self.save(state, &session, |session| session.set(CARGO_KEY, &cargo)).await
    }

    async fn count_new(&self, session: &Session) -> Result<(), Denied> {
        if session.is_stored() { Ok(()) } else { self.limits.count(Size::Small).await }
    }

    /// Changes the session, stores it, and remembers its ticket.
    async fn save<E: std::fmt::Display>(
        &self,
        state: &mut LabState,
        session: &Session,
        change: impl FnOnce(&Session) -> Result<(), E>,
    ) -> Result<Vec<String>, Denied> {
        change(session).map_err(Unavailable::new)?;
        let line = session.sessions().commit(session).await?;
        let ticket = line.as_deref().and_then(cookies::value).filter(|value| !value.is_empty());
        state.ticket = ticket.map(str::to_owned).or_else(|| state.ticket.take());
        Ok(line.into_iter().collect())
    }

    /// Starts a session whose document has another lifetime than its cookie.
    async fn with_other_clock(
        &self,
        state: &mut LabState,
        document: Duration,
        cookie: Duration,
    ) -> Result<Vec<String>, Denied> {
        self.begin(state, Some(document)).await?;
        Ok(state.ticket.iter().map(|value| cookies::ticket(value, Some(cookie))).collect())
    }

    async fn log_out(&self, state: &LabState) -> Result<Vec<String>, Denied> {
        let session = self.session(state).await?;
        self.labs.clocks.change(session.id().as_str(), |times| times.is_logged_out = true);
        session.destroy();
        Ok(session.sessions().commit(&session).await?.into_iter().collect())
    }

    /// The ticket of the decoy account, which is logged in with another browser.
    async fn decoy(&self, state: &mut LabState) -> Result<String, Denied> {
        if let Some(ticket) = &state.decoy {
            return Ok(ticket.clone());
        }
        super::note(self.slug, "sessions begun for Oskar, in a browser of his own", 1);
        let Hidden { oskar, .. } = state.hidden.get_or_insert_with(Hidden::random);
        let log_in = |session: &Session| session.regenerate().log_in(&oskar);
        let ticket = self.new_ticket(&Switches::default(), log_in).await?;
        Ok(state.decoy.insert(ticket).clone())
    }

    /// Stores a session that is in no browser yet; returns its ticket.
    pub(super) async fn new_ticket<E: std::fmt::Display>(
        &self,
        switches: &Switches,
        change: impl FnOnce(&Session) -> Result<(), E>,
    ) -> Result<String, Denied> {
        self.limits.count(Size::Small).await?;
        let session = self.labs.sessions(switches)?.create(self.request);
        change(&session).map_err(Unavailable::new)?;
        let line = session.sessions().commit(&session).await?.unwrap_or_default();
        Ok(cookies::value(&line).unwrap_or_default().to_owned())
    }

    /// Ends Oskar's session as the account page does: for this reason, and at once.
    async fn revoke(&self, state: &LabState) -> Result<Vec<String>, Denied> {
        let header = format!("{LAB_COOKIE}={}", state.decoy.as_deref().unwrap_or_default());
        let sessions = self.labs.sessions(&Switches::default())?;
        let session = sessions.load_from_header(self.request, &header).await?;
        session.user_sessions().revoke(&session.id().handle(), REVOKED).await?;
        // The thief's browser keeps the cookie: no response tells it to delete it.
        Ok(vec![])
    }

    /// Adds one to both counters.
    async fn count(&self, state: &mut LabState) -> Result<Vec<String>, Denied> {
        let mut lines = self.change(state, |session| session.increment(VISITS)).await?;
        let Some(memory) = self.memory().await? else { return Ok(lines) };
        self.count_new(&memory).await?;
        memory.increment(VISITS).map_err(Unavailable::new)?;
        lines.extend(memory.sessions().commit(&memory).await?);
        Ok(lines)
    }

    /// The session in the memory of the learner's server, if there is one.
    ///
    /// # Errors
    /// The memory does not answer, which does not happen.
    pub(super) async fn memory(&self) -> Result<Option<Session>, Unavailable> {
        let Some(tenant) = &self.tenant else { return Ok(None) };
        let server = self.labs.servers().of(tenant);
        let sessions = self.labs.in_memory(&server)?;
        sessions.load(self.request).await.map(Some)
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
