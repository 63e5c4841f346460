//! The lab of the options: the switches in its form, and what the last requests wrote and handed out.

use serde::{Deserialize, Serialize};

use super::note;
use crate::names::LAB_COOKIE;
use crate::teach::progress::{Learner, Secret, Switches};
use crate::trace::{Cookie, Exchange, Step};

/// The slug of the lesson, whose lab alone has switches.
pub(super) const SLUG: &str = "the-options";

/// The switches as the form sends them. A checkbox that is off is missing.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Chosen {
    resave: String,
    save_uninitialized: String,
    touch_after: String,
    other_collection: String,
    one_day: String,
    rolling: String,
    secret: String,
}

impl Chosen {
    pub(super) fn switches(&self) -> Switches {
        Switches {
            own: None,
            resave: !self.resave.is_empty(),
            save_uninitialized: !self.save_uninitialized.is_empty(),
            touch_after: !self.touch_after.is_empty(),
            other_collection: !self.other_collection.is_empty(),
            one_day: !self.one_day.is_empty(),
            rolling: !self.rolling.is_empty(),
            secret: match self.secret.as_str() {
                "new" => Secret::New,
                "both" => Secret::Both,
                _ => Secret::First,
            },
        }
    }
}

/// Notes for the checks what this visit was served with.
pub(super) fn note_switches(switches: &Switches) {
    note(SLUG, "new secret alone", i64::from(switches.secret == Secret::New));
    note(SLUG, "other collection", i64::from(switches.other_collection));
}

/// A request to the lab, and its effects.
#[derive(Serialize)]
pub(super) struct Outcome {
    method: String,
    number: u64,
    /// The write of the lab's session, redacted.
    write: Option<String>,
    /// The `Set-Cookie` line of the lab's session, without the signature.
    set_cookie: Option<String>,
}

/// The effects of the last two requests to this lab: mostly that of a button, and that of the page.
pub(super) fn outcomes(learner: &Learner<'_>) -> Vec<Outcome> {
    let mut exchanges = learner.exchanges();
    exchanges.retain(|exchange| exchange.path.strip_prefix("/lab/") == Some(SLUG));
    let last = exchanges.iter().skip(exchanges.len().saturating_sub(2));
    let outcome = |exchange: &Exchange| Outcome {
        method: exchange.method.clone(),
        number: exchange.number,
        write: write(exchange),
        set_cookie: exchange.set_cookies.iter().find(|set| set.name == LAB_COOKIE).map(line),
    };
    last.map(|exchange| outcome(exchange)).collect()
}

/// The write of the lab's session. It comes after its cookie was read; the site's session comes later.
fn write(exchange: &Exchange) -> Option<String> {
    let is_read = |step: &Step| matches!(step, Step::CookieRead { name, .. } if name == LAB_COOKIE);
    let mut steps =
        exchange.steps.iter().map(|noted| &noted.step).skip_while(|step| !is_read(step));
    steps.find_map(|step| match step {
        Step::Command(command) if command.collection.starts_with("lab_") => {
            (command.name != "find").then(|| command.text.to_string())
        }
        Step::Memory { method, sid } if *method != "load" => Some(format!("{method}(\"{sid}\")")),
        _ => None,
    })
}

fn line(cookie: &Cookie) -> String {
    let value = cookie.sid.as_ref().map(|sid| format!("s%3A{sid}.[signature]"));
    format!("{}={}; {}", cookie.name, value.unwrap_or_default(), cookie.attributes)
}
