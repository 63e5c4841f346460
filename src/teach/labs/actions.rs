//! What the buttons of the labs do.
//!
//! Each is a request of its own, so that the X-ray shows what came of it; the page after it shows
//! what the browser made of the answer.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use rocket::Request;
use rocket_express_session::Session;

use super::bench::{Bench, Secret, Switches};
use super::server::{DAY, Labs, commit};
use super::servers::Tenant;
use super::{BIG_COOKIE, COOKIE, DECOY, NOTE_COOKIE, OLD_COOKIE, cookies};
use crate::db::Unavailable;
use crate::teach::lessons::Lesson;
use crate::teach::limits::{Denied, Limits, Size};

/// How long the short-lived things of the lesson on clocks live.
pub const SHORT: Duration = Duration::from_secs(20);

/// More than a browser keeps (RFC 6265bis: 4,096 bytes of name and value).
const GIANT: usize = 5_000;

/// Far more than any cookie.
const CARGO: usize = 100 * 1024;

/// The session key of the lab's counter.
pub const VISITS: &str = "visits";
const CARGO_KEY: &str = "cargo";

/// A button that was pressed, and the switches that stood beside it.
pub struct Action<'r> {
    /// Its name.
    pub name: &'r str,
    /// Only for the button that sets them.
    pub switches: Switches,
}

/// The request, and where the learner's things are.
pub struct Place<'r> {
    /// That the button made.
    pub request: &'r Request<'r>,
    /// All labs.
    pub labs: &'r Labs,
    /// The learner's little server; `None` as long as nothing is kept of a visitor.
    pub tenant: Option<Tenant>,
    /// How much the learner may store.
    pub limits: &'r Limits<'r>,
    /// Whose lab it is.
    pub lesson: &'static Lesson,
}

