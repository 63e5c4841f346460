//! The program itself, started as a process.

use std::process::Command;

use tempfile::TempDir;

use crate::assets::copy;
use crate::support::{SECRET, cloakroom, launch};

/// Runs a start that must fail. Returns its output.
fn refusal(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_eq!(said.lines().count(), 1, "one clear line: {said}");
    said
}

#[rocket::async_test]
async fn memory_when_asked_for_is_said_in_the_log_and_on_every_page() {
    let (_running, url, log) = launch(cloakroom(&[]).env("SESSION_STORE", "memory"));
    assert!(log.contains("serving from memory"), "{log}");
    for path in ["/", "/login", "/nowhere"] {
        let page = reqwest::get(format!("{url}{path}")).await.unwrap().text().await.unwrap();
        assert!(page.contains("class=\"banner\""), "{path}: {page}");
    }
}

#[rocket::async_test]
async fn with_no_database_anywhere_a_debug_build_serves_from_memory() {
    let has_mongodb = std::net::TcpStream::connect("localhost:27017").is_ok();
    let (_running, url, log) = launch(&mut cloakroom(&[]));
    assert_eq!(log.contains("serving from memory"), !has_mongodb, "{log}");
    let page = reqwest::get(url).await.unwrap().text().await.unwrap();
    assert_eq!(page.contains("class=\"banner\""), !has_mongodb);
}

#[rocket::async_test]
async fn a_lesson_with_another_goal_than_in_the_program_stops_the_start() {
    let folder = copy("templates");
    let file = folder.path().join("lessons/05-the-seal/lesson.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("\"no-seal\"", "\"kein-siegel\"")).unwrap();
    let mut command = cloakroom(&[]);
    command.env("SESSION_STORE", "memory").env("ROCKET_TEACHING", "true");
    let said = refusal(command.env("ROCKET_TEMPLATE_DIR", folder.path()));
    assert!(said.contains("05-the-seal/lesson.toml: goals have other names"), "{said}");
}

/// With Debian's limit of 1,024 open files, 1,024 idle connections would stop the server.
#[cfg(target_os = "linux")]
#[rocket::async_test]
async fn idle_connections_do_not_use_up_the_open_files() {
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -S -n 64; exec \"$0\"", env!("CARGO_BIN_EXE_cloakroom")]);
    command.envs([("SESSION_STORE", "memory"), ("ROCKET_PORT", "0")]);
    let (_running, url, _) = launch(command.stdout(std::process::Stdio::piped()));
    let address = url.trim_start_matches("http://");
    let idle: Vec<_> = (0..200).map(|_| std::net::TcpStream::connect(address).unwrap()).collect();
    let page = reqwest::Client::new().get(&url).timeout(std::time::Duration::from_secs(10));
    assert_eq!(page.send().await.unwrap().status(), 200, "beside {} connections", idle.len());
}

#[rocket::async_test]
async fn a_profile_of_any_other_name_is_as_strict_as_release() {
    let mut command = cloakroom(&[]);
    let said = refusal(command.env("ROCKET_PROFILE", "production").env("SESSION_STORE", "memory"));
    assert!(said.contains("SESSION_SECRET"), "{said}");
    command.env("SESSION_STORE", "mongodb").env("SESSION_SECRET", SECRET);
    command.env("ROCKET_MONGODB", r#"{uri="mongodb://127.0.0.1:9/db"}"#);
    assert!(refusal(&mut command).contains("MongoDB does not answer"));
}

#[rocket::async_test]
async fn a_missing_static_file_is_named_and_the_line_says_what_to_do() {
    let folder = TempDir::new().unwrap();
    let mut command = cloakroom(&[]);
    command.env("SESSION_STORE", "memory").env("ROCKET_STATIC_DIR", folder.path());
    let said = refusal(&mut command);
    assert!(said.contains("css/tokens.css") && said.contains("Set static_dir"), "{said}");
}

#[rocket::async_test]
async fn a_secret_of_digits_is_a_secret() {
    let digits = "12345678901234567890123456789012";
    let mut command = cloakroom(&[]);
    command.env("ROCKET_PROFILE", "release").env("SESSION_STORE", "memory");
    launch(command.env("SESSION_SECRET", digits));
}

#[rocket::async_test]
async fn a_wrong_connection_string_is_reported_without_its_password() {
    for uri in [
        "mongodb://user:hunter2@",
        "http://user:hunter2@host/db",
        "mongodb://user:hunter2@host:port/db",
    ] {
        let said = refusal(cloakroom(&[]).env("MONGODB_URI", uri));
        assert!(said.contains("connection string") && !said.contains("hunter2"), "{said}");
    }
}

#[rocket::async_test]
async fn migrate_applies_the_migrations_and_stops() {
    let (uri, _) = crate::support::fresh_database().await;
    for expected in ["migration=001_users ", "up to date"] {
        let output = cloakroom(&["migrate"]).env("MONGODB_URI", &uri).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && said.contains(expected), "{said}");
    }
}

