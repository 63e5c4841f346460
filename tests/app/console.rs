//! The output and the log lines of the commands for a class.

use crate::support::{cloakroom, fresh_database};

/// Runs a command in an empty folder. Returns whether it succeeded, and both outputs.
fn run(arguments: &[&str], uri: &str, folder: &std::path::Path) -> (bool, String, String) {
    let root = env!("CARGO_MANIFEST_DIR");
    let mut command = cloakroom(arguments);
    command.env("MONGODB_URI", uri).current_dir(folder);
    command.env("ROCKET_CONFIG", format!("{root}/Rocket.toml"));
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.success(), text(&output.stdout), text(&output.stderr))
}

#[rocket::async_test]
async fn seed_and_reset_write_an_audit_line_each() {
    let (uri, _) = fresh_database().await;
    let folder = tempfile::TempDir::new().unwrap();
    for (arguments, event) in
        [(&["seed", "--students", "2"][..], "SeedClass"), (&["reset", "--yes"], "ResetClass")]
    {
        let (is_done, said, error) = run(arguments, &uri, folder.path());
        assert!(is_done, "{said} {error}");
        let line = format!("INFO audit: {event} Done address=console");
        assert_eq!(said.matches(&line).count(), 1, "{said}");
        // The first command has applied the migrations as well.
        let (all, migrations) = (said.matches("audit:"), said.matches("audit: Migrate Done "));
        assert_eq!(all.count() - migrations.count(), 1, "{said}");
    }
}

#[rocket::async_test]
async fn a_reset_whose_backup_cannot_be_written_says_so_and_resets_nothing() {
    let (uri, database) = fresh_database().await;
    let folder = tempfile::TempDir::new().unwrap();
    run(&["seed", "--students", "2"], &uri, folder.path());
    // A file in place of the folder stops root as well.
    std::fs::write(folder.path().join(".data"), "").unwrap();
    let (is_done, said, error) = run(&["reset", "--yes"], &uri, folder.path());
    assert!(!is_done && error.lines().count() == 1, "{error}");
    let start = "cloakroom: nothing was reset: the backup could not be written to .data/class";
    assert!(error.starts_with(start) && !error.contains("lesson"), "{error}");
    assert!(error.contains("Make that folder writable"), "{error}");
    assert!(said.contains("audit: ResetClass Refused address=console"), "{said}");
    let users = database.collection::<mongodb::bson::Document>("users");
    assert_eq!(users.count_documents(mongodb::bson::doc! {}).await.unwrap(), 2);
}
