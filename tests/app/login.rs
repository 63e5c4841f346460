use mongodb::bson::{Document, doc};

use crate::support::{App, PASSWORD};

#[rocket::async_test]
async fn the_right_password_gives_a_session_and_the_dashboard() {
    for app in App::on_both_stores().await {
        let mut rosa = app.browser();
        rosa.register("Rosa").await;
        let answer = rosa.log_in("rosa").await;
        assert!(answer.session_cookie().is_some());
        rosa.get("/dashboard").await.expect_page(200, "Rosa");
    }
}

#[rocket::async_test]
async fn a_wrong_password_and_an_unknown_name_get_the_same_answer() {
    for app in App::on_both_stores().await {
        app.browser().register("rosa").await;
        let mut answers = vec![];
        for username in ["rosa", "vera"] {
            let mut browser = app.browser();
            let fields = [("username", username), ("password", "wrong password")];
            let answer = browser.post("/login", &fields).await;
            answer.expect_errors(422, 0);
            assert_eq!(answer.session_cookie(), None, "no session for a failure");
            assert!(answer.body.contains(&format!("value=\"{username}\"")), "the name is kept");
            assert!(!answer.body.contains("wrong password"), "the password is not");
            answers.push((answer.body.replace(username, "NAME"), answer.common_headers()));
        }
        assert_eq!(answers[0], answers[1]);
    }
}

#[rocket::async_test]
async fn an_empty_field_is_named() {
    let app = App::in_memory().await;
    let send = async |fields: &[(&str, &str)]| app.browser().post("/login", fields).await;
    send(&[("username", "rosa")]).await.expect_error_at(422, "password");
    send(&[("password", PASSWORD)]).await.expect_error_at(422, "username");
    send(&[("username", ""), ("password", "")]).await.expect_errors(422, 2);
}

#[rocket::async_test]
async fn a_failed_login_leaves_an_existing_session_alone() {
    for app in App::on_both_stores().await {
        let mut rosa = app.browser();
        rosa.sign_up("rosa").await;
        let before = rosa.session_id();
        rosa.post("/login", &[("username", "rosa"), ("password", "wrong password")]).await;
        assert_eq!(rosa.session_id(), before);
        assert!(rosa.is_logged_in().await);
    }
}

#[rocket::async_test]
async fn each_login_gives_a_new_id_and_the_old_one_is_dead() {
    for app in App::on_both_stores().await {
        let mut rosa = app.browser();
        rosa.sign_up("rosa").await;
        rosa.post("/coat", &[("item", "red scarf")]).await.expect_redirect("/dashboard#coat");
        let mut thief = rosa.copy();
        rosa.log_in("rosa").await;
        assert_ne!(rosa.session_id(), thief.session_id());
        assert!(!thief.is_logged_in().await);
        let dashboard = rosa.get("/dashboard").await;
        assert!(!dashboard.body.contains("red scarf"), "nothing is carried over");
    }
}

#[rocket::async_test]
async fn an_id_planted_before_the_login_is_not_adopted() {
    let app = App::on_mongodb().await;
    // The attacker's own session: well signed, valid and anonymous.
    let mut attacker = app.browser();
    attacker.sign_up("mallory").await;
    let sessions = app.database().collection::<Document>("sessions");
    let document = sessions.find_one(doc! {}).await.unwrap().unwrap();
    let session = document.get_str("session").unwrap().replace("passport", "nothing");
    sessions.update_one(doc! {}, doc! { "$set": { "session": session } }).await.unwrap();

    let mut rosa = attacker.copy();
    rosa.register("rosa").await;
    assert_eq!(rosa.session_id(), attacker.session_id());
    rosa.log_in("rosa").await;
    assert_ne!(rosa.session_id(), attacker.session_id());
    assert!(rosa.is_logged_in().await && !attacker.is_logged_in().await);
}

#[rocket::async_test]
async fn next_is_followed_on_this_site_only() {
    let app = App::in_memory().await;
    app.browser().register("rosa").await;
    let check = async |next: &str, expected: &str| {
        let fields = [("username", "rosa"), ("password", PASSWORD), ("next", next)];
        app.browser().post("/login", &fields).await.expect_redirect(expected);
    };
    check("/admin", "/admin").await;
    check("/dashboard?a=b", "/dashboard?a=b").await;
    check("/account?x=1&y=2#password", "/account?x=1&y=2#password").await;
    for page_of_a_login in ["/login", "/logout", "/register?next=/admin"] {
        check(page_of_a_login, "/dashboard").await;
    }
    for elsewhere in
        ["", "//evil", "/\\evil", "/\t/evil", "/%09/evil", "https:evil", "javascript:x"]
    {
        check(elsewhere, "/dashboard").await;
    }
}