#[rocket::async_test]
async fn the_release_profile_stops_when_mongodb_does_not_answer() {
    let mut command = cloakroom(&[]);
    command.env("ROCKET_PROFILE", "release").env("SESSION_SECRET", SECRET);
    let no_server = "mongodb://user:hunter2@127.0.0.1:9/db";
    let said = refusal(command.env("MONGODB_URI", no_server));
    assert!(said.starts_with("cloakroom: MongoDB does not answer"), "{said}");
    assert!(said.contains("MONGODB_URI") && !said.contains("hunter2"), "{said}");
}

#[rocket::async_test]
async fn with_a_named_database_a_debug_build_does_not_fall_back_to_memory() {
    let said = refusal(cloakroom(&[]).env("MONGODB_URI", "mongodb://127.0.0.1:9/db"));
    assert!(said.contains("MongoDB does not answer"), "{said}");
}

#[rocket::async_test]
async fn the_release_profile_refuses_weak_secrets() {
    for secret in ["", "keyboard cat", "a development secret that everybody can read"] {
        let mut command = cloakroom(&[]);
        command.env("ROCKET_PROFILE", "release").env("SESSION_STORE", "memory");
        if !secret.is_empty() {
            command.env("SESSION_SECRET", secret);
        }
        let said = refusal(&mut command);
        assert!(said.contains("SESSION_SECRET"), "{said}");
    }
}

#[rocket::async_test]
async fn a_setting_that_does_not_exist_is_named() {
    let said = refusal(cloakroom(&[]).env("ROCKET_SESSION", "{idle_timeuot=5}"));
    assert!(said.contains("idle_timeuot"), "{said}");
    let said = refusal(cloakroom(&[]).env("ROCKET_PROT", "8000"));
    assert!(said.contains("prot"), "{said}");
}

#[rocket::async_test]
async fn commands_for_the_database_say_that_memory_has_none() {
    let said = refusal(cloakroom(&["grant", "rosa"]).env("SESSION_STORE", "memory"));
    assert!(said.contains("needs MongoDB"), "{said}");
}

#[rocket::async_test]
async fn a_file_that_is_no_toml_is_reported_in_one_line() {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("Rocket.toml");
    std::fs::write(&file, "[default]\nport = 8000x\n").unwrap();
    let said = refusal(cloakroom(&[]).env("ROCKET_CONFIG", &file));
    assert!(said.contains("line 2"), "{said}");
    let said = refusal(cloakroom(&[]).env("ROCKET_CONFIG", "no/Rocket.toml"));
    assert!(said.contains("no/Rocket.toml does not exist"), "{said}");
    for (metrics, part) in [("127.0.0.1:8123", "`metrics`"), ("0.0.0.0:8123", "`metrics`")] {
        let mut command = cloakroom(&[]);
        command.env("ROCKET_PORT", "8123").env("ROCKET_METRICS", metrics);
        assert!(refusal(&mut command).contains(part), "{metrics}");
    }
}

/// After a power cut both start at once, and the database is slower.
#[rocket::async_test]
async fn a_start_waits_for_mongodb_and_says_so() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let uri = format!("mongodb://127.0.0.1:{port}/waiting");
    let starting = std::thread::spawn(move || launch(cloakroom(&[]).env("MONGODB_URI", uri)));
    std::thread::sleep(std::time::Duration::from_secs(4));
    let mongod = crate::support::Mongod::start(&["--port", &port.to_string()]);
    let (running, url, log) = starting.join().unwrap();
    assert_eq!(log.matches("Waiting for MongoDB, 20s").count(), 1, "{log}");
    let ready = reqwest::get(format!("{url}/readyz")).await.unwrap();
    assert_eq!(ready.status(), 200);
    running.end();
    mongod.stop();
}
