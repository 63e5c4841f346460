//! The command line. `lib.rs` builds the program.

use std::process::exit;
use std::sync::Arc;

use clap::{Parser, Subcommand};
use cloakroom::StartError;
use cloakroom::audit::{self, Actor, AuditEvent, Outcome};
use cloakroom::auth::throttle::{Throttle, mongo::MongoCounters};
use cloakroom::auth::users::mongo::MongoUsers;
use cloakroom::auth::{Named, User, Users as _, key_of, list};
use cloakroom::config::{self, Config, ConfigError};
use cloakroom::db::{Mongo, Unavailable};
use cloakroom::logging;
use cloakroom::stores::{self, OpenError};
use cloakroom::system;
use cloakroom::teach::class;
use rocket::config::LogLevel;
use rocket::figment::Figment;
use rocket::tokio::runtime::{Builder, Runtime};

/// The allocator. It serves the many small allocations of a page, and returns the memory of many logins to
/// the system. docs/performance.md has the measurements.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A small web app that shows how a login works, with sessions in MongoDB
#[derive(Parser)]
#[command(version, after_help = AFTER_HELP)]
struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
}

/// The last lines of `--help`.
const AFTER_HELP: &str = "Settings are read from Rocket.toml, or the file that ROCKET_CONFIG names, and \
                          from environment variables.\nMONGODB_URI names the database.";

#[derive(Subcommand)]
enum Command {
    /// Apply the migrations and serve the site (the default)
    Serve {
        /// Serve a class: listen on the local network, turn on the lessons, print a link for the teacher
        #[arg(long)]
        class: bool,
        /// Allow a public address
        #[arg(long, requires = "class")]
        public: bool,
    },
    /// Create the accounts seat-01, seat-02, ... for a class; /class/cards shows their passphrases
    Seed {
        /// How many seats the class needs, at most 200; existing seats stay
        #[arg(long, value_name = "N", default_value_t = 40)]
        students: u32,
    },
    /// Reset the class (like the button on /class)
    ///
    /// Deletes the accounts of the students, all sessions except those of admins, and the progress in the
    /// lessons. Accounts that an Express app created stay. First, the progress is saved to a file in
    /// .data/class.
    Reset {
        /// Do not ask for confirmation
        #[arg(long)]
        yes: bool,
    },
    /// Apply the migrations to the database and stop
    Migrate,
    /// Give an account admin rights
    Grant {
        /// The name of the account, or its ID
        #[arg(value_name = "NAME")]
        username: String,
    },
    /// Remove admin rights from an account
    Revoke {
        /// The name of the account, or its ID
        #[arg(value_name = "NAME")]
        username: String,
    },
    /// Reset the failed-login counter of an account, or all counters
    Unlock {
        /// The name of the account, or its ID
        #[arg(value_name = "NAME", required_unless_present = "all", conflicts_with = "all")]
        username: Option<String>,
        /// Reset the counters of all accounts and addresses, and those of registrations
        #[arg(long)]
        all: bool,
    },
}

/// A reason why a command failed. Its message is one line.
#[derive(Debug, thiserror::Error)]
enum CommandError {
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Class(#[from] class::CommandError),
    #[error(transparent)]
    PublicAddress(#[from] class::PublicAddress),
    #[error(
        "the server did not start on port {0}: {1}. If the port is in use, set ROCKET_PORT to another one"
    )]
    Launch(u16, String),
    #[error("the threads cannot start: {0}")]
    Threads(std::io::Error),
    #[error("no account has the name or the ID {0:?}")]
    NoSuchUser(String),
    #[error(
        "the name {0:?} fits several accounts: {1}. Nothing was changed. Use the ID of the account that you mean"
    )]
    Ambiguous(String, String),
}

impl From<ConfigError> for CommandError {
    fn from(error: ConfigError) -> Self {
        Self::Start(error.into())
    }
}

impl From<OpenError> for CommandError {
    fn from(error: OpenError) -> Self {
        Self::Start(error.into())
    }
}

impl From<Unavailable> for CommandError {
    fn from(error: Unavailable) -> Self {
        OpenError::from(error).into()
    }
}

