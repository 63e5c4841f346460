//! The program alone in an empty folder: it carries its pages, and keeps its secret.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::support::{Browser, SECRET, cloakroom, fresh_database, launch};

/// The program in this folder, in the release profile.
fn alone_in(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = cloakroom(arguments);
    command.current_dir(folder).env("ROCKET_PROFILE", "release").env_remove("ROCKET_CONFIG");
    command
}

/// The unpacked folders below `.data`, without the hash in their names.
fn unpacked(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder.join(".data")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.map(|name| name.split('-').next().unwrap().to_owned()).collect();
    names.sort();
    names
}

#[rocket::async_test]
async fn in_an_empty_folder_a_class_starts_and_a_restart_keeps_its_logins() {
    let folder = TempDir::new().unwrap();
    let (uri, _) = fresh_database().await;
    let mut serve = alone_in(folder.path(), &["serve", "--class", "--public"]);
    let (running, url, _) = launch(serve.env("MONGODB_URI", uri));
    let mut rosa = Browser::new(&url);
    rosa.sign_up("rosa").await;
    rosa.get("/learn/the-seal").await.expect_page(200, "X-ray");
    let page = rosa.get("/").await.body;
    for line in page.lines().filter(|line| line.contains("/static/site.")) {
        let address = line.split('"').find(|part| part.starts_with("/static/")).unwrap();
        assert_eq!(rosa.get(address).await.status, 200, "{address}");
    }
    assert_eq!(unpacked(folder.path()), ["secret", "static", "templates"]);
    running.end();

    let port = url.rsplit(':').next().unwrap();
    let (_running, again, _) = launch(serve.env("ROCKET_PORT", port));
    assert_eq!(again, url);
    assert!(rosa.is_logged_in().await);
}

#[cfg(unix)]
#[rocket::async_test]
async fn the_secret_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = TempDir::new().unwrap();
    let mut serve = alone_in(folder.path(), &["serve", "--class", "--public"]);
    let (_running, url, _) = launch(serve.env("SESSION_STORE", "memory"));
    for (path, mode) in [(".data", 0o700), (".data/secret", 0o600)] {
        let metadata = std::fs::metadata(folder.path().join(path)).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, mode, "{path}");
    }
    assert_eq!(Browser::new(&url).get("/.data/secret").await.status, 404);
    let secret = std::fs::read_to_string(folder.path().join(".data/secret")).unwrap();
    assert!(secret.len() >= 43, "32 random bytes");
}

#[rocket::async_test]
async fn a_secret_that_was_not_written_completely_stops_the_start() {
    for text in ["", "c2hvcnQ="] {
        let folder = TempDir::new().unwrap();
        std::fs::create_dir(folder.path().join(".data")).unwrap();
        std::fs::write(folder.path().join(".data/secret"), text).unwrap();
        let mut serve = alone_in(folder.path(), &["serve", "--class", "--public"]);
        let output = serve.env("ROCKET_PROFILE", "debug").output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(".data/secret"), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

#[rocket::async_test]
async fn a_secret_that_is_set_is_used_and_none_is_stored() {
    let folder = TempDir::new().unwrap();
    let mut serve = alone_in(folder.path(), &["serve", "--class", "--public"]);
    let serve = serve.env("SESSION_STORE", "memory").env("SESSION_SECRET", SECRET);
    let (_running, ..) = launch(serve);
    assert_eq!(unpacked(folder.path()), ["static", "templates"]);
}

#[rocket::async_test]
async fn in_an_empty_folder_the_site_says_what_it_needs() {
    let folder = TempDir::new().unwrap();
    let output = alone_in(folder.path(), &[]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("SESSION_SECRET"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    let mut site = alone_in(folder.path(), &[]);
    let (_running, url, _) =
        launch(site.env("SESSION_STORE", "memory").env("SESSION_SECRET", SECRET));
    assert_eq!(Browser::new(&url).get("/login").await.status, 200);
    assert_eq!(Browser::new(&url).get("/learn").await.status, 404, "no lessons");
}

#[rocket::async_test]
async fn folders_beside_the_program_are_used_in_place_of_its_own() {
    let folder = TempDir::new().unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in ["templates", "static"] {
        let copied =
            Command::new("cp").arg("-r").arg(source.join(name)).arg(folder.path()).status();
        assert!(copied.unwrap().success());
    }
    let home: PathBuf = folder.path().join("templates/home.html.tera");
    let text = std::fs::read_to_string(&home).unwrap();
    std::fs::write(&home, text.replace("{% block main %}", "{% block main %}<p id=\"ours\"></p>"))
        .unwrap();
    let mut site = alone_in(folder.path(), &[]);
    let (_running, url, _) =
        launch(site.env("SESSION_STORE", "memory").env("SESSION_SECRET", SECRET));
    Browser::new(&url).get("/").await.expect_page(200, "id=\"ours\"");
    assert!(!folder.path().join(".data").exists());
}

#[rocket::async_test]
async fn a_folder_that_takes_no_files_is_named() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join(".data"), "a file").unwrap();
    let mut site = alone_in(folder.path(), &[]);
    let output = site.env("SESSION_STORE", "memory").env("SESSION_SECRET", SECRET).output();
    let said = String::from_utf8_lossy(&output.unwrap().stderr).into_owned();
    let pages = Path::new(".data").join("templates");
    let named = format!("unpacked to {}", pages.display());
    assert!(said.contains(&named) && said.lines().count() == 1, "{said}");
}
