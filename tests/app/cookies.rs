//! Where an id counts, and how much a cookie may weigh.

use crate::support::App;

#[rocket::async_test]
async fn an_id_that_is_not_in_the_cookie_is_no_session() {
    for app in App::on_both_stores().await {
        let mut rosa = app.browser();
        rosa.sign_up("rosa").await;
        let (ticket, sid) = (rosa.jar["connect.sid"].clone(), rosa.sid().unwrap());
        for value in [&ticket, &sid] {
            let mut stranger = app.browser();
            let path = format!("/dashboard?connect.sid={value}&sid={value}&PHPSESSID={value}");
            assert_eq!(stranger.get(&path).await.status, 303);
            let fields = [("connect.sid", value.as_str()), ("item", "hat")];
            stranger.post("/coat", &fields).await.expect_redirect("/login");
            for header in ["connect.sid", "x-session-id", "authorization", "cookie2"] {
                let request = stranger.request(reqwest::Method::GET, "/dashboard");
                let answer = stranger.send(request.header(header, value)).await;
                assert_eq!(answer.status, 303, "{header}");
            }
        }
        assert!(rosa.is_signed_in().await);
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
