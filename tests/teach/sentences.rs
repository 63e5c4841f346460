//! Each step of the X-ray leads to its source, and its sentences are short in all dialects.

use std::collections::{BTreeMap, BTreeSet};

use rocket::figment::Figment;
use rocket::figment::providers::{Format as _, Toml};
use rocket::figment::value::Value;

use crate::{class, exchanges, predict};

/// The longest sentence that a page may have.
const MAX_WORDS: usize = 20;

#[rocket::async_test]
async fn each_step_of_a_page_leads_to_the_function_that_does_it() {
    let app = class().await;
    let mut rosa = app.browser();
    rosa.sign_up("rosa").await;
    predict(&mut rosa, "two-stores").await;
    rosa.post("/lab/two-stores", &[("do", "count")]).await;
    let mut ids = exchanges(&rosa.get("/lab/two-stores").await);
    ids.extend(exchanges(&rosa.get("/dashboard").await));
    rosa.log_in("rosa").await;
    ids.extend(exchanges(&rosa.get("/dashboard").await));
    let mut steps = BTreeSet::new();
    for id in ids {
        let page = rosa.get(&format!("/xray/{id}?step=999")).await.body;
        let links = page.split("href=\"/xray/code/").skip(1);
        let found: Vec<&str> = links.map(|rest| rest.split('"').next().unwrap()).collect();
        assert_eq!(found.len(), page.matches("<li class=\"ray ").count(), "each row has a link");
        steps.extend(found.into_iter().map(str::to_owned));
    }
    assert!(steps.len() > 15 && steps.contains("memory-insert"), "{steps:?}");
    for step in &steps {
        let page = rosa.get(&format!("/xray/code/{step}")).await;
        assert_eq!(page.status, 200, "{step}");
        let (_, function) = page.body.split_once("aria-label=\"The function ").unwrap();
        let function = function.split('"').next().unwrap();
        assert!(page.body.contains(&format!("fn {function}")), "{step}: {}", page.body);
        assert!(page.body.contains("<mark>"), "{step}: {}", page.body);
    }
    let login = crate::unescape(rosa.get("/xray/code/login").await.body);
    let line = "regenerated.log_in(&amp;user.id.to_hex())?;</mark>";
    assert!(login.contains("<code>src/auth/login.rs</code>") && login.contains(line), "{login}");
    assert_eq!(rosa.get("/xray/code/nothing").await.status, 404);
    assert_eq!(rosa.get("/xray/code/no-set-cookie").await.status, 404, "it is no step");
}

/// The sentences of a text. Each ends at a point, a question mark or a colon before a space.
fn sentences(text: &str) -> Vec<String> {
    let ends = [". ", "? ", "! ", ": "];
    let marked = ends.iter().fold(text.to_owned(), |text, end| text.replace(end, "\n"));
    marked.lines().map(str::to_owned).collect()
}

#[test]
fn no_sentence_of_the_x_ray_has_more_than_twenty_words() {
    let mut count = 0;
    for file in std::fs::read_dir("templates/xray").unwrap() {
        let path = file.unwrap().path();
        let texts: BTreeMap<String, BTreeMap<String, Value>> =
            Figment::from(Toml::file_exact(&path)).extract().unwrap();
        for (key, texts) in &texts {
            for text in texts.values().filter_map(Value::as_str) {
                for sentence in sentences(text) {
                    let words = sentence.split_whitespace().count();
                    assert!(words <= MAX_WORDS, "{path:?} [{key}] {words} words: {sentence}");
                    count += 1;
                }
            }
        }
    }
    assert!(count > 200, "{count}");
}
