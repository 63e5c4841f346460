//! What an operator measures: counters, gauges and histograms, through the crate `metrics`.
//!
//! Nothing is kept unless the setting `metrics` is an address. Then [`install`] keeps all, and [`server`]
//! shows it there. The session engine has metrics of its own ([`rocket_express_session::meters`]).
//! docs/deploy.md explains all of them.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use metrics::{
    Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use rocket::config::LogLevel;
use rocket::fairing::AdHoc;
use rocket::figment::Figment;
use rocket::http::{Method, Status};
use rocket::tokio::time::interval;
use rocket::{Build, Rocket, State, get, routes, tokio};

/// Bounds of the histogram of request times, in seconds. A request may take 2.8 seconds.
const SECONDS: [f64; 10] = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 3.0];

/// Bounds of the histogram of documents in a `find`, which has at most 100.
const DOCUMENTS: [f64; 7] = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0];

/// How often the samples of the histograms are added up, so that they take little memory.
const UPKEEP: Duration = Duration::from_secs(5);

/// Why a request got a 503.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// MongoDB did not answer in time or refused, or too many operations waited for it.
    Database,
    /// Too many logins were in the queue.
    Logins,
    /// Too many requests of one browser, account or address for pages that read many documents.
    HeavyPages,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Database => "MongoDB did not answer in time, or too many operations wait for it",
            Self::Logins => "too many logins at once",
            Self::HeavyPages => "too many requests of one browser, account or address at once",
        })
    }
}

impl Cause {
    fn label(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::Logins => "logins",
            Self::HeavyPages => "heavy_pages",
        }
    }
}

/// A request has got its response. A 503 has a cause, and its time says nothing about pages. The health
/// checks are no visitors, so their 503s are not counted by cause.
pub fn responded(method: Method, path: &str, status: Status, took: Duration, cause: Cause) {
    let class = match status.code / 100 {
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        5 => "5xx",
        _ => "other",
    };
    let kind = match path {
        "/healthz" | "/readyz" => "check",
        _ if path.starts_with("/static/") => "file",
        _ if method == Method::Post => "form",
        _ => "page",
    };
    counter!("cloakroom_requests_total", "class" => class).increment(1);
    if status != Status::ServiceUnavailable {
        histogram!("cloakroom_request_seconds", "kind" => kind).record(took);
    } else if kind != "check" {
        counter!("cloakroom_unavailable_total", "cause" => cause.label()).increment(1);
    }
}

/// A login was tried. `outcome` is `done`, `refused` or `throttled`.
pub fn tried_login(outcome: &'static str) {
    counter!("cloakroom_logins_total", "outcome" => outcome).increment(1);
}

/// An attempt was rejected, because a bucket of this kind was full.
pub fn throttled(bucket: &'static str) {
    counter!("cloakroom_throttled_total", "bucket" => bucket).increment(1);
}

/// A login that is checked, or waits for a place, until it is dropped.
pub struct QueuedLogin(());

impl QueuedLogin {
    /// A login enters the queue.
    #[expect(clippy::new_without_default, reason = "it has an effect")]
    pub fn new() -> Self {
        gauge!("cloakroom_queued_logins").increment(1);
        Self(())
    }
}

impl Drop for QueuedLogin {
    fn drop(&mut self) {
        gauge!("cloakroom_queued_logins").decrement(1);
    }
}

/// Keeps what is measured from now on. Once for each process.
///
/// # Errors
/// Another recorder is installed already.
pub fn install() -> Result<PrometheusHandle, BuildError> {
    let builder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Full("cloakroom_request_seconds".to_owned()), &SECONDS)?
        .set_buckets_for_metric(
            Matcher::Full("session_documents_per_find".to_owned()),
            &DOCUMENTS,
        )?;
    let handle = builder.install_recorder()?;
    describe();
    Ok(handle)
}

/// Says what each metric is. Counters begin at zero, so that a rate over the first event is right.
fn describe() {
    describe_counter!("cloakroom_requests_total", "Requests by class of their status.");
    describe_histogram!(
        "cloakroom_request_seconds",
        Unit::Seconds,
        "Time until the response, by kind of request."
    );
    describe_counter!("cloakroom_unavailable_total", "Responses with 503, by cause.");
    describe_counter!("cloakroom_logins_total", "Logins that were tried, by outcome.");
    describe_gauge!("cloakroom_queued_logins", "Logins that are checked, or wait for it.");
    describe_counter!(
        "cloakroom_throttled_total",
        "Rejected attempts, by the bucket that was full."
    );
    describe_counter!("session_created_total", "Sessions stored under a new ID.");
    describe_counter!(
        "session_ended_total",
        "Sessions deleted by a logout, for a new ID, or revoked."
    );
    describe_counter!("session_save_retries_total", "Saves that loaded the session again.");
    describe_histogram!(
        "session_documents_per_find",
        "Documents that requests share one find for."
    );
    describe_gauge!("session_mongodb_running", "Operations that have a connection to MongoDB.");
    describe_gauge!("session_mongodb_waiting", "Operations that wait for a connection to MongoDB.");
    describe_counter!("session_mongodb_refused_total", "Operations refused, as too many waited.");
    for class in ["2xx", "3xx", "4xx", "5xx"] {
        counter!("cloakroom_requests_total", "class" => class).increment(0);
    }
    for cause in [Cause::Database, Cause::Logins, Cause::HeavyPages] {
        counter!("cloakroom_unavailable_total", "cause" => cause.label()).increment(0);
    }
    for outcome in ["done", "refused", "throttled"] {
        counter!("cloakroom_logins_total", "outcome" => outcome).increment(0);
    }
    for bucket in ["account", "device", "address", "registration", "confirmation"] {
        counter!("cloakroom_throttled_total", "bucket" => bucket).increment(0);
    }
    gauge!("cloakroom_queued_logins").set(0);
    for name in ["session_created_total", "session_ended_total", "session_save_retries_total"] {
        counter!(name).increment(0);
    }
    for lane in ["page", "list", "background"] {
        gauge!("session_mongodb_running", "lane" => lane).set(0);
        gauge!("session_mongodb_waiting", "lane" => lane).set(0);
        counter!("session_mongodb_refused_total", "lane" => lane).increment(0);
    }
}

/// The server of `GET /metrics`, at an address that no visitor reaches. It has the shutdown settings of the
/// site, and ends with it.
pub fn server(address: SocketAddr, handle: PrometheusHandle, figment: &Figment) -> Rocket<Build> {
    let own = Figment::from(rocket::Config::default())
        .merge(("address", address.ip()))
        .merge(("port", address.port()))
        .merge(("log_level", LogLevel::Off))
        .merge(("ident", false));
    let own = match figment.find_value("shutdown") {
        Ok(shutdown) => own.merge(("shutdown", shutdown)),
        Err(_) => own,
    };
    rocket::custom(own).manage(handle).attach(upkeep()).mount("/", routes![show])
}

#[get("/metrics")]
fn show(handle: &State<PrometheusHandle>) -> String {
    handle.render()
}

fn upkeep() -> AdHoc {
    AdHoc::on_liftoff("Upkeep", |rocket| {
        Box::pin(async move {
            let Some(handle) = rocket.state::<PrometheusHandle>().cloned() else { return };
            tokio::spawn(async move {
                let mut ticks = interval(UPKEEP);
                loop {
                    ticks.tick().await;
                    handle.run_upkeep();
                }
            });
        })
    })
}
