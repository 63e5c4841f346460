//! The lab of the options: what the last requests wrote and handed out.

use serde_json::{Value, json};

use super::note;
use super::request::LabRequest;
use crate::names::LAB_COOKIE;
use crate::teach::progress::Secret;
use crate::trace::{Exchange, Step};

impl LabRequest<'_> {
    /// The last two requests to this lab with their effects: mostly that of a button, and that of the page.
    /// Notes for the checks what this visit was served with.
    pub(super) fn view_options(&self) -> Value {
        let (slug, switches) = (self.slug(), &self.state.switches);
        note(slug, "new secret alone", i64::from(switches.secret == Secret::New));
        note(slug, "other collection", i64::from(switches.other_collection));
        let mut exchanges = self.lesson.learner.exchanges();
        let path = self.lesson.lesson.path(true);
        exchanges.retain(|exchange| exchange.path == path);
        let last = exchanges.iter().rev().take(2).rev();
        last.map(|exchange| outcome(exchange)).collect()
    }
}

fn outcome(exchange: &Exchange) -> Value {
    let set = exchange.set_cookies.iter().find(|set| set.name == LAB_COOKIE);
    json!({
        "method": exchange.method,
        "number": exchange.number,
        "write": write(exchange),
        "set_cookie": set.map(|set| json!({ "sid": set.sid, "attributes": set.attributes })),
    })
}

/// The write of the lab's session. It is between the read of its cookie and the write of the site's session.
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
