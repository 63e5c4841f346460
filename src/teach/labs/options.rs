//! The lab of the options: what the last requests wrote and handed out.

use serde_json::{Value, json};

use super::note;
use crate::names::LAB_COOKIE;
use crate::teach::progress::{Learner, Secret, Switches};
use crate::trace::{Cookie, Exchange, Step};

/// The slug of the lesson, whose lab alone has switches.
pub(super) const SLUG: &str = "the-options";

/// The last two requests to this lab with their effects: mostly that of a button, and that of the page. Notes
/// for the checks what this visit was served with.
pub(super) fn view(learner: &Learner<'_>, switches: &Switches) -> Value {
    note(SLUG, "new secret alone", i64::from(switches.secret == Secret::New));
    note(SLUG, "other collection", i64::from(switches.other_collection));
    let mut exchanges = learner.exchanges();
    exchanges.retain(|exchange| exchange.path.strip_prefix("/lab/") == Some(SLUG));
    let last = exchanges.iter().skip(exchanges.len().saturating_sub(2));
    let outcome = |exchange: &Exchange| {
        let set = exchange.set_cookies.iter().find(|set| set.name == LAB_COOKIE);
        json!({
            "method": exchange.method,
            "number": exchange.number,
            "write": write(exchange),
            "set_cookie": set.map(line),
        })
    };
    last.map(|exchange| outcome(exchange)).collect()
}

/// The write of the lab's session, redacted. It comes after its cookie was read, and before that of the
/// site's session.
fn write(exchange: &Exchange) -> Option<String> {
    let is_read = |step: &Step| matches!(step, Step::CookieRead { name, .. } if name == LAB_COOKIE);
    let mut steps =
        exchange.steps.iter().map(|noted| &noted.step).skip_while(|step| !is_read(step));
    steps.find_map(|step| match step {
        Step::Command(command) if command.collection.starts_with("lab_") => {
            (command.name != "find").then(|| command.text.clone())
        }
        Step::Memory { method, sid } if *method != "load" => Some(format!("{method}(\"{sid}\")")),
        _ => None,
    })
}

/// The `Set-Cookie` line, without the signature.
fn line(cookie: &Cookie) -> String {
    let value = cookie.sid.as_ref().map(|sid| format!("s%3A{sid}.[signature]"));
    format!("{}={}; {}", cookie.name, value.unwrap_or_default(), cookie.attributes)
}