impl Place<'_> {
    /// Does it; returns the `Set-Cookie` lines. `None`: there is no such button.
    ///
    /// # Errors
    /// The store does not answer, or the learner has stored enough.
    pub async fn act(
        &self,
        action: &Action<'_>,
        bench: &mut Bench,
    ) -> Result<Option<Vec<String>>, Denied> {
        let lines = match action.name {
            "new" => self.begin(bench, None).await?,
            "change" => self.change(bench, |session| session.increment(VISITS)).await?,
            "big-session" => self.load(bench).await?,
            "big-cookie" => {
                vec![cookies::plain(BIG_COOKIE, &"x".repeat(GIANT - BIG_COOKIE.len() - 1))]
            }
            "note" => {
                vec![cookies::plain(NOTE_COOKIE, &encoded(&format!("colour={}", super::COLOUR)))]
            }
            "bad-cookie" => {
                let text = format!("user={DECOY};password={}", super::DECOY_PASSWORD);
                vec![cookies::plain(OLD_COOKIE, &encoded(&text))]
            }
            "other-number" => altered(bench, cookies::with_other_number),
            "other-seal" => altered(bench, cookies::with_other_seal),
            "no-seal" => altered(bench, cookies::without_seal),
            "replay" => altered(bench, str::to_owned),
            "newcomer" | "forget" => vec![cookies::forget(COOKIE)],
            "steal" => vec![cookies::ticket(&self.decoy(bench).await?, None)],
            "revoke" => self.revoke(bench).await?,
            "logout" => self.log_out(bench).await?,
            "count" => self.count(bench).await?,
            "restart" => {
                if let Some(tenant) = &self.tenant {
                    self.labs.restart(tenant);
                }
                vec![]
            }
            "switch" => {
                bench.switches = action.switches.clone();
                vec![]
            }
            "short-cookie" => self.with_other_clock(bench, DAY, SHORT).await?,
            "short-document" => self.with_other_clock(bench, SHORT, DAY).await?,
            _ => return Ok(None),
        };
        Ok(Some(lines))
    }

    /// The lab's session that the browser's cookie names.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn session(&self, bench: &Bench) -> Result<Session, Unavailable> {
        self.labs.sessions(&bench.switches)?.load(self.request).await
    }

    /// Whether a valid document stands for this ticket, wherever the browser has it or not.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn is_kept(&self, ticket: &str) -> Result<bool, Unavailable> {
        // With both secrets: whether it is kept is not a question of the seal.
        let switches = Switches { secret: Secret::Both, ..Switches::default() };
        let sessions = self.labs.unobserved(&switches)?;
        let session =
            sessions.load_from_header(self.request, &format!("{COOKIE}={ticket}")).await?;
        Ok(session.is_stored())
    }

    /// A new session with something in it; its ticket is remembered.
    async fn begin(
        &self,
        bench: &mut Bench,
        max_age: Option<Duration>,
    ) -> Result<Vec<String>, Denied> {
        self.limits.count(Size::Small).await?;
        let session = self.session(bench).await?;
        session.regenerate();
        session.set(VISITS, &1).map_err(Unavailable::new)?;
        if max_age.is_some() {
            session.set_max_age(max_age);
        }
        let line = commit(&session).await?;
        remember(bench, line.as_deref());
        Ok(line.into_iter().collect())
    }

    async fn change<E: std::fmt::Display>(
        &self,
        bench: &mut Bench,
        change: impl FnOnce(&Session) -> Result<(), E>,
    ) -> Result<Vec<String>, Denied> {
        let session = self.session(bench).await?;
        self.count_new(&session).await?;
        self.keep(bench, &session, change).await
    }

    /// Puts the cargo into the session; one that has it already grows no further.
    async fn load(&self, bench: &mut Bench) -> Result<Vec<String>, Denied> {
        let session = self.session(bench).await?;
        if session.get::<String>(CARGO_KEY).is_none() {
            self.limits.count(Size::Big).await?;
        }
        self.count_new(&session).await?;
        let cargo = "x".repeat(CARGO);
        self.keep(bench, &session, |session| session.set(CARGO_KEY, &cargo)).await
    }

    async fn count_new(&self, session: &Session) -> Result<(), Denied> {
        if session.is_stored() { Ok(()) } else { self.limits.count(Size::Small).await }
    }

    async fn keep<E: std::fmt::Display>(
        &self,
        bench: &mut Bench,
        session: &Session,
        change: impl FnOnce(&Session) -> Result<(), E>,
    ) -> Result<Vec<String>, Denied> {
        change(session).map_err(Unavailable::new)?;
        let line = commit(session).await?;
        remember(bench, line.as_deref());
        Ok(line.into_iter().collect())
    }

    /// The document lives for so long, and the cookie for another time.
    async fn with_other_clock(
        &self,
        bench: &mut Bench,
        document: Duration,
        cookie: Duration,
    ) -> Result<Vec<String>, Denied> {
        self.begin(bench, Some(document)).await?;
        Ok(bench.ticket.iter().map(|value| cookies::ticket(value, Some(cookie))).collect())
    }

    async fn log_out(&self, bench: &Bench) -> Result<Vec<String>, Denied> {
        let session = self.session(bench).await?;
        session.destroy();
        Ok(commit(&session).await?.into_iter().collect())
    }

    /// The ticket of the decoy, who is logged in somewhere else.
    async fn decoy(&self, bench: &mut Bench) -> Result<String, Denied> {
        if let Some(ticket) = &bench.decoy {
            return Ok(ticket.clone());
        }
        self.limits.count(Size::Small).await?;
        super::note(self.lesson, "sessions begun for Oskar, in a browser of his own", 1);
        let session = self.labs.sessions(&Switches::default())?.create(self.request);
        session.regenerate().log_in(DECOY).map_err(Unavailable::new)?;
        let line = commit(&session).await?.unwrap_or_default();
        let ticket = cookies::value(&line).unwrap_or_default().to_owned();
        bench.decoy = Some(ticket.clone());
        Ok(ticket)
    }

    /// Ends the decoy's session, as the decoy would on the account page.
    async fn revoke(&self, bench: &Bench) -> Result<Vec<String>, Denied> {
        let header = format!("{COOKIE}={}", bench.decoy.as_deref().unwrap_or_default());
        let sessions = self.labs.sessions(&Switches::default())?;
        let session = sessions.load_from_header(self.request, &header).await?;
        session.destroy();
        commit(&session).await?;
        // The thief's browser keeps the cookie: no response tells it to delete it.
        Ok(vec![])
    }

    /// One more in both counters.
    async fn count(&self, bench: &mut Bench) -> Result<Vec<String>, Denied> {
        let mut lines = self.change(bench, |session| session.increment(VISITS)).await?;
        let Some(memory) = self.memory().await? else { return Ok(lines) };
        self.count_new(&memory).await?;
        memory.increment(VISITS).map_err(Unavailable::new)?;
        lines.extend(commit(&memory).await?);
        Ok(lines)
    }

    /// The session in the memory of the learner's little server, if there is one.
    ///
    /// # Errors
    /// None that happens: memory answers.
    pub async fn memory(&self) -> Result<Option<Session>, Unavailable> {
        let Some(tenant) = &self.tenant else { return Ok(None) };
        let sessions = self.labs.in_memory(&self.labs.server(tenant))?;
        sessions.load(self.request).await.map(Some)
    }
}

fn remember(bench: &mut Bench, line: Option<&str>) {
    if let Some(value) = line.and_then(cookies::value).filter(|value| !value.is_empty()) {
        bench.ticket = Some(value.to_owned());
    }
}

/// The remembered ticket, changed. Nothing without one.
fn altered(bench: &Bench, change: impl Fn(&str) -> String) -> Vec<String> {
    bench.ticket.iter().map(|value| cookies::ticket(&change(value), None)).collect()
}

fn encoded(text: &str) -> String {
    STANDARD_NO_PAD.encode(text)
}

/// What base64 says, for the box in which one can read it; no key is needed for that.
pub fn decoded(text: &str) -> Option<String> {
    let bytes = STANDARD_NO_PAD.decode(text.trim().trim_end_matches('=')).ok()?;
    String::from_utf8(bytes).ok()
}
