//! What to do with a session at the end of a request: decisions only.
//!
//! The predicates have the names that they have in express-session's index.js. `commit.rs` does what the plan
//! says. The tests below are the table of these decisions.

use crate::options::Options;

/// The facts about a session at the end of a request.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SessionFacts {
    /// The session was found in the store (otherwise it is new).
    pub loaded: bool,
    /// A value changed against what was loaded, or its maximum age did.
    pub modified: bool,
    /// The browser's cookie is out of date, because this request changed the session or its maximum age.
    pub changes_cookie: bool,
    /// It got a new ID during this request.
    pub regenerated: bool,
    pub destroyed: bool,
    /// The browser sent a cookie of our name, whatever it was worth.
    pub had_cookie: bool,
    /// The last write is older than `touch_after`.
    pub touch_due: bool,
    /// A save before the end of the request has stored it already.
    pub saved: bool,
    /// An explicit save needs a `Set-Cookie`.
    pub needs_set_cookie: bool,
    /// The cookie was signed with an older secret than the first.
    pub outdated_signature: bool,
    /// A write would extend the cookie: it has an expiry, which is not at the absolute end yet.
    pub extends_cookie: bool,
}

/// The options that decide here.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SaveOptions {
    pub resave: bool,
    pub save_uninitialized: bool,
    pub rolling: bool,
    pub renew_cookie: bool,
}

impl SaveOptions {
    pub(crate) fn of(options: &Options) -> Self {
        let Options { resave, save_uninitialized, rolling, renew_cookie, .. } = *options;
        Self { resave, save_uninitialized, rolling, renew_cookie }
    }
}

/// The operation on the stored session at the end of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Write {
    /// Nothing changed, and the session expires late enough.
    Nothing,
    /// Store a new session, then delete the one it replaces, if there is one.
    Insert,
    /// Replace what the stored session holds.
    Update,
    /// Skip the insert: the browser would never send this cookie back. Express inserts.
    SkipUndeliverable,
    /// Extend the session, and leave what it holds alone.
    Touch,
    /// Delete the session.
    Delete,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SetCookie {
    Nothing,
    Send,
    Expire,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub write: Write,
    pub set_cookie: SetCookie,
}

impl Plan {
    /// Whether it is of use only if the browser keeps the cookie and sends it back.
    pub(crate) fn needs_delivery(self) -> bool {
        self.write == Write::Insert || self.set_cookie == SetCookie::Send
    }

    /// The plan for a browser that would not (`write.rs`).
    pub(crate) fn undeliverable(self) -> Self {
        let insert_skipped = match self.write {
            Write::Insert => Write::SkipUndeliverable,
            other => other,
        };
        let nothing_sent = match self.set_cookie {
            SetCookie::Send => SetCookie::Nothing,
            other => other,
        };
        Self { write: insert_skipped, set_cookie: nothing_sent }
    }
}

/// The decision table.
pub(crate) fn plan(switches: SaveOptions, facts: SessionFacts) -> Plan {
    Plan { write: write(switches, facts), set_cookie: set_cookie(switches, facts) }
}

fn write(switches: SaveOptions, facts: SessionFacts) -> Write {
    if should_destroy(facts) {
        Write::Delete
    } else if facts.destroyed {
        Write::Nothing
    } else if should_save(switches, facts) {
        if is_new(facts) { Write::Insert } else { Write::Update }
    } else if should_touch(facts) {
        Write::Touch
    } else {
        Write::Nothing
    }
}

fn set_cookie(switches: SaveOptions, facts: SessionFacts) -> SetCookie {
    if facts.destroyed {
        return if facts.had_cookie { SetCookie::Expire } else { SetCookie::Nothing };
    }
    if should_set_cookie(switches, facts) { SetCookie::Send } else { SetCookie::Nothing }
}

/// Has no stored session under its present ID.
fn is_new(facts: SessionFacts) -> bool {
    !facts.loaded || facts.regenerated
}

fn should_destroy(facts: SessionFacts) -> bool {
    facts.destroyed && facts.loaded
}

fn should_save(switches: SaveOptions, facts: SessionFacts) -> bool {
    if facts.regenerated {
        return true;
    }
    let unasked = if facts.loaded { switches.resave } else { switches.save_uninitialized };
    facts.modified || unasked && !facts.saved
}

fn should_touch(facts: SessionFacts) -> bool {
    !is_new(facts) && facts.touch_due && !facts.saved
}

