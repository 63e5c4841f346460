//! The command line: the names and arguments of the commands. `commands` has what each of them does, and
//! `lib.rs` builds the server.

mod commands;

use std::process::exit;

use clap::{Parser, Subcommand};
use cloakroom::config::{self, Config, ConfigError};
use cloakroom::logging;
use rocket::config::LogLevel;
use rocket::figment::Figment;
use rocket::tokio::runtime::{Builder, Runtime};

use commands::CommandError;
use commands::{accounts, class, health, password, serve};

/// The allocator. It serves the many small allocations of a page, and returns the memory of many logins to
/// the system. docs/performance.md has the measurements.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A small web app that shows how a login works, with sessions in MongoDB
#[derive(Parser)]
#[command(version = env!("CLOAKROOM_VERSION"), after_help = AFTER_HELP)]
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
        /// Serve a class: listen on the local network, turn on the lessons and print a link for the teacher
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
    /// Ask the server that runs with these settings whether it is ready
    ///
    /// Requests /readyz. The exit code is 0 if the server is ready, otherwise 1.
    Health,
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
    /// Set a new password for an account whose owner has forgotten the old one
    ///
    /// Prints a password of at least four random words, once. The old password no longer works, and all
    /// sessions of the account end.
    Password {
        /// The name of the account, or its ID
        #[arg(value_name = "NAME")]
        username: String,
    },
    /// Reset the failed-login counter of an account, or all counters
    Unlock {
        /// The name of the account, or its ID
        #[arg(value_name = "NAME", required_unless_present = "all", conflicts_with = "all")]
        username: Option<String>,
        /// Reset the counters of all accounts and addresses, and those of registrations and lab sessions
        #[arg(long)]
        all: bool,
    },
}

fn main() {
    let command =
        CommandLine::parse().command.unwrap_or(Command::Serve { class: false, public: false });
    start_log(&config::figment());
    let figment = match command {
        Command::Serve { class: true, public } => {
            serve::settings_for_class(config::figment(), public).unwrap_or_else(|e| end(Err(e)))
        }
        Command::Serve { .. } => config::figment(),
        _ => commands::settings_beside_class(config::figment()).unwrap_or_else(|e| end(Err(e))),
    };
    // Rocket panics on a wrong setting of its own. This check comes first, and prints what is wrong.
    let config = Config::from(&figment).unwrap_or_else(|error| end(Err(error.into())));
    match runtime(&figment) {
        Ok(runtime) => runtime.block_on(async { end(run(command, figment, config).await) }),
        Err(error) => end(Err(error)),
    }
}

/// Starts the log. A wrong setting gets its default here, and an error when all settings are checked.
fn start_log(figment: &Figment) {
    let level = figment.extract_inner("log_level").unwrap_or(LogLevel::Normal);
    logging::start(level, figment.extract_inner("log_format").unwrap_or_default());
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

async fn run(command: Command, figment: Figment, config: Config) -> Result<(), CommandError> {
    match command {
        Command::Serve { class, .. } => {
            // In a box, because it holds all that the start needs.
            Box::pin(serve::serve(figment, config.metrics, class)).await
        }
        Command::Seed { students } => class::seed(&config, students).await,
        Command::Reset { yes } => class::reset(config, yes).await,
        Command::Migrate => commands::migrate(&config).await,
        Command::Health => health::health(&figment),
        Command::Grant { username } => accounts::set_admin(&config, &username, true).await,
        Command::Revoke { username } => accounts::set_admin(&config, &username, false).await,
        Command::Password { username } => password::reset_password(config, &username).await,
        Command::Unlock { username: Some(username), .. } => {
            accounts::unlock(&config, &username).await
        }
        Command::Unlock { username: None, .. } => accounts::unlock_all(&config).await,
    }
}
