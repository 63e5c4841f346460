use mongodb::bson::{Document, doc};

use crate::support::{Answer, App, Browser};

#[rocket::async_test]
async fn an_anonymous_visitor_is_sent_to_the_login_page_and_back() {
    for app in App::on_both_stores().await {
        let answer = app.browser().get("/dashboard").await;
        answer.expect_redirect("/login?next=/dashboard");
        assert_eq!(answer.session_cookie(), None);
        let answer = app.browser().post("/coat", &[("item", "x")]).await;
        answer.expect_redirect("/login?next=/dashboard");
    }
}

#[rocket::async_test]
async fn it_shows_neither_the_signature_nor_the_whole_session_id() {
    for app in App::on_both_stores().await {
        let mut rosa = app.browser();
        rosa.sign_up("rosa").await;
        let page = rosa.get("/dashboard").await;
        page.expect_page(200, "connect.sid");
        let (sid, ticket) = (rosa.session_id().unwrap(), rosa.signed_id().unwrap());
        assert!(page.body.contains(&sid[..6]));
        assert!(!page.body.contains(&sid));
        assert!(!page.body.contains(ticket.rsplit_once('.').unwrap().1));
        assert!(page.body.contains("HttpOnly") && page.body.contains("SameSite=Lax"));
    }
}

#[rocket::async_test]
async fn it_shows_the_fields_of_the_stored_document() {
    let app = App::on_mongodb().await;
    let mut rosa = app.browser();
    rosa.register("rosa").await;
    let fields = [("username", "rosa"), ("password", crate::support::PASSWORD)];
    let request = rosa.request(reqwest::Method::POST, "/login").header("user-agent", "Odd \"1\"");
    rosa.send(request.form(&fields)).await.expect_redirect("/dashboard");
    let page = rosa.get("/dashboard").await.body;
    let (_, json) = page.split_once("as JSON\"><code>").unwrap();
    let json = json.split_once("</code>").unwrap().0.replace("&quot;", "\"").replace("&#x2F;", "/");
    let shown: serde_json::Value = serde_json::from_str(&json).unwrap();
    let sessions = app.database().collection::<Document>("sessions");
    let stored = sessions.find_one(doc! {}).await.unwrap().unwrap();
    let names = |keys: Vec<&String>| keys.into_iter().cloned().collect::<Vec<_>>();
    assert_eq!(names(shown.as_object().unwrap().keys().collect()), names(stored.keys().collect()));
    for text in ["user", "userAgent", "address"] {
        assert_eq!(shown[text], stored.get_str(text).unwrap());
    }
    for time in ["expires", "lastModified", "createdAt"] {
        let stored = stored.get_datetime(time).unwrap().try_to_rfc3339_string().unwrap();
        let is_same = shown[time].as_str().unwrap()[..19] == stored[..19];
        assert!(is_same, "{} {stored}", shown[time]);
    }
    let session: serde_json::Value =
        serde_json::from_str(stored.get_str("session").unwrap()).unwrap();
    assert_eq!(shown["session"], session);
}

#[rocket::async_test]
async fn in_memory_it_shows_no_size_of_a_document() {
    let app = App::in_memory().await;
    let mut rosa = app.browser();
    rosa.sign_up("rosa").await;
    let page = rosa.get("/dashboard").await.body;
    assert!(
        page.contains("&quot;createdAt&quot;") && !page.contains("data-stored-bytes"),
        "{page}"
    );
}

#[rocket::async_test]
async fn an_added_item_is_in_the_session_and_the_cookie_stays_the_same() {
    for app in App::on_both_stores().await {
        let mut rosa = app.browser();
        rosa.sign_up("rosa").await;
        let before = rosa.signed_id();
        rosa.post("/coat", &[("item", "red scarf")]).await.expect_redirect("/dashboard#coat");
        rosa.post("/coat", &[("item", "<i>hat</i>")]).await.expect_redirect("/dashboard#coat");
        rosa.get("/dashboard").await.expect_flash("item-added");
        rosa.post("/coat/count", &[]).await.expect_redirect("/dashboard#coat");
        rosa.get("/dashboard").await.expect_flash("counted");
        rosa.post("/coat/count", &[]).await.expect_redirect("/dashboard#coat");
        assert_eq!(rosa.signed_id(), before);
        let page = rosa.get("/dashboard").await;
        page.expect_page(200, "red scarf");
        assert!(page.body.contains("&quot;viewCount&quot;: 2"), "{}", page.body);
        assert!(!page.body.contains("<i>hat"));
    }
}

