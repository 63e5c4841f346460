//! The answer key and the handout with answers: for teachers alone, and complete.

use std::collections::{BTreeMap, BTreeSet};

use crate::class;
use crate::class::teacher;
use crate::concept_test::items;
use crate::support::lesson::{FOLDERS, lesson};

/// A text as a page writes it.
fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let text = text.replace('"', "&quot;").replace('\'', "&#x27;").replace('/', "&#x2F;");
    let parts = text.split('`').enumerate();
    parts
        .map(|(n, part)| if n % 2 == 1 { format!("<code>{part}</code>") } else { part.into() })
        .collect()
}

#[rocket::async_test]
async fn only_teachers_open_the_answer_key_and_the_handout_with_answers() {
    let app = class().await;
    let (mut teacher, mut rosa) = (teacher(&app).await, app.browser());
    rosa.sign_up("rosa").await;
    for path in ["/class/key", "/class/handout"] {
        assert_eq!(app.browser().get(path).await.status, 303, "{path}");
        assert_eq!(rosa.get(path).await.status, 403, "{path}");
        assert_eq!(teacher.get(path).await.status, 200, "{path}");
    }
    rosa.get("/class/key").await.expect_page(403, "<h1");
}

#[rocket::async_test]
async fn the_key_has_each_answer_and_the_handout_of_the_students_has_none() {
    let app = class().await;
    let mut teacher = teacher(&app).await;
    let key = teacher.get("/class/key").await.body;
    let with_answers = teacher.get("/class/handout").await.body;
    let handout = app.browser().get("/learn/handout").await.body;
    for folder in FOLDERS {
        let text = |name: &str| escaped(&lesson(folder).extract_inner::<String>(name).unwrap());
        for name in ["title", "predict.question"] {
            for page in [&key, &with_answers, &handout] {
                assert!(page.contains(&text(name)), "{folder}: {name}");
            }
        }
        for name in ["claim", "predict.why"] {
            assert!(with_answers.contains(&text(name)), "{folder}: {name}");
            assert!(!handout.contains(&text(name)), "{folder}: {name}");
        }
        for name in ["predict.why", "teacher.project"] {
            assert!(key.contains(&text(name)), "{folder}: {name}");
        }
        let asked: Vec<BTreeMap<String, String>> =
            lesson(folder).extract_inner("teacher.ask").unwrap();
        assert!(!asked.is_empty(), "{folder}");
        for asked in asked.iter().flat_map(BTreeMap::values) {
            assert!(key.contains(&escaped(asked)), "{folder}: {asked}");
        }
    }
    for item in items() {
        assert!(key.contains(&escaped(&item.ask.why)), "{}", item.ask.why);
        assert!(key.contains(&format!("✓ {}", escaped(&item.ask.options[item.ask.right].text))));
        assert!(!handout.contains(&escaped(&item.ask.why)));
    }
    assert!(!handout.contains("boxes__right") && with_answers.contains("boxes__right"));
}

#[test]
fn each_question_has_four_options_with_misconceptions_of_the_core_lessons() {
    let core: Vec<&str> = FOLDERS
        .into_iter()
        .filter(|folder| lesson(folder).extract_inner::<String>("part").unwrap() == "core")
        .collect();
    let texts = core.iter().map(|folder| {
        std::fs::read_to_string(format!("templates/lessons/{folder}/lesson.toml")).unwrap()
    });
    let texts: Vec<String> = texts.collect();
    let items = items();
    assert_eq!(items.len(), 10);
    let asked: BTreeSet<usize> = items.iter().map(|item| item.lesson).collect();
    let numbers: BTreeSet<usize> = core.iter().map(|folder| folder[..2].parse().unwrap()).collect();
    assert_eq!(asked, numbers, "each core lesson has a question");
    for item in &items {
        assert_eq!(item.ask.options.len(), 4);
        for (n, option) in item.ask.options.iter().enumerate() {
            match &option.misconception {
                Some(belief) => assert!(
                    n != item.ask.right
                        && texts.iter().any(|text| text.contains(&format!("\"{belief}\""))),
                    "{belief}"
                ),
                None => assert_eq!(n, item.ask.right, "{}", option.text),
            }
        }
    }
    let places: BTreeSet<usize> = items.iter().map(|item| item.ask.right).collect();
    assert_eq!(places.len(), 4, "the number of an option does not tell which is right");
}
