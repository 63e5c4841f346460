//! The limits of the proxy: a class behind one address passes, a flood does not.
//!
//! No instance runs. A request that nginx lets through is a 502, or gets a response without an end. A
//! request that nginx refuses is a 429.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rocket::futures::future::join_all;
use rocket::tokio;
use rocket::tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use rocket::tokio::net::{TcpSocket, TcpStream};
use rocket::tokio::time::{sleep, timeout};

use crate::alone;
use crate::instance::free_port;
use crate::nginx::Nginx;
use crate::proxy::{get, send};

const LOGIN: &str = "POST /login HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
    Content-Length: 3\r\n\r\na=b";

/// Sends this number of logins in a row. Returns how many nginx rejects.
async fn refused(nginx: &Nginx, count: usize) -> usize {
    let mut refused = 0;
    for _ in 0..count {
        let response = send(nginx.tunnel, LOGIN).await;
        assert!([429, 502].contains(&response.status), "{}", response.body);
        refused += usize::from(response.status == 429);
    }
    refused
}

#[rocket::async_test]
async fn a_class_that_logs_in_passes_the_rate_and_a_flood_does_not() {
    let _alone = alone().await;
    let nginx = Nginx::before_ports([free_port(), free_port()]).await;
    let begun = Instant::now();
    // 40 students with two typos each, all at once. A real class takes a minute.
    let class = (0..40).map(|_| refused(&nginx, 3));
    assert_eq!(join_all(class).await.into_iter().sum::<usize>(), 0);
    let flood = (0..8).map(|_| refused(&nginx, 25));
    let kept_out = join_all(flood).await.into_iter().sum::<usize>();
    // 150 at once, and 5 more in each second.
    let let_in = 320 - kept_out as u64;
    let most = 151 + 5 * (begun.elapsed().as_secs() + 1);
    assert!((150..=most).contains(&let_in), "{let_in} of 320, at most {most}");
    let response = loop {
        let response = send(nginx.tunnel, LOGIN).await;
        if response.status == 429 {
            break response;
        }
    };
    assert_eq!(response.all("retry-after"), ["1"]);
    // All expensive addresses are counted together, in each spelling.
    for path in ["/account", "/account/", "//account", "/%61ccount", "/x/../admin", "/class/board"]
    {
        // On a busy machine, a request may take so long that nginx allows one more.
        let mut statuses = vec![];
        while statuses.last() != Some(&429) && statuses.len() < 50 {
            statuses.push(send(nginx.tunnel, &get(path)).await.status);
        }
        assert_eq!(statuses.last(), Some(&429), "{path}: {statuses:?}");
    }
    for path in ["/", "/login", "/dashboard", "/accounts", "/static/css/base.css"] {
        assert_eq!(send(nginx.tunnel, &get(path)).await.status, 502, "{path}");
    }
    // `Retry-After` is right.
    sleep(Duration::from_secs(1)).await;
    assert_eq!(refused(&nginx, 1).await, 0);
}

/// An upstream that starts each response at once and never ends it.
struct Endless {
    port: u16,
    open: Arc<AtomicUsize>,
}

impl Endless {
    fn start() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        // With the 128 of the standard library, the kernel drops connections of a burst. nginx gives
        // such a connection up after a second, and then sends nothing to this upstream for two more.
        let listener = socket.listen(1024).unwrap();
        let port = listener.local_addr().unwrap().port();
        let open = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&open);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let counter = Arc::clone(&counter);
                counter.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(async move {
                    // nginx passes the head on without waiting for the rest.
                    let head = "HTTP/1.1 200 OK\r\nX-Accel-Buffering: no\r\n\r\n";
                    let mut sent = stream.write_all(head.as_bytes()).await;
                    // nginx gives up an upstream that is silent for ten seconds.
                    while sent.is_ok() {
                        sleep(Duration::from_millis(200)).await;
                        sent = stream.write_all(b".").await;
                    }
                    counter.fetch_sub(1, Ordering::Relaxed);
                });
            }
        });
        Self { port, open }
    }

    /// Waits until nginx has closed all connections.
    async fn idle(&self) {
        for _ in 0..300 {
            if self.open.load(Ordering::Relaxed) == 0 {
                return;
            }
            sleep(Duration::from_millis(100)).await;
        }
        panic!("nginx keeps connections of clients that have gone");
    }
}

/// Sends a request and reads the status of the response. The connection stays open.
async fn open(port: u16, path: &str) -> (TcpStream, u16) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(get(path).as_bytes()).await.unwrap();
    let mut start = [0; 12];
    stream.read_exact(&mut start).await.unwrap();
    let status = str::from_utf8(&start).unwrap().split(' ').nth(1).unwrap();
    (stream, status.parse().unwrap())
}

#[rocket::async_test]
async fn a_class_that_opens_pages_passes_the_connections_and_a_flood_does_not() {
    let _alone = alone().await;
    let upstream = Endless::start();
    let nginx = Nginx::before_ports([upstream.port, upstream.port]).await;
    let count = async |path: &str, requests: usize| {
        let all = join_all((0..requests).map(|_| open(nginx.tunnel, path)));
        // On a busy machine, 480 TLS handshakes take seconds.
        let all = timeout(Duration::from_secs(60), all).await.expect("a status for each request");
        let with = |wanted| all.iter().filter(|(_, status)| *status == wanted).count();
        let refused = with(429);
        assert_eq!(with(200) + refused, requests, "{path}: {}", nginx.log());
        drop(all);
        upstream.idle().await;
        refused
    };
    assert_eq!(count("/account", 40).await, 0, "40 open account pages");
    assert_eq!(count("/account", 100).await, 20, "80 at once");
    assert_eq!(count("/static/css/base.css", 320).await, 0, "40 browsers with 8 requests each");
    assert_eq!(count("/login", 480).await, 80, "400 at once");
}
