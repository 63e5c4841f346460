//! Reads that share a `find`: each request gets its own document or its own error, and never an old one.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mongodb::bson::{Document, RawDocumentBuf, doc};
use mongodb::event::EventHandler;
use mongodb::event::command::CommandEvent;
use mongodb::options::ClientOptions;
use mongodb::{Client, Collection};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use rocket::futures::FutureExt as _;
use rocket::futures::future::{join, join_all};
use rocket::tokio::runtime::Runtime;
use rocket::tokio::task::JoinHandle;
use rocket::tokio::time::{sleep, timeout};
use rocket_express_session::Unavailable;
use rocket_express_session::mongodb::{DocumentId, Gate, SharedReads};

use crate::support::Mongod;

/// A collection, the reads of it, and what its client has sent.
struct Setting {
    documents: Collection<Document>,
    reads: SharedReads,
    finds: Arc<Mutex<Vec<Find>>>,
    _server: Mongod,
}

/// A `find` command: how many documents it asks for, and the bytes of its reply.
#[derive(Clone, Debug, Default, PartialEq)]
struct Find {
    ids: usize,
    reply: usize,
}

/// A collection with the documents `{_id: "0", n: 0}` to `{_id: "99", n: 99}`.
async fn setting() -> Setting {
    let server = Mongod::start(&[]);
    let mut options = ClientOptions::parse(server.database("test")).await.unwrap();
    let finds = Arc::<Mutex<Vec<Find>>>::default();
    let log = finds.clone();
    options.app_name = Some("reads".to_owned());
    options.command_event_handler = Some(EventHandler::callback(move |event| match event {
        CommandEvent::Started(started) if started.command_name == "find" => {
            let filter = started.command.get_document("filter").unwrap();
            let list = filter.get_document("_id").and_then(|id| id.get_array("$in"));
            log.lock().unwrap().push(Find { ids: list.map_or(1, Vec::len), reply: 0 });
        }
        CommandEvent::Succeeded(done) if done.command_name == "find" => {
            let size = RawDocumentBuf::try_from(&done.reply).unwrap().as_bytes().len();
            log.lock().unwrap().last_mut().unwrap().reply = size;
        }
        _ => {}
    }));
    let client = Client::with_options(options).unwrap();
    let documents = client.database("test").collection::<Document>("documents");
    let many = (0..100).map(|n| doc! { "_id": n.to_string(), "n": n });
    documents.insert_many(many).await.unwrap();
    let reads = SharedReads::new(documents.clone_with_type(), &[], Gate::new(8));
    Setting { documents, reads, finds, _server: server }
}

impl Setting {
    async fn read(&self, id: impl ToString) -> Result<Option<i64>, Unavailable> {
        let found = self.reads.read(DocumentId::Text(id.to_string())).await?;
        Ok(found.map(|document| {
            assert_eq!(document.get_str("_id").unwrap(), id.to_string());
            let n = document.get("n").unwrap().unwrap();
            n.as_i32().map(Into::into).or(n.as_i64()).unwrap()
        }))
    }

    /// A read for which others wait.
    async fn hold(&self) -> JoinHandle<bool> {
        let slow = doc! { "blockConnection": true, "blockTimeMS": 30 };
        self.fail(doc! { "times": 1 }, slow).await;
        self.begin("50").await
    }

    /// A read on its own, which MongoDB has begun.
    async fn begin(&self, id: &'static str) -> JoinHandle<bool> {
        let (reads, before) = (self.reads.clone(), self.finds.lock().unwrap().len());
        let read = async move { reads.read(DocumentId::Text(id.to_owned())).await.is_ok() };
        let begun = rocket::tokio::spawn(read);
        while self.finds.lock().unwrap().len() == before {
            sleep(Duration::from_millis(1)).await;
        }
        begun
    }

    fn sent(&self) -> Vec<usize> {
        std::mem::take(&mut *self.finds.lock().unwrap()).iter().map(|find| find.ids).collect()
    }

    /// Sets the server's failpoint for `find` of this client.
    async fn fail(&self, mode: impl Into<mongodb::bson::Bson>, how: Document) {
        let mut data = doc! { "failCommands": ["find"], "appName": "reads" };
        data.extend(how);
        let fail = doc! { "configureFailPoint": "failCommand", "mode": mode.into(), "data": data };
        self.documents.client().database("admin").run_command(fail).await.unwrap();
    }
}

