//! One `mongod` under two instances: killed, frozen, failing, and far away.

use std::time::{Duration, Instant};

use mongodb::bson::{Document, doc};
use rocket::tokio::time::sleep;

use crate::alone;
use crate::history::{Op, Outcome, healed};
use crate::world::{World, summary};

/// The number of concurrent visitors.
const VISITORS: usize = 8;

fn count(ops: &[Op], outcome: Outcome) -> usize {
    ops.iter().filter(|op| op.outcome == outcome).count()
}

#[rocket::async_test]
async fn a_killed_server_loses_nothing_that_was_acknowledged() {
    let _alone = alone().await;
    let mut world = World::start(1, 2).await;
    world.let_in(VISITORS, 1, Duration::from_secs(22));
    sleep(Duration::from_secs(4)).await;
    world.cluster.kill(0);
    sleep(Duration::from_secs(10)).await;
    let back = world.now();
    world.cluster.restart(0);
    let ops = world.ends_well().await;
    let healed = healed(&ops, back);
    println!("SIGKILL, 10 s away: {}; healthy after {healed:.2?}", summary(&ops));
    assert!(healed < Duration::from_secs(5), "{healed:?}");
    assert!(count(&ops, Outcome::Unavailable) > 0, "it was away");
}

/// The slowest of some responses that need no database.
async fn slowest_without_database(url: &str, time: Duration) -> Duration {
    let http = reqwest::Client::new();
    let (begun, mut slowest) = (Instant::now(), Duration::ZERO);
    while begun.elapsed() < time {
        for path in ["/healthz", "/static/css/base.css", "/login"] {
            let asked = Instant::now();
            let answer = http.get(format!("{url}{path}")).send().await.unwrap();
            assert_eq!(answer.status(), 200, "{path}");
            answer.text().await.unwrap();
            slowest = slowest.max(asked.elapsed());
        }
        sleep(Duration::from_millis(50)).await;
    }
    slowest
}

#[rocket::async_test]
async fn a_frozen_server_delays_no_response() {
    let _alone = alone().await;
    let mut world = World::start(1, 2).await;
    world.let_in(VISITORS, 2, Duration::from_secs(42));
    sleep(Duration::from_secs(3)).await;
    world.cluster.freeze(0);
    let url = world.instances[0].url.clone();
    let slowest = slowest_without_database(&url, Duration::from_secs(30)).await;
    let back = world.now();
    world.cluster.thaw(0);
    let ops = world.ends_well().await;
    let healed = healed(&ops, back);
    println!(
        "SIGSTOP, 30 s: {}; without database {slowest:.2?} at most; healthy after {healed:.2?}",
        summary(&ops)
    );
    assert!(slowest < Duration::from_millis(50), "{slowest:?}");
    assert!(healed < Duration::from_secs(5), "{healed:?}");
    assert!(count(&ops, Outcome::Unavailable) > 0, "it was frozen");
}

/// Each way in which MongoDB can fail one command, while visitors are there.
#[rocket::async_test]
async fn whatever_way_a_command_fails_nothing_acknowledged_is_lost() {
    let _alone = alone().await;
    let mut world = World::start(1, 2).await;
    let ways: [(&str, Document); 6] = [
        ("the connection is closed", doc! { "closeConnection": true }),
        ("not primary", doc! { "errorCode": 10107 }),
        ("shutdown in progress", doc! { "errorCode": 91 }),
        (
            "the write concern fails",
            doc! { "writeConcernError": { "code": 64, "errmsg": "waiting for replication" } },
        ),
        ("the reply is late", doc! { "blockConnection": true, "blockTimeMS": 700 }),
        ("the reply is far too late", doc! { "blockConnection": true, "blockTimeMS": 5_000 }),
    ];
    world.let_in(VISITORS, 3, Duration::from_secs(5 * ways.len() as u64));
    for (_, how) in &ways {
        let mut how = how.clone();
        let writes = ["insert", "update", "delete", "findAndModify"];
        let all = [&["find", "aggregate"][..], &writes].concat();
        how.insert(
            "failCommands",
            if how.contains_key("writeConcernError") { &writes[..] } else { &all },
        );
        world.cluster.fail(doc! { "activationProbability": 0.2 }.into(), how).await;
        sleep(Duration::from_secs(4)).await;
        world.cluster.fail("off".into(), doc! {}).await;
        sleep(Duration::from_secs(1)).await;
    }
    let ops = world.ends_well().await;
    println!("failCommand in {} ways, one of five: {}", ways.len(), summary(&ops));
    assert!(count(&ops, Outcome::Unavailable) > 0, "some failed");
}

/// Each command is slow. None is too slow by itself, but all commands of a request together are.
#[rocket::async_test]
async fn many_slow_commands_together_delay_no_response() {
    let _alone = alone().await;
    let mut world = World::start(1, 1).await;
    let all = ["find", "aggregate", "insert", "update", "delete", "findAndModify"];
    let how = doc! { "failCommands": &all, "blockConnection": true, "blockTimeMS": 900 };
    world.cluster.fail("alwaysOn".into(), how).await;
    world.let_in(4, 4, Duration::from_secs(8));
    let ops = world.ends_well().await;
    println!("every command 0.9 s late: {}", summary(&ops));
    assert!(count(&ops, Outcome::Unavailable) > 0, "a login takes five of them");
}
