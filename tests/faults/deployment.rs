//! The deployment of `docs/deploy.md`: instances stop and start behind the proxy.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use flate2::read::GzDecoder;
use rocket::futures::future::join_all;
use rocket::tokio::{self, join, time::sleep};
use rustix::process::Signal;

use crate::alone;
use crate::cluster::Cluster;
use crate::instance::Instance;
use crate::nginx::Nginx;
use crate::support::Browser;
use crate::world::DATABASE;

async fn deployed() -> (Cluster, Vec<Instance>, Nginx) {
    let cluster = Cluster::start(1).await;
    let uri = cluster.uri(DATABASE);
    let instances = vec![Instance::start(&uri).await, Instance::start(&uri).await];
    let nginx = Nginx::before(&instances).await;
    (cluster, instances, nginx)
}

/// The response to a browser that can decompress gzip.
async fn squeezed(browser: &Browser, path: &str) -> reqwest::Response {
    let request = browser.request(reqwest::Method::GET, path).header("Accept-Encoding", "gzip");
    request.send().await.unwrap()
}

#[rocket::async_test]
async fn behind_the_shipped_nginx_cookies_are_secure_and_addresses_are_true() {
    let _alone = alone().await;
    let (_cluster, instances, nginx) = deployed().await;
    let mut rosa = nginx.browser();
    rosa.sign_up("rosa").await;
    let answer = rosa.log_in("rosa").await;
    assert!(answer.session_cookie().unwrap().contains("; Secure"), "{answer:?}");
    assert!(answer.header("strict-transport-security").is_some());
    // The proxy overwrites a header that the visitor sends.
    let spoofed = rosa.request(reqwest::Method::POST, "/logout").form(&[("", "")]);
    rosa.send(spoofed.header("X-Forwarded-For", "203.0.113.9")).await.expect_redirect("/login");
    let logs = instances[0].log() + &instances[1].log();
    assert!(logs.contains("Logout Done") && logs.contains("address=127.0.0.1"), "{logs}");
    assert!(!logs.contains("203.0.113.9"), "{logs}");
    // Plain http redirects to https.
    let plain =
        Browser::new(&format!("http://localhost:{}", nginx.http)).get("/login?next=/a").await;
    assert_eq!(
        (plain.status, plain.header("location")),
        (301, Some("https://localhost/login?next=/a"))
    );
    // Cloakroom compresses its style sheet, and nginx passes it on as it is. Pages are not compressed,
    // because they may have a secret in them.
    let page = squeezed(&rosa, "/login").await;
    assert_eq!(page.headers().get("content-encoding"), None);
    let page = page.text().await.unwrap();
    let style = page.split('"').find(|text| text.starts_with("/static/site.")).unwrap();
    let style = squeezed(&rosa, style).await;
    let all = |name| style.headers().get_all(name).iter().collect::<Vec<_>>();
    assert_eq!(all("content-encoding"), ["gzip"]);
    assert_eq!(all("vary"), ["Accept-Encoding"]);
    assert_eq!(all("cache-control"), ["public, max-age=31536000, immutable"]);
    let mut text = String::new();
    GzDecoder::new(&*style.bytes().await.unwrap()).read_to_string(&mut text).unwrap();
    assert!(text.contains("@layer"), "{text}");
    // A form that names another site.
    let foreign = rosa.request(reqwest::Method::POST, "/login").form(&[("username", "rosa")]);
    let foreign = foreign.header("Origin", "https://evil.example");
    assert_eq!(rosa.send(foreign).await.status, 403);
}

/// Enough visitors that each kill happens during requests.
const TABS: usize = 16;
const KILLS: usize = 6;

