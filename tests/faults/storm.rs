//! More concurrent logins than cores.

use std::time::{Duration, Instant};

use mongodb::bson::{Document, doc};
use rocket::futures::future::join_all;
use rocket::tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use rocket::tokio::net::TcpStream;
use rocket::tokio::{self, time::sleep};

use crate::alone;
use crate::cluster::Cluster;
use crate::instance::Instance;
use crate::support::{Browser, PASSWORD};
use crate::world::DATABASE;

/// The logins of `auth/queue.rs` that run at once.
const QUEUE: usize = 128;

/// The slowest of the fastest 95 %.
fn p95(times: &mut [Duration]) -> Duration {
    times.sort();
    times[(times.len() * 95).div_ceil(100).max(1) - 1]
}

/// The program's memory in MiB: now, and the peak.
fn memory(instance: &Instance) -> (u64, u64) {
    let path = format!("/proc/{}/status", instance.pid().as_raw_nonzero());
    let status = std::fs::read_to_string(path).unwrap();
    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
    };
    (field("VmRSS"), field("VmHWM"))
}

/// Accounts with Rosa's password: one is registered, the others are copies under other names.
async fn accounts(cluster: &Cluster, instance: &Instance, count: usize) -> Vec<String> {
    Browser::new(&instance.url).register("rosa").await;
    let users = cluster.database(DATABASE).collection::<Document>("users");
    let rosa = users.find_one(doc! {}).await.unwrap().unwrap();
    let names: Vec<String> = (0..count).map(|number| format!("student-{number}")).collect();
    let copies = names.iter().map(|name| {
        let mut copy = rosa.clone();
        copy.remove("_id");
        copy.insert("username", name);
        copy.insert("username_key", name);
        copy
    });
    users.insert_many(copies).await.unwrap();
    names
}

/// Logs all in at once, each from an address of its own. Returns statuses and times. It sends bytes over open
/// connections, so that the test itself takes little time.
async fn log_in_all(instance: &Instance, names: &[String]) -> Vec<(u16, Duration)> {
    let mut ready = vec![];
    for (number, name) in names.iter().enumerate() {
        let body = format!("username={name}&password={}", PASSWORD.replace(' ', "+"));
        let request = format!(
            "POST /login HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             X-Forwarded-For: 10.1.{}.{}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {}\r\n\r\n{body}",
            number / 250,
            number % 250,
            body.len()
        );
        let stream = TcpStream::connect(("127.0.0.1", instance.port())).await.unwrap();
        ready.push((stream, request));
    }
    let begun = Instant::now();
    let logins = ready.into_iter().map(|(mut stream, request)| {
        tokio::spawn(async move {
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = vec![];
            stream.read_to_end(&mut answer).await.unwrap();
            let status = String::from_utf8_lossy(&answer[9..12]).parse().unwrap();
            (status, begun.elapsed())
        })
    });
    let logins: Vec<_> = logins.collect();
    join_all(logins).await.into_iter().map(|answer| answer.unwrap()).collect()
}

#[rocket::async_test]
#[cfg_attr(not(target_os = "linux"), ignore = "reads memory in /proc")]
async fn forty_logins_at_once_all_get_in_while_the_dashboard_stays_quick() {
    let _alone = alone().await;
    let cluster = Cluster::start(1).await;
    let instance = Instance::start(&cluster.uri(DATABASE)).await;
    let (idle, _) = memory(&instance);
    let names = accounts(&cluster, &instance, 40).await;
    let mut rosa = Browser::new(&instance.url);
    rosa.log_in("rosa").await;
    let storm = log_in_all(&instance, &names);
    let visits = async {
        let mut times = vec![];
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_millis(1_500) {
            let asked = Instant::now();
            rosa.get("/dashboard").await.expect_page(200, "rosa");
            times.push(asked.elapsed());
            sleep(Duration::from_millis(2)).await;
        }
        times
    };
    let (logins, mut visits) = tokio::join!(storm, visits);
    let statuses: Vec<u16> = logins.iter().map(|(status, _)| *status).collect();
    assert_eq!(statuses, [303; 40]);
    let mut times: Vec<Duration> = logins.into_iter().map(|(_, took)| took).collect();
    let (login, visit) = (p95(&mut times), p95(&mut visits));
    let (_, most) = memory(&instance);
    let cores = std::thread::available_parallelism().unwrap().get() as u64;
    println!(
        "40 logins at once: p95 {login:.2?}, dashboard p95 {visit:.2?} of {} visits, memory {idle} to {most} MiB",
        visits.len()
    );
    assert!(login <= Duration::from_secs(3), "{login:?}");
    assert!(visit <= Duration::from_millis(100), "{visit:?}");
    assert!(most - idle <= cores * 19 + 20, "{idle} to {most} MiB");
}

/// How often the program has looked for documents in the collection of accounts.
async fn account_finds(cluster: &Cluster) -> i64 {
    let top = cluster.database("admin").run_command(doc! { "top": 1 }).await.unwrap();
    let users = format!("{DATABASE}.users");
    let users = top.get_document("totals").unwrap().get_document(users).unwrap();
    users.get_document("queries").unwrap().get_i32("count").unwrap().into()
}

/// The figures of how fast are in docs/reliability.md: a slow machine takes longer for the pages alone.
#[rocket::async_test]
async fn of_a_thousand_concurrent_logins_the_excess_is_rejected_without_asking_mongodb() {
    let _alone = alone().await;
    let cluster = Cluster::start(1).await;
    let instance = Instance::start(&cluster.uri(DATABASE)).await;
    let names = accounts(&cluster, &instance, 1_000).await;
    let before = account_finds(&cluster).await;
    let logins = log_in_all(&instance, &names).await;
    let finds = account_finds(&cluster).await - before;
    let finds = usize::try_from(finds).unwrap();
    let of = |status: u16| logins.iter().filter(move |(is, _)| *is == status);
    let longest = |status: u16| of(status).map(|(_, took)| *took).max().unwrap_or_default();
    let (done, rejected) = (of(303).count(), of(503).count());
    println!(
        "1,000 logins at once: {done} in within {:.2?}, {rejected} rejected within {:.2?}, {finds} finds",
        longest(303),
        longest(503),
    );
    assert_eq!(done + rejected, 1_000, "nothing else is an answer to the right password");
    assert!(done > 0, "some are in");
    // Those that were in the queue when their time was over have asked as well.
    assert!(finds <= done + QUEUE, "{finds} finds for {done} logins");
    let calm = log_in_all(&instance, &names[..40]).await;
    assert!(calm.iter().all(|(status, _)| *status == 303), "normal again: {calm:?}");
    // A rejected login was not counted, so it locks no user out. A login counts in two buckets.
    let counters = cluster.database(DATABASE).collection::<Document>("throttle");
    let counters = counters.count_documents(doc! {}).await.unwrap();
    let most = 2 * (finds + calm.len()) + 1;
    assert!(counters <= most as u64, "{counters} counters");
}
