//! The local strategy: is this the right password for this name?
//!
//! passport-local's `verify(username, password, done)`, with what a login on the internet needs besides. An
//! attempt is counted before it is checked (`throttle`). The check costs the same whether the name exists or
//! not (`hasher.rs`). A weak hash is replaced, because only now is the password known. The result says who
//! the user is; `login.rs` then logs the user in. Other uses of a password are in `account.rs`.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use rocket::futures::future::BoxFuture;
use rocket::tokio::time::sleep;
use rocket_express_session::Secrets;
use subtle::ConstantTimeEq as _;

use super::attempt::{Attempt, Verdict};
use super::device;
use super::hasher::Hasher;
use super::password::{Password, is_weak};
use super::policy::Policy;
use super::queue::{Queue, QueueSlot};
use super::reserved::UsernameRules;
use super::throttle::{Admission, Bucket, Network, Permit, Throttle};
use super::username::TypedName;
use super::users::{Account, StoredPassword, User, UserId, Users};
use crate::db::Unavailable;
use crate::trace;

/// The accounts, and all that is needed to check a password.
pub struct LocalStrategy {
    /// The store of the accounts.
    pub users: Arc<dyn Users>,
    /// Limits how many passwords are hashed at once, and for whom.
    pub queue: Queue,
    /// Hashes passwords, on threads of its own.
    pub hasher: Hasher,
    /// Limits the number of attempts.
    pub throttle: Throttle,
    /// The rules for the name of a new account.
    pub usernames: UsernameRules,
    /// The rules for a new password.
    pub policy: Policy,
    /// How long a login lasts without being used, if the user asked to stay logged in.
    pub remember_for: Duration,
    /// They sign the cookies of known browsers.
    pub secrets: Secrets,
    /// Tells the passphrases of seats. Set when the app has a class.
    pub cards: OnceLock<CardOf>,
    /// Deletes what belongs to a deleted account. Set when the app has lessons.
    pub on_delete: OnceLock<OnDelete>,
}

/// The passphrase on the card of the user's seat, as it is under the user's password version. `None` for a
/// user who has no seat.
///
/// The passphrase has 44 random bits, so it cannot be guessed, even if no attempt is counted. At a thousand
/// attempts a second, half of all passphrases take 270 years.
pub type CardOf = Box<dyn Fn(&User) -> Option<String> + Send + Sync>;

/// Runs after the account with this ID was deleted. It logs its own failures.
pub type OnDelete = Box<dyn Fn(UserId) -> BoxFuture<'static, ()> + Send + Sync>;

/// How long it takes at least to reject a password. The hash of an old account takes another time than
/// Argon2, and that must not tell that the account exists (OWASP ASVS 6.3.8). Node's bcrypt takes 60 ms.
const MIN_REJECTION_TIME: Duration = Duration::from_millis(100);

impl LocalStrategy {
    /// Checks a username and a password as they were typed.
    ///
    /// An unknown name costs a hash as well: a quick response would tell who has an account (OWASP ASVS
    /// 6.3.8).
    ///
    /// # Errors
    /// A store does not answer, or too many passwords are being hashed already.
    pub async fn verify(&self, attempt: Attempt<'_>) -> Result<Verdict, Unavailable> {
        let Some(password) = Password::typed(attempt.password) else {
            return Ok(Verdict::Rejected { account_exists: false });
        };
        let started = Instant::now();
        let name = TypedName::new(attempt.username);
        let key = name.as_ref().map_or(attempt.username, TypedName::as_key);
        let slot = self.queue.enter((key, attempt.devices.first()), attempt.address).await?;
        let account = match &name {
            Some(name) => self.users.find_for_login(name).await?,
            None => None,
        };
        let account_exists = account.is_some();
        let known_device = self.known_device(attempt.devices, account.as_ref());
        let permit = match self.admit(key, attempt.address, known_device).await? {
            Admission::Granted(permit) => permit,
            // Other browsers have used up the attempts, but this password was not guessed.
            Admission::Throttled { .. } if self.is_on_card(account.as_ref(), attempt.password) => {
                Permit::default()
            }
            Admission::Throttled { retry_after } => {
                trace::coarsen_times();
                return Ok(Verdict::Throttled { retry_after, account_exists });
            }
        };
        let stored = account.as_ref().and_then(|account| account.password.clone());
        let is_right = self.check(&slot, password.clone(), stored, permit).await?;
        let Some(account) = account.filter(|_| is_right) else {
            trace::coarsen_times();
            drop(slot);
            sleep(MIN_REJECTION_TIME.saturating_sub(started.elapsed())).await;
            return Ok(Verdict::Rejected { account_exists });
        };
        let stored = self.upgrade(&slot, &account, password).await;
        let new_device = stored
            .filter(|_| known_device.is_none())
            .and_then(|stored| device::issue(&self.secrets, &account.user.username, &stored));
        Ok(Verdict::Accepted(account.user, new_device))
    }

