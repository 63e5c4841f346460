//! Teaching mode over HTTP: the X-ray and the lessons, and that without it there is nothing.

#[path = "../support/mod.rs"]
mod support;

mod class;
mod control;
mod crowd;
mod invitation;
mod labs;
mod learner;
mod lessons;
mod memory;
mod neutral;
mod off;
mod recorded;
mod sheets;
mod standalone;
mod stream;
mod xray;

use support::{Answer, App, Browser};

/// An app for a class, on a database of its own.
pub async fn class() -> App {
    App::on_mongodb_with(|figment| figment.merge(("teaching", true))).await
}

/// The ids of the exchanges in the X-ray beside a page, in their order.
fn exchanges(page: &Answer) -> Vec<String> {
    let aside = page.body.split_once("<aside class=\"xray\"").expect("an X-ray").1;
    let links = aside.split("exchange__link\" href=\"/xray/").skip(1);
    links.map(|link| link.split('"').next().unwrap().to_owned()).collect()
}

/// All steps of an exchange in their order, in one of the dialects.
async fn steps(browser: &mut Browser, id: &str, dialect: &str) -> Vec<String> {
    let page = browser.get(&format!("/xray/{id}?step=999")).await;
    let rows = page.body.split("<li class=\"ray").skip(1);
    let text = |row: &str| {
        let words = row.split_once(&format!("dialect--{dialect}\">")).unwrap().1;
        let words = words.split_once("</span>").unwrap().0;
        let words = words.replace("<code>", "").replace("</code>", "");
        unescape(words)
    };
    rows.map(text).collect()
}

/// As it reads.
fn unescape(text: impl AsRef<str>) -> String {
    text.as_ref().replace("&quot;", "\"").replace("&#x27;", "'").replace("&#x2F;", "/")
}

/// A cookie's value, as it was meant.
fn decode(value: &str) -> String {
    percent_encoding::percent_decode_str(value).decode_utf8_lossy().into_owned()
}

/// Whether each of these stands in a step of its own, one after the other.
fn expect_in_order(steps: &[String], expected: &[&str]) {
    let mut rest = steps.iter();
    for part in expected {
        assert!(rest.any(|step| step.contains(part)), "no {part:?} in its place in {steps:#?}");
    }
}
