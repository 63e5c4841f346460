//! The decoy of the labs: an account that does not exist on the site, and a secret to find.

/// The name of the decoy account.
pub(super) const DECOY: &str = "oskar";

/// The decoy's password, which the cookie `lab.old` holds.
pub(super) const DECOY_PASSWORD: &str = "umbrella-17";

/// The colour that the cookie `lab.note` holds.
pub(super) const COLOUR: &str = "green";
