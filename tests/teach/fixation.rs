//! The lab of lesson 9: a planted ticket works at one lab server, and nowhere else.

use crate::class;
use crate::forge::{lab, reached};
use crate::learner::Learner;
use crate::support::App;
use crate::support::lesson::solution;

const FOLDER: &str = "09-fixation";
const PATH: &str = "/lab/fixation";

/// Presses these buttons; returns the page after the last one.
async fn press(learner: &mut Learner, buttons: &[&str]) -> String {
    let mut page = String::new();
    for button in buttons {
        page = lab(learner, PATH, &[("do", button)]).await;
    }
    page
}

#[rocket::async_test]
async fn a_planted_ticket_is_inside_after_a_login_that_keeps_the_id_in_any_order_of_the_servers() {
    let app = class().await;
    let (mut rosa, mut ruth) = (Learner::new(&app, "rosa").await, Learner::new(&app, "ruth").await);
    rosa.predict(FOLDER).await;
    ruth.predict(FOLDER).await;
    // The same ticket for both logins, and the second server first.
    let page = press(&mut rosa, &["plant", "keep", "mallory"]).await;
    assert_eq!(reached(&page), [0, 1, 2]);
    assert!(page.contains("You are <strong>oskar-"));
    let page = press(&mut ruth, &["plant", "regenerate", "mallory"]).await;
    assert_eq!(reached(&page), [0, 3, 4]);
    assert!(page.contains("verdict--bad") && !page.contains("You are <strong>"));
    let page = press(&mut ruth, &["plant", "keep", "regenerate", "mallory"]).await;
    assert_eq!(reached(&page), [0, 1, 3, 4], "she looked too late");
    let page = press(&mut ruth, &["plant", "keep", "plant", "mallory"]).await;
    assert_eq!(reached(&page), [0, 1, 3, 4], "that is another ticket");
    assert_eq!(reached(&press(&mut ruth, &["plant", "keep", "mallory"]).await), [0, 1, 2, 3, 4]);
}

#[rocket::async_test]
async fn oskar_logs_in_only_in_his_own_browser_with_a_planted_ticket() {
    let app = class().await;
    let mut rosa = Learner::new(&app, "rosa").await;
    rosa.predict(FOLDER).await;
    let page = press(&mut rosa, &["keep", "regenerate", "mallory"]).await;
    assert_eq!(reached(&page), [0; 0]);
    assert!(!rosa.browsers[0].jar.contains_key("lab.sid"));
    let page = press(&mut rosa, &["plant", "mallory", "keep", "regenerate"]).await;
    assert_eq!(reached(&page), [0], "a login of Mallory shows nothing");
    assert!(!page.contains("You are <strong>"));
    // Oskar of lesson 6 has a ticket of the same lab.
    rosa.browsers[0].post("/lab/no-secrets", &[("do", "steal")]).await;
    let page = press(&mut rosa, &["keep"]).await;
    assert_eq!(reached(&page), [0]);
}

#[rocket::async_test]
async fn a_login_in_the_lab_is_no_login_of_the_site_and_the_real_login_is_not_fixated() {
    let app = class().await;
    let mut guest = Learner::guest(&app, "rosa");
    guest.predict(FOLDER).await;
    for login in ["keep", "regenerate"] {
        press(&mut guest, &["plant", login]).await;
        assert!(!guest.browsers[0].is_logged_in().await, "{login}");
        let mut thief = app.browser();
        for name in ["connect.sid", "lab.sid"] {
            thief.jar.insert(name.to_owned(), guest.browsers[0].jar["lab.sid"].clone());
        }
        assert!(!thief.is_logged_in().await, "{login}");
    }
    // Mallory's browser has the session in which Rosa then logs in for real.
    let mut mallory = app.browser();
    mallory.jar.clone_from(&guest.browsers[0].jar);
    guest.browsers[0].sign_up("rosa").await;
    assert!(guest.browsers[0].is_logged_in().await);
    assert!(!mallory.is_logged_in().await);
}

#[rocket::async_test]
async fn the_lesson_is_solved_in_memory_as_well() {
    let app = App::in_memory_with(|figment| figment.merge(("teaching", true))).await;
    let mut rosa = Learner::new(&app, "rosa").await;
    rosa.play(FOLDER, &solution(FOLDER)).await;
    assert!(rosa.is_solved(FOLDER).await);
}
