//! Where a session ID counts, and how large cookies are.

use crate::support::{Answer, App, Browser, PASSWORD};

#[rocket::async_test]
async fn an_id_that_is_not_in_the_cookie_is_no_session() {
    for app in App::on_both_stores().await {
        let mut rosa = app.browser();
        rosa.sign_up("rosa").await;
        let (ticket, sid) = (rosa.jar["connect.sid"].clone(), rosa.session_id().unwrap());
        for value in [&ticket, &sid] {
            let mut stranger = app.browser();
            let path = format!("/dashboard?connect.sid={value}&sid={value}&PHPSESSID={value}");
            assert_eq!(stranger.get(&path).await.status, 303);
            let fields = [("connect.sid", value.as_str()), ("item", "hat")];
            stranger.post("/coat", &fields).await.expect_redirect("/login?next=/dashboard");
            for header in ["connect.sid", "x-session-id", "authorization", "cookie2"] {
                let request = stranger.request(reqwest::Method::GET, "/dashboard");
                let answer = stranger.send(request.header(header, value)).await;
                assert_eq!(answer.status, 303, "{header}");
            }
        }
        assert!(rosa.is_logged_in().await);
    }
}

#[rocket::async_test]
async fn every_cookie_stays_small_however_much_the_session_holds() {
    let app = App::in_memory().await;
    let mut rosa = app.browser();
    let name = "\u{e9}".repeat(32);
    rosa.register(&name).await;
    let mut lines: Vec<String> = vec![];
    let mut keep = |answer: crate::support::Answer| {
        lines.extend(answer.all("set-cookie").into_iter().map(str::to_owned));
    };
    keep(rosa.log_in(&name).await);
    for _ in 0..20 {
        keep(rosa.post("/coat", &[("item", &"x".repeat(100))]).await);
    }
    keep(rosa.post("/logout", &[]).await);
    assert!(lines.len() >= 3 && lines.iter().all(|line| line.len() < 512), "{lines:?}");
}

/// Posts a form over https, or gets a page if it has no fields.
async fn send_over_tls(browser: &mut Browser, path: &str, fields: &[(&str, &str)]) -> Answer {
    let request = match fields {
        [] => browser.request(reqwest::Method::GET, path),
        fields => browser.request(reqwest::Method::POST, path).form(fields),
    };
    browser.send(request.header("x-forwarded-proto", "https")).await
}

#[rocket::async_test]
async fn with_a_host_prefix_all_three_cookies_carry_it() {
    let app = App::in_memory_with(|figment| {
        figment.merge(("trusted_proxies", ["127.0.0.1"])).merge(("session.name", "__Host-sid"))
    });
    let app = app.await;
    let (mut rosa, mut guesser) = (app.browser(), app.browser());
    let fields = [("username", "rosa"), ("password", PASSWORD)];
    let mut lines = vec![];
    let mut keep = |answer: &Answer| {
        lines.extend(answer.all("set-cookie").into_iter().map(str::to_owned));
    };
    keep(&send_over_tls(&mut rosa, "/register", &fields).await);
    let page = send_over_tls(&mut rosa, "/login", &[]).await;
    page.expect_flash("registered");
    // The deletion: browsers ignore one without the attributes that the prefix requires.
    keep(&page);
    assert!(!rosa.jar.contains_key("__Host-notice"), "{:?}", rosa.jar);
    keep(&send_over_tls(&mut rosa, "/login", &fields).await);
    keep(&send_over_tls(&mut rosa, "/logout", &[("", "")]).await);
    let names: Vec<&str> = lines.iter().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    let expected = ["device", "notice", "notice", "sid", "sid", "notice"];
    assert_eq!(sorted(names), sorted(expected.map(|name| format!("__Host-{name}")).to_vec()));
    for line in &lines {
        for attribute in ["; Path=/;", "; Secure", "; HttpOnly", "; SameSite=Lax"] {
            assert!(format!("{line};").contains(attribute), "{line}");
        }
        assert!(!line.contains("Domain"), "{line}");
    }
    // The device cookie is read as well: attempts of others do not lock this browser out.
    let guess = [("username", "rosa"), ("password", "wrong horse battery")];
    while send_over_tls(&mut guesser, "/login", &guess).await.status == 422 {}
    assert_eq!(send_over_tls(&mut guesser, "/login", &fields).await.status, 429);
    assert_eq!(send_over_tls(&mut rosa, "/login", &fields).await.status, 303);
    // A sibling host can plant a cookie without the prefix. It is not read.
    let device = rosa.jar.remove("__Host-device").unwrap();
    rosa.jar.insert("device".to_owned(), device);
    assert_eq!(send_over_tls(&mut rosa, "/login", &fields).await.status, 429);
}

fn sorted<T: Into<String>>(names: Vec<T>) -> Vec<String> {
    let mut names: Vec<String> = names.into_iter().map(Into::into).collect();
    names.sort();
    names
}

#[rocket::async_test]
async fn of_several_session_cookies_the_first_genuine_one_counts() {
    for app in App::on_both_stores().await {
        let mut rosa = app.browser();
        rosa.sign_up("rosa").await;
        let good = format!("connect.sid={}", rosa.jar["connect.sid"]);
        for header in [
            format!("connect.sid=s%3Aabc.def; {good}"),
            format!("{good}; connect.sid=s%3Aabc.def"),
            format!("connect.sid=; connect.sid=x; {good}; theme=dark"),
            format!("{good}; {good}"),
            format!("\u{2000}connect.sid=s%3Aabc.def; {good}"),
        ] {
            let request = app.browser().request(reqwest::Method::GET, "/dashboard");
            let answer = app.browser().send(request.header("cookie", &header)).await;
            answer.expect_page(200, "rosa");
        }
    }
}

#[rocket::async_test]
async fn two_different_genuine_session_cookies_are_no_session_and_the_page_says_what_to_do() {
    for app in App::on_both_stores().await {
        let (mut rosa, mut mallory) = (app.browser(), app.browser());
        rosa.sign_up("rosa").await;
        mallory.sign_up("mallory").await;
        let [ours, theirs] = [&rosa, &mallory].map(|one| one.jar["connect.sid"].clone());
        for header in [
            format!("connect.sid={theirs}; connect.sid={ours}"),
            format!("connect.sid={ours}; connect.sid={theirs}"),
            format!("connect.sid={ours}; connect.sid=s%3Aabc.def; connect.sid={theirs}"),
        ] {
            let get = async |path: &str| {
                let request = app.browser().request(reqwest::Method::GET, path);
                app.browser().send(request.header("cookie", &header)).await
            };
            get("/account").await.expect_redirect("/login?next=/account");
            get("/login").await.expect_page(200, "two different session cookies");
        }
        assert!(rosa.is_logged_in().await && mallory.is_logged_in().await, "neither has ended");
        let logout = app.browser().request(reqwest::Method::POST, "/logout");
        let both = format!("connect.sid={ours}; connect.sid={theirs}");
        let left = app.browser().send(logout.header("cookie", both)).await;
        left.expect_redirect("/login");
        assert!(!rosa.is_logged_in().await && !mallory.is_logged_in().await, "a logout ends both");
    }
}
