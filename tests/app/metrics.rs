//! `GET /metrics` at an address of its own.

use std::collections::BTreeMap;
use std::time::Duration;

use rocket::futures::future::join_all;
use rocket::tokio::time::sleep;

use crate::support::{Browser, cloakroom, fresh_database, launch};

/// The metrics by name and labels, as Prometheus reads them.
type Metrics = BTreeMap<String, f64>;

/// An address that no program listens at.
fn free_address() -> String {
    let probe = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    probe.local_addr().unwrap().to_string()
}

async fn scrape(address: &str) -> Metrics {
    let docs = include_str!("../../docs/deploy.md");
    let url = format!("http://{address}/metrics");
    // It may begin to listen a moment later than the site.
    let begun = std::time::Instant::now();
    let response = loop {
        match reqwest::get(&url).await {
            Ok(response) => break response,
            Err(error) => assert!(begun.elapsed().as_secs() < 5, "{error}"),
        }
        sleep(Duration::from_millis(20)).await;
    };
    assert_eq!(response.status(), 200);
    assert!(response.headers()["content-type"].to_str().unwrap().starts_with("text/plain"));
    let text = response.text().await.unwrap();
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let parsed = lines.map(|line| {
        let (name, value) = line.rsplit_once(' ').unwrap();
        let bare = name.split('{').next().unwrap();
        let parts = ["_bucket", "_sum", "_count"];
        let bare = parts.iter().find_map(|part| bare.strip_suffix(part)).unwrap_or(bare);
        assert!(docs.contains(&format!("`{bare}")), "docs/deploy.md explains {bare}");
        (name.to_owned(), value.parse().unwrap_or_else(|_| panic!("{line}")))
    });
    parsed.collect()
}

fn of(metrics: &Metrics, name: &str) -> u32 {
    let value = metrics.get(name).unwrap_or_else(|| panic!("no {name}: {metrics:#?}"));
    assert!(*value >= 0.0 && value.fract() == 0.0, "{name} {value}");
    format!("{value}").parse().unwrap()
}