#[rocket::async_test]
async fn a_rejected_item_comes_back_with_the_reason() {
    let app = App::in_memory().await;
    let mut rosa = app.browser();
    rosa.sign_up("rosa").await;
    rosa.post("/coat", &[("item", " ")]).await.expect_error_at(422, "item");
    let long = "x".repeat(101);
    rosa.post("/coat", &[("item", &long)]).await.expect_error_at(422, "item");
    for _ in 0..20 {
        rosa.post("/coat", &[("item", &"é".repeat(100))]).await.expect_redirect("/dashboard#coat");
    }
    rosa.post("/coat", &[("item", "one more")]).await.expect_error_at(422, "item");
}

#[rocket::async_test]
async fn an_added_item_leads_to_a_page_of_this_site_that_the_form_names() {
    let app = App::in_memory().await;
    let mut rosa = app.browser();
    rosa.sign_up("rosa").await;
    let add = async |rosa: &mut Browser, item: &str, next: &str| {
        rosa.post("/coat", &[("item", item), ("next", next)]).await
    };
    let lesson = "/learn/ticket-and-coat#do";
    add(&mut rosa, "hat", lesson).await.expect_redirect(lesson);
    for elsewhere in [
        "",
        "//evil.example",
        "/\\evil.example",
        "https://evil.example/x",
        "/%2F/evil",
        "do",
        "#do",
    ] {
        add(&mut rosa, "hat", elsewhere).await.expect_redirect("/dashboard#coat");
    }
    let long = format!("/{}", "a".repeat(4_000));
    add(&mut rosa, "hat", &long).await.expect_redirect("/dashboard#coat");
    // A rejected item is corrected on the dashboard, and then leads back.
    let rejected = add(&mut rosa, " ", lesson).await;
    rejected.expect_error_at(422, "item");
    assert!(rejected.body.contains("name=\"next\" value=\"&#x2F;learn"), "{}", rejected.body);
    assert!(!rosa.get("/dashboard").await.body.contains("name=\"next\""));
    let fields = [("item", "hat"), ("next", lesson), ("user", "64b000000000000000000001")];
    rosa.post("/coat", &fields).await.expect_redirect(lesson);
    rosa.get("/dashboard").await.expect_flash("other-user");
}

/// The items that the page offers to take down, in its order.
fn items(page: &Answer) -> Vec<String> {
    let forms = page.body.split("action=\"/coat/take\"").skip(1);
    let values = forms.map(|form| form.split_once("name=\"item\" value=\"").unwrap().1);
    values.map(|value| value.split_once('"').unwrap().0.to_owned()).collect()
}

#[rocket::async_test]
async fn an_item_is_taken_down_and_the_first_of_two_equal_ones() {
    for app in App::on_both_stores().await {
        let mut rosa = app.browser();
        rosa.sign_up("rosa").await;
        for item in ["hat", "scarf", "hat", "\u{5e9}\u{5dc}\u{5d5}\u{5dd}! & <b>"] {
            rosa.post("/coat", &[("item", item)]).await.expect_redirect("/dashboard#coat");
        }
        rosa.get("/dashboard").await;
        let hebrew = "\u{5e9}\u{5dc}\u{5d5}\u{5dd}! & <b>";
        for item in ["hat", hebrew] {
            rosa.post("/coat/take", &[("item", item)]).await.expect_redirect("/dashboard#coat");
            rosa.get("/dashboard").await.expect_flash("item-taken");
        }
        assert_eq!(items(&rosa.get("/dashboard").await), ["hat", "scarf"], "the newest first");
        for missing in ["", "Hat", "nothing"] {
            rosa.post("/coat/take", &[("item", missing)]).await.expect_redirect("/dashboard#coat");
            rosa.get("/dashboard").await.expect_flash("item-missing");
        }
        for item in ["hat", "scarf"] {
            rosa.post("/coat/take", &[("item", item)]).await.expect_redirect("/dashboard#coat");
        }
        assert_eq!(items(&rosa.get("/dashboard").await), [""; 0]);
        rosa.get("/coat/take").await.expect_redirect("/dashboard");
        let fields = [("item", "hat")];
        app.browser().post("/coat/take", &fields).await.expect_redirect("/login?next=/dashboard");
    }
}

#[rocket::async_test]
async fn a_full_coat_takes_an_item_again_after_one_was_taken_down() {
    let app = App::in_memory().await;
    let mut rosa = app.browser();
    rosa.sign_up("rosa").await;
    for n in 0..20 {
        rosa.post("/coat", &[("item", &n.to_string())]).await.expect_redirect("/dashboard#coat");
    }
    let refused = rosa.post("/coat", &[("item", "red scarf")]).await;
    refused.expect_error_at(422, "item");
    assert!(refused.body.contains("value=\"red scarf\""), "the text is kept");
    rosa.post("/coat/take", &[("item", "7")]).await.expect_redirect("/dashboard#coat");
    rosa.post("/coat", &[("item", "red scarf")]).await.expect_redirect("/dashboard#coat");
    assert_eq!(items(&rosa.get("/dashboard").await).len(), 20);
}

