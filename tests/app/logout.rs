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
        rosa.get("/login").await.expect_page(200, "You are logged out.");
        thief.get("/dashboard").await.expect_redirect("/login?next=/dashboard");
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
