//! Requests that read at the same time share a `find`, unless each must show its own commands.

use mongodb::Client;
use mongodb::bson::doc;
use rocket::figment::Figment;
use rocket::futures::future::join_all;

use crate::support::{App, Mongod, count_commands};

const USERS: usize = 20;

/// Requests the dashboards of many users at once, while MongoDB is slow. Returns the number of finds.
async fn finds_of_a_crowd(settings: fn(Figment) -> Figment) -> usize {
    // A server of its own, because a fail point affects all its clients.
    let mongod = Mongod::start(&[]);
    let uri = mongod.database("crowd");
    let app = App::on_with(&uri, settings).await;
    let client = Client::with_uri_str(&uri).await.unwrap();
    let names: Vec<String> = (0..USERS).map(|number| format!("rosa-{number}")).collect();
    let browsers = join_all(names.iter().map(async |name| {
        let mut browser = app.browser();
        browser.sign_up(name).await;
        browser
    }));
    let mut browsers = browsers.await;
    let slow = doc! { "failCommands": ["find"], "blockConnection": true, "blockTimeMS": 30 };
    let fail = doc! { "configureFailPoint": "failCommand", "mode": "alwaysOn", "data": slow };
    client.database("admin").run_command(fail).await.unwrap();
    let pages = async {
        let pages = join_all(browsers.iter_mut().map(|browser| browser.get("/dashboard"))).await;
        for (page, name) in pages.iter().zip(&names) {
            page.expect_page(200, &format!("<bdi>{name}</bdi>"));
        }
    };
    let commands = count_commands(&client.database("crowd"), pages).await;
    mongod.stop();
    commands.iter().filter(|command| command.starts_with("find ")).count()
}

#[rocket::async_test]
async fn a_crowd_shares_its_finds_and_each_user_gets_their_own_page() {
    let finds = finds_of_a_crowd(|figment| figment).await;
    assert!(finds < USERS, "{finds} finds for {USERS} pages");
}

#[rocket::async_test]
async fn each_request_sends_its_own_finds_with_the_setting_off_or_with_teaching() {
    let off = finds_of_a_crowd(|figment| figment.merge(("mongodb.share_reads", false))).await;
    assert_eq!(off, 2 * USERS);
    let teaching = finds_of_a_crowd(|figment| figment.merge(("teaching", true))).await;
    assert!(teaching >= 2 * USERS, "{teaching} finds");
}
