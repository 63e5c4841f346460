//! `cloakroom grant`, `revoke` and `unlock`: change one account.

use std::sync::Arc;

use cloakroom::audit::{self, Actor, AuditEvent, Outcome};
use cloakroom::auth::throttle::{Throttle, mongo::MongoCounters};
use cloakroom::auth::users::mongo::MongoUsers;
use cloakroom::auth::{Named, User, Users, key_of, list};
use cloakroom::config::Config;
use cloakroom::db::Mongo;

use super::{CommandError, database};

pub(crate) async fn set_admin(
    config: &Config,
    username: &str,
    admin: bool,
) -> Result<(), CommandError> {
    let users = MongoUsers::new(&database(config).await?);
    let user = the_account(&users, username).await?;
    let user = user.ok_or_else(|| CommandError::NoSuchUser(username.to_owned()))?;
    if !users.set_admin(user.id, admin).await? {
        return Err(CommandError::NoSuchUser(username.to_owned()));
    }
    let event = if admin { AuditEvent::Grant } else { AuditEvent::Revoke };
    audit::record(event, Outcome::Done, Actor::Name(&user.username));
    println!(
        "{} {} an admin.",
        user.username.escape_debug(),
        if admin { "is now" } else { "is no longer" }
    );
    Ok(())
}

pub(crate) async fn unlock(config: &Config, username: &str) -> Result<(), CommandError> {
    let mongo = database(config).await?;
    let user = the_account(&MongoUsers::new(&mongo), username).await?;
    // Attempts are counted for names without an account as well.
    let name = user.as_ref().map_or(username, |user| &user.username);
    let counted = throttle(config, &mongo).unlock(&key_of(name)).await?;
    let pseudonym = audit::pseudonym(&config.session.options.secret, name);
    let actor = if user.is_some() { Actor::Name(name) } else { Actor::Typed(&pseudonym) };
    audit::record(AuditEvent::Unlock, Outcome::Done, actor);
    println!(
        "{} {}.",
        if counted {
            "Reset the failed-login counter of"
        } else {
            "No failed logins are counted for"
        },
        username.escape_debug()
    );
    Ok(())
}

pub(crate) async fn unlock_all(config: &Config) -> Result<(), CommandError> {
    let database = database(config).await?;
    throttle(config, &database).forget_all().await?;
    audit::record(AuditEvent::UnlockAll, Outcome::Done, Actor::Unknown);
    println!("Reset all counters of failed logins and of registrations.");
    Ok(())
}

fn throttle(config: &Config, database: &Mongo) -> Throttle {
    Throttle::new(Arc::new(MongoCounters::new(database)), config.session.options.secret.clone())
}

/// Finds the account with this name or ID.
pub(super) async fn the_account(
    users: &dyn Users,
    typed: &str,
) -> Result<Option<User>, CommandError> {
    match users.named(typed).await? {
        Named::None => Ok(None),
        Named::One(user) => Ok(Some(user)),
        Named::Several(users) => Err(CommandError::Ambiguous(typed.to_owned(), list(&users))),
    }
}