#[rocket::async_test]
async fn next_travels_through_the_form() {
    let app = App::in_memory().await;
    let page = app.browser().get("/login?next=/admin").await;
    page.expect_page(200, "name=\"next\"");
    assert!(page.body.contains("value=\"&#x2F;admin\""), "{}", page.body);
    let page = app.browser().get("/login?next=%22%3E%3Cscript%3E").await;
    assert!(!page.body.contains("\"><script>"));
}

#[rocket::async_test]
async fn without_keep_me_logged_in_the_cookie_ends_with_the_browser() {
    for app in App::on_both_stores().await {
        let mut rosa = app.browser();
        rosa.register("rosa").await;
        let answer = rosa.log_in("rosa").await;
        assert!(!answer.session_cookie().unwrap().contains("Expires"));
        let fields = [("username", "rosa"), ("password", PASSWORD), ("remember", "on")];
        let answer = rosa.post("/login", &fields).await;
        assert!(answer.session_cookie().unwrap().contains("; Expires="));
    }
}

#[rocket::async_test]
async fn a_user_who_is_already_logged_in_is_told_so() {
    let app = App::in_memory().await;
    let mut rosa = app.browser();
    rosa.sign_up("rosa").await;
    let page = rosa.get("/login").await;
    page.expect_page(200, "rosa");
    assert!(!page.body.contains("type=\"password\""));
}

#[rocket::async_test]
async fn bodies_that_are_no_plain_form_never_authenticate() {
    let app = App::in_memory().await;
    app.browser().register("rosa").await;
    let form = "application/x-www-form-urlencoded";
    let check = async |kind: &str, body: String, expected: u16| {
        let mut browser = app.browser();
        let request = browser.request(reqwest::Method::POST, "/login");
        let shown = body.chars().take(60).collect::<String>();
        let answer = browser.send(request.header("Content-Type", kind).body(body)).await;
        assert_eq!(answer.status, expected, "{shown}");
        assert_eq!(answer.session_cookie(), None);
    };
    let right = format!("username=rosa&password={}", PASSWORD.replace(' ', "+"));
    check("application/json", r#"{"username":"rosa","password":{"$ne":""}}"#.to_owned(), 415).await;
    check("text/plain", right.clone(), 415).await;
    check("multipart/form-data; boundary=x", right.clone(), 415).await;
    check(form, "username[$ne]=&password[$ne]=".to_owned(), 422).await;
    check(form, "username[]=rosa&password[]=x".to_owned(), 422).await;
    check(form, format!("{right}&username=rosa"), 400).await;
    check(form, "username=rosa&password=%00".to_owned(), 400).await;
    check(form, "username=rosa&password=%ff".to_owned(), 400).await;
    check(form, format!("{right}{}", "&a=b".repeat(100_000)), 413).await;
    check(form, "x".repeat(1 << 20), 413).await;
}

#[rocket::async_test]
async fn a_query_never_logs_in() {
    let app = App::in_memory().await;
    app.browser().register("rosa").await;
    let address = format!("/login?username=rosa&password={}", PASSWORD.replace(' ', "+"));
    let answer = app.browser().post(&address, &[]).await;
    assert_eq!((answer.status, answer.all("set-cookie")), (422, vec![]));
    let answer = app.browser().get(&address).await;
    assert_eq!((answer.status, answer.all("set-cookie")), (200, vec![]));
    assert!(!answer.body.contains(PASSWORD) && !answer.body.contains("rosa"));
}

#[rocket::async_test]
async fn logging_in_as_another_user_carries_nothing_over() {
    let app = App::on_mongodb().await;
    let mut browser = app.browser();
    browser.sign_up("rosa").await;
    browser.post("/coat", &[("item", "red scarf")]).await.expect_redirect("/dashboard#coat");
    browser.sign_up("vera").await;
    let dashboard = browser.get("/dashboard").await;
    dashboard.expect_page(200, "vera");
    assert!(!dashboard.body.contains("red scarf") && !dashboard.body.contains("rosa"));
    let sessions = app.database().collection::<Document>("sessions");
    assert_eq!(sessions.count_documents(doc! {}).await.unwrap(), 1);
}
