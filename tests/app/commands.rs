//! The database commands of each request, as MongoDB's own profiler counts them.

use crate::support::{App, PASSWORD, count_commands};

#[rocket::async_test]
async fn a_request_without_a_cookie_costs_no_command_and_gets_no_cookie() {
    let app = App::on_mongodb().await;
    let seen = count_commands(app.database(), async {
        for path in [
            "/",
            "/login",
            "/register",
            "/logout",
            "/dashboard",
            "/static/css/base.css",
            "/static/site.0123456789abcdef.css",
            "/nowhere",
            "/healthz",
        ] {
            let answer = app.browser().get(path).await;
            assert!(answer.all("set-cookie").is_empty(), "{path}");
        }
    });
    assert_eq!(seen.await, [""; 0]);
}

#[rocket::async_test]
async fn a_cookie_with_a_wrong_signature_costs_no_command() {
    let app = App::on_mongodb().await;
    let mut forger = app.browser();
    forger.jar.insert("connect.sid".to_owned(), "s%3Aapple.D8Y%2BpkTAmeR0PobOhY4G97PRW".to_owned());
    let seen = count_commands(app.database(), async {
        forger.get("/dashboard").await.expect_redirect("/login?next=/dashboard");
    });
    assert_eq!(seen.await, [""; 0]);
}

#[rocket::async_test]
async fn the_dashboard_costs_two_finds_and_no_write() {
    let app = App::on_mongodb().await;
    let mut rosa = app.browser();
    rosa.sign_up("rosa").await;
    let seen = count_commands(app.database(), async {
        assert!(rosa.is_logged_in().await);
    });
    assert_eq!(seen.await, ["find sessions", "find users"]);
}

#[rocket::async_test]
async fn a_session_is_touched_once_when_it_is_due() {
    let app = App::on_mongodb_with(|figment| figment.merge(("session.touch_after", "1s"))).await;
    let mut rosa = app.browser();
    rosa.sign_up("rosa").await;
    rocket::tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    let seen = count_commands(app.database(), async {
        for _ in 0..3 {
            assert!(rosa.is_logged_in().await);
        }
    });
    let seen = seen.await;
    assert_eq!(seen.iter().filter(|command| *command == "update sessions").count(), 1, "{seen:?}");
}

#[rocket::async_test]
async fn a_login_costs_the_user_the_counters_and_the_session() {
    let app = App::on_mongodb().await;
    let mut rosa = app.browser();
    app.browser().register("rosa").await;
    let fields = [("username", "rosa"), ("password", PASSWORD)];
    let seen = count_commands(app.database(), async {
        rosa.post("/login", &fields).await.expect_redirect("/dashboard");
    });
    // A new browser is counted by account and by address. One command refunds both.
    let counters = ["command throttle", "command throttle", "update throttle"];
    assert_eq!(seen.await, [&["find users"], &counters[..], &["insert sessions"]].concat());
    let seen = count_commands(app.database(), async {
        rosa.post("/login", &fields).await.expect_redirect("/dashboard");
    });
    // A known browser has one bucket.
    let known = ["find sessions", "find users", "command throttle", "update throttle"];
    assert_eq!(seen.await, [&known[..], &["insert sessions", "delete sessions"]].concat());
}

#[rocket::async_test]
async fn a_logout_costs_a_find_and_a_delete_and_its_page_the_count_of_other_sessions() {
    let app = App::on_mongodb().await;
    let mut rosa = app.browser();
    rosa.sign_up("rosa").await;
    let seen = count_commands(app.database(), async {
        rosa.post("/logout", &[]).await.expect_redirect("/login");
    });
    assert_eq!(seen.await, ["find sessions", "delete sessions"]);
    let seen = count_commands(app.database(), async {
        rosa.get("/login").await.expect_flash("logged-out");
    });
    // The user's sessions of this app, and those of Express in two forms.
    assert_eq!(seen.await, ["find sessions"; 3]);
    let seen = count_commands(app.database(), async {
        rosa.get("/login").await;
    });
    assert_eq!(seen.await, [""; 0]);
}
