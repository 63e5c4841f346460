use crate::support::App;

#[rocket::async_test]
async fn logging_out_ends_the_session_on_the_server_and_in_the_browser() {
    for app in App::on_both_stores().await {
        let mut rosa = app.browser();
        rosa.sign_up("rosa").await;
        let mut thief = rosa.copy();
        let answer = rosa.post("/logout", &[]).await;
        answer.expect_redirect("/login");
        assert!(
            answer
                .session_cookie()
                .unwrap()
                .starts_with("connect.sid=; Path=/; Expires=Thu, 01 Jan 1970")
        );
        assert_eq!(rosa.signed_id(), None);
        rosa.get("/login").await.expect_flash("logged-out");
        thief.get("/dashboard").await.expect_redirect("/login?next=/dashboard");
    }
}

#[rocket::async_test]
async fn it_says_in_how_many_other_browsers_the_user_is_logged_in() {
    for app in App::on_both_stores().await {
        let mut browsers = [app.browser(), app.browser(), app.browser()];
        browsers[0].register("rosa").await;
        for browser in &mut browsers {
            browser.log_in("rosa").await;
        }
        let mut vera = app.browser();
        vera.sign_up("vera").await;
        for (browser, others) in browsers.iter_mut().zip([2, 1, 0]) {
            browser.post("/logout", &[]).await.expect_redirect("/login");
            let login = browser.get("/login").await;
            login.expect_flash("logged-out");
            let has_link = login.body.contains("<a href=\"/account\">");
            let leads_there = login.body.contains("name=\"next\" value=\"&#x2F;account\"");
            assert_eq!((has_link, leads_there), (others > 0, others > 0), "{}", login.body);
            assert!(others == 0 || login.body.contains(&format!("data-count=\"{others}\"")));
        }
        assert!(vera.is_logged_in().await);
    }
}

#[rocket::async_test]
async fn a_get_only_shows_a_button() {
    let app = App::in_memory().await;
    let mut rosa = app.browser();
    rosa.sign_up("rosa").await;
    rosa.get("/logout").await.expect_page(200, "action=\"/logout\"");
    assert!(rosa.is_logged_in().await);
}

#[rocket::async_test]
async fn logging_out_twice_or_without_a_session_is_no_error() {
    for app in App::on_both_stores().await {
        let mut rosa = app.browser();
        rosa.sign_up("rosa").await;
        let mut other_tab = rosa.copy();
        rosa.post("/logout", &[]).await.expect_redirect("/login");
        let answer = other_tab.post("/logout", &[]).await;
        answer.expect_redirect("/login");
        assert!(answer.session_cookie().is_some(), "the dead cookie is taken back");
        let answer = app.browser().post("/logout", &[]).await;
        answer.expect_redirect("/login");
        assert_eq!(answer.session_cookie(), None, "there was nothing to take back");
    }
}
