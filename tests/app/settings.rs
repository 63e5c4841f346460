//! Settings that cannot work, refused at the start; and how a list of secrets is written.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::{Browser, SECRET, cloakroom, fresh_database, launch};

/// The output of a start that must fail: one line. A start that succeeds would serve for ever.
fn refusal(command: &mut Command) -> String {
    let mut child = command.env("SESSION_STORE", "memory").spawn().unwrap();
    let started = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if started.elapsed() > Duration::from_secs(20) {
            child.kill().unwrap();
            panic!("it starts: {command:?}");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_eq!(said.lines().count(), 1, "one clear line: {said}");
    said
}

fn with(session: &str) -> Command {
    let mut command = cloakroom(&[]);
    command.env("ROCKET_SESSION", session);
    command
}

#[test]
fn a_cookie_that_no_browser_keeps_is_refused_at_the_start() {
    for (session, words) in [
        (r#"{name="__Host-sid",cookie={path="/app"}}"#, "__Host-"),
        (r#"{name="__host-sid",cookie={domain="example.org"}}"#, "__Host-"),
        (r#"{name="__Host-sid",cookie={secure=false}}"#, "__Host-"),
        (r#"{name="__SECURE-sid",cookie={secure=false}}"#, "__Secure-"),
        (r#"{cookie={same_site="none",secure=false}}"#, "cookie.same_site"),
        (r#"{cookie={domain="example.com:8000"}}"#, "cookie.domain must be a host name"),
        (r#"{cookie={domain="http://example.com"}}"#, "cookie.domain must be a host name"),
        (r#"{cookie={domain="my site.org"}}"#, "cookie.domain must be a host name"),
        (r#"{cookie={domain="example.com/app"}}"#, "cookie.domain must be a host name"),
        (r#"{cookie={domain="."}}"#, "cookie.domain must be a host name"),
        (r#"{cookie={domain=""}}"#, "cookie.domain must not be empty"),
        (r#"{cookie={domain="bücher.example"}}"#, "punycode"),
        (r#"{cookie={path="app"}}"#, "cookie.path must begin with /"),
        (r#"{cookie={path=""}}"#, "cookie.path must begin with /"),
    ] {
        let said = refusal(&mut with(session));
        assert!(said.contains(words) && said.contains("`session`"), "{session}: {said}");
    }
}

#[test]
fn a_name_that_this_program_uses_otherwise_is_refused_at_the_start() {
    for name in ["notice", "device", "lab.sid", "__Host-notice", "__host-device", "__Host-lab.sid"]
    {
        let said = refusal(&mut with(&format!("{{name={name:?}}}")));
        assert!(said.contains(name) && said.contains("choose another `name`"), "{said}");
    }
    for name in ["users", "migrations", "throttle", "progress", "class", "lab_other_sessions"] {
        let said = refusal(&mut with(&format!("{{collection={name:?}}}")));
        assert!(said.contains(name) && said.contains("choose another `collection`"), "{said}");
    }
    for name in ["system.users", "a$b", "$cmd"] {
        let said = refusal(&mut with(&format!("{{collection={name:?}}}")));
        assert!(said.contains("MongoDB") && said.contains("\"sessions\""), "{said}");
    }
}

#[test]
fn a_reserved_name_that_is_no_username_is_refused_at_the_start() {
    for names in [r#"["two words"]"#, r#"["it"]"#, r#"[""]"#] {
        let mut command = cloakroom(&[]);
        command.env("ROCKET_USERNAME", format!("{{reserved={names}}}"));
        assert!(refusal(&mut command).contains("`username`: reserved"));
    }
}

#[test]
fn a_bad_entry_of_trusted_proxies_is_refused_at_the_start() {
    for bad in ["10.0.0.0/33", "localhost", "10.0.0.1:80", "[::1]", "", "::ffff:10.0.0.0/8"] {
        let mut command = cloakroom(&[]);
        let said = refusal(command.env("ROCKET_TRUSTED_PROXIES", format!("[{bad:?}]")));
        let words = "is neither an IP address nor a network";
        assert!(said.contains("trusted_proxies") && said.contains(words), "{said}");
    }
    for bad in ["127.0.0.1", "\"10.0.0.0/8\"", "[10]", "true"] {
        let mut command = cloakroom(&[]);
        let said = refusal(command.env("ROCKET_TRUSTED_PROXIES", bad));
        assert!(said.contains("`trusted_proxies`: must be a list, such as"), "{said}");
    }
}

#[test]
fn a_link_that_could_do_harm_is_refused_at_the_start() {
    for (site, words) in [
        (r#"{contact="javascript:alert(1)"}"#, "`site.contact`: must be an email address"),
        (r#"{security_contact="javascript:alert(1)"}"#, "`site.security_contact`: must begin with"),
        (r#"{source="javascript:alert(1)"}"#, "`site.source`: must be an address that begins"),
        (r#"{operator="a\nb"}"#, "`site.operator`: must be a text"),
        (r"{operator=5}", "`site.operator` must be"),
        (r#"{opertor="a"}"#, "unknown setting `site.opertor`"),
    ] {
        let mut command = cloakroom(&[]);
        let said = refusal(command.env("ROCKET_SITE", site));
        assert!(said.contains("ROCKET_SITE") && said.contains(words), "{site}: {said}");
    }
}

#[rocket::async_test]
async fn secrets_with_commas_are_written_as_a_list() {
    let (uri, _) = fresh_database().await;
    let (first, second) = (format!("{SECRET},with a comma"), format!("{SECRET}, older"));
    let server = |secret: &str| {
        let mut command = cloakroom(&[]);
        command.env("ROCKET_PROFILE", "release").env("MONGODB_URI", &uri);
        launch(command.env("SESSION_SECRET", secret))
    };
    let (_running, url, _) = server(&format!("[{first:?}, {second:?}]"));
    Browser::new(&url).register("rosa").await;
    // Each of these signs with one secret.
    for (secret, is_known) in [
        (format!("[{first:?}]"), true),
        (format!("[{second:?}]"), true),
        (SECRET.to_owned(), false),
    ] {
        let (_other, other_url, _) = server(&secret);
        let mut rosa = Browser::new(&other_url);
        rosa.log_in("rosa").await;
        let mut here = Browser::new(&url).with_jar_of(&rosa);
        assert_eq!(here.is_logged_in().await, is_known, "{secret}");
    }
}

#[test]
fn a_list_of_secrets_that_is_none_is_refused_without_repeating_it() {
    for secret in [
        "[hunter2hunter2hunter2hunter2hunter2",
        "[\"hunter2hunter2hunter2hunter2hunter2\"",
        "[\"hunter2hunter2hunter2hunter2hunter2\"] x",
        "['hunter2hunter2hunter2hunter2hunter2', 5]",
        "[hunter2hunter2hunter2hunter2hunter2]",
        "[\"hunter2hunter2hunter2hunter2hunter2\"]\nname = \"x\"",
        "[[\"hunter2\"]]",
        "[]",
        "[\"\"]",
    ] {
        let mut command = cloakroom(&[]);
        let said = refusal(command.env("SESSION_SECRET", secret));
        assert!(said.contains("secret") && !said.contains("hunter2"), "{said}");
    }
    let mut command = with(r#"{secret=["hunter2", 5]}"#);
    let said = refusal(&mut command);
    assert!(said.contains("secret") && !said.contains("hunter2"), "{said}");
}