#[rocket::async_test]
async fn what_happens_under_load_is_in_the_metrics() {
    let (uri, _) = fresh_database().await;
    let address = free_address();
    let mut command = cloakroom(&[]);
    command.env("MONGODB_URI", &uri).env("ROCKET_TEACHING", "false");
    // Its output is not read, so it must not write much.
    command.env("ROCKET_LOG_LEVEL", "critical");
    let (_running, url, _) = launch(command.env("ROCKET_METRICS", &address));
    let before = scrape(&address).await;
    for (name, value) in &before {
        let is_zero = *value == 0.0 || name.starts_with("session_documents_per_find");
        assert!(is_zero || name.starts_with("session_mongodb_running"), "{name} {value}");
    }

    // Ten users log in and look at twenty pages each. Then each sends ten items at once.
    let visits = (0..10).map(async |number: usize| {
        let mut rosa = Browser::new(&url);
        rosa.sign_up(&format!("rosa-{number}")).await;
        join_all((0..20).map(async |_| assert!(rosa.copy().is_logged_in().await))).await;
        let items = (0..10).map(async |item: usize| {
            rosa.copy().post("/coat", &[("item", &item.to_string())]).await.status
        });
        assert_eq!(join_all(items).await, [303; 10]);
        rosa.post("/logout", &[]).await.expect_redirect("/login");
    });
    let scrapes = async {
        let mut most = (0, 0);
        for _ in 0..20 {
            let metrics = scrape(&address).await;
            let running = of(&metrics, r#"session_mongodb_running{lane="page"}"#);
            most = (most.0.max(running), most.1.max(of(&metrics, "cloakroom_queued_logins")));
            sleep(Duration::from_millis(50)).await;
        }
        most
    };
    let (_, (running, queued)) = rocket::tokio::join!(join_all(visits), scrapes);
    assert!(running <= 10, "no more than the pool has connections: {running}");
    assert!((1..=10).contains(&queued), "{queued}");

    let after = scrape(&address).await;
    let (created, ended) = (of(&after, "session_created_total"), of(&after, "session_ended_total"));
    assert_eq!((created, ended), (10, 10), "{after:#?}");
    let kind = |kind| format!("cloakroom_request_seconds_count{{kind=\"{kind}\"}}");
    assert_eq!(of(&after, &kind("form")), 10 * (2 + 10 + 1));
    // Each has seen the dashboard, and whatever page a registration leads to.
    assert!(of(&after, &kind("page")) >= 200, "{after:#?}");
    assert!(of(&after, "session_save_retries_total") >= 10, "{after:#?}");
    let finds = of(&after, "session_documents_per_find_count");
    assert!(finds > 0 && finds < of(&after, "session_documents_per_find_sum"), "{after:#?}");
    assert_eq!(of(&after, "cloakroom_queued_logins"), 0);
    assert_eq!(of(&after, r#"session_mongodb_waiting{lane="page"}"#), 0);

    // Too many logins at one account: some are checked, the others rejected, for one of two reasons.
    let fields = [("username", "rosa-0"), ("password", "wrong horse battery")];
    let flood = (0..180).map(async |_| Browser::new(&url).post("/login", &fields).await.status);
    let statuses = join_all(flood).await;
    let count = |status: u16| {
        u32::try_from(statuses.iter().filter(|other| **other == status).count()).unwrap()
    };
    let last = scrape(&address).await;
    let busy = of(&last, r#"cloakroom_unavailable_total{cause="logins"}"#);
    assert!(count(503) > 0 && count(429) > 0, "{statuses:?}");
    assert_eq!(count(503), busy, "{last:#?}");
    assert_eq!(of(&last, r#"cloakroom_throttled_total{bucket="account"}"#), count(429));
    let logins = |outcome| of(&last, &format!("cloakroom_logins_total{{outcome=\"{outcome}\"}}"));
    assert_eq!((logins("done"), logins("refused")), (10, count(422)));
    assert_eq!(logins("throttled"), count(429));
    let class = |class| of(&last, &format!("cloakroom_requests_total{{class=\"{class}\"}}"));
    assert_eq!(class("5xx"), busy);
    assert_eq!(class("4xx"), count(422) + count(429));
}

#[rocket::async_test]
async fn an_outage_is_a_cause_of_its_own() {
    let address = free_address();
    let mongod = crate::support::Mongod::start(&[]);
    let mut command = cloakroom(&[]);
    command.env("MONGODB_URI", mongod.database("cloakroom")).env("ROCKET_TEACHING", "false");
    command.env("ROCKET_LOG_LEVEL", "critical");
    let (running, url, _) = launch(command.env("ROCKET_METRICS", &address));
    let mut rosa = Browser::new(&url);
    rosa.sign_up("rosa").await;
    mongod.stop();
    assert_eq!(rosa.get("/dashboard").await.status, 503);
    assert_eq!(rosa.get("/readyz").await.status, 503, "no visitor");
    let metrics = scrape(&address).await;
    assert_eq!(of(&metrics, r#"cloakroom_unavailable_total{cause="database"}"#), 1);
    assert_eq!(of(&metrics, r#"cloakroom_unavailable_total{cause="logins"}"#), 0);
    let log = running.end();
    assert_eq!(log.matches("/dashboard is a 503: MongoDB").count(), 1, "the log says why: {log}");
}

#[rocket::async_test]
async fn metrics_are_off_by_default_and_never_at_the_address_of_the_site() {
    let address = free_address();
    let mut command = cloakroom(&[]);
    command.env("SESSION_STORE", "memory").env("ROCKET_METRICS", &address);
    let (running, url, _) = launch(&mut command);
    assert_eq!(Browser::new(&url).get("/metrics").await.status, 404);
    let other = reqwest::get(format!("http://{address}/")).await.unwrap();
    assert_eq!((other.status().as_u16(), other.headers().get("server")), (404, None));

    // A second program at the same address says so and ends.
    let output = command.output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && error.contains(&address), "{error}");
    assert!(error.contains("ROCKET_METRICS") && error.lines().count() == 1, "{error}");
    running.end();

    let (_running, _, _) = launch(cloakroom(&[]).env("SESSION_STORE", "memory"));
    assert!(reqwest::get(format!("http://{address}/metrics")).await.is_err());
}
