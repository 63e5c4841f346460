//! Bodies, fields and headers that no browser sends.

use std::time::{Duration, Instant};

use rocket::tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use rocket::tokio::net::TcpStream;
use rocket::tokio::time::timeout;

use rocket::figment::Figment;

use crate::support::{App, PASSWORD, cloakroom, launch};

const FORM: &str = "Content-Type: application/x-www-form-urlencoded";

/// Sends these bytes as a request. Returns the status of the response.
async fn raw(url: &str, request: &[u8]) -> u16 {
    let mut stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).await.unwrap();
    // The server may respond and close the connection before it has got all of it.
    let _ = stream.write_all(request).await;
    let mut head = [0; 12];
    let read = timeout(Duration::from_secs(10), stream.read_exact(&mut head)).await;
    read.expect("an answer in time").expect("an answer");
    let text = String::from_utf8_lossy(&head).into_owned();
    text.strip_prefix("HTTP/1.1 ").unwrap().parse().unwrap()
}

/// The peak memory of a process, in megabytes.
fn peak_memory(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

#[rocket::async_test]
#[cfg_attr(not(target_os = "linux"), ignore = "reads memory in /proc")]
async fn a_body_over_the_limit_is_413_fast_and_memory_stays_flat() {
    let mut command = cloakroom(&[]);
    let (running, url, _) = launch(command.env("SESSION_STORE", "memory"));
    let before = peak_memory(running.0.id());
    let megabytes = vec![b'x'; 64 << 20];
    let sized =
        format!("POST /login HTTP/1.1\r\nHost: x\r\n{FORM}\r\nContent-Length: 67108864\r\n\r\n");
    let chunked = format!(
        "POST /register HTTP/1.1\r\nHost: x\r\n{FORM}\r\nTransfer-Encoding: chunked\r\n\r\n4000000\r\n"
    );
    for head in [sized, chunked] {
        let started = Instant::now();
        assert_eq!(raw(&url, &[head.as_bytes(), &megabytes].concat()).await, 413);
        assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    }
    let grown = peak_memory(running.0.id()) - before;
    assert!(grown < 16, "grew by {grown} MB");
}

#[rocket::async_test]
async fn garbled_requests_are_a_4xx_or_an_ordinary_page() {
    let app = App::in_memory().await;
    let post = |headers: &str, body: &[u8]| {
        let length = body.len();
        let head =
            format!("POST /login HTTP/1.1\r\nHost: x\r\n{headers}Content-Length: {length}\r\n\r\n");
        [head.as_bytes(), body].concat()
    };
    let form = format!("{FORM}\r\n");
    let get = |headers: String| {
        format!("GET /dashboard HTTP/1.1\r\nHost: x\r\n{headers}\r\n").into_bytes()
    };
    let requests = [
        post(&form, b"username=a\0b&password=x"),
        post(&form, b"username=%00&password=x"),
        post(&form, b"username=\xff\xfe&password=\xff"),
        post(&form, b"username=a%0d%0ab&password=x%0d%0a"),
        post(&form, b"=&=&=&&&&"),
        post(&form, b"username"),
        post(&form, b"%"),
        post(&form, "username=a&".repeat(2_000).as_bytes()),
        post("Content-Type: \r\n", b"username=a"),
        post("Content-Type: application/x-www-form-urlencoded; charset=utf-16\r\n", b"username=a"),
        post("", b""),
        get(format!("Cookie: {}\r\n", "a=b; ".repeat(1_000))),
        get(format!("Cookie: connect.sid={}\r\n", "x".repeat(64_000))),
        get("Cookie: connect.sid=s%3Ax.y\r\n".repeat(50)),
        get("Cookie: \u{1}\u{2}connect.sid\r\n".to_owned()),
        get("Cookie: notice=password-changed.99999999999999999999; device=\r\n".to_owned()),
        b"GET /%00%ff%0d%0a HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(),
        b"GET //evil.example/%2e%2e/ HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(),
        b"GET /static/../Rocket.toml HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(),
        b"GET /static/..%2fRocket.toml HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(),
        b"GET /static/%2e%2e/Rocket.toml HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(),
        b"GET /login?next=%ff&next=%00 HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(),
        b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(),
        b"TRACE / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(),
    ];
    for request in requests {
        let shown = String::from_utf8_lossy(&request[..request.len().min(120)]).into_owned();
        let status = raw(&app.url, &request).await;
        let is_fine = (200..500).contains(&status) && status != 204;
        assert!(is_fine, "{status}: {shown}");
        assert!(
            !shown.contains("Rocket.toml") || status == 404 || status == 400,
            "{status} {shown}"
        );
    }
    app.browser().get("/").await.expect_page(200, "Cloakroom");
}

#[rocket::async_test]
async fn templates_and_markup_in_any_field_come_out_as_text() {
    let app = App::in_memory().await;
    let mut rosa = app.browser();
    let request = rosa.request(reqwest::Method::POST, "/login");
    rosa.register("rosa").await;
    let fields = [("username", "rosa"), ("password", PASSWORD)];
    let hostile = "<script>alert(1)</script> Firefox/1 {{7*1234567}}";
    let request = request.header("user-agent", hostile).form(&fields);
    rosa.send(request).await.expect_redirect("/dashboard");
    for text in ["{{7*1234567}}", "{% raw %}", "<b>bold</b>", "\"><script>alert(1)</script>"] {
        let fields = [("username", text), ("password", text), ("next", text), ("item", text)];
        let mut pages = vec![rosa.get("/account").await];
        rosa.post("/coat", &fields).await.expect_redirect("/dashboard#coat");
        pages.push(rosa.get("/dashboard").await);
        for path in ["/login", "/register"] {
            pages.push(app.browser().post(path, &fields).await);
        }
        for page in pages {
            for trace in ["8641969", "<b>bold", "<script>alert", "\"><script"] {
                assert!(!page.body.contains(trace), "{trace} in {}", page.body);
            }
        }
    }
}

#[rocket::async_test]
async fn a_common_password_is_no_new_password() {
    for app in App::on_both_stores().await {
        for (number, password) in [
            "P@ssw0rd1",
            "password2026",
            "iloveyou2026",
            "football2026",
            "Qwertyuiop",
            "\u{ff50}assword1",
            "        ",
            "luxemburg-1871",
            "cl04kr00m",
            "tzqkvwxj\t",
        ]
        .into_iter()
        .enumerate()
        {
            let fields = [("username", "luxemburg"), ("password", password)];
            app.browser().post("/register", &fields).await.expect_error_at(422, "password");
            let mut rosa = app.browser();
            let name = format!("rosa{number}");
            rosa.register(&name).await;
            rosa.log_in(&name).await;
            if !password.contains("luxemburg") {
                let change = [("current", PASSWORD), ("new", password)];
                rosa.post("/account/password", &change).await.expect_error_at(422, "new");
            }
        }
    }
}

#[rocket::async_test]
async fn words_of_the_site_are_no_new_password_and_four_words_are_one() {
    let settings = |figment: Figment| figment.merge(("password.words", ["Goethe-Gymnasium"]));
    let app = App::on_mongodb_with(settings).await;
    let register = async |password: &str| {
        let fields = [("username", "rosa"), ("password", password)];
        app.browser().post("/register", &fields).await
    };
    for password in ["goethe2026", "GoetheGymnasium", "6oethe-gymnasium!"] {
        register(password).await.expect_error_at(422, "password");
    }
    register("umbrella velvet goethe october").await.expect_redirect("/login");
}

#[rocket::async_test]
async fn a_longer_minimum_can_be_set_and_the_form_says_so() {
    let app = App::on_mongodb_with(|figment| figment.merge(("password.min_length", 15))).await;
    app.browser().get("/register").await.expect_page(200, "At least 15 characters");
    let fields = [("username", "rosa"), ("password", "tzqkvwxj-14chr")];
    let refused = app.browser().post("/register", &fields).await;
    refused.expect_error_at(422, "password");
}
