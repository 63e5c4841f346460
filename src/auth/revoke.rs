//! Why this app revokes sessions. The reason is stored, and the login page says it to the browser.

use rocket_express_session::RevokeReason;

/// The owner revoked the session on the account page.
pub const REVOKED: RevokeReason = RevokeReason::new("revoked");

/// The password has changed.
pub const PASSWORD_CHANGED: RevokeReason = RevokeReason::new("password changed");

/// An admin has set a new password for a user who had forgotten the old one.
pub const PASSWORD_RESET: RevokeReason = RevokeReason::new("password reset");

/// The account was deleted.
pub const ACCOUNT_DELETED: RevokeReason = RevokeReason::new("account deleted");

/// An admin revoked the session.
pub const BY_ADMIN: RevokeReason = RevokeReason::new("by admin");

/// A teacher has reset the class.
pub const CLASS_RESET: RevokeReason = RevokeReason::new("class reset");
