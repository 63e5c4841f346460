//! The command line, and nothing else: `lib.rs` is where the program begins.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use cloakroom::auth::users::mongo::MongoUsers;
use cloakroom::auth::{Username, Users as _};
use cloakroom::config::{self, Config};
use cloakroom::session::StoreKind;
use cloakroom::stores::{self, StartError};

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
    Serve,
    /// Apply the migrations to the database, and stop
    Migrate,
    /// Make an account an admin's
    Grant { username: String },
    /// Take that back
    Revoke { username: String },
}

#[rocket::main]
async fn main() -> ExitCode {
    let command = CommandLine::parse().command.unwrap_or(Command::Serve);
    let result = match command {
        Command::Serve => serve().await,
        Command::Migrate => migrate().await,
        Command::Grant { username } => set_admin(&username, true).await,
        Command::Revoke { username } => set_admin(&username, false).await,
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cloakroom: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<(), StartError> {
    let rocket = cloakroom::rocket(config::figment()).await?;
    let launched = rocket.launch().await;
    launched.map(drop).map_err(|error| StartError::Launch(error.kind().to_string()))
}

async fn migrate() -> Result<(), StartError> {
    let config = Config::from(&config::figment())?;
    stores::open_database(&config).await?;
    println!("the database is up to date");
    Ok(())
}

async fn set_admin(username: &str, admin: bool) -> Result<(), StartError> {
    let config = Config::from(&config::figment())?;
    if config.session.store == StoreKind::Memory {
        return Err(StartError::NeedsDatabase);
    }
    let name = Username::parse(username)
        .map_err(|error| StartError::BadUsername(username.to_owned(), error))?;
    let users = MongoUsers::new(&stores::open_database(&config).await?);
    if !users.set_admin(&name, admin).await.map_err(StartError::NoDatabase)? {
        return Err(StartError::NoSuchUser(username.to_owned()));
    }
    println!("{} {} an admin", name.as_shown(), if admin { "is now" } else { "is no longer" });
    Ok(())
}
