//! The program alone, on a machine without Rust and without any other program.

use tempfile::TempDir;

use crate::chromium::Chromium;
use crate::lessons::Student;
use crate::support::lesson::FOLDERS;
use crate::support::{Browser, cloakroom, launch};

#[rocket::async_test]
async fn the_program_alone_in_an_empty_folder_teaches_lessons_in_a_browser() {
    let folder = TempDir::new().unwrap();
    let program = folder.path().join("cloakroom");
    let serve = cloakroom(&["serve", "--class", "--public"]);
    std::fs::copy(serve.get_program(), &program).unwrap();
    let mut alone = std::process::Command::new(&program);
    alone.args(serve.get_args()).current_dir(folder.path()).stdout(std::process::Stdio::piped());
    // No PATH and no home, but a port of its own.
    alone.env_clear().env("ROCKET_PROFILE", "release").env("ROCKET_PORT", "0");
    // Memory, also where a MongoDB runs for other purposes.
    let (_running, url, _) = launch(alone.env("SESSION_STORE", "memory"));
    let url = url.replace("0.0.0.0", "127.0.0.1");
    let chromium = Chromium::open(&url).await;
    let mut rosa = Student::log_in(Browser::new(&url), chromium, false).await;
    for lesson in &FOLDERS[..3] {
        rosa.solve(lesson).await;
    }
    rosa.chromium.close().await;
}
