//! The local strategy: is this the right password for this name?
//!
//! passport-local's `verify(username, password, done)`, with everything around it that a login on
//! the internet needs: counted before it is checked (`throttle`), checked at the same cost whether
//! the name exists or not (`hasher.rs`), a weak hash replaced while the password is at hand. Says
//! who it is and nothing else; making that a login is for `login.rs`. The other questions about
//! an account's password are in `account.rs`.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use rocket::tokio::time::sleep;
use rocket_express_session::Secrets;

use super::device;
use super::hasher::Hasher;
use super::password::{Password, is_weak};
use super::policy::Policy;
use super::queue::{Queue, QueueSlot};
use super::throttle::{Lane, Network, Taken, Throttle};
use super::username::TypedName;
use super::users::User;
use super::users::{Account, StoredPassword, Users};
use crate::db::Unavailable;
use crate::trace;

/// Accounts, and all that it takes to check a password.
pub struct LocalStrategy {
    /// Where the accounts are.
    pub users: Arc<dyn Users>,
    /// Who may have a password hashed next.
    pub queue: Queue,
    /// Computes on threads of its own.
    pub hasher: Hasher,
    /// Counts guesses.
    pub throttle: Throttle,
    /// What a new password must be.
    pub policy: Policy,
    /// Seal the cookies of known browsers.
    pub secrets: Secrets,
    /// Set in a class with seats.
    pub cards: OnceLock<IsOnCard>,
}

/// Whether this is the passphrase that this program has made for the user: the one on a card. It has
/// 44 random bits, so it cannot be guessed even if no attempt is counted: a thousand attempts a
/// second take 270 years for half of them.
pub type IsOnCard = Box<dyn Fn(&User, &str) -> bool + Send + Sync>;

/// An attempt to log in.
#[derive(Clone, Copy)]
pub struct Attempt<'a> {
    /// As it was typed.
    pub username: &'a str,
    /// As it was typed.
    pub password: &'a str,
    /// The browser's device cookies. Another host of the domain may have planted all but one.
    pub devices: &'a [&'a str],
    /// Where it comes from.
    pub address: IpAddr,
}

/// A refusal takes at least this long. The hash of an old account takes another time than Argon2,
/// and that must not tell that the account exists (OWASP ASVS 6.3.8). Node's bcrypt takes 60 ms.
const REFUSAL: Duration = Duration::from_millis(100);

/// What a username and a password are worth. "The database does not answer" is not one of these: that
/// is [`Unavailable`], and must never be shown as a wrong password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The right password of this user. With it a device cookie, if the browser needs one.
    Accepted(User, Option<String>),
    /// Unknown name or wrong password: one answer for both.
    Refused(Claim),
    /// Too many guesses: nothing was checked, and nothing will be for so long.
    TryLater(Duration, Claim),
}

/// Whether a refused attempt named an account that exists. For the log alone: a page that told it
/// would tell who has an account (OWASP ASVS 6.3.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// It is the name of an account.
    Account,
    /// It is not, or the account was not looked up.
    NoAccount,
}

impl LocalStrategy {
    /// Checks a name and a password as they were typed.
    ///
    /// An unknown name costs a hash as well: a quick "no" would tell who has an account (OWASP
    /// ASVS 6.3.8).
    ///
    /// # Errors
    /// A store does not answer, or too many passwords are being hashed already.
    pub async fn verify(&self, attempt: Attempt<'_>) -> Result<Verdict, Unavailable> {
        let Some(password) = Password::typed(attempt.password) else {
            return Ok(Verdict::Refused(Claim::NoAccount));
        };
        let begun = Instant::now();
        let name = TypedName::new(attempt.username);
        let key = name.as_ref().map_or(attempt.username, TypedName::as_key);
        let slot = self.queue.enter((key, attempt.devices.first()), attempt.address).await?;
        let account = match &name {
            Some(name) => self.users.find_account(name).await?,
            None => None,
        };
        let claim = if account.is_some() { Claim::Account } else { Claim::NoAccount };
        let known = self.recognise(attempt.devices, account.as_ref());
        let taken = match self.admit(key, attempt.address, known).await? {
            Ok(taken) => taken,
            // Strangers have used up the attempts, but this one is no guess.
            Err(_) if self.is_on_card(account.as_ref(), attempt.password) => Taken::default(),
            Err(wait) => {
                trace::blur();
                return Ok(Verdict::TryLater(wait, claim));
            }
        };
        let stored = account.as_ref().and_then(|account| account.password.clone());
        let is_right = self.check(&slot, password.clone(), stored, taken).await?;
        match account.filter(|_| is_right) {
            Some(account) => {
                let stored = self.upgrade(&slot, &account, password).await;
                let device = stored.filter(|_| known.is_none());
                let username = &account.user.username;
                let device = device.and_then(|now| device::issue(&self.secrets, username, &now));
                Ok(Verdict::Accepted(account.user, device))
            }
            None => {
                trace::blur();
                drop(slot);
                sleep(REFUSAL.saturating_sub(begun.elapsed())).await;
                Ok(Verdict::Refused(claim))
            }
        }
    }

