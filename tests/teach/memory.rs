//! The memory of the X-ray is limited, whatever clients send.

use std::net::TcpListener;
use std::process::{Child, Stdio};
use std::time::Duration;

use rocket::futures::{StreamExt as _, stream};
use rocket::tokio::time::sleep;

use crate::support::cloakroom;

/// The program with `teaching`, in a process that ends with the test.
struct Server {
    process: Child,
    url: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Server {
    async fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = cloakroom(&[]);
        command.env("SESSION_STORE", "memory").env("ROCKET_TEACHING", "true");
        command.env("ROCKET_PORT", port.to_string()).env("ROCKET_LOG_LEVEL", "off");
        let process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let server = Self { process, url: format!("http://127.0.0.1:{port}") };
        for _ in 0..400 {
            let ready = reqwest::get(format!("{}/readyz", server.url)).await;
            if ready.is_ok_and(|answer| answer.status() == 200) {
                return server;
            }
            sleep(Duration::from_millis(50)).await;
        }
        panic!("not ready after 20 seconds");
    }

    /// The mebibytes that the process has in memory.
    fn memory(&self) -> u64 {
        let path = format!("/proc/{}/status", self.process.id());
        let status = std::fs::read_to_string(path).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
    }

    /// Sends `count` requests, eight at a time, and reads each response.
    async fn flood(&self, count: usize, request: &reqwest::RequestBuilder) {
        let answers = (0..count).map(|_| request.try_clone().expect("a body in memory").send());
        let answers = stream::iter(answers).map(async |answer| {
            let answer = answer.await.expect("the server answers");
            assert!(answer.status().as_u16() < 500, "{}", answer.status());
            answer.bytes().await.expect("a body");
        });
        answers.buffer_unordered(8).collect::<Vec<()>>().await;
    }
}

/// A query and a path of 63 KB, 25 cookies with long names and values, 90 fields with long names.
#[rocket::async_test]
#[cfg_attr(not(target_os = "linux"), ignore = "reads memory in /proc")]
async fn two_thousand_of_the_largest_requests_leave_the_memory_of_the_x_ray_in_its_bound() {
    /// The promised 16 MiB, and what an allocator needs for the work itself.
    const MOST_GROWTH: u64 = 40;
    let (server, http) = (Server::start().await, client());
    let (query, path) = ("%41".repeat(10_300), "p".repeat(31_000));
    let cookies = (0..25).map(|n| format!("{}{n}={}", "n".repeat(500), "v".repeat(500)));
    let cookies = cookies.chain([format!("notice=registered~{}", "i".repeat(4_000))]);
    let cookies = cookies.collect::<Vec<_>>().join("; ");
    let fields = (0..90).map(|n| format!("{}{n}=x", "f".repeat(300)));
    let fields = fields.collect::<Vec<_>>().join("&");
    let url = &server.url;
    let form = http.post(format!("{url}/login")).body(fields);
    let form = form.header("Content-Type", "application/x-www-form-urlencoded");
    let floods = [
        ("query", 2_000, http.get(format!("{url}/dashboard?{query}"))),
        ("path", 600, http.get(format!("{url}/{path}")).header("Cookie", &cookies)),
        ("form", 600, form.header("Cookie", &cookies)),
    ];
    for (_, _, request) in &floods {
        server.flood(50, request).await;
    }
    let before = server.memory();
    for (name, count, request) in &floods {
        server.flood(*count, request).await;
        let after = server.memory();
        println!("{count} times a long {name}: {before} to {after} MiB");
        assert!(after < before + MOST_GROWTH, "long {name}: {before} to {after} MiB");
    }
}

#[rocket::async_test]
async fn a_login_page_is_not_asked_to_lead_back_to_an_address_that_is_too_long() {
    let app = crate::class().await;
    for length in [31_000, 2_100] {
        let answer = app.browser().get(&format!("/dashboard?{}", "%41".repeat(length / 3))).await;
        answer.expect_redirect("/login");
    }
    let short = "a".repeat(500);
    let answer = app.browser().get(&format!("/dashboard?{short}")).await;
    answer.expect_redirect(&format!("/login?next=/dashboard?{short}"));
}

fn client() -> reqwest::Client {
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    http.build().unwrap()
}
