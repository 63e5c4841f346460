//! The local strategy: is this the right password for this name?
//!
//! passport-local's `verify(username, password, done)`. Says who it is and nothing else; making
//! that a login is for `login.rs`.

use super::hasher::Hasher;
use super::password::{Password, is_weak};
use super::user::User;
use super::username::Username;
use super::users::{Account, StoredPassword, Users};
use crate::db::Unavailable;

/// What a username and a password are worth. "Nobody can tell just now" is not one of these: that
/// is [`Unavailable`], and must never be shown as a wrong password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The right password of this user.
    Accepted(User),
    /// Unknown name or wrong password: the same to the caller, so that it can only give one answer.
    Refused,
}

/// Checks a name and a password as they were typed.
///
/// An unknown name costs a hash as well: a quick "no" would tell who has an account (OWASP ASVS
/// 6.3.8).
///
/// # Errors
/// The user store does not answer, or too many passwords are being hashed already.
pub async fn verify(
    users: &dyn Users,
    hasher: &Hasher,
    username: &str,
    password: &str,
) -> Result<Verdict, Unavailable> {
    let Some(password) = Password::typed(password) else { return Ok(Verdict::Refused) };
    let found = match Username::parse(username) {
        Ok(username) => users.find_account(&username).await?.map(|account| (username, account)),
        Err(_) => None,
    };
    let stored = found.as_ref().and_then(|(_, account)| account.password.clone());
    let right = hasher.verify(password.clone(), stored).await?;
    match found {
        Some((username, account)) if right => {
            upgrade(users, hasher, &username, &account, password).await?;
            Ok(Verdict::Accepted(account.user))
        }
        _ => Ok(Verdict::Refused),
    }
}

/// Replaces a hash that is weaker than what new accounts get: only now is the password at hand.
async fn upgrade(
    users: &dyn Users,
    hasher: &Hasher,
    username: &Username,
    account: &Account,
    password: Password,
) -> Result<(), Unavailable> {
    let Some(old) = &account.password else { return Ok(()) };
    let is_strong = matches!(old, StoredPassword::Argon2(hash) if !is_weak(hash));
    if is_strong {
        return Ok(());
    }
    let new = hasher.hash(password).await?;
    // Another login may have been faster: then it has been done.
    users.replace_password(username, account.user.id, old, &new).await.map(drop)
}

/// Gives `user` a new password, if `current` is the one that the account has (OWASP ASVS 6.2.3).
///
/// # Errors
/// The user store does not answer, or too many passwords are being hashed already.
pub async fn change_password(
    users: &dyn Users,
    hasher: &Hasher,
    user: &User,
    current: &str,
    new: Password,
) -> Result<bool, Unavailable> {
    let (Some(current), Ok(username)) = (Password::typed(current), Username::parse(&user.username))
    else {
        return Ok(false);
    };
    let account = users.find_account(&username).await?;
    let account = account.filter(|account| account.user.id == user.id);
    let Some(old) = account.and_then(|account| account.password) else { return Ok(false) };
    if !hasher.verify(current, Some(old.clone())).await? {
        return Ok(false);
    }
    let new = hasher.hash(new).await?;
    users.replace_password(&username, user.id, &old, &new).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::users::memory::MemoryUsers;

    #[rocket::async_test]
    async fn only_the_right_password_of_a_known_name_is_accepted() {
        let (users, hasher) = (MemoryUsers::default(), Hasher::start().unwrap());
        let hash = hasher.hash(Password::new("correct horse").unwrap()).await.unwrap();
        let rosa = users.insert(&Username::parse("Rosa").unwrap(), &hash).await.unwrap().unwrap();

        let check = async |username: &str, password: &str, expected: Verdict| {
            let verdict = verify(&users, &hasher, username, password).await.unwrap();
            assert_eq!(verdict, expected, "{username} {password}");
        };
        check("Rosa", "correct horse", Verdict::Accepted(rosa.clone())).await;
        check("rosa", "correct horse", Verdict::Accepted(rosa)).await;
        check("Rosa", "correct horsf", Verdict::Refused).await;
        check("Rosa", "", Verdict::Refused).await;
        check("Nobody", "correct horse", Verdict::Refused).await;
        check("", "correct horse", Verdict::Refused).await;
        check("Rosa\0", "correct horse", Verdict::Refused).await;
        check("Rosa", &"x".repeat(10_000), Verdict::Refused).await;
    }
}
