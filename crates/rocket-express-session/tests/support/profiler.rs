//! Which commands an app sends to the database.

use mongodb::Database;
use mongodb::bson::{Document, doc};

/// Runs `what`, and returns the commands that the app of this name sent to the database during that time, as
/// MongoDB's own profiler saw them: `["find sessions", "find users"]`.
pub async fn commands_of(
    app_name: &str,
    database: &Database,
    what: impl Future<Output = ()>,
) -> Vec<String> {
    let profile = async |level: i32| {
        database.run_command(doc! { "profile": level }).await.expect("the profiler obeys");
    };
    profile(0).await;
    database.collection::<Document>("system.profile").drop().await.expect("an empty profile");
    profile(2).await;
    what.await;
    profile(0).await;
    let seen = database.collection::<Document>("system.profile");
    let mut seen = seen.find(doc! { "appName": app_name }).await.expect("the profile");
    let mut commands = vec![];
    while seen.advance().await.expect("the profile can be read") {
        let entry = seen.deserialize_current().expect("an entry of the profile");
        let op = match entry.get_str("op").expect("an operation") {
            "query" => "find",
            "remove" => "delete",
            other => other,
        };
        let collection = entry.get_str("ns").expect("a namespace").rsplit('.').next();
        commands.push(format!("{op} {}", collection.expect("a collection")));
    }
    commands
}