    /// Checks a password. The attempt stays counted if the password is wrong, and is refunded otherwise.
    pub(super) async fn check(
        &self,
        slot: &QueueSlot,
        password: Password,
        stored: Option<StoredPassword>,
        permit: Permit,
    ) -> Result<bool, Unavailable> {
        let checked = self.hasher.verify(slot, password, stored).await;
        match checked {
            Ok(false) => permit.consume(),
            _ => permit.refund().await,
        }
        checked
    }

    fn is_on_card(&self, account: Option<&Account>, password: &str) -> bool {
        let card = account.and_then(|account| self.card(&account.user));
        card.is_some_and(|card| card.as_bytes().ct_eq(password.as_bytes()).into())
    }

    /// The passphrase on the card of the user's seat.
    pub(super) fn card(&self, user: &User) -> Option<String> {
        self.cards.get().and_then(|card_of| card_of(user))
    }

    /// The nonce of the browser, if it has logged in to this account before.
    fn known_device<'a>(&self, devices: &[&'a str], account: Option<&Account>) -> Option<&'a str> {
        let account = account?;
        let (username, stored) = (&account.user.username, account.password.as_ref()?);
        devices.iter().find_map(|device| device::verify(&self.secrets, device, username, stored))
    }

    /// Counts the attempt. A known browser has a bucket of its own; when that is full, the browser counts as
    /// an unknown one.
    async fn admit(
        &self,
        key: &str,
        address: IpAddr,
        known_device: Option<&str>,
    ) -> Result<Admission, Unavailable> {
        if let Some(nonce) = known_device
            && let Admission::Granted(permit) =
                self.throttle.try_acquire(&[Bucket::Device(nonce)]).await?
        {
            return Ok(Admission::Granted(permit));
        }
        // The account first: an attempt that it throttles does not count for the address. So a student who
        // guesses at one name does not lock out the class.
        let networks = Network::around(address).map(Bucket::Address);
        let buckets: Vec<_> = [Bucket::Account(key)].into_iter().chain(networks).collect();
        self.throttle.try_acquire(&buckets).await
    }

    /// Replaces a hash that is weaker than a new one, and returns the hash that is then stored.
    ///
    /// The password was right, so a failure here does not fail the login. Another account may hold the key,
    /// or a validator of another program may reject the new document.
    async fn upgrade(
        &self,
        slot: &QueueSlot,
        account: &Account,
        password: Password,
    ) -> Option<StoredPassword> {
        let old = account.password.as_ref()?;
        if matches!(old, StoredPassword::Argon2(hash) if !is_weak(hash)) {
            return Some(old.clone());
        }
        let upgraded = async {
            let new = self.hasher.hash(slot, password).await?;
            let version = account.user.password_version;
            let is_replaced = self.users.replace_password(account, &new, version).await?;
            Ok::<_, Unavailable>(is_replaced.then_some(StoredPassword::Argon2(new)))
        };
        let failed = |error| {
            tracing::warn!("an old password hash could not be upgraded, so it stays: {error}");
        };
        let new = upgraded.await.map_err(failed).ok().flatten();
        Some(new.unwrap_or_else(|| old.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::throttle::memory::MemoryCounters;
    use crate::auth::username::Username;
    use crate::auth::users::memory::MemoryUsers;

    const ADDRESS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED);

    /// A strategy with one account, Rosa's.
    async fn strategy() -> LocalStrategy {
        let secrets = Secrets::new(vec!["secret".to_owned()]).unwrap();
        let strategy = LocalStrategy {
            users: Arc::new(MemoryUsers::default()),
            queue: Queue::default(),
            hasher: Hasher::start().unwrap(),
            throttle: Throttle::new(Arc::new(MemoryCounters::default()), secrets.clone()),
            usernames: UsernameRules::default(),
            policy: Policy::default(),
            remember_for: Duration::from_secs(60),
            secrets,
            cards: OnceLock::new(),
            on_delete: OnceLock::new(),
        };
        let (rosa, password) = (Username::choose("Rosa"), Password::typed("correct horse"));
        let made = strategy.make_account(&rosa.unwrap(), password.unwrap()).await.unwrap();
        assert!(made.is_some());
        strategy
    }

    fn attempt<'a>(username: &'a str, password: &'a str, devices: &'a [&'a str]) -> Attempt<'a> {
        Attempt { username, password, devices, address: ADDRESS }
    }

    #[rocket::async_test]
    async fn only_the_right_password_of_a_known_name_is_accepted() {
        let strategy = strategy().await;
        let check = async |username: &str, password: &str, accepted: bool| {
            let verdict = strategy.verify(attempt(username, password, &[])).await.unwrap();
            let is_rosa =
                matches!(&verdict, Verdict::Accepted(user, Some(_)) if user.username == "Rosa");
            assert_eq!(is_rosa, accepted, "{username} {password}");
            assert!(is_rosa || matches!(verdict, Verdict::Rejected { .. }), "{verdict:?}");
        };
        check("Rosa", "correct horse", true).await;
        check("rosa", "correct horse", true).await;
        check("Rosa", "correct horsf", false).await;
        check("Rosa", "", false).await;
        check("Unknown", "correct horse", false).await;
        check("", "correct horse", false).await;
        check("Rosa\0", "correct horse", false).await;
        check("Rosa", &"x".repeat(10_000), false).await;
    }

    #[rocket::async_test]
    async fn a_known_browser_gets_in_when_unknown_ones_have_used_up_their_attempts() {
        let strategy = strategy().await;
        let verify = async |password: &str, device: Option<&str>| {
            strategy.verify(attempt("rosa", password, device.as_slice())).await.unwrap()
        };
        let Verdict::Accepted(_, Some(device)) = verify("correct horse", None).await else {
            panic!("the right password");
        };
        let mut checked = 0;
        while verify("wrong guess", None).await == (Verdict::Rejected { account_exists: true }) {
            checked += 1;
        }
        assert_eq!(checked, 40);
        let stranger = verify("correct horse", None).await;
        let is_throttled = matches!(stranger, Verdict::Throttled { account_exists: true, .. });
        assert!(is_throttled, "the right one is not checked either");
        let known = verify("correct horse", Some(&device)).await;
        assert!(matches!(known, Verdict::Accepted(_, None)), "and keeps its cookie: {known:?}");
        assert!(strategy.throttle.unlock("rosa").await.unwrap());
        assert!(matches!(verify("correct horse", None).await, Verdict::Accepted(..)));
    }

    #[rocket::async_test]
    async fn right_passwords_are_refunded() {
        let strategy = strategy().await;
        for _ in 0..60 {
            let verdict = strategy.verify(attempt("rosa", "correct horse", &[])).await.unwrap();
            assert!(matches!(verdict, Verdict::Accepted(..)), "{verdict:?}");
        }
    }
}