#[rocket::async_test]
async fn an_instance_that_is_killed_under_load_costs_no_page() {
    let _alone = alone().await;
    let (_cluster, mut instances, nginx) = deployed().await;
    let mut rosa = nginx.browser();
    rosa.sign_up("rosa").await;
    let (is_over, cut) = (AtomicBool::new(false), AtomicUsize::new(0));
    let visit = async || {
        let mut tab = nginx.browser();
        tab.jar.clone_from(&rosa.jar);
        let mut count: usize = 0;
        while !is_over.load(Ordering::Relaxed) {
            let page = tab.request(reqwest::Method::GET, "/dashboard");
            let page = match tab.try_send(page).await {
                // Half a page: nginx has already sent its head, so it cannot try the other instance.
                Err(error) if error.is_decode() => {
                    cut.fetch_add(1, Ordering::Relaxed);
                    continue;
                }
                page => page.expect("nginx answers"),
            };
            assert_eq!(page.status, 200, "{} {}", page.body, nginx.log());
            count += 1;
        }
        count
    };
    let kill = async {
        for time in 0..KILLS {
            sleep(Duration::from_millis(700)).await;
            let instance = &mut instances[time % 2];
            instance.kill();
            sleep(Duration::from_millis(500)).await;
            instance.restart();
            instance.ready().await;
            // nginx does not use the instance for two seconds after that.
            sleep(Duration::from_secs(2)).await;
        }
        is_over.store(true, Ordering::Relaxed);
    };
    let (counts, ()) = join!(join_all((0..TABS).map(|_| visit())), kill);
    let (pages, cut) = (counts.iter().sum::<usize>(), cut.into_inner());
    println!("nginx, {KILLS} SIGKILL: {pages} pages, {cut} of them cut in the middle");
    assert_eq!(cut, 0, "pages were cut");
}

/// Renews as docs/deploy.md says. Otherwise a form is lost that nginx sends while an instance closes its
/// connections, because nginx must not send it again.
#[rocket::async_test]
async fn renewing_one_instance_after_the_other_costs_no_form() {
    let _alone = alone().await;
    let (_cluster, mut instances, nginx) = deployed().await;
    let mut rosa = nginx.browser();
    rosa.sign_up("rosa").await;
    let is_over = AtomicBool::new(false);
    let post = async || {
        let mut count = 0;
        while !is_over.load(Ordering::Relaxed) {
            // A new connection for each. When nginx ends a connection between two requests, browsers
            // retry, and this client does not.
            let mut tab = nginx.browser();
            tab.jar.clone_from(&rosa.jar);
            tab.post("/coat/count", &[]).await.expect_redirect("/dashboard#coat");
            count += 1;
        }
        count
    };
    let renew = async {
        for instance in &mut instances {
            sleep(Duration::from_millis(700)).await;
            let own = format!(":{} ", instance.port());
            nginx.change(&own, &format!("{own}down "));
            sleep(Duration::from_secs(4)).await;
            instance.signal(Signal::TERM);
            instance.gone();
            instance.restart();
            instance.ready().await;
            nginx.change(&format!("{own}down "), &own);
        }
        sleep(Duration::from_millis(700)).await;
        is_over.store(true, Ordering::Relaxed);
    };
    let (a, b, ()) = join!(post(), post(), renew);
    println!("nginx, 2 instances renewed: {} forms, none failed", a + b);
}

#[rocket::async_test]
async fn slow_clients_end_at_the_proxy() {
    let _alone = alone().await;
    let (_cluster, _instances, nginx) = deployed().await;
    // 300 clients send half a line and nothing more. Without TLS, where the limit is the same.
    let slow = (0..300).map(|_| {
        let mut stream = TcpStream::connect(("127.0.0.1", nginx.http)).unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nHost: loc").unwrap();
        stream
    });
    let mut slow: Vec<TcpStream> = slow.collect();
    let begun = Instant::now();
    let mut rosa = nginx.browser();
    rosa.sign_up("rosa").await;
    rosa.get("/dashboard").await.expect_page(200, "rosa");
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    let ended = tokio::task::spawn_blocking(move || {
        for stream in &mut slow {
            stream.set_read_timeout(Some(Duration::from_secs(15))).unwrap();
            stream.read_to_end(&mut vec![]).expect("nginx hangs up");
        }
        begun.elapsed()
    });
    let ended = ended.await.unwrap();
    println!("nginx, 300 slow clients: hung up on after {ended:.1?}");
    assert!(ended < Duration::from_secs(14), "{ended:?}");
}
