//! What to do with a session at the end of a request: pure decisions, nothing is done here.
//!
//! The predicates carry the names they have in express-session's index.js. `commit.rs` carries
//! the plan out. SESSIONS.md section 3 has the same as a table, and so have the tests below.

use super::options::Options;

/// What happened to the session during the request.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts {
    /// The session was found in the store (otherwise it is new).
    pub loaded: bool,
    /// A value changed against what was loaded, or its maximum age did.
    pub modified: bool,
    /// The cookie has another maximum age than before.
    pub max_age_changed: bool,
    /// It got a new id during this request.
    pub regenerated: bool,
    pub destroyed: bool,
    /// The browser sent a cookie of our name, whatever it was worth.
    pub had_cookie: bool,
    /// The cookie has an end of its own, rather than the browser's.
    pub has_expiry: bool,
    /// The last write is older than `touch_after`.
    pub touch_due: bool,
    /// A save before the end of the request has stored it already.
    pub saved: bool,
    /// What that save has stored, the browser is to learn of.
    pub cookie_due: bool,
    /// The cookie was signed with an older secret than the first.
    pub outdated_signature: bool,
    /// The browser would not keep the cookie, or never send it back (`deliver.rs`).
    pub undeliverable: bool,
}

impl Facts {
    /// Whether the browser's cookie is out of date. A cookie that ends with the browser is sent once, as in
    /// express-session. One with an end is sent again with the new end, and so is one that has just gained
    /// or lost its end.
    pub fn changes_cookie(self) -> bool {
        self.max_age_changed || self.modified && self.has_expiry
    }
}

/// The three switches of express-session that decide here.
#[derive(Clone, Copy, Debug, Default)]
pub struct Switches {
    pub resave: bool,
    pub save_uninitialized: bool,
    pub rolling: bool,
}

