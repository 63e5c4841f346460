//! The lines of the log, and the secrets that must never be in it.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::{Map, Value};

use crate::support::{Browser, PASSWORD, SECRET, cloakroom, launch};

#[rocket::async_test]
async fn nothing_secret_is_logged_at_any_level() {
    for level in ["critical", "normal", "debug"] {
        let mut command = cloakroom(&[]);
        command.env("SESSION_STORE", "memory").env("SESSION_SECRET", SECRET);
        let (running, url, _) = launch(command.env("ROCKET_LOG_LEVEL", level));
        let mut rosa = Browser::new(&url);
        rosa.sign_up("rosa").await;
        assert!(rosa.is_logged_in().await);
        rosa.try_log_in("rosa", "wrong password").await;
        rosa.get("/nowhere?token=in-the-query").await;
        rosa.get("/login?next=/in-the-query").await;
        let change = [("current", PASSWORD), ("new", "a better horse battery")];
        let (sid, ticket, device) =
            (rosa.session_id().unwrap(), rosa.signed_id().unwrap(), rosa.jar["device"].clone());
        rosa.post("/account/password", &change).await.expect_redirect("/account");
        let signature = ticket.rsplit_once('.').unwrap().1;
        let log = running.end();
        let typed = [PASSWORD, "wrong password", "a better horse battery", "in-the-query"];
        for secret in typed.into_iter().chain([SECRET, &sid, signature, &device]) {
            assert!(!log.contains(secret), "{level}: {log}");
        }
        assert!(level == "critical" || log.contains("POST /login 303"), "it is a log: {log}");
    }
}

/// The log of a server with the memory store, after these requests.
async fn log_of(visit: impl AsyncFnOnce(Browser)) -> String {
    let mut command = cloakroom(&[]);
    command.env("SESSION_STORE", "memory").env("ROCKET_LOG_LEVEL", "critical");
    let (running, url, _) = launch(&mut command);
    visit(Browser::new(&url)).await;
    running.end()
}

#[rocket::async_test]
async fn what_matters_is_one_line_with_time_user_address_outcome_and_request() {
    let log = log_of(async |mut rosa: Browser| {
        rosa.sign_up("Rosa").await;
        let mut phone = rosa.copy();
        phone.log_in("Rosa").await;
        rosa.log_in("Rosa").await;
        rosa.try_log_in("rosa", "wrong horse battery").await;
        let request = rosa.request(reqwest::Method::POST, "/logout");
        rosa.send(request.header("sec-fetch-site", "cross-site")).await;
        rosa.post("/account/sessions/revoke-others", &[("password", PASSWORD)]).await;
        let change = [("current", PASSWORD), ("new", "a better horse battery")];
        rosa.post("/account/password", &change).await;
        rosa.post("/account/delete", &[("password", "wrong horse battery")]).await;
        rosa.post("/logout", &[]).await;
        for _ in 0..60 {
            rosa.try_log_in("unknown", "wrong horse battery").await;
        }
    });
    let log = log.await;
    let expect = |event: &str| {
        let line = log.lines().find(|line| line.contains(&format!(" INFO audit: {event} ")));
        let line = line.unwrap_or_else(|| panic!("no {event} in {log}"));
        let is_whole = line.starts_with("20") && line.contains("Z INFO");
        assert!(is_whole && line.contains(" address=127.0.0.1 "), "{line}");
        assert!(line.contains(" request="), "{line}");
    };
    for event in [
        r#"Register Done user="Rosa""#,
        r#"Login Done user="Rosa""#,
        r#"Login Refused user="rosa""#,
        "CrossSiteRequest Refused address=127.0.0.1",
        r#"RevokeSessions Done user="Rosa""#,
        r#"ChangePassword Done user="Rosa""#,
        r#"ConfirmPassword Refused user="Rosa""#,
    ] {
        expect(event);
    }
    assert!(
        log.contains("Login Refused pseudonym=~") && log.contains("Login Throttled pseudonym=~")
    );
    assert!(!log.contains("unknown"), "no account's name: {log}");
    assert!(log.contains("audit: Logout Done user_id="), "{log}");
}

