//! The names of our collections and cookies. The settings of the sessions must not use any of them.

/// The collection of the accounts.
pub const USERS: &str = "users";

/// The collection of the counters of attempts.
pub const THROTTLE: &str = "throttle";

/// The collection of the migrations that were applied.
pub const MIGRATIONS: &str = "migrations";

/// The collection of the learners' progress.
pub const PROGRESS: &str = "progress";

/// The collection of the teacher's settings for the class.
pub const CLASS: &str = "class";

/// The collection of the lab's sessions.
pub const LAB_SESSIONS: &str = "lab_sessions";

/// The collection of the reasons why the lab's sessions were revoked.
pub const LAB_REASONS: &str = "lab_sessions_ended";

/// The collection of the lab's sessions, if the learner has chosen another one.
pub const LAB_OTHER_SESSIONS: &str = "lab_other_sessions";

/// The collection of the reasons why those were revoked.
pub const LAB_OTHER_REASONS: &str = "lab_other_sessions_ended";

/// The collections of the site, except those of the sessions.
pub const COLLECTIONS: [&str; 3] = [USERS, THROTTLE, MIGRATIONS];

/// The further collections that a class needs.
pub const TEACHING_COLLECTIONS: [&str; 6] =
    [PROGRESS, CLASS, LAB_SESSIONS, LAB_REASONS, LAB_OTHER_SESSIONS, LAB_OTHER_REASONS];

/// The device cookie, for a browser that has logged in before: plain, and with the prefix `__Host-`.
pub const DEVICE_COOKIE: [&str; 2] = ["device", "__Host-device"];

/// The cookie with the flash message for the next page: plain, and with the prefix `__Host-`.
pub const FLASH_COOKIE: [&str; 2] = ["notice", "__Host-notice"];

/// The cookie of the lab's session.
pub const LAB_COOKIE: &str = "lab.sid";

/// The cookie of the session in the memory of the lab's server.
pub const MEMORY_COOKIE: &str = "lab.memory";

/// A cookie that is larger than browsers accept.
pub const BIG_COOKIE: &str = "lab.big";

/// A cookie that holds its data itself, in base64.
pub const NOTE_COOKIE: &str = "lab.note";

/// A cookie that holds a password, in base64.
pub const OLD_COOKIE: &str = "lab.old";

/// A cookie that holds a role, without a signature.
pub const ROLE_COOKIE: &str = "lab.role";

/// A cookie that scripts may read, and one with `HttpOnly`.
pub const SCRIPT_COOKIES: [&str; 2] = ["lab.plain", "lab.http-only"];

/// Cookies without the attribute `SameSite`, with `Lax` and with `Strict`.
pub const SITE_COOKIES: [&str; 3] = ["lab.default", "lab.lax", "lab.strict"];

/// A cookie with a token that logs in to a lab.
pub const TOKEN_COOKIE: &str = "lab.token";

/// All cookies of the labs.
pub const LAB_COOKIES: [&str; 12] = [
    LAB_COOKIE,
    MEMORY_COOKIE,
    BIG_COOKIE,
    NOTE_COOKIE,
    OLD_COOKIE,
    ROLE_COOKIE,
    SCRIPT_COOKIES[0],
    SCRIPT_COOKIES[1],
    SITE_COOKIES[0],
    SITE_COOKIES[1],
    SITE_COOKIES[2],
    TOKEN_COOKIE,
];
