//! `cloakroom seed` and `cloakroom reset`: make the seats of a class, and reset the class.

use cloakroom::audit::{self, Actor, AuditEvent, Outcome};
use cloakroom::config::Config;
use cloakroom::teach::class;

use super::CommandError;

pub(crate) async fn seed(config: &Config, students: u32) -> Result<(), CommandError> {
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

pub(crate) async fn reset(config: Config, yes: bool) -> Result<(), CommandError> {
    if !yes {
        println!(
            "This deletes all student accounts that were created here, and the progress of all students. It also \
             deletes all sessions except those of admins. Type reset to continue:"
        );
        let mut typed = String::new();
        if std::io::stdin().read_line(&mut typed).is_err() || typed.trim() != "reset" {
            println!("Nothing was reset.");
            return Ok(());
        }
    }
    let done = class::reset(config).await.map_err(CommandError::from);
    let done = done.and_then(|report| report.map_err(CommandError::NoBackup));
    audit::record(AuditEvent::ResetClass, Outcome::of(done.is_ok()), Actor::Unknown);
    let report = done?;
    let (students, sessions) = (report.students, report.sessions);
    println!(
        "Accounts deleted: {students}. Sessions ended: {sessions}. The progress in the lessons was saved to {}.",
        report.backup.display()
    );
    Ok(())
}
