//! Teaching mode over HTTP: the X-ray and the lessons, and that without it there is nothing.

#[path = "../support/mod.rs"]
mod support;

mod board;
mod class;
mod clocks;
mod concept_test;
mod crowd;
mod forge;
mod invitation;
mod jar_and_stores;
mod key;
mod labs;
mod learner;
mod first_lessons;
mod fixation;
mod lesson_pages;
mod lessons;
mod memory;
mod neutral;
mod news;
mod off;
mod options;
mod other_site;
mod recorded;
mod recorder;
mod room;
mod rows;
mod sentences;
mod settings;
mod sheets;
mod standalone;
mod stored;
mod stream;
mod students;
mod summary;
mod token;
mod trace;
mod words;
mod xray;

use support::{Answer, App, Browser};

/// An app for a class, on a database of its own.
pub async fn class() -> App {
    App::on_mongodb_with(|figment| figment.merge(("teaching", true))).await
}

/// Makes a guess, so that the page of the lesson has its lab.
async fn predict(browser: &mut Browser, slug: &str) {
    browser.post(&format!("/learn/{slug}/predict"), &[("choice", "0"), ("sure", "guess")]).await;
    browser.get(&format!("/learn/{slug}")).await;
}

/// The IDs of the exchanges in the X-ray beside a page, in their order.
fn exchanges(page: &Answer) -> Vec<String> {
    let aside = page.body.split_once("<aside class=\"xray\"").expect("an X-ray").1;
    let links = aside.split("exchange__link\" href=\"/xray/").skip(1);
    links.map(|link| link.split('"').next().unwrap().to_owned()).collect()
}

/// The text of HTML, as it reads.
fn unescape(text: impl AsRef<str>) -> String {
    text.as_ref().replace("&quot;", "\"").replace("&#x27;", "'").replace("&#x2F;", "/")
}

/// A cookie's value without percent signs.
fn decode(value: &str) -> String {
    percent_encoding::percent_decode_str(value).decode_utf8_lossy().into_owned()
}