/// Two tabs of one browser; in one of them the user logs out.
#[rocket::async_test]
async fn a_form_after_a_logout_in_another_tab_says_that_nothing_was_done() {
    for app in App::on_both_stores().await {
        let mut rosa = app.browser();
        rosa.sign_up("rosa").await;
        let mut expired = rosa.copy();
        rosa.post("/logout", &[]).await.expect_redirect("/login");
        for tab in [&mut rosa, &mut expired] {
            for (path, page) in [
                ("/coat", "/dashboard"),
                ("/coat/take", "/dashboard"),
                ("/coat/count", "/dashboard"),
                ("/account/password", "/account"),
                ("/account/delete", "/account"),
                ("/account/sessions/revoke-others", "/account"),
                ("/admin/sessions/revoke", "/admin"),
            ] {
                let back = format!("/login?next={page}");
                tab.post(path, &[("item", "hat")]).await.expect_redirect(&back);
                tab.get(&back).await.expect_flash("not-logged-in");
            }
        }
    }
}

/// A tab shows the dashboard of one user. In another tab, another user logs in.
#[rocket::async_test]
async fn a_form_of_one_user_changes_nothing_in_the_session_of_another() {
    for app in App::on_both_stores().await {
        let mut browser = app.browser();
        browser.sign_up("ida").await;
        let page = browser.get("/dashboard").await;
        let (_, form) = page.body.split_once("name=\"user\" value=\"").unwrap();
        let ida = form.split_once('"').unwrap().0.to_owned();
        browser.post("/logout", &[]).await;
        browser.sign_up("ivo").await;
        browser.post("/coat", &[("item", "scarf")]).await.expect_redirect("/dashboard#coat");
        for path in ["/coat", "/coat/take", "/coat/count"] {
            let fields = [("item", "scarf"), ("user", ida.as_str())];
            browser.post(path, &fields).await.expect_redirect("/dashboard#coat");
            let page = browser.get("/dashboard").await;
            page.expect_flash("other-user");
            assert_eq!(items(&page), ["scarf"], "{path}");
            assert!(!page.body.contains("&quot;viewCount&quot;"), "{path}");
        }
    }
}

#[rocket::async_test]
async fn after_an_error_the_header_marks_the_page_and_its_address_works() {
    let app = App::in_memory().await;
    let mut rosa = app.browser();
    rosa.sign_up("rosa").await;
    for (path, page) in [("/coat", "/dashboard"), ("/account/password", "/account")] {
        let refused = rosa.post(path, &[]).await;
        let marked = format!("href=\"{}\" aria-current=\"page\"", page.replace('/', "&#x2F;"));
        assert!(refused.body.contains(&marked), "{}", refused.body);
        rosa.get(path).await.expect_redirect(page);
    }
}

#[rocket::async_test]
async fn two_requests_that_change_different_keys_both_keep_their_change() {
    for app in App::on_both_stores().await {
        let mut rosa = app.browser();
        rosa.sign_up("rosa").await;
        for n in 1..=10 {
            let (mut one, mut two) = (rosa.copy(), rosa.copy());
            let item = format!("item {n}");
            let fields = [("item", item.as_str())];
            let (hung, counted) =
                rocket::tokio::join!(one.post("/coat", &fields), two.post("/coat/count", &[]));
            assert_eq!((hung.status, counted.status), (303, 303));
            let page = rosa.get("/dashboard").await;
            page.expect_page(200, &item);
            page.expect_page(200, &format!("&quot;viewCount&quot;: {n}"));
        }
    }
}

#[rocket::async_test]
async fn a_session_expires_when_it_is_idle_and_at_its_absolute_timeout() {
    let idle = App::on_mongodb_with(|figment| figment.merge(("session.idle_timeout", "1s"))).await;
    let absolute = App::on_mongodb_with(|figment| {
        figment.merge(("session.absolute_timeout", "3s")).merge(("session.touch_after", 0))
    })
    .await;
    let (mut rosa, mut vera) = (idle.browser(), absolute.browser());
    rosa.sign_up("rosa").await;
    vera.sign_up("vera").await;
    let started = std::time::Instant::now();
    while vera.is_logged_in().await {
        assert!(started.elapsed().as_secs() < 6, "activity does not move the absolute end");
        rocket::tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    }
    assert!(started.elapsed().as_millis() > 1_500, "and it does not come before its time");
    assert!(!rosa.is_logged_in().await, "expired, although MongoDB has not reaped it yet");
}
