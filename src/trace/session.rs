//! What the session engine reports, as steps of the notebook.
//!
//! The engine knows no notebook: it calls a function of ours for each event (`Builder::observe`).

use rocket_express_session::SessionId;
use rocket_express_session::Write as SessionWrite;
use rocket_express_session::observe::{Event, Signature};

use super::redact::start;
use super::step::{Seal, Step, Write};
use crate::in_flight::{note, own};

/// For the sessions of the site: also notes which browser the request belongs to.
pub fn observe(event: &Event<'_>) {
    if let Event::Loaded { id, .. } | Event::CookieSent { id, .. } = event {
        own(id.as_str());
    }
    observe_lab(event);
}

/// For the sessions of the labs, which say nothing about the browser.
pub fn observe_lab(event: &Event<'_>) {
    match event {
        Event::CookieRead { name, bytes, signature, took, .. } => note(|| Step::Ticket {
            name: (*name).to_owned(),
            bytes: *bytes,
            seal: seal(*signature),
            took: *took,
        }),
        Event::Unknown { id, .. } => note(|| Step::Lost { sid: prefix(id) }),
        Event::Revoked { reason, .. } => {
            note(|| Step::Ended { why: reason.as_str().to_owned() });
        }
        Event::Regenerated { old, new, .. } => {
            note(|| Step::Regenerated { old: old.map(prefix), new: prefix(new) })
        }
        Event::Destroyed => note(|| Step::Destroyed),
        Event::Committed { name, write, session, .. } => note(|| Step::Written {
            name: (*name).to_owned(),
            bytes: session.data().to_json().len(),
            write: written(*write),
        }),
        _ => {}
    }
}

/// For sessions in memory: a call of the store is what would be a command to MongoDB.
pub fn observe_memory(event: &Event<'_>) {
    if let Event::StoreCalled { method, id, .. } = event {
        // Both delete.
        let what = if *method == "take" { "destroy" } else { method };
        note(|| Step::Memory { what, sid: prefix(id) });
    }
}

fn prefix(id: &SessionId) -> String {
    start(id.as_str())
}

fn seal(signature: Signature<'_>) -> Seal {
    match signature {
        Signature::Genuine { id, is_outdated, .. } => {
            Seal::Genuine { sid: prefix(id), outdated: is_outdated }
        }
        Signature::Ambiguous => Seal::Several,
        Signature::Wrong => Seal::Broken,
        Signature::Missing => Seal::Missing,
        _ => Seal::None,
    }
}

fn written(write: SessionWrite) -> Write {
    match write {
        SessionWrite::Insert => Write::Insert,
        SessionWrite::Update => Write::Update,
        SessionWrite::Touch => Write::Touch,
        SessionWrite::Delete => Write::Delete,
        SessionWrite::SkipUndeliverable => Write::Withheld,
        _ => Write::Nothing,
    }
}
