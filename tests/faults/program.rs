//! The program itself: it is killed, asked to stop, and started twice at once.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use cloakroom::migrate;
use mongodb::bson::{Document, doc};
use rocket::futures::TryStreamExt as _;
use rocket::futures::future::join_all;
use rocket::tokio::net;
use rocket::tokio::time::{sleep, timeout};
use rustix::process::Signal;

use crate::alone;
use crate::cluster::Cluster;
use crate::history::Outcome;
use crate::instance::Instance;
use crate::support::{Browser, PASSWORD};
use crate::world::{DATABASE, World, summary};

#[rocket::async_test]
async fn killed_fifty_times_it_leaves_no_half_made_user_and_is_ready_in_two_seconds() {
    let _alone = alone().await;
    let mut world = World::start(1, 2).await;
    world.let_in(8, 7, Duration::from_secs(600));
    let mut slowest = Duration::ZERO;
    for time in 0..50 {
        sleep(Duration::from_millis(150)).await;
        slowest = slowest.max(world.kill_instance(time % 2).await);
    }
    world.close();
    let ops = world.ends_well().await;
    println!(
        "SIGKILL of the program, 50 times: {}; ready after {slowest:.2?} at most",
        summary(&ops)
    );
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
    assert!(ops.iter().any(|op| op.outcome == Outcome::Lost), "there was work in hand");
}

#[rocket::async_test]
async fn asked_to_end_it_finishes_what_it_has_begun() {
    let _alone = alone().await;
    let cluster = Cluster::start(1).await;
    let mut instance = Instance::start(&cluster.uri(DATABASE)).await;
    Browser::new(&instance.url).register("rosa").await;
    // Logins that take a second, and an idle connection.
    let slow = doc! { "failCommands": ["insert"], "blockConnection": true, "blockTimeMS": 1000 };
    cluster.fail("alwaysOn".into(), slow).await;
    let mut idle = TcpStream::connect(instance.url.trim_start_matches("http://")).unwrap();
    idle.write_all(b"GET / HTTP/1.1\r\n").unwrap();
    let logins = (0..10).map(|_| {
        let url = instance.url.clone();
        rocket::tokio::spawn(async move {
            let fields = [("username", "rosa"), ("password", PASSWORD)];
            Browser::new(&url).post("/login", &fields).await.status
        })
    });
    let logins: Vec<_> = logins.collect();
    sleep(Duration::from_millis(600)).await;
    let asked = Instant::now();
    instance.signal(Signal::TERM);
    let statuses = join_all(logins).await;
    let statuses: Vec<u16> = statuses.into_iter().map(|status| status.unwrap()).collect();
    assert_eq!(statuses, [303; 10], "what was in hand is answered");
    let code = instance.gone();
    let took = asked.elapsed();
    println!("SIGTERM with 10 logins in hand: all answered, gone after {took:.2?}");
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(5), "{took:?}");
    let _ = idle.read(&mut [0]);
}

#[rocket::async_test]
async fn two_started_at_once_on_an_empty_database_make_it_ready_once() {
    let _alone = alone().await;
    let cluster = Cluster::start(1).await;
    let uri = cluster.uri("empty");
    let mut instances: Vec<Instance> = (0..2).map(|_| Instance::launch(&uri)).collect();
    for instance in &mut instances {
        instance.ready().await;
    }
    let records = cluster.database("empty").collection::<Document>("migrations");
    let records = records.find(doc! {}).await.unwrap().try_collect::<Vec<_>>().await.unwrap();
    let mut names: Vec<&str> = records.iter().map(|one| one.get_str("_id").unwrap()).collect();
    names.sort_unstable();
    let expected: Vec<&str> = migrate::ALL.iter().map(|migration| migration.name).collect();
    assert_eq!(names, expected);
    let applied: usize = instances
        .iter()
        .map(|one| one.log().matches("audit: Migrate Done migration=").count())
        .sum();
    assert_eq!(applied, names.len(), "each once");
    // A login or a logout on one instance counts on the other.
    let mut here = Browser::new(&instances[0].url);
    here.sign_up("rosa").await;
    let mut there = Browser::new(&instances[1].url).with_jar_of(&here);
    assert!(there.is_logged_in().await);
    let ticket = here.copy();
    here.post("/logout", &[]).await.expect_redirect("/login");
    let mut there = Browser::new(&instances[1].url).with_jar_of(&ticket);
    assert!(!there.is_logged_in().await);
    // Attempts on one instance count on the other.
    let guess = |instance: &Instance| {
        let fields = [("username", "rosa"), ("password", "a wrong horse battery")];
        let mut stranger = Browser::new(&instance.url);
        async move { stranger.post_patiently("/login", &fields).await.status }
    };
    let mut checked = 0;
    while guess(&instances[checked % 2]).await == 422 {
        checked += 1;
    }
    assert_eq!(checked, 40, "as many as on one instance");
}

#[rocket::async_test]
#[cfg_attr(not(target_os = "linux"), ignore = "only Linux has the longer queue")]
async fn three_hundred_concurrent_connections_wait_and_none_is_rejected() {
    let _alone = alone().await;
    let cluster = Cluster::start(1).await;
    let instance = Instance::start(&cluster.uri(DATABASE)).await;
    // While it is stopped it accepts none, so all of them wait in the kernel.
    instance.signal(Signal::STOP);
    let connect = |_| net::TcpStream::connect(("127.0.0.1", instance.port()));
    let connections = timeout(Duration::from_millis(900), join_all((0..300).map(connect))).await;
    instance.signal(Signal::CONT);
    let connections = connections.expect("a packet that is dropped is sent again after a second");
    assert!(connections.iter().all(Result::is_ok));
}
