//! Three `mongod` under two instances: one fails, the others continue.

use std::time::Duration;

use rocket::tokio::time::sleep;

use crate::alone;
use crate::cluster::Cluster;
use crate::history::{Kind, Op, Outcome};
use crate::support::App;
use crate::world::{World, summary};

/// The time from the first 503 to the last.
fn window(ops: &[Op]) -> Duration {
    let failed = || ops.iter().filter(|op| op.outcome == Outcome::Unavailable);
    let (from, to) = (failed().map(|op| op.begun).min(), failed().map(|op| op.ended).max());
    to.unwrap_or_default().saturating_sub(from.unwrap_or_default())
}

/// An account, a session, a logout and a counted attempt that a secondary does not have yet.
#[rocket::async_test]
async fn nothing_is_read_from_a_secondary_whatever_the_connection_string_says() {
    let _alone = alone().await;
    let cluster = Cluster::start(3).await;
    cluster.hold_back((cluster.primary().await + 1) % 3).await;
    for preference in ["secondaryPreferred", "secondary", "nearest", "primaryPreferred"] {
        let uri = format!("{}&readPreference={preference}", cluster.uri(preference));
        let app = App::on(&uri).await;
        for name in ["rosa", "ruth", "rita", "vera"] {
            let mut browser = app.browser();
            browser.sign_up(name).await;
            for _ in 0..3 {
                browser.get("/dashboard").await.expect_page(200, name);
            }
            let stolen = browser.copy();
            browser.post("/logout", &[]).await.expect_redirect("/login");
            assert!(!{ stolen }.is_logged_in().await, "{preference}");
        }
        if preference != "secondary" {
            continue;
        }
        let mut wrong = 0;
        while app.browser().try_log_in("rosa", "a wrong guess").await.status == 422 {
            wrong += 1;
        }
        assert_eq!(wrong, 40);
    }
}

/// Checks that logins and visits succeed at the end.
fn expect_healthy_at_the_end(ops: &[Op]) {
    let last = ops.iter().rev().find(|op| op.kind == Kind::Login);
    assert!(matches!(last.map(|op| op.outcome), Some(Outcome::Done(_))), "{last:?}");
}

#[rocket::async_test]
async fn a_step_down_loses_nothing_and_is_over_in_three_seconds() {
    let _alone = alone().await;
    let mut world = World::start(3, 2).await;
    world.let_in(8, 5, Duration::from_secs(15));
    sleep(Duration::from_secs(4)).await;
    let before = world.cluster.primary().await;
    world.cluster.step_down().await;
    sleep(Duration::from_secs(6)).await;
    assert_ne!(world.cluster.primary().await, before, "it has stepped down");
    let ops = world.ends_well().await;
    let window = window(&ops);
    println!("step-down: {}; errors for {window:.2?}", summary(&ops));
    assert!(window <= Duration::from_secs(3), "{window:?}");
    expect_healthy_at_the_end(&ops);
}

#[rocket::async_test]
async fn a_killed_primary_loses_nothing_and_has_a_successor_in_fifteen_seconds() {
    let _alone = alone().await;
    let mut world = World::start(3, 2).await;
    world.let_in(8, 6, Duration::from_secs(30));
    sleep(Duration::from_secs(4)).await;
    let before = world.cluster.primary().await;
    world.cluster.kill(before);
    sleep(Duration::from_secs(18)).await;
    assert_ne!(world.cluster.primary().await, before, "another one is elected");
    world.cluster.restart(before);
    let ops = world.ends_well().await;
    let window = window(&ops);
    println!("the primary killed: {}; errors for {window:.2?}", summary(&ops));
    assert!(window <= Duration::from_secs(15), "{window:?}");
    assert!(window > Duration::ZERO, "there is no primary during an election");
    expect_healthy_at_the_end(&ops);
}
