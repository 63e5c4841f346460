//! The limits of the proxy: a class behind one address passes, a flood does not.
//!
//! No instance runs. A request that nginx lets through is a 502, or waits for a response that never
//! comes. A request that nginx refuses is a 429.

use std::time::{Duration, Instant};

use rocket::futures::future::join_all;
use rocket::tokio;
use rocket::tokio::net::TcpListener;
use rocket::tokio::time::{sleep, timeout};

use crate::alone;
use crate::instance::free_port;
use crate::nginx::Nginx;
use crate::proxy::{get, send};

const LOGIN: &str = "POST /login HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
    Content-Length: 3\r\n\r\na=b";

/// How many of so many logins in a row nginx refuses.
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
    // 40 students with two typos each, all of it at once: a minute is more time than that.
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
    // Everything that costs much is counted together, however it is spelled.
    for path in ["/account", "/account/", "//account", "/%61ccount", "/x/../admin", "/class/board"]
    {
        assert_eq!(send(nginx.tunnel, &get(path)).await.status, 429, "{path}");
    }
    for path in ["/", "/login", "/dashboard", "/accounts", "/static/css/base.css"] {
        assert_eq!(send(nginx.tunnel, &get(path)).await.status, 502, "{path}");
    }
    // `Retry-After` is true.
    sleep(Duration::from_secs(1)).await;
    assert_eq!(refused(&nginx, 1).await, 0);
}

#[rocket::async_test]
async fn a_class_that_opens_pages_passes_the_connections_and_a_flood_does_not() {
    let _alone = alone().await;
    // It takes connections and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    tokio::spawn(async move {
        let mut taken = vec![];
        while let Ok((stream, _)) = silent.accept().await {
            taken.push(stream);
        }
    });
    let nginx = Nginx::before_ports([port, port]).await;
    // What waits for a response is let in. On a busy machine, 450 TLS handshakes take seconds.
    let is_refused = async |path: &str, patience| {
        let response = timeout(patience, send(nginx.tunnel, &get(path))).await;
        response.is_ok_and(|response| response.status == 429)
    };
    let count = async |path: &str, requests: usize| {
        let patience = Duration::from_millis(2000 + 12 * requests as u64);
        let all = join_all((0..requests).map(|_| is_refused(path, patience))).await;
        // nginx notices that those clients have gone.
        sleep(Duration::from_millis(500)).await;
        all.into_iter().filter(|is_refused| *is_refused).count()
    };
    assert_eq!(count("/account", 40).await, 0, "40 open account pages");
    assert_eq!(count("/account", 100).await, 20, "80 at once");
    assert_eq!(count("/static/css/base.css", 320).await, 0, "40 browsers with 8 files each");
    let kept_out = count("/login", 480).await;
    assert!((1..=80).contains(&kept_out), "400 at once, {kept_out} of 480 refused");
}
