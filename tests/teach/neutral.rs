//! The X-ray changes nothing: cookies and commands are the same with it and without it.

use crate::class;
use crate::support::{App, Browser, PASSWORD, count_commands};

/// The content type of a form.
type Fields<'f> = &'f [(&'f str, &'f str)];

/// The `Set-Cookie` lines without the values that differ from one login to the next.
fn lines(answer: &crate::support::Answer) -> Vec<String> {
    let line = |line: &&str| {
        let (name, rest) = line.split_once('=').unwrap();
        let attributes = rest.split_once(';').map_or("", |(_, attributes)| attributes);
        let attributes = attributes.split("; ").map(|attribute| {
            if attribute.starts_with("Expires") && !attribute.contains("1970") {
                "Expires"
            } else {
                attribute
            }
        });
        format!("{name};{}", attributes.collect::<Vec<_>>().join(";"))
    };
    let mut lines: Vec<String> = answer.all("set-cookie").iter().map(line).collect();
    // Rocket's jar has no fixed order.
    lines.sort();
    lines
}

/// The cookies and commands of all eight requests.
async fn play(app: &App) -> Vec<(String, Vec<String>, Vec<String>)> {
    let mut results = vec![];
    let (mut rosa, name) = (app.browser(), "rosa");
    let right = [("username", name), ("password", PASSWORD)];
    let wrong = [("username", name), ("password", "wrong horse battery")];
    let story: [(&str, &str, Fields<'_>); 9] = [
        ("GET", "/", &[]),
        ("POST", "/register", &right),
        ("GET", "/login", &[]),
        ("POST", "/login", &wrong),
        ("POST", "/login", &right),
        ("GET", "/dashboard", &[]),
        ("TAMPER", "/dashboard", &[]),
        ("POST", "/logout", &[]),
        ("REPLAY", "/dashboard", &[]),
    ];
    let mut old: Option<Browser> = None;
    for (method, path, fields) in story {
        if path == "/logout" {
            old = Some(rosa.copy());
        }
        let mut answer = None;
        let commands = count_commands(app.database(), async {
            answer = Some(match method {
                "GET" => rosa.get(path).await,
                "POST" => rosa.post_patiently(path, fields).await,
                "TAMPER" => {
                    let mut thief = rosa.copy();
                    let ticket = thief.jar["connect.sid"].replacen("s%3A", "s%3AX", 1);
                    thief.jar.insert("connect.sid".to_owned(), ticket);
                    thief.get(path).await
                }
                _ => old.as_mut().unwrap().get(path).await,
            });
        })
        .await;
        let answer = answer.unwrap();
        results.push((format!("{method} {path} {}", answer.status), lines(&answer), commands));
    }
    results
}

#[rocket::async_test]
async fn with_the_x_ray_and_without_cookies_and_commands_are_the_same() {
    let (with, without) = (play(&class().await).await, play(&App::on_mongodb().await).await);
    assert_eq!(with, without);
    assert!(with.iter().any(|(_, lines, _)| !lines.is_empty()));
    assert!(with.iter().any(|(_, _, commands)| commands.len() >= 3), "{with:#?}");
}
