//! Rate limits: a class behind one address logs in, a prankster locks no user out, an attacker gets few
//! attempts.

use mongodb::bson::{DateTime, Document, doc};
use rocket::futures::future::join_all;

use crate::support::{App, PASSWORD};

const WRONG: &str = "wrong horse battery";

/// Makes this number of wrong attempts from new browsers. Returns how many of them were checked.
async fn guess(app: &App, times: usize) -> usize {
    let mut checked = 0;
    for _ in 0..times {
        let answer = app.browser().try_log_in("victim", WRONG).await;
        match answer.status {
            422 => checked += 1,
            429 => assert!(answer.header("retry-after").is_some()),
            status => panic!("{status}: {}", answer.body),
        }
    }
    checked
}

#[rocket::async_test]
async fn a_class_behind_one_address_logs_in_after_two_typos_each() {
    for app in App::on_both_stores().await {
        let started = std::time::Instant::now();
        let student = async |seat: usize| {
            let (mut browser, name) = (app.browser(), format!("seat-{seat}"));
            browser.register(&name).await;
            for _ in 0..2 {
                assert_eq!(browser.try_log_in(&name, WRONG).await.status, 422);
            }
            browser.log_in(&name).await;
            assert!(browser.is_logged_in().await);
        };
        join_all((0..40).map(student)).await;
        assert!(started.elapsed().as_secs() < 60);
    }
}

#[rocket::async_test]
async fn a_thousand_guesses_do_not_lock_the_victim_out_of_a_known_browser() {
    for app in App::on_both_stores().await {
        let mut victim = app.browser();
        victim.sign_up("victim").await;
        victim.post("/logout", &[]).await.expect_redirect("/login");
        assert_eq!(guess(&app, 1000).await, 40);
        victim.log_in("victim").await;
        assert!(victim.is_logged_in().await);
        // Other users behind the same address are not delayed either.
        let mut classmate = app.browser();
        classmate.sign_up("classmate").await;
    }
}

#[rocket::async_test]
async fn while_throttled_the_right_password_is_not_checked() {
    for app in App::on_both_stores().await {
        app.browser().register("victim").await;
        guess(&app, 40).await;
        let answer = app.browser().try_log_in("victim", PASSWORD).await;
        answer.expect_errors(429, 0);
        assert_eq!(answer.session_cookie(), None);
        let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!((7_000..=7_200).contains(&wait), "{wait}");
        let mut program = app.browser();
        let request = program.request(reqwest::Method::POST, "/login");
        let fields = [("username", "victim"), ("password", PASSWORD)];
        let refused =
            program.send(request.header("accept", "application/json").form(&fields)).await;
        refused.expect_page(429, r#"{"error":{"code":429,"reason":"Too Many Requests"}}"#);
        assert!(refused.header("retry-after").is_some());
        // An unknown name gets the same response.
        for _ in 0..40 {
            assert_eq!(app.browser().try_log_in("unknown", WRONG).await.status, 422);
        }
        let unknown = app.browser().try_log_in("unknown", WRONG).await;
        assert_eq!(unknown.status, 429);
        assert_eq!(unknown.body, answer.body.replace("victim", "unknown"));
    }
}

#[rocket::async_test]
async fn two_hundred_concurrent_attempts_gain_nothing_on_two_instances() {
    let one = App::on_mongodb().await;
    let two = App::on(one.uri()).await;
    one.browser().register("victim").await;
    let apps = [&one, &two].into_iter().cycle().take(200);
    let answers =
        join_all(apps.map(async |app| app.browser().try_log_in("victim", WRONG).await.status));
    let answers = answers.await;
    let of = |status| answers.iter().filter(|answer| **answer == status).count();
    assert_eq!((of(422), of(429)), (40, 160), "{answers:?}");
}

/// Moves the counters in the database into the past, by this number of hours.
async fn wait_hours(app: &App, hours: i64) {
    let throttle = app.database().collection::<Document>("throttle");
    let earlier = doc! { "$subtract": ["$until", hours * 60 * 60 * 1000] };
    throttle.update_many(doc! {}, vec![doc! { "$set": { "until": earlier } }]).await.unwrap();
}

#[rocket::async_test]
async fn an_unknown_browser_gets_at_most_a_hundred_attempts_in_any_day() {
    let app = App::on_mongodb().await;
    app.browser().register("victim").await;
    let mut checked = guess(&app, 60).await;
    for _ in 0..12 {
        wait_hours(&app, 2).await;
        checked += guess(&app, 3).await;
    }
    assert_eq!(checked, 40 + 12);
    // `Retry-After` was right.
    wait_hours(&app, 2).await;
    app.browser().log_in("victim").await;
}

#[rocket::async_test]
async fn counters_have_signed_keys_and_expire() {
    let app = App::on_mongodb().await;
    let mut victim = app.browser();
    victim.register("victim").await;
    guess(&app, 1).await;
    let throttle = app.database().collection::<Document>("throttle");
    let mut found = throttle.find(doc! {}).await.unwrap();
    let mut counters = 0;
    while found.advance().await.unwrap() {
        let counter = found.deserialize_current().unwrap();
        let text = counter.to_string();
        assert!(!text.contains("victim") && !text.contains("127.0.0.1"), "{text}");
        assert!(*counter.get_datetime("until").unwrap() > DateTime::now(), "{text}");
        counters += 1;
    }
    assert_eq!(counters, 3, "the registration, the account and the address");
    let mut indexes = throttle.list_indexes().await.unwrap();
    let mut reaped = false;
    while indexes.advance().await.unwrap() {
        let index = indexes.deserialize_current().unwrap();
        reaped |= index.keys == doc! { "until": 1 }
            && index.options.unwrap().expire_after == Some(std::time::Duration::ZERO);
    }
    assert!(reaped, "a TTL index");
}

#[rocket::async_test]
async fn a_known_browser_is_known_to_its_account_under_its_password() {
    for app in App::on_both_stores().await {
        let mut victim = app.browser();
        app.browser().register("victim").await;
        let cookies = victim.log_in("victim").await;
        assert!(cookies.header("set-cookie").unwrap().starts_with("connect.sid="), "comes first");
        let device = cookies.all("set-cookie").into_iter().find(|line| line.starts_with("device="));
        let device = device.expect("a device cookie").to_owned();
        for attribute in ["; HttpOnly", "; SameSite=Lax", "; Path=/login", "; Max-Age="] {
            assert!(device.contains(attribute), "{device}");
        }
        let again = victim.log_in("victim").await;
        assert_eq!(again.all("set-cookie").len(), 1, "it has one already");
        let (old, mut attacker) = (victim.jar["device"].clone(), app.browser());
        let fields = [("current", PASSWORD), ("new", "a better horse battery")];
        victim.post("/account/password", &fields).await.expect_redirect("/account");
        assert_ne!(victim.jar["device"], old, "this browser is known under the new one");
        guess(&app, 40).await;
        attacker.jar.insert("device".to_owned(), old);
        assert_eq!(attacker.try_log_in("victim", WRONG).await.status, 429, "ended by the change");
        assert_eq!(victim.try_log_in("victim", "a better horse battery").await.status, 303);
        let mut other = app.browser();
        other.sign_up("other").await;
        attacker.jar = other.jar.clone();
        assert_eq!(attacker.try_log_in("victim", WRONG).await.status, 429, "another's cookie");
    }
}

#[rocket::async_test]
async fn registrations_from_one_address_are_throttled() {
    for app in App::on_both_stores().await {
        let register = async |number: usize| {
            let name = format!("visitor-{number}");
            let fields = [("username", name.as_str()), ("password", PASSWORD)];
            app.browser().post_patiently("/register", &fields).await
        };
        for round in 0..6 {
            let answers = join_all((0..25).map(|number| register(round * 25 + number))).await;
            assert!(answers.iter().all(|answer| answer.status == 303), "classes are fine");
        }
        // In the meantime, one more each half minute was allowed.
        let mut number = 150;
        let refused = loop {
            let answer = register(number).await;
            if answer.status == 429 {
                break answer;
            }
            number += 1;
            assert!(number < 170, "{}", answer.status);
        };
        refused.expect_errors(429, 0);
        let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=30).contains(&wait), "{wait}");
    }
}

