//! The news for open pages: what the teacher has changed, for one small request.

use crate::class;
use crate::class::teacher;
use crate::support::{Answer, App, Browser, count_commands};

/// Asks as the script of a page does: without any cookie.
async fn ask(app: &App, lesson: &str, version: &str) -> Answer {
    app.browser().get(&format!("/class/news?lesson={lesson}&version={version}")).await
}

/// The version of these news.
fn version(news: &Answer) -> String {
    news.expect_page(200, "data-version=\"");
    let (_, rest) = news.body.split_once("data-version=\"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

async fn press(teacher: &mut Browser, path: &str, button: &str) {
    assert_eq!(teacher.post(path, &[("do", button)]).await.status, 303, "{path} {button}");
}

#[rocket::async_test]
async fn a_page_gets_what_the_teacher_has_changed_and_nothing_when_nothing_has_changed() {
    let app = class().await;
    let mut teacher = teacher(&app).await;
    let silent = async |lesson: &str, version: &str| {
        let answer = ask(&app, lesson, version).await;
        assert_eq!((answer.status, answer.body.as_str()), (204, ""), "{lesson} {version}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("set-cookie"), None);
    };
    let none = version(&app.browser().get("/learn/the-seal").await);
    silent("the-seal", &none).await;
    teacher.post("/class/line", &[("line", "Look <b>up</b>")]).await;
    let line = ask(&app, "the-seal", &none).await;
    line.expect_page(200, "Look &lt;b&gt;up");
    assert_eq!((line.header("set-cookie"), line.header("cache-control")), (None, Some("no-store")));
    silent("the-seal", &version(&line)).await;
    // A page that is loaded now has it.
    let page = app.browser().get("/learn/one-jar").await;
    page.expect_page(200, "Look &lt;b&gt;up");
    silent("one-jar", &version(&page)).await;

    press(&mut teacher, "/class/lessons/the-seal", "close").await;
    let closed = ask(&app, "the-seal", &version(&line)).await;
    closed.expect_page(200, "id=\"closed-now\"");
    silent("one-jar", &version(&line)).await;
    press(&mut teacher, "/class/lessons/the-seal", "open").await;
    silent("the-seal", &version(&line)).await;

    teacher.post("/class/test", &[("open", "before")]).await;
    ask(&app, "", &version(&line)).await.expect_page(200, "id=\"test-open\"");
    teacher.post("/class/test", &[]).await;
    silent("", &version(&line)).await;

    press(&mut teacher, "/class/board", "look").await;
    let look = ask(&app, "", &version(&line)).await;
    look.expect_page(200, "data-look=\"");
    app.browser().get("/").await.expect_page(200, "data-look=\"");
    press(&mut teacher, "/class/board", "end").await;
    let ended = ask(&app, "", &version(&look)).await;
    assert!(!ended.body.contains("data-look"), "{}", ended.body);
    teacher.post("/class/line", &[("line", "")]).await;
    silent("", &none).await;
    assert_ne!(version(&ask(&app, "", &version(&line)).await), version(&line), "the line is gone");
}

#[rocket::async_test]
async fn bars_are_in_the_news_only_when_the_teacher_shows_them_and_never_with_the_right_answer() {
    let app = class().await;
    let (mut teacher, mut rosa) = (teacher(&app).await, app.browser());
    rosa.sign_up("rosa").await;
    rosa.post("/learn/the-seal/predict", &[("choice", "0")]).await;
    let none = version(&app.browser().get("/").await);
    assert_eq!(ask(&app, "the-seal", &none).await.status, 204);
    press(&mut teacher, "/class/lessons/the-seal", "reveal").await;
    let news = ask(&app, "the-seal", "").await;
    news.expect_page(200, "data-students=\"1 of 1\"");
    assert!(!news.body.contains("class=\"tag\"") && !news.body.contains("rosa"), "{}", news.body);
    assert_eq!(ask(&app, "one-jar", &none).await.status, 204, "another lesson");
    assert_eq!(ask(&app, "the-seal", &version(&news)).await.status, 204);
    press(&mut teacher, "/class/lessons/the-seal", "hide").await;
    assert!(!ask(&app, "the-seal", &version(&news)).await.body.contains("data-bars"));
}

#[rocket::async_test]
async fn the_news_cost_no_command_and_are_not_recorded() {
    let app = class().await;
    let (mut teacher, mut rosa) = (teacher(&app).await, app.browser());
    rosa.sign_up("rosa").await;
    teacher.post("/class/line", &[("line", "hello")]).await;
    let commands = count_commands(app.database(), async {
        for path in ["/class/news", "/class/news?lesson=the-seal&version=x"] {
            for _ in 0..20 {
                // Even with a cookie.
                let news = rosa.get(path).await;
                news.expect_page(200, "hello");
                assert_eq!(news.header("set-cookie"), None);
            }
        }
    });
    assert_eq!(commands.await, Vec::<String>::new());
    let list = rosa.get("/xray").await.body;
    assert!(!list.contains("/class"), "{list}");
    press(&mut teacher, "/class/lessons/the-seal", "reveal").await;
    let commands = count_commands(app.database(), async {
        for _ in 0..20 {
            ask(&app, "the-seal", "").await;
        }
    });
    let commands = commands.await;
    assert!((3..=6).contains(&commands.len()), "the bars are counted once: {commands:?}");
}
