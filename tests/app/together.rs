//! Many requests of one browser at once, on two instances and on memory.

use rocket::futures::future::join_all;
use rocket::tokio::join;

use mongodb::bson::{Document, doc};

use crate::support::{App, Browser};

/// Two instances on one database.
async fn two_instances() -> [App; 2] {
    let one = App::on_mongodb().await;
    let two = App::on(one.uri()).await;
    [one, two]
}

/// Counts in this number of tabs of the browser at once, in turn on each instance. Returns their responses.
async fn count_in_tabs(apps: &[App], browser: &Browser, tabs: usize) -> Vec<(u16, String)> {
    let tabs = apps.iter().cycle().take(tabs).map(|app| app.browser().with_jar_of(browser));
    let count = async |mut tab: Browser| {
        let answer = tab.post("/coat/count", &[]).await;
        (answer.status, answer.header("location").unwrap_or_default().to_owned())
    };
    join_all(tabs.map(count)).await
}

async fn a_hundred_counts_are_as_many_as_were_acknowledged(apps: &[App]) {
    let mut rosa = apps[0].browser();
    rosa.sign_up("rosa").await;
    let answers = count_in_tabs(apps, &rosa, 100).await;
    // A 503 is allowed as well: then the visit may have been counted or not.
    assert!(answers.iter().all(|(status, _)| [303, 503].contains(status)), "{answers:?}");
    let acknowledged = answers.iter().filter(|(status, _)| *status == 303).count();
    assert!(acknowledged >= 50, "{answers:?}");
    let page = rosa.get("/dashboard").await.body;
    let (_, rest) = page.split_once("&quot;viewCount&quot;: ").expect("a counter");
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    let counted: usize = digits.parse().expect("a number");
    assert!((acknowledged..=100).contains(&counted), "{counted}: {answers:?}");
}

#[rocket::async_test]
async fn a_hundred_counts_at_once_are_a_hundred_on_two_instances() {
    a_hundred_counts_are_as_many_as_were_acknowledged(&two_instances().await).await;
}

#[rocket::async_test]
async fn a_hundred_counts_at_once_are_a_hundred_in_memory() {
    a_hundred_counts_are_as_many_as_were_acknowledged(&[App::in_memory().await]).await;
}

/// A logout on the last instance while fifty tabs write on all of them.
async fn two_hundred_logouts(apps: &[App]) {
    apps[0].browser().register("rosa").await;
    let (mut counted, mut came_late) = (0, 0);
    for round in 0..200 {
        let mut rosa = apps[0].browser();
        rosa.log_in("rosa").await;
        let mut elsewhere = apps[apps.len() - 1].browser().with_jar_of(&rosa);
        let (left, answers) = join!(elsewhere.post("/logout", &[]), count_in_tabs(apps, &rosa, 50));
        left.expect_redirect("/login");
        // Before the logout it counts. After it, the response leads to the login page. It is never a 5xx.
        assert!(answers.iter().all(|(status, _)| *status == 303), "{round}: {answers:?}");
        let (before, after): (Vec<_>, Vec<_>) =
            answers.iter().partition(|(_, location)| location == "/dashboard#coat");
        (counted, came_late) = (counted + before.len(), came_late + after.len());
        for app in apps {
            let mut ghost = app.browser().with_jar_of(&rosa);
            ghost.get("/dashboard").await.expect_redirect("/login?next=/dashboard");
        }
        if let [one, _] = apps {
            let sessions = one.database().collection::<Document>("sessions");
            let left = sessions.find_one(doc! {}).await.unwrap();
            assert_eq!(left, None, "{round}");
        }
    }
    assert!(counted > 0 && came_late > 0, "a race: {counted} counted, {came_late} came late");
}

#[rocket::async_test]
async fn two_hundred_logouts_against_fifty_writers_leave_no_document_on_two_instances() {
    two_hundred_logouts(&two_instances().await).await;
}

#[rocket::async_test]
async fn two_hundred_logouts_against_fifty_writers_leave_nothing_in_memory() {
    two_hundred_logouts(&[App::in_memory().await]).await;
}

#[rocket::async_test]
async fn ten_concurrent_items_are_all_stored() {
    for app in App::on_both_stores().await {
        let mut rosa = app.browser();
        rosa.sign_up("rosa").await;
        let hang = async |n: usize| {
            let item = format!("item-{n}-of-ten");
            rosa.copy().post("/coat", &[("item", &item)]).await.status
        };
        let answers = join_all((0..10).map(hang)).await;
        assert_eq!(answers, [303; 10]);
        let page = rosa.get("/dashboard").await;
        for n in 0..10 {
            page.expect_page(200, &format!("item-{n}-of-ten"));
        }
    }
}

#[rocket::async_test]
async fn twenty_concurrent_items_do_not_exceed_the_limit() {
    for app in App::on_both_stores().await {
        let mut rosa = app.browser();
        rosa.sign_up("rosa").await;
        for number in 0..15 {
            rosa.post("/coat", &[("item", &format!("item {number}"))]).await;
        }
        let hang = async |mut tab: Browser| {
            let status = tab.post("/coat", &[("item", "one more")]).await.status;
            assert!([303, 422].contains(&status), "{status}");
        };
        join_all((0..20).map(|_| hang(rosa.copy()))).await;
        let page = rosa.get("/dashboard").await.body;
        assert_eq!(page.matches("&quot;one more&quot;").count(), 5, "{page}");
    }
}
