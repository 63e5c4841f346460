//! Somebody who has an account.

use mongodb::bson::oid::ObjectId;

/// The id of an account: an ObjectId, which passport writes into the session as 24 hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UserId(pub ObjectId);

impl UserId {
    /// passport's `serializeUser`.
    pub fn to_hex(self) -> String {
        self.0.to_hex()
    }

    /// The other way; `None` for what is no 24 hex digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        ObjectId::parse_str(text).ok().map(Self)
    }
}

/// Who is logged in. Has no password in it, not even the hash: what a page does not get, it cannot
/// show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// What the session holds.
    pub id: UserId,
    /// As its owner wrote it.
    pub username: String,
    /// May see `/admin`. Given by `cloakroom grant`, never by a form.
    pub admin: bool,
    /// How often the password was changed. A session says under which one it was made, and is
    /// nobody's under another: whoever knew only the old password is out.
    pub password_version: i64,
}
