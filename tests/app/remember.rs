//! "Keep me logged in": how long the cookie and the session live, and that its use extends both.

use std::time::{Duration, Instant};

use mongodb::bson::{Document, doc};
use rocket::figment::Figment;
use rocket::tokio::time::sleep;

use crate::support::{App, Browser, PASSWORD};

const DAY: i64 = 24 * 60 * 60;

async fn remembered(app: &App) -> Browser {
    let mut browser = app.browser();
    let fields = [("username", "rosa"), ("password", PASSWORD), ("remember", "on")];
    browser.post_patiently("/login", &fields).await.expect_redirect("/dashboard");
    browser
}

#[rocket::async_test]
async fn the_cookie_and_the_session_live_for_two_weeks() {
    let app = App::on_mongodb().await;
    app.browser().register("rosa").await;
    let mut rosa = app.browser();
    let fields = [("username", "rosa"), ("password", PASSWORD), ("remember", "on")];
    let answer = rosa.post("/login", &fields).await;
    let now = time::OffsetDateTime::now_utc().unix_timestamp();
    let left = answer.session_cookie_end().expect("an Expires") - now;
    assert!((14 * DAY - 10..=14 * DAY).contains(&left), "{left}");
    let sessions = app.database().collection::<Document>("sessions");
    let stored = sessions.find_one(doc! {}).await.unwrap().unwrap();
    let left = stored.get_datetime("expires").unwrap().timestamp_millis() / 1000 - now;
    assert!((14 * DAY - 10..=14 * DAY).contains(&left), "{left}");
    rosa.get("/login").await;
    app.browser().get("/login").await.expect_page(200, "for up to 14 days");
}

#[rocket::async_test]
async fn a_user_is_never_logged_out_earlier_with_the_box_ticked() {
    let with = |remember: &'static str| {
        move |figment: Figment| {
            figment
                .merge(("session.idle_timeout", "3 seconds"))
                .merge(("session.touch_after", "1 second"))
                .merge(("session.remember_for", remember))
        }
    };
    let check = async |settings: Figment| {
        let app = App::with(settings).await;
        app.browser().register("rosa").await;
        let mut ticked = remembered(&app).await;
        let mut unticked = app.browser();
        unticked.log_in("rosa").await;
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(8) {
            assert!(unticked.is_logged_in().await, "after {:?}", begun.elapsed());
            assert!(ticked.is_logged_in().await, "after {:?}", begun.elapsed());
            sleep(Duration::from_millis(700)).await;
        }
    };
    let base = || crate::support::figment().merge(("session.store", "memory"));
    // The same time, a longer one, and one that is shorter than the idle timeout, which then counts. Other
    // options write the session or send the cookie more often.
    rocket::tokio::join!(
        check(with("3 seconds")(base())),
        check(with("1 minute")(base())),
        check(with("1 second")(base())),
        check(with("3 seconds")(base().merge(("session.resave", true)))),
        check(with("3 seconds")(base().merge(("session.rolling", true)))),
    );
}

#[rocket::async_test]
async fn the_cookie_is_sent_again_when_its_session_is_extended_and_never_past_the_absolute_end() {
    let app = App::on_mongodb_with(|figment| {
        figment
            .merge(("session.touch_after", "1 second"))
            .merge(("session.remember_for", "4 seconds"))
            .merge(("session.idle_timeout", "2 seconds"))
            .merge(("session.absolute_timeout", "7 seconds"))
    })
    .await;
    app.browser().register("rosa").await;
    let before = Instant::now();
    let mut rosa = remembered(&app).await;
    let after = Instant::now();
    let now = time::OffsetDateTime::now_utc().unix_timestamp();
    let early = rosa.get("/dashboard").await;
    assert_eq!((early.status, early.session_cookie()), (200, None), "nothing is extended yet");
    let mut sent = 0;
    // The login was between `before` and `after`, and so was the beginning of the seven seconds.
    loop {
        sleep(Duration::from_millis(500)).await;
        let asked = after.elapsed();
        let answer = rosa.get("/dashboard").await;
        if answer.status == 303 {
            // The date of a cookie has whole seconds, rounded down.
            assert!(before.elapsed() >= Duration::from_secs(6), "{:?}", before.elapsed());
            break;
        }
        assert!(asked < Duration::from_secs(7), "the absolute end was {asked:?} ago");
        assert_eq!(answer.status, 200);
        if answer.session_cookie().is_some() {
            sent += 1;
            let end = answer.session_cookie_end().expect("an Expires") - now;
            assert!(end <= 7, "{end}");
        }
    }
    assert!((2..=7).contains(&sent), "sent {sent} times");
}

#[rocket::async_test]
async fn a_confirmed_password_keeps_the_length_of_the_login() {
    for app in App::on_both_stores().await {
        app.browser().register("rosa").await;
        let (mut ticked, mut unticked) = (remembered(&app).await, app.browser());
        unticked.log_in("rosa").await;
        let change = [("current", PASSWORD), ("new", "a better horse battery")];
        let answer = ticked.post_patiently("/account/password", &change).await;
        let now = time::OffsetDateTime::now_utc().unix_timestamp();
        let left = answer.session_cookie_end().expect("an Expires") - now;
        assert!(left > 13 * DAY, "{left}");
        let fields = [("username", "rosa"), ("password", "a better horse battery")];
        unticked.post_patiently("/login", &fields).await.expect_redirect("/dashboard");
        let fields = [("password", "a better horse battery")];
        let answer = unticked.post_patiently("/account/sessions/revoke-others", &fields).await;
        assert_eq!(answer.session_cookie_end(), None, "ends with the browser");
    }
}
