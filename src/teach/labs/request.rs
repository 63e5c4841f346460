//! A request to a lab: what all buttons and all pages of the labs work with.

use rocket::Request;
use rocket_express_session::Session;
use serde::Deserialize;

use super::cookies;
use super::sessions::Labs;
use crate::db::Unavailable;
use crate::teach::lessons::LessonPage;
use crate::teach::limits::{Denied, Size};
use crate::teach::progress::{LabState, Switches};

pub(super) const VISITS: &str = "visits";

/// A button that was pressed, and the fields beside it. What was typed is never recorded.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Button {
    #[serde(rename = "do")]
    pub name: String,
    /// The value of a cookie; in lesson 7, what a script has read. `signing_secret` is to sign `id`.
    pub value: String,
    pub id: String,
    pub signing_secret: String,
    #[serde(flatten)]
    pub switches: Switches,
}

/// A request to a lab. `lesson.learner.lab_cookies` are the `Set-Cookie` lines of its response.
pub(super) struct LabRequest<'r> {
    pub lesson: LessonPage<'r>,
    pub labs: &'r Labs,
    /// What the labs remember of the learner. A button changes it.
    pub state: LabState,
}

impl<'r> LabRequest<'r> {
    /// The request for this lesson's lab; `None` if the lesson has none.
    pub(super) fn new(lesson: LessonPage<'r>, labs: &'r Labs) -> Option<Self> {
        let state = lesson.learner.progress().lab.clone();
        lesson.lesson.has_lab.then_some(Self { lesson, labs, state })
    }

    /// The lesson's slug, which is also the name of its lab.
    pub(super) fn slug(&self) -> &'static str {
        self.lesson.lesson.slug
    }

    pub(super) fn request(&self) -> &'r Request<'r> {
        self.lesson.page.request()
    }

    /// The lab's session that the browser's cookie names, or a new one.
    pub(super) async fn session(&self) -> Result<Session, Unavailable> {
        let switches = match self.slug() {
            "the-seal" => return self.signed_session().await,
            "the-options" => self.state.switches.clone(),
            _ => Switches::default(),
        };
        self.labs.sessions(&switches)?.load(self.request()).await
    }

    /// The session in the memory of the learner's server.
    pub(super) async fn memory(&self) -> Result<Session, Unavailable> {
        let server = self.labs.servers().of(&self.lesson.learner);
        self.labs.in_memory(&server)?.load(self.request()).await
    }

    /// Counts this session against the learner's limits, if it is new.
    pub(super) async fn count_new(&self, session: &Session) -> Result<(), Denied> {
        if session.is_stored() { Ok(()) } else { self.count(Size::Small).await }
    }

    pub(super) async fn count(&self, size: Size) -> Result<(), Denied> {
        self.lesson.learner.limits.count(size).await
    }

    /// Stores what has changed in the session, and sends its cookie if that is due.
    pub(super) async fn commit(&mut self, session: &Session) -> Result<(), Unavailable> {
        let line = session.sessions().commit(session).await?;
        self.lesson.learner.lab_cookies.extend(line);
        Ok(())
    }

    /// Sends a cookie: its `Set-Cookie` line.
    pub(super) fn send(&mut self, line: String) {
        self.lesson.learner.lab_cookies.push(line);
    }

    /// Sends a ticket that was set aside, if there is one.
    pub(super) fn send_ticket(&mut self, ticket: Option<String>) {
        if let Some(value) = ticket {
            self.send(cookies::ticket(&value, None));
        }
    }

    /// A session for another browser than this one. It is counted, and has a new ID.
    pub(super) async fn session_elsewhere(&self, switches: &Switches) -> Result<Session, Denied> {
        self.count(Size::Small).await?;
        Ok(self.labs.sessions(switches)?.create(self.request()))
    }
}

/// Stores the session of another browser; returns its ticket.
pub(super) async fn ticket_of(session: &Session) -> Result<String, Unavailable> {
    let line = session.sessions().commit(session).await?.unwrap_or_default();
    Ok(cookies::ticket_in(&line).unwrap_or_default().to_owned())
}
