//! Notes the events of the session engine as steps. The engine does not know the notebook: it calls a
//! function of ours for each event (`Builder::observe`).

use rocket_express_session::SessionId;
use rocket_express_session::observe::{Event, Signature as CookieSignature};

use super::bounds::{self, cut};
use super::notebook::{assign_to_session, note};
use super::redact::short_id;
use super::step::{Signature, Step};

/// Notes an event of the site's sessions, and which browser the request belongs to.
pub fn observe(event: &Event<'_>) {
    if let Event::Loaded { id, .. } | Event::CookieSent { id, .. } = event {
        assign_to_session(id.as_str());
    }
    observe_lab(event);
}

/// Notes an event of the labs' sessions, which do not identify the browser.
pub fn observe_lab(event: &Event<'_>) {
    match event {
        Event::CookieRead { name, bytes, signature, took, .. } => note(|| Step::CookieRead {
            name: cut(name, bounds::NAME),
            bytes: *bytes,
            signature: verified(*signature),
            took: *took,
        }),
        Event::Unknown { id, .. } => note(|| Step::UnknownSession { sid: prefix(id) }),
        Event::Revoked { reason, .. } => {
            note(|| Step::Revoked { reason: reason.as_str().to_owned() });
        }
        Event::Regenerated { old, new, .. } => {
            note(|| Step::Regenerated { old: old.map(prefix), new: prefix(new) });
        }
        Event::Destroyed => note(|| Step::Destroyed),
        Event::Committed { name, write, session, .. } => note(|| Step::Written {
            name: cut(name, bounds::NAME),
            bytes: session.data().to_json().len(),
            write: *write,
        }),
        _ => {}
    }
}

/// Notes a call of the memory store, as the counterpart of a command to MongoDB.
pub fn observe_memory(event: &Event<'_>) {
    if let Event::StoreCalled { method, id, .. } = event {
        // Like `destroy`, `take` deletes the session.
        let method = if *method == "take" { "destroy" } else { method };
        note(|| Step::Memory { method, sid: prefix(id) });
    }
}

fn prefix(id: &SessionId) -> String {
    short_id(id.as_str())
}

fn verified(signature: CookieSignature<'_>) -> Signature {
    match signature {
        CookieSignature::Genuine { id, is_outdated, .. } => {
            Signature::Genuine { sid: prefix(id), outdated: is_outdated }
        }
        CookieSignature::Ambiguous => Signature::Ambiguous,
        CookieSignature::Wrong => Signature::Wrong,
        CookieSignature::Missing => Signature::Missing,
        _ => Signature::NoCookie,
    }
}