#[rocket::async_test]
async fn a_password_typed_for_the_username_is_not_in_the_log() {
    // The first three can be names.
    let slips = ["Tr0ub4dor&3-mySecret", "hunter2hunter2", PASSWORD, "p\u{e4}ss\tword"];
    let log = log_of(async |mut rosa: Browser| {
        rosa.register("Rosa").await;
        for slip in slips.iter().chain(&slips) {
            assert_eq!(rosa.try_log_in(slip, "wrong horse battery").await.status, 422);
        }
        rosa.try_log_in("ROSA", "wrong horse battery").await;
        rosa.try_log_in("Hunter2Hunter2", "wrong horse battery").await;
        for number in 0..170 {
            let name = format!("Rosa{}", if number < 150 { number % 2 } else { 7 });
            let fields = [("username", name.as_str()), ("password", PASSWORD)];
            rosa.post_patiently("/register", &fields).await;
        }
    });
    let log = log.await;
    let user = |line: &'_ str| {
        let rest = line.split_once(" user=").or_else(|| line.split_once(" pseudonym="));
        rest.map(|(_, rest)| rest.to_owned())
    };
    let users: Vec<_> = log.lines().filter_map(user).collect();
    for slip in slips {
        assert!(!log.contains(slip) && !log.contains(&slip.to_lowercase()), "{slip}: {log}");
    }
    let of = |start: &str| users.iter().filter(|user| user.starts_with(start)).count();
    let pseudonym = |n: usize| users[n].split(' ').next().unwrap();
    // The first line is the registration. All spellings of a name have one pseudonym.
    assert!((1..5).all(|n| pseudonym(n).starts_with('~') && pseudonym(n) == pseudonym(n + 4)));
    assert_eq!((of(pseudonym(1)), of(pseudonym(2))), (2, 3), "{log}");
    assert_eq!(of("\"ROSA\""), 1, "{log}");
    // One registration succeeds. Lines about taken names have the name; all others have none.
    assert!(log.contains(r#"Register Refused user="Rosa1""#), "{log}");
    assert!(log.contains("Register Throttled pseudonym=~") && !log.contains("Rosa7"), "{log}");
}

#[rocket::async_test]
async fn lines_of_json_parse_and_have_the_fields_of_the_text() {
    let mut logs = vec![];
    for format in ["text", "json"] {
        let mut command = cloakroom(&[]);
        command.env("SESSION_STORE", "memory").env("ROCKET_LOG_LEVEL", "normal");
        let (running, url, start) = launch(command.env("ROCKET_LOG_FORMAT", format));
        let mut rosa = Browser::new(&url);
        rosa.register("x\"address=1.2.3.4").await;
        rosa.log_in("x\"address=1.2.3.4").await;
        rosa.try_log_in("unknown", "wrong horse battery").await;
        let request = rosa.request(reqwest::Method::POST, "/logout");
        rosa.send(request.header("origin", "https://x\" host=\u{202e}\u{2028}")).await;
        rosa.post("/logout", &[]).await;
        rosa.get("/z\u{202e}").await;
        logs.push(start + &running.end());
    }
    let (text, json) = (&logs[0], &logs[1]);
    let parse = |line| {
        let parsed: Result<Map<String, Value>, _> = serde_json::from_str(line);
        parsed.unwrap_or_else(|error| panic!("{error}: {line}"))
    };
    let parsed: Vec<_> = json.lines().map(parse).collect();
    assert_eq!(parsed.len(), text.lines().count(), "{json}");
    assert!(json.is_ascii(), "nothing that a terminal shows in another way: {json}");
    for (fields, line) in parsed.iter().zip(text.lines()) {
        let of = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
        let start = format!(" {} {}: {}", of("level"), of("target"), of("message"));
        assert!(of("message").contains("http://") || line.contains(&start), "{line}: {fields:?}");
        let bare = ["time", "level", "target", "message", "event", "outcome", "method", "path"];
        for name in fields.keys().filter(|name| !bare.contains(&name.as_str()) && *name != "status")
        {
            assert!(line.contains(&format!(" {name}=")), "{name} in {line}");
        }
    }
    let with = |name: &str, value: &str| {
        let found = parsed.iter().find(|fields| fields.get(name).is_some_and(|v| v == value));
        found.unwrap_or_else(|| panic!("no {name} {value}: {json}"))
    };
    let login = with("event", "Login");
    assert_eq!((&login["outcome"], &login["user"]), (&"Done".into(), &"x\"address=1.2.3.4".into()));
    assert_eq!(login["address"], "127.0.0.1");
    let request = with("path", "/logout");
    assert_eq!((&request["method"], &request["status"]), (&"POST".into(), &403.into()));
    assert!(request["ms"].is_number() && request["request"].is_string(), "{request:?}");
    let refused = with("event", "CrossSiteRequest");
    assert_eq!(refused["request"], request["request"], "one request, one ID");
    assert!(!refused.contains_key("user") && with("outcome", "Refused").contains_key("address"));
    assert!(with("path", "/z%E2%80%AE")["status"] == 404);
}

#[rocket::async_test]
async fn a_username_cannot_forge_a_log_line() {
    let log = log_of(async |mut forger: Browser| {
        for name in [
            "rosa\r\n2026-11-23T08:00:00.000Z INFO audit: Login Done user=\"admin\"",
            "rosa\" address=10.0.0.1",
            "rosa\u{2028}INFO audit: Login Done",
            "\u{202e}asor",
            "rosa\u{1b}[2J",
        ] {
            forger.try_log_in(name, "wrong horse battery").await;
            forger.post("/register", &[("username", name), ("password", PASSWORD)]).await;
        }
        // This one is a name.
        forger.register("x\"address=1.2.3.4").await;
        forger.try_log_in("x\"address=1.2.3.4", "wrong horse battery").await;
        forger.get("/%0d%0aINFO%20audit:%20Login%20Done").await;
    });
    let log = log.await;
    let lines: Vec<_> = log.lines().collect();
    assert_eq!(lines.iter().filter(|line| line.contains("audit:")).count(), 7, "{log}");
    assert!(!log.contains("Login Done") && !log.contains("admin"), "{log}");
    assert!(log.contains(r#"Refused user="x\"address=1.2.3.4" address=127.0.0.1"#), "{log}");
    assert!(!log.contains('\u{1b}') && !log.contains("10.0.0.1"), "{log}");
}

#[rocket::async_test]
async fn an_address_cannot_disguise_a_log_line() {
    let mut command = cloakroom(&[]);
    command.env("SESSION_STORE", "memory").env("ROCKET_LOG_LEVEL", "normal");
    let (running, url, _) = launch(&mut command);
    let mut stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
    let path = "/zz\u{2028}INFO\u{202e}audit:\u{200b}\u{feff}\u{e0041}";
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = vec![];
    stream.read_to_end(&mut answer).unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 404"));
    let log = running.end();
    let escaped = r"GET /zz\u{2028}INFO\u{202e}audit:\u{200b}\u{feff}\u{e0041} 404";
    assert!(log.is_ascii() && log.contains(escaped), "{log}");
}

#[rocket::async_test]
async fn a_refusal_by_a_guard_is_one_audit_line_with_its_user_and_no_warning() {
    let log = log_of(async |mut rosa: Browser| {
        for path in ["/dashboard", "/account", "/admin", "/login?next=%ff", "/class/board?step=x"] {
            rosa.get(path).await;
        }
        rosa.sign_up("Rosa").await;
        assert_eq!(rosa.get("/admin").await.status, 403);
        let as_json = rosa.request(reqwest::Method::GET, "/admin");
        rosa.send(as_json.header("accept", "application/json")).await;
        rosa.post("/admin/sessions/revoke", &[("username", "rosa")]).await;
        let request = rosa.request(reqwest::Method::POST, "/logout");
        rosa.send(request.header("sec-fetch-site", "cross-site")).await;
    });
    let log = log.await;
    let lines = |text: &str| log.lines().filter(|line| line.contains(text)).count();
    let denied = r#" INFO audit: AccessDenied Refused user="Rosa" address=127.0.0.1 request="#;
    assert_eq!((lines(denied), lines("AccessDenied")), (3, 3), "{log}");
    assert_eq!(lines("CrossSiteRequest Refused"), 1, "{log}");
    assert!(!log.contains("WARN") && !log.contains("guard"), "{log}");
}

#[cfg(unix)]
#[rocket::async_test]
async fn a_server_whose_log_has_lost_its_reader_goes_on_serving() {
    let (mut running, url, _) = launch(cloakroom(&[]).env("SESSION_STORE", "memory"));
    let (_, closed) = std::io::pipe().map(|(reader, writer)| (writer, reader)).unwrap();
    let closed = std::process::ChildStdout::from(std::os::fd::OwnedFd::from(closed));
    running.1 = std::io::BufRead::lines(std::io::BufReader::new(closed));
    for _ in 0..3 {
        let page = reqwest::get(&url).await.unwrap();
        assert_eq!(page.status().as_u16(), 200);
    }
}
