//! The lesson about the cookie jar: its goals go by session IDs, not by `Set-Cookie`.

use std::time::Duration;

use rocket::tokio::time::sleep;

use crate::class;
use crate::learner::Learner;
use crate::support::App;

const FOLDER: &str = "04-one-jar";

#[rocket::async_test]
async fn a_cookie_that_is_sent_again_with_the_same_session_id_counts_as_the_same() {
    let app = App::on_mongodb_with(|figment| {
        figment
            .merge(("teaching", true))
            .merge(("session.touch_after", "1 second"))
            .merge(("session.absolute_timeout", "30 days"))
    })
    .await;
    let mut rosa = Learner::remembered(&app, "rosa").await;
    let id = rosa.browsers[0].session_id();
    rosa.predict(FOLDER).await;
    sleep(Duration::from_millis(1_100)).await;
    let renewed = rosa.browsers[0].get("/dashboard").await;
    assert!(renewed.session_cookie().is_some(), "the cookie has a later end");
    for path in ["/", "/dashboard", "/account", "/learn"] {
        // A change of the session sends the cookie again as well.
        let changed = rosa.browsers[0].post("/coat/count", &[]).await;
        assert!(changed.session_cookie().is_some(), "with another end");
        let page = rosa.browsers[0].get(path).await;
        assert!(page.session_cookie().is_none(), "a look changes nothing");
    }
    assert_eq!(rosa.browsers[0].session_id(), id);
    assert_eq!(rosa.reached(FOLDER).await, 1);
}

#[rocket::async_test]
async fn one_browser_alone_or_a_second_one_without_a_login_are_not_two_jars() {
    let app = class().await;
    let mut rosa = Learner::new(&app, "rosa").await;
    rosa.predict(FOLDER).await;
    let [first, second] = &mut rosa.browsers;
    first.get("/dashboard").await;
    first.post("/logout", &[]).await;
    first.log_in("rosa").await;
    // Another browser, not logged in, and another user in it.
    second.get("/dashboard").await;
    second.sign_up("ruth").await;
    second.get("/dashboard").await;
    for _ in 0..5 {
        first.get("/dashboard").await;
    }
    assert_eq!(rosa.reached(FOLDER).await, 1, "the pages alone");
    // Only coming back to the first browser shows that its session is still there.
    let [first, second] = &mut rosa.browsers;
    second.post("/logout", &[]).await;
    second.log_in("rosa").await;
    second.get("/dashboard").await;
    first.get("/dashboard").await;
    assert_eq!(rosa.reached(FOLDER).await, 2);
}