    /// Checks a password, and gives back what was taken for it unless it was a wrong guess.
    pub(super) async fn check(
        &self,
        slot: &QueueSlot,
        password: Password,
        stored: Option<StoredPassword>,
        taken: Taken,
    ) -> Result<bool, Unavailable> {
        let checked = self.hasher.verify(slot, password, stored).await;
        match checked {
            Ok(false) => taken.keep(),
            _ => taken.give_back().await,
        }
        checked
    }

    fn is_on_card(&self, account: Option<&Account>, password: &str) -> bool {
        let (cards, account) = (self.cards.get(), account);
        cards.zip(account).is_some_and(|(is_on_card, account)| is_on_card(&account.user, password))
    }

    /// The nonce of a browser that has logged in to this account before.
    fn recognise<'a>(&self, devices: &[&'a str], account: Option<&Account>) -> Option<&'a str> {
        let account = account?;
        let (username, stored) = (&account.user.username, account.password.as_ref()?);
        devices.iter().find_map(|device| device::recognise(&self.secrets, device, username, stored))
    }

    /// Counts the attempt. A known browser has a lane of its own, and is a stranger after that.
    async fn admit(
        &self,
        key: &str,
        address: IpAddr,
        known: Option<&str>,
    ) -> Result<Result<Taken, Duration>, Unavailable> {
        if let Some(nonce) = known
            && let Ok(taken) = self.throttle.take(&[Lane::Device(nonce)]).await?
        {
            return Ok(Ok(taken));
        }
        // The account first: what is not checked is not held against the address, so that one who
        // guesses at one name in a class locks out no other user.
        let networks = Network::around(address).map(Lane::Address);
        let lanes: Vec<_> = [Lane::Account(key)].into_iter().chain(networks).collect();
        self.throttle.take(&lanes).await
    }

    /// Replaces a hash that is weaker than what new accounts get: only now is the password at hand.
    /// Returns the hash that is stored then.
    ///
    /// The password was right, so nothing that fails here costs the login: another account may hold
    /// the key, or a validator of another program refuse the new document.
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
        let failed =
            |error| log::warn!("an old password hash was not replaced, and stays: {error}");
        let new = upgraded.await.map_err(failed).ok().flatten();
        Some(new.unwrap_or_else(|| old.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::account::Registration;
    use crate::auth::throttle::memory::MemoryCounters;
    use crate::auth::username::Username;
    use crate::auth::users::memory::MemoryUsers;

    const ADDRESS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED);

    /// With one account, Rosa's.
    async fn strategy() -> LocalStrategy {
        let secrets = Secrets::new(vec!["secret".to_owned()]).unwrap();
        let strategy = LocalStrategy {
            users: Arc::new(MemoryUsers::default()),
            queue: Queue::default(),
            hasher: Hasher::start().unwrap(),
            throttle: Throttle::new(Arc::new(MemoryCounters::default()), secrets.clone()),
            policy: Policy::default(),
            secrets,
            cards: OnceLock::new(),
        };
        let (rosa, password) = (Username::choose("Rosa"), Password::typed("correct horse"));
        let made = strategy.register(&rosa.unwrap(), password.unwrap(), ADDRESS).await.unwrap();
        assert!(matches!(made, Registration::Done(..)));
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
            assert!(is_rosa || matches!(verdict, Verdict::Refused(_)), "{verdict:?}");
        };
        check("Rosa", "correct horse", true).await;
        check("rosa", "correct horse", true).await;
        check("Rosa", "correct horsf", false).await;
        check("Rosa", "", false).await;
        check("Nobody", "correct horse", false).await;
        check("", "correct horse", false).await;
        check("Rosa\0", "correct horse", false).await;
        check("Rosa", &"x".repeat(10_000), false).await;
    }

    #[rocket::async_test]
    async fn a_known_browser_gets_in_when_strangers_have_used_up_their_guesses() {
        let strategy = strategy().await;
        let verify = async |password: &str, device: Option<&str>| {
            strategy.verify(attempt("rosa", password, device.as_slice())).await.unwrap()
        };
        let Verdict::Accepted(_, Some(device)) = verify("correct horse", None).await else {
            panic!("the right password");
        };
        let mut checked = 0;
        while verify("wrong guess", None).await == Verdict::Refused(Claim::Account) {
            checked += 1;
        }
        assert_eq!(checked, 40);
        let stranger = verify("correct horse", None).await;
        assert!(
            matches!(stranger, Verdict::TryLater(_, Claim::Account)),
            "the right one is not checked either"
        );
        let known = verify("correct horse", Some(&device)).await;
        assert!(matches!(known, Verdict::Accepted(_, None)), "and keeps its cookie: {known:?}");
        assert!(strategy.throttle.unlock("rosa").await.unwrap());
        assert!(matches!(verify("correct horse", None).await, Verdict::Accepted(..)));
    }

    #[rocket::async_test]
    async fn right_passwords_are_given_back() {
        let strategy = strategy().await;
        for _ in 0..60 {
            let verdict = strategy.verify(attempt("rosa", "correct horse", &[])).await.unwrap();
            assert!(matches!(verdict, Verdict::Accepted(..)), "{verdict:?}");
        }
    }
}