fn main() {
    let command =
        CommandLine::parse().command.unwrap_or(Command::Serve { class: false, public: false });
    logging::start(config::figment().extract_inner("log_level").unwrap_or(LogLevel::Normal));
    let figment = config::figment();
    // Rocket panics on a wrong setting of its own. This check comes first, and prints what is wrong.
    let config = Config::from(&figment).unwrap_or_else(|error| end(Err(error.into())));
    match runtime(&figment) {
        Ok(runtime) => runtime.block_on(async { end(run(command, config).await) }),
        Err(error) => end(Err(error)),
    }
}

/// The threads that run requests. `rocket::async_main` would not know our default of `workers`.
fn runtime(figment: &Figment) -> Result<Runtime, CommandError> {
    let config =
        rocket::Config::try_from(figment).map_err(|error| ConfigError::Wrong(error.to_string()))?;
    Builder::new_multi_thread()
        .worker_threads(config.workers)
        .max_blocking_threads(config.max_blocking)
        .thread_name("rocket-worker")
        .enable_all()
        .build()
        .map_err(CommandError::Threads)
}

/// Ends the process while the runtime still runs. If the runtime ended first, tasks of the MongoDB driver
/// could panic. Their messages would hide the error.
fn end(result: Result<(), CommandError>) -> ! {
    let Err(error) = result else { exit(0) };
    eprintln!("cloakroom: {error}");
    exit(1)
}

async fn run(command: Command, config: Config) -> Result<(), CommandError> {
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

async fn serve(for_class: bool, public: bool) -> Result<(), CommandError> {
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
    launched.map(drop).map_err(|error| CommandError::Launch(port, error.kind().to_string()))
}

async fn seed(config: &Config, students: u32) -> Result<(), CommandError> {
    let seeded = class::seed(config, students).await?;
    audit::record(AuditEvent::SeedClass, Outcome::Done, Actor::Unknown);
    println!("Seats created: {}. Print their cards at /class/cards.", seeded.made);
    if !seeded.taken.is_empty() {
        println!(
            "No cards for these seats, because students registered the names themselves: {}",
            seeded.taken.join(", ")
        );
    }
    Ok(())
}

async fn reset(config: Config, yes: bool) -> Result<(), CommandError> {
    if !yes {
        println!(
            "This deletes the accounts of the students, their sessions and their progress in the lessons. \
             Type reset to continue:"
        );
        let mut typed = String::new();
        if std::io::stdin().read_line(&mut typed).is_err() || typed.trim() != "reset" {
            println!("Nothing was reset.");
            return Ok(());
        }
    }
    let done = class::reset(config).await;
    let outcome = if done.is_ok() { Outcome::Done } else { Outcome::Refused };
    audit::record(AuditEvent::ResetClass, outcome, Actor::Unknown);
    let report = done?;
    let (students, sessions) = (report.students, report.sessions);
    println!(
        "Accounts deleted: {students}. Sessions ended: {sessions}. The progress in the lessons was saved to {}.",
        report.backup.display()
    );
    Ok(())
}

async fn migrate(config: &Config) -> Result<(), CommandError> {
    stores::open_database(config).await?;
    println!("The database is up to date.");
    Ok(())
}

async fn set_admin(config: &Config, username: &str, admin: bool) -> Result<(), CommandError> {
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

async fn unlock(config: &Config, username: &str) -> Result<(), CommandError> {
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

/// Finds the account with this name or ID.
async fn the_account(users: &MongoUsers, typed: &str) -> Result<Option<User>, CommandError> {
    match users.named(typed).await? {
        Named::None => Ok(None),
        Named::One(user) => Ok(Some(user)),
        Named::Several(users) => Err(CommandError::Ambiguous(typed.to_owned(), list(&users))),
    }
}

async fn unlock_all(config: &Config) -> Result<(), CommandError> {
    let database = database(config).await?;
    throttle(config, &database).forget_all().await?;
    audit::record(AuditEvent::UnlockAll, Outcome::Done, Actor::Unknown);
    println!("Reset all counters of failed logins and of registrations.");
    Ok(())
}

fn throttle(config: &Config, database: &Mongo) -> Throttle {
    Throttle::new(Arc::new(MongoCounters::new(database)), config.session.options.secret.clone())
}

async fn database(config: &Config) -> Result<Mongo, OpenError> {
    stores::require_database(config)?;
    stores::open_database(config).await
}
