//! The lesson about the options: what its lab prints, and that one option is not taken for another.

use mongodb::bson::{Document, doc};

use crate::class;
use crate::learner::{Learner, goals_reached};
use crate::support::{Answer, App};

const LAB: &str = "/lab/the-options";

/// A learner who has guessed, in the lab.
async fn learner(app: &App) -> Learner {
    let mut rosa = Learner::new(app, "rosa").await;
    rosa.predict("13-the-options").await;
    rosa
}

/// Presses a button with these switches, and returns the page.
async fn press(rosa: &mut Learner, button: &str, switches: &[&str]) -> Answer {
    let mut fields = vec![("do", button)];
    fields.extend(switches.iter().map(|switch| switch.split_once('=').unwrap_or((switch, "on"))));
    rosa.browsers[0].post(LAB, &fields).await.expect_redirect(LAB);
    rosa.browsers[0].get(LAB).await
}

/// What the page prints of the last two requests: the write and the `Set-Cookie` line.
fn printed(page: &Answer) -> Vec<[String; 2]> {
    let requests = page.body.split("class=\"outcome\"").skip(1);
    let text = |html: &str| {
        let text = html.split("</dd>").next().unwrap().replace("<code>", "").replace("</code>", "");
        crate::unescape(text)
    };
    let both = requests.map(|part| {
        let mut values = part.split("<dd>").skip(1).map(text);
        [values.next().unwrap(), values.next().unwrap()]
    });
    both.collect()
}

/// The goals that the page shows as reached.
fn reached(page: &Answer) -> Vec<&'static str> {
    let names = [
        "save-uninitialized",
        "resave",
        "touch-after",
        "collection",
        "rolling",
        "max-age",
        "new-secret",
        "both-secrets",
    ];
    goals_reached(&page.body, &names)
}

#[rocket::async_test]
async fn the_lab_prints_the_last_write_and_the_set_cookie_line_without_secrets() {
    let app = class().await;
    let mut rosa = learner(&app).await;
    let page = press(&mut rosa, "change", &[]).await;
    let value = crate::decode(&rosa.browsers[0].jar["lab.sid"]);
    let (id, signature) = value.trim_start_matches("s:").split_once('.').unwrap();
    let printed_now = printed(&page);
    let [[inserted, set], [touched, none]] = &printed_now[..] else { panic!("{printed_now:?}") };
    assert!(inserted.starts_with("lab_sessions.insert"), "{inserted}");
    assert!(
        set.starts_with(&format!("lab.sid=s%3A{}….[signature]; Path=/lab; Expires=", &id[..6])),
        "{set}"
    );
    assert!(touched.contains("$set: { expires: ") && !touched.contains("session:"), "{touched}");
    assert_eq!(none, "none");
    assert!(!page.body.contains(&id[..12]) && !page.body.contains(&signature[..12]));

    let page = press(&mut rosa, "switch", &["resave", "rolling"]).await;
    let [[nothing, _], [updated, set]] = &printed(&page)[..] else { panic!("{}", page.body) };
    assert_eq!(nothing, "nothing", "the button itself");
    assert!(updated.contains("session: "), "{updated}");
    assert!(set.starts_with("lab.sid=s%3A"), "{set}");

    let page = press(&mut rosa, "change", &["other_collection"]).await;
    assert!(printed(&page)[0][0].starts_with("lab_other_sessions.insert"), "{}", page.body);
}

#[rocket::async_test]
async fn one_option_is_not_taken_for_another() {
    let app = class().await;
    let mut rosa = learner(&app).await;
    // With the option alone, and without anything to compare it with.
    let page = press(&mut rosa, "newcomer", &["save_uninitialized"]).await;
    assert!(reached(&page).is_empty());
    press(&mut rosa, "change", &["resave", "one_day"]).await;
    // The session was made with an hour, and keeps it. No unchanged visit was only touched.
    let page = press(&mut rosa, "switch", &["rolling", "resave", "one_day"]).await;
    assert_eq!(reached(&page), ["rolling"]);
    // An altered ticket is refused by the first secret: no new secret did that.
    let ticket = rosa.browsers[0].jar["lab.sid"].clone();
    rosa.browsers[0].jar.insert("lab.sid".to_owned(), ticket.replacen('.', ".A", 1));
    let page = rosa.browsers[0].get(LAB).await;
    assert_eq!(reached(&page), ["rolling"]);
    // A ticket whose session has ended is in no collection.
    rosa.browsers[0].jar.insert("lab.sid".to_owned(), ticket.clone());
    rosa.browsers[0].post("/lab/three-clocks", &[("do", "logout")]).await;
    rosa.browsers[0].jar.insert("lab.sid".to_owned(), ticket);
    let page = press(&mut rosa, "switch", &[]).await;
    assert_eq!(reached(&page), ["rolling"]);
    // A long-lived cookie of another lab.
    rosa.browsers[0].post("/lab/three-clocks", &[("do", "short-document")]).await;
    let page = press(&mut rosa, "switch", &[]).await;
    assert!(!reached(&page).contains(&"max-age"), "{:?}", reached(&page));
    let page = press(&mut rosa, "switch", &["secret=both"]).await;
    assert!(!reached(&page).contains(&"both-secrets"), "nothing was refused before");
}

#[rocket::async_test]
async fn switches_stay_in_their_lab_and_a_reset_clears_both_collections() {
    let app = class().await;
    let mut rosa = learner(&app).await;
    press(&mut rosa, "change", &["other_collection", "save_uninitialized", "secret=new"]).await;
    rosa.browsers[0].jar.remove("lab.sid");
    rosa.predict("05-the-seal").await;
    rosa.browsers[0].get("/lab/the-seal").await;
    assert!(!rosa.browsers[0].jar.contains_key("lab.sid"), "nothing is stored for a newcomer");
    rosa.browsers[0].post("/lab/the-seal", &[("do", "new")]).await;
    let count = async |name: &str| {
        app.database().collection::<Document>(name).count_documents(doc! {}).await.unwrap()
    };
    assert_eq!((count("lab_sessions").await, count("lab_other_sessions").await), (1, 1));
    crate::class::teacher(&app).await.post("/class/reset", &[("confirmation", "reset")]).await;
    assert_eq!((count("lab_sessions").await, count("lab_other_sessions").await), (0, 0));
}
