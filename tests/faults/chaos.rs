//! All faults together: two instances on three servers, while one thing after the other breaks, in an order
//! that the seed decides. All acknowledged results must still hold (`history.rs`).
//!
//! `CHAOS_SEED=7 CHAOS_SECONDS=600 cargo test --test faults chaos -- --nocapture` is a longer run, with
//! another seed; the same seed breaks the same things at the same times.

use std::time::{Duration, Instant};

use mongodb::bson::doc;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use rocket::tokio::time::sleep;

use crate::alone;
use crate::crowd::{Crowd, get, longest, statuses};
use crate::history::{Kind, Outcome};
use crate::support::Browser;
use crate::world::{World, summary};

/// A setting of the run from the environment, or the default of `script/test`.
fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

#[rocket::async_test]
async fn acknowledged_results_hold_whatever_breaks() {
    let _alone = alone().await;
    let seed = setting("CHAOS_SEED", rand::random_range(0..1_000_000));
    let time = Duration::from_secs(setting("CHAOS_SECONDS", 60));
    println!("CHAOS_SEED={seed} CHAOS_SECONDS={}", time.as_secs());
    let mut world = World::start(3, 2).await;
    world.let_in(8, seed, time);
    let broken = break_things(&mut world, seed, time).await;
    world.close();
    let ops = world.ends_well().await;
    println!("{broken} things broken in {time:?}: {}", summary(&ops));
    assert!(broken > 0);
    let logins = ops.iter().filter(|op| op.kind == Kind::Login && op.outcome == Outcome::Done(0));
    assert!(logins.count() > 20, "they got in now and then");
}

/// Breaks one thing after the other, with a pause between. Returns how many.
async fn break_things(world: &mut World, seed: u64, time: Duration) -> usize {
    let mut random = StdRng::seed_from_u64(seed);
    let until = Instant::now() + time;
    let mut broken = 0;
    let crowd = member_of_the_crowd(world).await;
    while Instant::now() < until {
        sleep(Duration::from_millis(random.random_range(500..4_000))).await;
        let pause = Duration::from_millis(random.random_range(100..9_000));
        let what = random.random_range(0..7);
        let said = match what {
            0 => kill_primary(world, pause).await,
            1 => freeze_primary(world, pause).await,
            6 => freeze_under_a_crowd(world, &crowd, pause).await,
            2 => {
                world.cluster.step_down().await;
                "step down".to_owned()
            }
            3 => {
                let number = random.random_range(0..world.instances.len());
                let took = world.kill_instance(number).await;
                format!("kill instance {number}, ready after {took:.2?}")
            }
            _ => fail_commands(world, &mut random, pause).await,
        };
        broken += 1;
        println!("{:6.1} {said}", world.now().as_secs_f64());
    }
    broken
}

async fn kill_primary(world: &mut World, pause: Duration) -> String {
    let primary = world.cluster.primary().await;
    world.cluster.kill(primary);
    sleep(pause).await;
    world.cluster.restart(primary);
    format!("kill primary {primary} for {pause:.1?}")
}

async fn freeze_primary(world: &mut World, pause: Duration) -> String {
    let primary = world.cluster.primary().await;
    world.cluster.freeze(primary);
    sleep(pause).await;
    world.cluster.thaw(primary);
    format!("freeze primary {primary} for {pause:.1?}")
}

/// The cookie of an account that is none of the visitors'.
async fn member_of_the_crowd(world: &World) -> String {
    let mut browser = Browser::new(&world.instances[0].url);
    browser.register("crowd").await;
    browser.log_in("crowd").await;
    format!("connect.sid={}", browser.jar["connect.sid"])
}

/// Two hundred more visitors click while the primary is frozen, and until 2 s after.
async fn freeze_under_a_crowd(world: &mut World, cookie: &str, pause: Duration) -> String {
    let request = get("/dashboard", cookie);
    let click = Duration::from_millis(200);
    let crowd = Crowd::of(200, world.instances[0].port(), &request, click);
    let primary = world.cluster.primary().await;
    world.cluster.freeze(primary);
    sleep(pause.min(Duration::from_secs(4))).await;
    world.cluster.thaw(primary);
    sleep(Duration::from_secs(2)).await;
    let seen = crowd.stop().await;
    let (told, longest) = (statuses(&seen), longest(&seen));
    assert!(told.iter().all(|(status, _)| [200, 303, 503].contains(status)), "{told:?}");
    assert!(longest < Duration::from_millis(3_500), "{longest:?}");
    format!("freeze primary {primary} under 200 visitors: {told:?}, the longest {longest:.2?}")
}

async fn fail_commands(world: &World, random: &mut StdRng, pause: Duration) -> String {
    let mut how = match random.random_range(0..4) {
        0 => doc! { "closeConnection": true },
        1 => doc! { "errorCode": 10107 },
        2 => doc! { "errorCode": 91 },
        _ => doc! { "blockConnection": true, "blockTimeMS": random.random_range(50..4_000) },
    };
    let commands = ["find", "insert", "update", "delete", "findAndModify", "aggregate"];
    how.insert("failCommands", &commands[..random.random_range(1..=commands.len())]);
    let said = format!("fail for {pause:.1?}: {how}");
    world.cluster.fail(doc! { "activationProbability": 0.3 }.into(), how).await;
    sleep(pause).await;
    world.cluster.fail("off".into(), doc! {}).await;
    said
}