#[rocket::async_test]
async fn requests_that_wait_go_together_and_each_gets_its_own_document() {
    let setting = setting().await;
    assert_eq!(setting.read(7).await.unwrap(), Some(7));
    assert_eq!(setting.sent(), [1], "a lone request");
    setting.hold().await;
    let found = join_all((0..150).map(|n| setting.read(n))).await;
    for (n, found) in (0..).zip(found) {
        assert_eq!(found.unwrap(), (n < 100).then_some(n));
    }
    assert_eq!(setting.sent(), [1, 100, 50]);
    setting.hold().await;
    let found = join_all((0..30).map(|_| setting.read(5))).await;
    assert!(found.into_iter().all(|found| found.unwrap() == Some(5)));
    assert_eq!(setting.sent(), [1, 1], "the same document is read once for all that wait");
}

#[rocket::async_test]
async fn a_huge_document_costs_its_owner_alone() {
    let setting = setting().await;
    for id in ["huge", "huge too"] {
        let huge = doc! { "_id": id, "n": 1, "text": "x".repeat(9_000_000) };
        setting.documents.insert_one(huge).await.unwrap();
    }
    let first = setting.hold().await;
    let small = join_all((0..40).map(|n| setting.read(n)));
    let huge = join_all(["huge", "huge too", "huge"].map(|id| setting.read(id)));
    let (small, huge) = join(small, huge).await;
    assert!((0..).zip(small).all(|(n, found)| found.unwrap() == Some(n)));
    assert!(huge.into_iter().all(|found| found.unwrap() == Some(1)));
    let finds = setting.finds.lock().unwrap().clone();
    assert!(first.await.unwrap());
    assert_eq!(finds[1].ids, 42);
    assert!(finds[1].reply < 10_000, "{finds:?}");
    assert_eq!(finds.len(), 2 + 3, "{finds:?}");
    setting.finds.lock().unwrap().clear();
    setting.hold().await;
    let same = join_all((0..5).map(|_| setting.read("huge"))).await;
    assert!(same.into_iter().all(|found| found.unwrap() == Some(1)));
    assert_eq!(setting.sent(), [1; 6], "no find makes five copies of it");
}

#[rocket::async_test]
async fn a_damaged_document_costs_its_owner_alone() {
    let setting = setting().await;
    let mut damaged = RawDocumentBuf::try_from(&doc! { "_id": "damaged", "text": "ab" }).unwrap();
    let mut bytes = std::mem::take(&mut damaged).into_bytes();
    let at = bytes.windows(2).position(|pair| pair == b"ab").unwrap();
    bytes[at] = 0xff;
    let damaged = RawDocumentBuf::from_bytes(bytes).unwrap();
    let raw = setting.documents.clone_with_type::<RawDocumentBuf>();
    raw.insert_one(damaged).await.unwrap();
    setting.hold().await;
    let others = join_all((0..40).map(|n| setting.read(n)));
    let damaged = setting.reads.read(DocumentId::Text("damaged".to_owned()));
    let (others, damaged) = join(others, damaged).await;
    assert!((0..).zip(others).all(|(n, found)| found.unwrap() == Some(n)));
    let damaged = damaged.unwrap().expect("it is there, and its owner reads it");
    assert!(damaged.get_str("text").is_err());
}

#[rocket::async_test]
async fn a_find_that_fails_is_an_error_for_the_requests_in_it_alone() {
    let setting = setting().await;
    let others = || async { join_all((0..40).map(|n| setting.read(n))).await };
    let slow = doc! { "blockConnection": true, "blockTimeMS": 30 };
    for (mode, lone, together) in [("times", false, true), ("skip", true, false)] {
        let mut how = slow.clone();
        how.insert("errorCode", 1);
        setting.fail(doc! { mode: 1 }, how).await;
        let begun = setting.begin("50").await;
        assert!(others().await.iter().all(|found| found.is_ok() == together));
        assert_eq!(begun.await.unwrap(), lone);
    }
    setting.fail("off", doc! {}).await;
    assert!(others().await.iter().all(Result::is_ok));
}