fn should_set_cookie(switches: SaveOptions, facts: SessionFacts) -> bool {
    if is_new(facts) {
        return should_save(switches, facts);
    }
    let is_written = should_touch(facts) || should_save(switches, facts);
    let renewed = switches.renew_cookie && facts.extends_cookie && is_written;
    switches.rolling
        || renewed
        || facts.needs_set_cookie
        || facts.outdated_signature
        || facts.changes_cookie
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAZY: SaveOptions = SaveOptions {
        resave: false,
        save_uninitialized: false,
        rolling: false,
        renew_cookie: false,
    };
    const NEW: SessionFacts = SessionFacts {
        loaded: false,
        modified: false,
        changes_cookie: false,
        regenerated: false,
        destroyed: false,
        had_cookie: false,
        touch_due: false,
        saved: false,
        needs_set_cookie: false,
        outdated_signature: false,
        extends_cookie: false,
    };
    const LOADED: SessionFacts = SessionFacts { loaded: true, had_cookie: true, ..NEW };

    fn check(switches: SaveOptions, facts: SessionFacts, write: Write, set_cookie: SetCookie) {
        assert_eq!(plan(switches, facts), Plan { write, set_cookie }, "{switches:?} {facts:?}");
    }

    #[test]
    fn a_new_session_is_kept_when_there_is_something_in_it() {
        check(LAZY, NEW, Write::Nothing, SetCookie::Nothing);
        check(LAZY, SessionFacts { modified: true, ..NEW }, Write::Insert, SetCookie::Send);
        let eager = SaveOptions { save_uninitialized: true, ..LAZY };
        check(eager, NEW, Write::Insert, SetCookie::Send);
    }

    #[test]
    fn a_loaded_session_is_written_when_it_changed() {
        check(LAZY, LOADED, Write::Nothing, SetCookie::Nothing);
        let no_expiry = SessionFacts { modified: true, ..LOADED };
        check(LAZY, no_expiry, Write::Update, SetCookie::Nothing);
        let with_expiry = SessionFacts { changes_cookie: true, ..no_expiry };
        check(LAZY, with_expiry, Write::Update, SetCookie::Send);
        let resave = SaveOptions { resave: true, ..LAZY };
        check(resave, LOADED, Write::Update, SetCookie::Nothing);
    }

    #[test]
    fn an_unchanged_session_is_touched_when_it_is_due_and_sent_when_rolling() {
        let due = SessionFacts { touch_due: true, ..LOADED };
        check(LAZY, due, Write::Touch, SetCookie::Nothing);
        let rolling = SaveOptions { rolling: true, ..LAZY };
        check(rolling, LOADED, Write::Nothing, SetCookie::Send);
        check(rolling, due, Write::Touch, SetCookie::Send);
    }

    #[test]
    fn a_cookie_with_an_expiry_is_renewed_when_its_session_is_extended() {
        let renewing = SaveOptions { renew_cookie: true, ..LAZY };
        let due = SessionFacts { touch_due: true, ..LOADED };
        check(renewing, due, Write::Touch, SetCookie::Nothing);
        let extending = SessionFacts { extends_cookie: true, ..due };
        check(renewing, extending, Write::Touch, SetCookie::Send);
        check(LAZY, extending, Write::Touch, SetCookie::Nothing);
        let early = SessionFacts { touch_due: false, ..extending };
        check(renewing, early, Write::Nothing, SetCookie::Nothing);
        let resaving = SaveOptions { resave: true, ..renewing };
        check(resaving, early, Write::Update, SetCookie::Send);
        check(resaving, LOADED, Write::Update, SetCookie::Nothing);
        check(
            renewing,
            SessionFacts { extends_cookie: true, ..NEW },
            Write::Nothing,
            SetCookie::Nothing,
        );
    }

    #[test]
    fn what_was_saved_before_the_end_is_not_written_again() {
        let saved = SessionFacts { saved: true, touch_due: true, needs_set_cookie: true, ..LOADED };
        let all = SaveOptions { resave: true, save_uninitialized: true, ..LAZY };
        check(all, saved, Write::Nothing, SetCookie::Send);
        check(LAZY, SessionFacts { modified: true, ..saved }, Write::Update, SetCookie::Send);
    }

    #[test]
    fn a_new_id_always_means_a_new_document_and_a_new_cookie() {
        let check_both = |facts: SessionFacts| {
            check(
                LAZY,
                SessionFacts { regenerated: true, ..facts },
                Write::Insert,
                SetCookie::Send,
            );
        };
        check_both(NEW);
        check_both(LOADED);
        check_both(SessionFacts { modified: true, touch_due: true, ..LOADED });
    }

    #[test]
    fn a_destroyed_session_is_deleted_and_its_cookie_taken_back() {
        check(LAZY, SessionFacts { destroyed: true, ..LOADED }, Write::Delete, SetCookie::Expire);
        check(LAZY, SessionFacts { destroyed: true, ..NEW }, Write::Nothing, SetCookie::Nothing);
        let dead_cookie = SessionFacts { destroyed: true, had_cookie: true, ..NEW };
        check(LAZY, dead_cookie, Write::Nothing, SetCookie::Expire);
        let all = SaveOptions { resave: true, save_uninitialized: true, rolling: true, ..LAZY };
        check(all, SessionFacts { destroyed: true, ..LOADED }, Write::Delete, SetCookie::Expire);
    }

    #[test]
    fn an_outdated_signature_is_renewed_without_a_write() {
        let facts = SessionFacts { outdated_signature: true, ..LOADED };
        check(LAZY, facts, Write::Nothing, SetCookie::Send);
    }

    #[test]
    fn a_secure_cookie_over_plain_http_is_neither_stored_nor_sent() {
        let check = |facts: SessionFacts, expected: Write| {
            let plan = plan(LAZY, facts);
            assert!(plan.needs_delivery(), "{facts:?}");
            let set_cookie = SetCookie::Nothing;
            assert_eq!(plan.undeliverable(), Plan { write: expected, set_cookie }, "{facts:?}");
        };
        let modified = SessionFacts { modified: true, ..NEW };
        check(modified, Write::SkipUndeliverable);
        check(SessionFacts { regenerated: true, ..LOADED }, Write::SkipUndeliverable);
        let changed = SessionFacts { modified: true, changes_cookie: true, ..LOADED };
        check(changed, Write::Update);
        let destroyed = plan(LAZY, SessionFacts { destroyed: true, ..LOADED });
        assert_eq!((destroyed.needs_delivery(), destroyed.undeliverable()), (false, destroyed));
    }
}
