//! No header, path or query costs more than its length.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::support::{Running, cloakroom, launch};

/// The largest allowed size of the address and all header lines, in bytes.
const MAX_HEAD: usize = 32 * 1024;

struct Server {
    process: Running,
    port: u16,
}

impl Server {
    fn start() -> Self {
        let mut command = cloakroom(&[]);
        // The recording for lessons has limits of its own.
        command.env("SESSION_STORE", "memory").env("ROCKET_TEACHING", "false");
        let (process, url, _) = launch(&mut command);
        let port = url.rsplit(':').next().unwrap().trim_end_matches('/').parse().unwrap();
        Self { process, port }
    }

    /// Sends a head. Returns the status, and the time until the whole response has arrived.
    fn ask(&self, target: &str, headers: &str) -> (u16, Duration) {
        let begun = Instant::now();
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let head = format!(
            "GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n"
        );
        // A server may reject the request and close the connection before it has read all of it.
        let _ = stream.write_all(head.as_bytes());
        let mut answer = vec![];
        let _ = stream.read_to_end(&mut answer);
        let status = String::from_utf8_lossy(answer.get(9..12).unwrap_or_default()).parse();
        (status.unwrap_or(0), begun.elapsed())
    }

    /// The peak memory of the server, in KiB.
    fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.0.id()));
        let status = status.unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

/// Header lines with a value of this many bytes, each of them expensive for a careless parser.
fn lines(length: usize) -> Vec<(&'static str, String)> {
    let repeated = |part: &str| part.repeat(length / part.len());
    vec![
        ("Accept", repeated("a/b,")),
        ("Accept", repeated("a/b;q=0.1,")),
        ("Accept", format!("a/b{}", repeated(";x=y"))),
        ("Accept", format!("a/b;x=\"{}", repeated("\\"))),
        ("Accept-Language", repeated("de,")),
        ("Accept-Encoding", repeated("gzip,")),
        ("Cookie", repeated("a=b; ")),
        ("Cookie", format!("connect.sid={}", repeated("s%3A"))),
        ("Cookie", format!("connect.sid=s%3A{}", repeated("."))),
        ("Cookie", repeated("connect.sid=s%3Aa.b; ")),
        ("User-Agent", repeated("Mozilla/5.0 (Windows; ")),
        ("Content-Type", repeated("a/b,")),
        // Rocket parses this one before any of us runs, at 50 times its length in memory.
        ("Content-Type", format!("a/b{}", "; x=y".repeat(length.min(31_000) / 5))),
        ("X-Forwarded-For", repeated("127.0.0.1, ")),
        ("X-Forwarded-Proto", repeated("https,")),
        ("Referer", format!("http://localhost/{}", repeated("%2e"))),
        ("Origin", format!("http://{}", repeated("a."))),
        ("Range", format!("bytes={}", repeated("0-1,"))),
        ("If-None-Match", repeated("\"a\",")),
        ("X-Filler", repeated("x")),
    ]
}

#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "reads memory in /proc")]
fn no_header_costs_more_than_its_length() {
    let server = Server::start();
    let targets = ["/", "/nothing", "/login", "/dashboard", "/static/css/base.css"];
    // The second time, everything that is made once exists.
    for target in targets {
        server.ask(target, "Accept: text/html\r\n");
    }
    let before = server.memory();
    for length in [8_000, 31_000, 33_000, 100_000, 390_000] {
        for target in targets {
            let (_, plain) = server.ask(target, &format!("X-Filler: {}\r\n", "x".repeat(length)));
            for (name, value) in lines(length) {
                let (status, took) = server.ask(target, &format!("{name}: {value}\r\n"));
                let is_refused = value.len() > MAX_HEAD;
                let start: String = value.chars().take(20).collect();
                assert_eq!(
                    status == 431,
                    is_refused,
                    "{target} {name}: {start} {length}: {status}"
                );
                // Beside another header of this length in the same moment, and half a second for
                // Rocket's own reading of many cookies. A cost that grows with the square takes a second
                // for 32 KB in a debug build, and a minute for 390.
                let rocket = Duration::from_micros(2 * length as u64);
                assert!(
                    took < plain * 20 + rocket + Duration::from_millis(300),
                    "{target} {name}: {start} {length}: {took:?}, a plain one {plain:?}"
                );
            }
        }
    }
    // Copies of a head, on each of the threads. A cost that grows with the square takes gigabytes.
    let grown = server.memory() - before;
    assert!(grown < 96 * 1024, "{grown} KiB more");
}

#[test]
fn the_address_of_the_refusal_says_the_same_to_all() {
    let server = Server::start();
    assert_eq!(server.ask("/request-head-too-large", "").0, 431);
}

#[test]
fn long_addresses_are_refused_or_cost_no_more_than_their_length() {
    let server = Server::start();
    for part in ["a", "%41", "/", "?", "%2e%2e/", "?a=b&"] {
        for length in [8_000, 31_000, 33_000, 63_000] {
            let target = format!("/{}", part.repeat(length / part.len()));
            let (status, took) = server.ask(&target, "");
            let is_fine =
                if length > MAX_HEAD { [431, 414].contains(&status) } else { status < 500 };
            assert!(is_fine && status != 0, "{part} {length}: {status}");
            assert!(took < Duration::from_secs(2), "{part} {length}: {took:?}");
        }
    }
}
