//! What the app asks the database.

use mongodb::Database;

use super::profiler::commands_of;

/// Runs `what`, and returns the commands that the app sent to the database during that time:
/// `["find sessions", "find users"]`.
pub async fn count_commands(database: &Database, what: impl Future<Output = ()>) -> Vec<String> {
    let mut commands = commands_of("cloakroom", database, what).await;
    // Each instance listens to the class all the time. These commands belong to no request.
    commands.retain(|command| !command.ends_with(" class"));
    commands
}