#[rocket::async_test]
async fn a_slow_find_holds_up_no_other() {
    let setting = setting().await;
    let slow = doc! { "blockConnection": true, "blockTimeMS": 1_000 };
    setting.fail(doc! { "times": 1 }, slow).await;
    let slow = setting.begin("50").await;
    let others = join_all((0..40).map(|n| setting.read(n))).await;
    assert!(others.iter().all(Result::is_ok));
    assert!(!slow.is_finished());
    assert!(slow.await.unwrap());
}

#[rocket::async_test]
async fn a_request_that_is_dropped_leaves_nothing_behind() {
    let setting = setting().await;
    setting.fail("alwaysOn", doc! { "blockConnection": true, "blockTimeMS": 40 }).await;
    let first = setting.begin("50").await;
    let mut dropped: Vec<_> = (0..40).map(|n| Box::pin(setting.read(n))).collect();
    assert!(dropped.iter_mut().all(|read| read.now_or_never().is_none()));
    drop(dropped);
    assert_eq!(setting.read(99).await.unwrap(), Some(99));
    assert!(first.await.unwrap());
    assert_eq!(setting.sent(), [1, 1], "the dropped ones are not asked for");
}

#[rocket::async_test]
async fn no_request_gets_a_document_from_before_it_asked() {
    let setting = setting().await;
    setting.documents.update_many(doc! {}, doc! { "$set": { "n": 0 } }).await.unwrap();
    setting.fail(doc! { "activationProbability": 0.02 }, doc! { "errorCode": 1 }).await;
    let written: Vec<_> = (0..10).map(|_| AtomicI64::new(0)).collect();
    let (setting, written) = (&setting, &written);
    let write = |id: usize| async move {
        for n in 1..=150_i64 {
            let update = doc! { "$set": { "n": n } };
            let filter = doc! { "_id": id.to_string() };
            // The failpoint sometimes hits an update as well.
            while setting.documents.update_one(filter.clone(), update.clone()).await.is_err() {}
            written[id].store(n, Ordering::SeqCst);
        }
    };
    let read = |seed: u64| async move {
        let mut random = StdRng::seed_from_u64(seed);
        let (mut read, mut failed) = (0, 0);
        while written.iter().any(|written| written.load(Ordering::SeqCst) < 150) {
            let id = random.random_range(0..10);
            let before = written[id].load(Ordering::SeqCst);
            if random.random_ratio(1, 10) {
                // This one is dropped, at its first wait or when the document is there.
                let limit = Duration::from_micros(random.random_range(0..3_000));
                drop(timeout(limit, setting.read(id)).await);
                continue;
            }
            match setting.read(id).await {
                Ok(found) => assert!(found.expect("it is there") >= before),
                Err(_) => failed += 1,
            }
            read += 1;
        }
        (read, failed)
    };
    let (_, counts) = join(join_all((0..10).map(write)), join_all((0..30).map(read))).await;
    let (read, failed): (Vec<i32>, Vec<i32>) = counts.into_iter().unzip();
    let (read, failed) = (read.iter().sum::<i32>(), failed.iter().sum::<i32>());
    setting.fail("off", doc! {}).await;
    let finds = setting.sent().len();
    println!("{read} reads by {finds} finds, {failed} failed");
    assert!(failed > 0 && failed < read, "some fail, and not all");
    assert!(finds < usize::try_from(read).unwrap() / 2, "they share");
}

#[test]
fn the_shutdown_of_a_runtime_harms_no_read_of_another() {
    let (main, other) = (Runtime::new().unwrap(), Runtime::new().unwrap());
    let setting = main.block_on(setting());
    main.block_on(setting.fail("alwaysOn", doc! { "blockConnection": true, "blockTimeMS": 300 }));
    let reads = setting.reads.clone();
    let read = |id: &'static str| {
        let reads = reads.clone();
        async move { reads.read(DocumentId::Text(id.to_owned())).await }
    };
    // The runtime of the first `find` ends, and a request of another runtime waits for that `find`.
    let first = other.block_on(setting.begin("1"));
    let mut waiting = Box::pin(read("2"));
    assert!(main.block_on(async { (&mut waiting).now_or_never().is_none() }));
    other.shutdown_background();
    main.block_on(async {
        assert!(first.await.is_err());
        timeout(Duration::from_secs(10), waiting).await.expect("it ends").unwrap();
        setting.fail("off", doc! {}).await;
        assert!(timeout(Duration::from_secs(10), read("3")).await.expect("it ends").is_ok());
    });
}
