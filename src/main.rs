//! The command line, and nothing else: `lib.rs` is where the program begins.

use std::process::exit;
use std::sync::Arc;

use clap::{Parser, Subcommand};
use cloakroom::audit::{self, Decision, Event, Whom};
use cloakroom::auth::throttle::{Throttle, mongo::MongoCounters};
use cloakroom::auth::users::mongo::MongoUsers;
use cloakroom::auth::{Named, User, Users as _, key_of, list};
use cloakroom::config::StoreKind;
use cloakroom::config::{self, Config};
use cloakroom::db::Mongo;
use cloakroom::logging;
use cloakroom::stores::{self, StartError};
use cloakroom::system;
use cloakroom::teach::class;
use rocket::config::LogLevel;

/// A page is many small allocations, and the memory of a storm of logins goes back to the system
/// afterwards: docs/performance.md has what it gained.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A cloakroom gives you a ticket and keeps your coat: login with sessions in MongoDB.
#[derive(Parser)]
#[command(version)]
struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the site (the default), after applying the migrations
    Serve {
        /// For a class: to all machines in the room, with the lessons, and a link for the teacher
        #[arg(long)]
        class: bool,
        /// At an address that the whole world can reach, too
        #[arg(long, requires = "class")]
        public: bool,
    },
    /// Make accounts seat-01, seat-02, ... for a class; /class/cards has their passphrases
    Seed {
        #[arg(long, default_value_t = 40)]
        students: u32,
    },
    /// Let the class begin anew, as the button of /class does
    Reset {
        /// Without asking
        #[arg(long)]
        yes: bool,
    },
    /// Apply the migrations to the database, and stop
    Migrate,
    /// Give an account admin rights
    Grant {
        /// The name of the account, or its ID
        username: String,
    },
    /// Remove admin rights from an account
    Revoke {
        /// The name of the account, or its ID
        username: String,
    },
    /// Forget the failed logins of an account, or all that were counted, from every address
    Unlock {
        /// The name of the account, or its ID
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        username: Option<String>,
        /// All accounts, all addresses, and registrations as well
        #[arg(long)]
        all: bool,
    },
}

fn main() {
    let command =
        CommandLine::parse().command.unwrap_or(Command::Serve { class: false, public: false });
    logging::start(config::figment().extract_inner("log_level").unwrap_or(LogLevel::Normal));
    // Before Rocket reads them for its workers: it would panic where we can say what is wrong.
    match Config::from(&config::figment()) {
        Ok(config) => rocket::async_main(async { end(run(command, config).await) }),
        Err(error) => end(Err(error.into())),
    }
}

/// Ends the process while the runtime still runs. Tasks of the MongoDB driver may panic when they are dropped,
/// and the reason why the program ends would not be the only line.
fn end(result: Result<(), StartError>) -> ! {
    let Err(error) = result else { exit(0) };
    eprintln!("cloakroom: {error}");
    exit(1)
}

async fn run(command: Command, config: Config) -> Result<(), StartError> {
    match command {
        Command::Serve { class, public } => serve(class, public).await,
        Command::Seed { students } => seed(&config, students).await,
        Command::Reset { yes } => reset(config, yes).await,
        Command::Migrate => migrate(&config).await,
        Command::Grant { username } => set_admin(&config, &username, true).await,
        Command::Revoke { username } => set_admin(&config, &username, false).await,
        Command::Unlock { username: Some(username), .. } => unlock(&config, &username).await,
        Command::Unlock { username: None, .. } => unlock_all(&config).await,
    }
}

async fn serve(for_class: bool, public: bool) -> Result<(), StartError> {
    #[cfg(target_os = "linux")]
    system::allow_many_connections();
    let figment = match for_class {
        true => class::for_a_class(config::figment(), public)?,
        false => config::figment(),
    };
    let port = figment.extract_inner("port").unwrap_or(0);
    let rocket = cloakroom::rocket(figment).await?.attach(system::let_connections_wait());
    let rocket = if for_class { rocket.attach(class::invite()) } else { rocket };
    let launched = rocket.launch().await;
    launched.map(drop).map_err(|error| StartError::Launch(port, error.kind().to_string()))
}

