//! Networks: rate limits of those that are larger than one subscriber's, and the short address of a session.

use mongodb::bson::{Document, doc};
use rocket::futures::TryStreamExt as _;

use crate::support::{App, PASSWORD};

#[rocket::async_test]
async fn registrations_from_the_networks_around_an_ipv6_address_are_throttled() {
    let app = App::in_memory_with(|figment| figment.merge(("trusted_proxies", ["127.0.0.1"])));
    let app = app.await;
    app.browser().register("rosa").await;
    // A name that is taken counts as well, and costs no hash.
    let register = async |address: String| {
        let mut browser = app.browser();
        let fields = [("username", "rosa"), ("password", PASSWORD)];
        let request = browser.request(reqwest::Method::POST, "/register");
        browser.send(request.header("x-forwarded-for", address).form(&fields)).await.status
    };
    // Registers until one is throttled. A /56 gets one more each 7.5 seconds.
    let until_refused = async |address: String, most: usize| {
        for done in 0..most {
            match register(address.clone()).await {
                422 => {}
                429 => return done,
                status => panic!("{status}"),
            }
        }
        most
    };
    for subnet in 0..4 {
        let of_a_64 = until_refused(format!("2001:db8:1:{subnet:x}::1"), 170).await;
        assert!((150..155).contains(&of_a_64), "{of_a_64}");
    }
    let of_a_full_56 = until_refused("2001:db8:1:ab::1".to_owned(), 100).await;
    assert!(of_a_full_56 < 20, "{of_a_full_56}");
    assert_eq!(until_refused("2001:db8:1:100::1".to_owned(), 100).await, 100, "another /56");
    assert_eq!(until_refused("203.0.113.7".to_owned(), 100).await, 100);
}

#[rocket::async_test]
async fn a_session_has_the_network_of_its_client_and_no_document_has_the_full_address() {
    let app = App::on_mongodb_with(|figment| figment.merge(("trusted_proxies", ["127.0.0.1"])));
    let app = app.await;
    let mut rosa = app.browser();
    rosa.register("rosa").await;
    for (address, network) in
        [("203.0.113.77", "203.0.113.x"), ("2001:db8:1:2::77", "2001:db8:1::")]
    {
        for password in ["wrong horse battery", PASSWORD] {
            let request = rosa.request(reqwest::Method::POST, "/login");
            let request = request.header("x-forwarded-for", address);
            rosa.send(request.form(&[("username", "rosa"), ("password", password)])).await;
        }
        let sessions = app.database().collection::<Document>("sessions");
        let session = sessions.find_one(doc! {}).await.unwrap().unwrap();
        assert_eq!(session.get_str("address").unwrap(), network);
        rosa.get("/account").await.expect_page(200, network);
        for collection in app.database().list_collection_names().await.unwrap() {
            let all = app.database().collection::<Document>(&collection).find(doc! {}).await;
            for document in all.unwrap().try_collect::<Vec<_>>().await.unwrap() {
                assert!(!document.to_string().contains(address), "{collection}: {document}");
            }
        }
    }
}
