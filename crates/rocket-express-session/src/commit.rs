//! THE WAY OUT: what happened to the session is planned, written, and told to the browser.
//!
//! Runs for each response, after the handler or catcher and before the head of the response leaves. A
//! redirect can therefore never overtake the save, as it can in Express. `plan.rs` decides, and `write.rs`
//! writes, once at most.

use rocket::fairing::{Fairing, Info, Kind};
use rocket::http::Status;
use rocket::tokio::time::Instant;
use rocket::{Build, Request, Response, Rocket};

use crate::cookie;
use crate::cookie_record::CookieRecord;
use crate::error::Unavailable;
use crate::guard::opened;
use crate::javascript::Timestamp;
use crate::observe::{Committed, Event};
use crate::plan::{Plan, SaveOptions, SessionFacts, SetCookie, Write, plan};
use crate::session::Session;
use crate::sessions::Sessions;
use crate::write::Writer;

#[rocket::async_trait]
impl Fairing for Sessions {
    fn info(&self) -> Info {
        Info { name: "Sessions", kind: Kind::Ignite | Kind::Response }
    }

    async fn on_ignite(&self, rocket: Rocket<Build>) -> rocket::fairing::Result {
        Ok(rocket.manage(self.clone()))
    }

    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut Response<'r>) {
        let Some(session) = opened(request) else {
            return;
        };
        let failed = response.status().class().is_server_error();
        let deadline = (self.hooks().deadline)(request).map(Instant::from_std);
        match self.in_time(deadline, self.commit_after(session, failed)).await {
            Ok(Some(line)) => put_first(response, line),
            Ok(None) => {}
            Err(error) => {
                log::error!("the session could not be stored: {error}");
                *response = (self.hooks().unavailable_page)(request);
                response.set_status(Status::ServiceUnavailable);
            }
        }
    }
}

impl Sessions {
    /// Commits a session that [`load`](Self::load) or [`create`](Self::create) has returned; returns the
    /// `Set-Cookie` line for the response. The session of a guard is committed by itself.
    ///
    /// # Errors
    /// The store does not answer: then the browser must get no cookie.
    pub async fn commit(&self, session: &Session) -> Result<Option<String>, Unavailable> {
        self.in_time(session.request.deadline, self.commit_after(session, false)).await
    }

    /// `failed`: the response is a 5xx. Then the session is not extended: the store may be what failed.
    async fn commit_after(
        &self,
        session: &Session,
        failed: bool,
    ) -> Result<Option<String>, Unavailable> {
        let state = session.effective_state();
        let writer = session.writer(&state, Timestamp::now());
        let mut facts = facts(&writer);
        facts.touch_due &= !failed;
        let mut plan = plan(SaveOptions::of(self.options()), facts);
        if plan.needs_delivery() && writer.obstacle().is_some() {
            plan = plan.undeliverable();
        }
        if facts.destroyed {
            destroy_ambiguous(&writer).await?;
        }
        let Plan { write, set_cookie } = plan;
        let sent = carry_out(&writer, write).await?;
        let (name, session) = (&*self.options().name, Committed(&state));
        self.observe(Event::Committed { name, write, session });
        Ok(sent.and_then(|cookie| set_cookie_line(&writer, set_cookie, &cookie)))
    }
}

/// The facts about the session that decide what is written and sent.
fn facts(writer: &Writer<'_>) -> SessionFacts {
    let state = writer.state;
    let expiry = writer.sessions.expiry(state.record.as_deref(), writer.now);
    SessionFacts {
        loaded: state.record.is_some() || state.replaces.is_some(),
        modified: state.is_modified(),
        regenerated: state.regenerated,
        destroyed: state.destroyed,
        had_cookie: writer.cookie.bytes > 0,
        changes_cookie: state.changes_cookie(),
        touch_due: state.touched || expiry.touch_is_due(&state.cookie),
        saved: state.saved,
        needs_set_cookie: state.needs_set_cookie,
        outdated_signature: writer.cookie.outdated_signature,
        extends_cookie: expiry.extends(&state.cookie),
    }
}

/// Does the write; returns the cookie that may be sent. `None` when none may: another request has ended
/// the session, or no browser would send the cookie back.
async fn carry_out(writer: &Writer<'_>, write: Write) -> Result<Option<CookieRecord>, Unavailable> {
    let expiry = writer.sessions.expiry(writer.state.record.as_deref(), writer.now);
    let cookie = expiry.renewed_cookie(&writer.state.cookie);
    match write {
        Write::Nothing => Ok(Some(cookie)),
        Write::SkipUndeliverable => skip(writer).await.map(|()| None),
        Write::Insert | Write::Update => {
            let record = writer.write().await?;
            Ok(record.map(|record| record.data().cookie.clone()))
        }
        Write::Touch => {
            let touched = writer.touch(expiry.times(&writer.state.cookie)).await;
            Ok(touched.then_some(cookie))
        }
        Write::Delete => {
            let id = writer.state.replaces.as_ref().unwrap_or(&writer.state.id);
            writer.sessions.destroy(id).await?;
            Ok(Some(cookie))
        }
    }
}

/// Does not store a new session whose cookie would never come back. Express stores it.
async fn skip(writer: &Writer<'_>) -> Result<(), Unavailable> {
    let (name, why) = (&writer.sessions.options().name, writer.obstacle().unwrap_or_default());
    log::warn!(
        "a session was not stored, because the browser would not send its cookie {name} back: {why}"
    );
    writer.destroy_replaced().await
}

/// Ends both sessions of a browser that sent two cookies. If only one ended, the browser would be logged
/// in by the other, without the cookie that it is told to delete.
async fn destroy_ambiguous(writer: &Writer<'_>) -> Result<(), Unavailable> {
    for id in &writer.cookie.ambiguous {
        writer.sessions.destroy(id).await?;
    }
    Ok(())
}

fn set_cookie_line(
    writer: &Writer<'_>,
    set_cookie: SetCookie,
    cookie: &CookieRecord,
) -> Option<String> {
    let name = &*writer.sessions.options().name;
    match set_cookie {
        SetCookie::Nothing => None,
        SetCookie::Send => {
            writer.sessions.observe(Event::CookieSent { id: &writer.state.id });
            let value = writer.sessions.options().secret.sign(&writer.state.id);
            Some(cookie::set_line(name, &value, cookie))
        }
        SetCookie::Expire => Some(cookie::expire_line(name, cookie)),
    }
}

/// Beside other cookies, and before them, because a simple client that reads a single line wants this one.
fn put_first(response: &mut Response<'_>, line: String) {
    let others: Vec<String> = response.headers().get("set-cookie").map(str::to_owned).collect();
    response.set_raw_header("Set-Cookie", line);
    for other in others {
        response.adjoin_raw_header("Set-Cookie", other);
    }
}