async fn seed(config: &Config, students: u32) -> Result<(), StartError> {
    let seeded = class::seed(config, students).await?;
    audit::record_command(Event::SeedClass, Decision::Done, Whom::Unknown);
    println!("{} seats are made; print their cards at /class/cards", seeded.made);
    if !seeded.taken.is_empty() {
        println!(
            "without a card, because students registered these names themselves: {}",
            seeded.taken.join(", ")
        );
    }
    Ok(())
}

async fn reset(config: Config, yes: bool) -> Result<(), StartError> {
    if !yes {
        println!(
            "All accounts but those of admins go, and all that they did. Type reset to go on:"
        );
        let mut typed = String::new();
        if std::io::stdin().read_line(&mut typed).is_err() || typed.trim() != "reset" {
            println!("nothing was reset");
            return Ok(());
        }
    }
    let done = class::begin_anew(config).await;
    let decision = if done.is_ok() { Decision::Done } else { Decision::Refused };
    audit::record_command(Event::ResetClass, decision, Whom::Unknown);
    let report = done?;
    let (students, sessions) = (report.students, report.sessions);
    println!(
        "{students} accounts and {sessions} sessions are gone; what they did is in {}",
        report.backup.display()
    );
    Ok(())
}

async fn migrate(config: &Config) -> Result<(), StartError> {
    stores::open_database(config).await?;
    println!("the database is up to date");
    Ok(())
}

async fn set_admin(config: &Config, username: &str, admin: bool) -> Result<(), StartError> {
    let users = MongoUsers::new(&database(config).await?);
    let user = the_account(&users, username).await?;
    let user = user.ok_or_else(|| StartError::NoSuchUser(username.to_owned()))?;
    if !users.set_admin(user.id, admin).await? {
        return Err(StartError::NoSuchUser(username.to_owned()));
    }
    let event = if admin { Event::Grant } else { Event::Revoke };
    audit::record_command(event, Decision::Done, Whom::Name(&user.username));
    println!(
        "{} {} an admin",
        user.username.escape_debug(),
        if admin { "is now" } else { "is no longer" }
    );
    Ok(())
}

async fn unlock(config: &Config, username: &str) -> Result<(), StartError> {
    let mongo = database(config).await?;
    let user = the_account(&MongoUsers::new(&mongo), username).await?;
    // Attempts are counted for names without an account as well.
    let name = user.as_ref().map_or(username, |user| &user.username);
    let counted = throttle(config, &mongo).unlock(&key_of(name)).await?;
    let pseudonym = audit::pseudonym(&config.session.options.secret, name);
    let whom = if user.is_some() { Whom::Name(name) } else { Whom::Typed(&pseudonym) };
    audit::record_command(Event::Unlock, Decision::Done, whom);
    println!(
        "{} {}",
        username.escape_debug(),
        if counted { "is unlocked" } else { "was not locked" }
    );
    Ok(())
}

/// The account of a name or an ID.
async fn the_account(users: &MongoUsers, typed: &str) -> Result<Option<User>, StartError> {
    match users.named(typed).await? {
        Named::None => Ok(None),
        Named::One(user) => Ok(Some(user)),
        Named::Several(users) => Err(StartError::Ambiguous(typed.to_owned(), list(&users))),
    }
}

async fn unlock_all(config: &Config) -> Result<(), StartError> {
    let database = database(config).await?;
    throttle(config, &database).forget_all().await?;
    audit::record_command(Event::UnlockAll, Decision::Done, Whom::Unknown);
    println!("all failed logins and registrations are forgotten");
    Ok(())
}

fn throttle(config: &Config, database: &Mongo) -> Throttle {
    Throttle::new(Arc::new(MongoCounters::new(database)), config.session.options.secret.clone())
}

async fn database(config: &Config) -> Result<Mongo, StartError> {
    if config.session.store == StoreKind::Memory {
        return Err(StartError::NeedsDatabase);
    }
    stores::open_database(config).await
}
