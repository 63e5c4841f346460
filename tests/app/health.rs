//! `cloakroom health` and `cloakroom --version`.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::Output;
use std::thread::{JoinHandle, spawn};

use crate::support::{cloakroom, launch};

fn health(port: &str, address: &str) -> (bool, String, String) {
    let mut command = cloakroom(&["health"]);
    command.env("ROCKET_PORT", port).env("ROCKET_ADDRESS", address);
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (status.success(), text(stdout), text(stderr))
}

/// Gives the next request this response.
fn respond(listener: TcpListener, response: &'static str) -> JoinHandle<()> {
    spawn(move || {
        let mut stream = listener.accept().unwrap().0;
        let _ = stream.read(&mut [0; 1024]);
        stream.write_all(response.as_bytes()).unwrap();
    })
}

#[test]
fn health_is_asked_of_the_server_with_these_settings() {
    let (running, url, _) = launch(cloakroom(&[]).env("SESSION_STORE", "memory"));
    let port = url.rsplit(':').next().unwrap().to_owned();
    // A server that listens on all addresses is asked on this machine.
    for address in ["127.0.0.1", "0.0.0.0"] {
        let (is_ready, said, error) = health(&port, address);
        assert!(is_ready && said.contains("ready") && error.is_empty(), "{said} {error}");
    }
    running.end();
    let (is_ready, said, error) = health(&port, "127.0.0.1");
    assert!(!is_ready && said.is_empty(), "{said}");
    assert!(error.starts_with("cloakroom: not ready: http://127.0.0.1:"), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
}

#[test]
fn a_server_that_is_not_ready_or_does_not_answer_is_not_healthy() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let begun = std::time::Instant::now();
    let (is_ready, _, error) = health(&port, "127.0.0.1");
    assert!(!is_ready && error.contains("timeout"), "{error}");
    assert!(begun.elapsed().as_secs() < 5, "{:?}", begun.elapsed());
    // The connection of the first attempt is still in the queue.
    let first = listener.accept().unwrap();
    let server = respond(listener, "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n");
    let (is_ready, _, error) = health(&port, "127.0.0.1");
    assert!(!is_ready && error.contains("503"), "{error}");
    server.join().unwrap();
    drop(first);
}

#[test]
fn another_program_at_the_address_is_not_healthy() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let server = respond(listener, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    let (is_ready, _, error) = health(&port, "127.0.0.1");
    assert!(!is_ready && error.contains("another program"), "{error}");
    server.join().unwrap();
}

#[test]
fn the_version_tells_what_it_was_built_from() {
    let output = cloakroom(&["--version"]).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let start = concat!("cloakroom ", env!("CARGO_PKG_VERSION"), " (");
    assert!(said.starts_with(start) && said.ends_with(")\n"), "{said}");
}
