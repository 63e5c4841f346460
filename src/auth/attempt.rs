//! An attempt to log in, and its verdict.

use std::net::IpAddr;
use std::time::Duration;

use super::users::User;

/// An attempt to log in.
#[derive(Clone, Copy)]
pub struct Attempt<'a> {
    /// The username as typed.
    pub username: &'a str,
    /// The password as typed.
    pub password: &'a str,
    /// The browser's device cookies. All but one may be forged, by another host of the domain.
    pub devices: &'a [&'a str],
    /// The address of the client.
    pub address: IpAddr,
}

/// The result of checking a username and a password.
///
/// A database that does not answer is no verdict. It is the error [`Unavailable`](crate::db::Unavailable),
/// which must never be shown as a wrong password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The right password of this user. The second value is a device cookie, if the browser needs one.
    Accepted(User, Option<String>),
    /// Unknown name or wrong password: one verdict for both.
    Rejected {
        /// Whether the name is that of an account. False when it was not looked up. For the log alone: a page
        /// must not tell who has an account (OWASP ASVS 6.3.8).
        account_exists: bool,
    },
    /// Too many attempts: the password was not checked.
    Throttled {
        /// How long no password will be checked.
        retry_after: Duration,
        /// As for [`Verdict::Rejected`].
        account_exists: bool,
    },
}
