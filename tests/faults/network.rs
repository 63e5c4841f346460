//! The network between the program and MongoDB: silent, cut, slow.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use rocket::tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use rocket::tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use rocket::tokio::net::{TcpListener, TcpStream};
use rocket::tokio::{self, time::sleep};

use crate::alone;
use crate::history::{Outcome, healed};
use crate::instance::Instance;
use crate::world::{World, summary};

/// The fault of the network.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Weather {
    Fine = 0,
    /// Connections are made, and nothing arrives.
    Stalled = 1,
    /// Connections end at once.
    Cut = 2,
    /// Each piece takes 20 ms.
    Slow = 3,
}

/// A TCP proxy between the program and MongoDB.
struct Proxy {
    weather: Arc<AtomicU8>,
    address: String,
}

impl Proxy {
    async fn before(host: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let weather = Arc::new(AtomicU8::new(Weather::Fine as u8));
        let proxy = Self { weather: weather.clone(), address };
        tokio::spawn(async move {
            while let Ok((here, _)) = listener.accept().await {
                let Ok(there) = TcpStream::connect(&host).await else { continue };
                let ((a, b), (c, d)) = (here.into_split(), there.into_split());
                tokio::spawn(pass(a, d, weather.clone()));
                tokio::spawn(pass(c, b, weather.clone()));
            }
        });
        proxy
    }

    fn turn(&self, weather: Weather) {
        self.weather.store(weather as u8, Ordering::Relaxed);
    }
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, weather: Arc<AtomicU8>) {
    let mut piece = vec![0; 16 * 1024];
    let is = |what: Weather| weather.load(Ordering::Relaxed) == what as u8;
    loop {
        let read = tokio::select! {
            read = from.read(&mut piece) => read,
            () = sleep(Duration::from_millis(50)) => if is(Weather::Cut) { return } else { continue },
        };
        let Ok(length @ 1..) = read else { return };
        if is(Weather::Slow) {
            sleep(Duration::from_millis(20)).await;
        }
        while is(Weather::Stalled) {
            sleep(Duration::from_millis(20)).await;
        }
        if is(Weather::Cut) || to.write_all(&piece[..length]).await.is_err() {
            return;
        }
    }
}

#[rocket::async_test]
async fn a_silent_a_cut_and_a_slow_network_lose_nothing() {
    let _alone = alone().await;
    let mut world = World::start(1, 0).await;
    let proxy = Proxy::before(world.cluster.host(0)).await;
    let uri = format!("mongodb://{}/world?directConnection=true", proxy.address);
    for _ in 0..2 {
        world.instances.push(Instance::start(&uri).await);
    }
    world.let_in(8, 8, Duration::from_secs(600));
    for (weather, seconds) in [(Weather::Slow, 5), (Weather::Cut, 4), (Weather::Stalled, 8)] {
        sleep(Duration::from_secs(3)).await;
        proxy.turn(weather);
        sleep(Duration::from_secs(seconds)).await;
        proxy.turn(Weather::Fine);
    }
    let back = world.now();
    sleep(Duration::from_secs(8)).await;
    world.close();
    let ops = world.ends_well().await;
    let healed = healed(&ops, back);
    println!("network slow, cut, silent: {}; healthy after {healed:.2?}", summary(&ops));
    assert!(healed < Duration::from_secs(5), "{healed:?}");
    assert!(ops.iter().any(|op| op.outcome == Outcome::Unavailable));
}
