//! What a request costs, as the driver's command monitoring counts it. It sees what no profiler does.

use std::sync::{Arc, Mutex};

use mongodb::Client;
use mongodb::event::EventHandler;
use mongodb::event::command::CommandEvent;
use mongodb::options::ClientOptions;
use rocket_express_session::mongodb::MongoStore;

use crate::support::{Lab, builder, fresh_database};

/// The names of the commands that a client has sent.
type Sent = Arc<Mutex<Vec<String>>>;

/// A lab whose MongoDB client logs each command.
async fn monitored_lab() -> (Lab, Sent) {
    let (uri, database) = fresh_database().await;
    let sent = Sent::default();
    let log = sent.clone();
    let mut options = ClientOptions::parse(&uri).await.unwrap();
    options.command_event_handler = Some(EventHandler::callback(move |event| {
        if let CommandEvent::Started(started) = event {
            log.lock().unwrap().push(started.command_name);
        }
    }));
    let client = Client::with_options(options).unwrap();
    let store = MongoStore::new(&client.database(database.name()));
    (Lab::start(builder("{}", store)).await, sent)
}

#[rocket::async_test]
async fn what_each_request_costs_by_the_drivers_own_count() {
    let (lab, sent) = monitored_lab().await;
    let mut browser = lab.browser();
    let mut check = async |steps: &str, expected: &[&str]| {
        sent.lock().unwrap().clear();
        assert_eq!(browser.steps(steps).await.status, 200, "{steps}");
        assert_eq!(*sent.lock().unwrap(), expected, "{steps}");
    };
    check("", &[]).await;
    check("login:rosa", &["insert"]).await;
    check("", &["find"]).await;
    check("set:a=1", &["find", "update"]).await;
    check("set:a=1", &["find"]).await;
    check("login:vera", &["find", "insert", "delete"]).await;
    check("set:b=1,save", &["find", "update"]).await;
    check("destroy", &["find", "delete"]).await;
    check("", &[]).await;
}