#[rocket::async_test]
async fn one_password_tried_at_many_accounts_is_counted_by_address() {
    let app = App::on_mongodb_with(|figment| figment.merge(("trusted_proxies", ["127.0.0.1"])));
    let app = app.await;
    let spray = async |number: usize, address: &str| {
        let mut browser = app.browser();
        let name = format!("visitor-{number}");
        let fields = [("username", name.as_str()), ("password", WRONG)];
        loop {
            let request = browser.request(reqwest::Method::POST, "/login");
            let request = request.header("x-forwarded-for", address).form(&fields);
            match browser.send(request).await.status {
                503 => {} // busy: it was not checked, and not counted
                status => return status,
            }
        }
    };
    let proxied = "10.9.9.9, 2001:db8:1:2::7";
    for round in 0..50 {
        let tries = (0..20).map(|n| spray(round * 20 + n, proxied));
        assert_eq!(join_all(tries).await, [422; 20]);
    }
    // In the meantime, one more each ten seconds was allowed.
    let mut number = 1000;
    while spray(number, proxied).await == 422 {
        number += 1;
        assert!(number < 1100);
    }
    // Five concurrent attempts, because one more is allowed each ten seconds.
    let is_throttled = async |address: &str| {
        let mut answers = vec![];
        for number in 2000..2005 {
            answers.push(spray(number, address).await);
        }
        answers.contains(&429)
    };
    // The client may have sent all that is before the proxy's own address.
    assert!(is_throttled("1.2.3.4, 2001:db8:1:2::7").await);
    assert!(is_throttled("2001:db8:1:2:ffff::").await, "the same /64");
    assert!(!is_throttled("2001:db8:1:3::7").await);
    assert!(!is_throttled("10.9.9.9").await);
}

#[rocket::async_test]
async fn attempts_at_the_current_password_are_throttled() {
    for app in App::on_both_stores().await {
        let (mut thief, mut rosa) = (app.browser(), app.browser());
        rosa.sign_up("rosa").await;
        thief.jar = rosa.jar.clone();
        let change = [("current", WRONG), ("new", "a better horse battery")];
        for _ in 0..10 {
            assert_eq!(thief.post("/account/password", &change).await.status, 422);
        }
        let refused = thief.post("/account/password", &change).await;
        refused.expect_error_at(429, "current");
        assert!(refused.header("retry-after").is_some());
        // The owner can log in again and change it.
        rosa.post("/logout", &[]).await;
        rosa.log_in("rosa").await;
        let change = [("current", PASSWORD), ("new", "a better horse battery")];
        rosa.post("/account/password", &change).await.expect_redirect("/account");
    }
}

#[rocket::async_test]
async fn attempts_at_a_name_before_it_exists_do_not_keep_its_owner_out() {
    for app in App::on_both_stores().await {
        guess(&app, 41).await;
        let mut victim = app.browser();
        victim.register("victim").await;
        victim.log_in("victim").await;
    }
}