impl Switches {
    pub fn of(options: &Options) -> Self {
        let Options { resave, save_uninitialized, rolling, .. } = *options;
        Self { resave, save_uninitialized, rolling }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Write {
    Nothing,
    /// Insert a new document, then delete the one it replaces, if there is one.
    Insert,
    Update,
    /// Not insert what should be: nobody could ever come back to it. Express inserts.
    Withhold,
    /// Move the end, leave the session as it is.
    Touch,
    Delete,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetCookie {
    Nothing,
    Send,
    Expire,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    pub write: Write,
    pub set_cookie: SetCookie,
}

/// The decision table.
pub fn plan(switches: Switches, facts: Facts) -> Plan {
    Plan { write: write(switches, facts), set_cookie: set_cookie(switches, facts) }
}

fn write(switches: Switches, facts: Facts) -> Write {
    if should_destroy(facts) {
        Write::Delete
    } else if facts.destroyed {
        Write::Nothing
    } else if should_save(switches, facts) {
        match (is_new(facts), facts.undeliverable) {
            (false, _) => Write::Update,
            (true, false) => Write::Insert,
            (true, true) => Write::Withhold,
        }
    } else if should_touch(facts) {
        Write::Touch
    } else {
        Write::Nothing
    }
}

fn set_cookie(switches: Switches, facts: Facts) -> SetCookie {
    if facts.destroyed {
        return if facts.had_cookie { SetCookie::Expire } else { SetCookie::Nothing };
    }
    if should_set_cookie(switches, facts) { SetCookie::Send } else { SetCookie::Nothing }
}

/// Has no document under its present id.
fn is_new(facts: Facts) -> bool {
    !facts.loaded || facts.regenerated
}

fn should_destroy(facts: Facts) -> bool {
    facts.destroyed && facts.loaded
}

fn should_save(switches: Switches, facts: Facts) -> bool {
    if facts.regenerated {
        return true;
    }
    let unasked = if facts.loaded { switches.resave } else { switches.save_uninitialized };
    facts.modified || unasked && !facts.saved
}

fn should_touch(facts: Facts) -> bool {
    !is_new(facts) && facts.touch_due && !facts.saved
}

fn should_set_cookie(switches: Switches, facts: Facts) -> bool {
    if facts.undeliverable {
        return false;
    }
    if is_new(facts) {
        return should_save(switches, facts);
    }
    switches.rolling || facts.cookie_due || facts.outdated_signature || facts.changes_cookie()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAZY: Switches = Switches { resave: false, save_uninitialized: false, rolling: false };
    const NEW: Facts = Facts {
        loaded: false,
        modified: false,
        max_age_changed: false,
        regenerated: false,
        destroyed: false,
        had_cookie: false,
        has_expiry: true,
        touch_due: false,
        saved: false,
        cookie_due: false,
        outdated_signature: false,
        undeliverable: false,
    };
    const LOADED: Facts = Facts { loaded: true, had_cookie: true, ..NEW };

    fn check(switches: Switches, facts: Facts, write: Write, set_cookie: SetCookie) {
        assert_eq!(plan(switches, facts), Plan { write, set_cookie }, "{switches:?} {facts:?}");
    }

    #[test]
    fn a_new_session_is_kept_when_there_is_something_in_it() {
        check(LAZY, NEW, Write::Nothing, SetCookie::Nothing);
        check(LAZY, Facts { modified: true, ..NEW }, Write::Insert, SetCookie::Send);
        let eager = Switches { save_uninitialized: true, ..LAZY };
        check(eager, NEW, Write::Insert, SetCookie::Send);
    }

    #[test]
    fn a_loaded_session_is_written_when_it_changed() {
        check(LAZY, LOADED, Write::Nothing, SetCookie::Nothing);
        check(LAZY, Facts { modified: true, ..LOADED }, Write::Update, SetCookie::Send);
        let no_expiry = Facts { modified: true, has_expiry: false, ..LOADED };
        check(LAZY, no_expiry, Write::Update, SetCookie::Nothing);
        let shorter = Facts { max_age_changed: true, ..no_expiry };
        check(LAZY, shorter, Write::Update, SetCookie::Send);
        let resave = Switches { resave: true, ..LAZY };
        check(resave, LOADED, Write::Update, SetCookie::Nothing);
    }

    #[test]
    fn an_unchanged_session_is_touched_when_it_is_due_and_sent_when_rolling() {
        let due = Facts { touch_due: true, ..LOADED };
        check(LAZY, due, Write::Touch, SetCookie::Nothing);
        let rolling = Switches { rolling: true, ..LAZY };
        check(rolling, LOADED, Write::Nothing, SetCookie::Send);
        check(rolling, due, Write::Touch, SetCookie::Send);
    }

    #[test]
    fn what_was_saved_before_the_end_is_not_written_again() {
        let saved = Facts { saved: true, touch_due: true, cookie_due: true, ..LOADED };
        let all = Switches { resave: true, save_uninitialized: true, rolling: false };
        check(all, saved, Write::Nothing, SetCookie::Send);
        check(LAZY, Facts { modified: true, ..saved }, Write::Update, SetCookie::Send);
    }

    #[test]
    fn a_new_id_always_means_a_new_document_and_a_new_cookie() {
        let check_both = |facts: Facts| {
            check(LAZY, Facts { regenerated: true, ..facts }, Write::Insert, SetCookie::Send);
        };
        check_both(NEW);
        check_both(LOADED);
        check_both(Facts { modified: true, touch_due: true, ..LOADED });
    }

    #[test]
    fn a_destroyed_session_is_deleted_and_its_cookie_taken_back() {
        check(LAZY, Facts { destroyed: true, ..LOADED }, Write::Delete, SetCookie::Expire);
        check(LAZY, Facts { destroyed: true, ..NEW }, Write::Nothing, SetCookie::Nothing);
        let dead_cookie = Facts { destroyed: true, had_cookie: true, ..NEW };
        check(LAZY, dead_cookie, Write::Nothing, SetCookie::Expire);
        let all = Switches { resave: true, save_uninitialized: true, rolling: true };
        check(all, Facts { destroyed: true, ..LOADED }, Write::Delete, SetCookie::Expire);
    }

    #[test]
    fn an_outdated_signature_is_renewed_without_a_write() {
        let facts = Facts { outdated_signature: true, ..LOADED };
        check(LAZY, facts, Write::Nothing, SetCookie::Send);
    }

    #[test]
    fn a_secure_cookie_over_plain_http_is_neither_stored_nor_sent() {
        let facts = Facts { modified: true, undeliverable: true, ..NEW };
        check(LAZY, facts, Write::Withhold, SetCookie::Nothing);
        let regenerated = Facts { regenerated: true, undeliverable: true, ..LOADED };
        check(LAZY, regenerated, Write::Withhold, SetCookie::Nothing);
        let loaded = Facts { modified: true, undeliverable: true, ..LOADED };
        check(LAZY, loaded, Write::Update, SetCookie::Nothing);
    }
}
