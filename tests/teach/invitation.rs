//! A server that a teacher has started for a class.

use std::io::{BufRead as _, BufReader};

use cloakroom::network::for_a_class;
use mongodb::bson::{Document, doc};
use rocket::figment::Figment;

use crate::stream::Events;
use crate::support::{Browser, Running, SECRET, cloakroom, fresh_database};

/// Starts the program for a class with this environment variable; returns its URL and the path of the
/// teacher's link.
fn launch_class(name: &str, value: &str) -> (Running, String, String) {
    let mut command = cloakroom(&["serve", "--class", "--public"]);
    let mut child = command.env(name, value).env("SESSION_SECRET", SECRET).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut running = Running(child, lines);
    let mut output = String::new();
    loop {
        let line = running.1.next().expect("it says where it is").unwrap();
        output += &line;
        output += "\n";
        if let Some(link) = line.trim().strip_prefix("http://").filter(|l| l.contains("/teacher/"))
        {
            let (host, path) = link.split_once('/').unwrap();
            return (running, format!("http://{host}"), format!("/{path}"));
        }
    }
}

#[rocket::async_test]
async fn a_link_makes_one_teacher_and_works_once() {
    let (_running, url, link) = launch_class("SESSION_STORE", "memory");
    let (mut teacher, mut rosa) = (Browser::new(&url), Browser::new(&url));
    teacher.get(&link).await.expect_page(200, &format!("href=\"/register?next={link}\""));
    assert_eq!(teacher.post(&link, &[]).await.status, 303);
    teacher.sign_up("ms-frizzle").await;
    assert_eq!(teacher.get("/class").await.status, 403);
    let wrong = format!("{link}x");
    teacher.post(&wrong, &[]).await.expect_redirect(&wrong);
    teacher.get(&wrong).await.expect_page(404, "id=\"no-link\"");
    teacher.get(&link).await.expect_page(200, &format!("action=\"{link}\""));
    teacher.post(&link, &[]).await.expect_redirect("/class");
    teacher
        .get("/class")
        .await
        .expect_page(200, &format!("QR code of {url}").replace('/', "&#x2F;"));
    let code = teacher.get("/class/qr.svg").await;
    code.expect_page(200, "<svg");
    assert_eq!(code.header("content-type"), Some("image/svg+xml"));
    rosa.sign_up("rosa").await;
    rosa.get(&link).await.expect_page(404, "id=\"no-link\"");
    rosa.post(&link, &[]).await.expect_redirect(&link);
    assert_eq!(rosa.get("/class").await.status, 403);
    assert_eq!(rosa.get("/class/qr.svg").await.status, 403);

    // In memory there is no change stream: sessions are compared.
    let mut events = Events::after(&teacher, "").await;
    // The second one comes after the first list.
    for _ in 0..2 {
        events.read_until("event:changed").await;
    }
    rosa.post("/logout", &[]).await;
    events.read_until(r#""what":"delete""#).await;
}

/// Case B3: an Express app on the same database has an account whose name differs in case alone.
#[rocket::async_test]
async fn a_link_gives_rights_to_the_one_account_that_opens_it() {
    let (uri, database) = fresh_database().await;
    let users = database.collection::<Document>("users");
    let hunter2 = "$2b$10$rOBHTzdOUjsuBszL896hEOerewe7n7H0T880gREhdOp4sA27JS.5u";
    for username in ["berta", "Berta", "Max Mustermann"] {
        users.insert_one(doc! { "username": username, "password": hunter2 }).await.unwrap();
    }
    for (opens, stays) in [("Berta", "berta"), ("Max Mustermann", "berta")] {
        let (_running, url, link) = launch_class("MONGODB_URI", &uri);
        let mut teacher = Browser::new(&url);
        assert_eq!(teacher.try_log_in(opens, "hunter2").await.status, 303);
        teacher.post(&link, &[]).await.expect_redirect("/class");
        teacher.get("/class").await.expect_page(200, opens);
        let is_admin = async |username: &str| {
            let user = users.find_one(doc! { "username": username }).await.unwrap().unwrap();
            user.get_bool("admin").unwrap_or(false)
        };
        assert!(is_admin(opens).await && !is_admin(stays).await, "{opens}");
    }
}

#[test]
fn a_class_is_refused_at_a_public_address_unless_told() {
    let mut command = cloakroom(&["serve", "--class"]);
    command.env("SESSION_STORE", "memory").env("ROCKET_ADDRESS", "8.8.8.8");
    let output = command.output().unwrap();
    assert!(!output.status.success());
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("8.8.8.8 is a public address"), "{error}");
    assert_eq!(error.trim().lines().count(), 1, "{error}");
}

#[test]
fn a_class_is_served_in_the_room_and_not_to_the_world() {
    let check = |address: &str, is_allowed: bool| {
        let figment = Figment::from(("address", address));
        assert_eq!(for_a_class(figment.clone(), false).is_ok(), is_allowed, "{address}");
        let settings = for_a_class(figment, true).unwrap();
        assert!(settings.extract_inner::<bool>("teaching").unwrap());
        assert_eq!(settings.extract_inner::<String>("address").unwrap(), address);
    };
    for local in ["192.168.1.7", "10.0.0.1", "172.16.5.5", "169.254.1.1", "100.64.0.1", "192.0.2.2"]
    {
        check(local, true);
    }
    for public in ["8.8.8.8", "100.128.0.1", "2606:4700::1"] {
        check(public, false);
    }
    check("fd00::1", true);
    let settings = for_a_class(Figment::from(("address", "127.0.0.1")), true).unwrap();
    assert_eq!(settings.extract_inner::<String>("address").unwrap(), "0.0.0.0");
}
