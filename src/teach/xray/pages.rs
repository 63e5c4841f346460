//! `/xray`: the last exchanges of this browser, as stories; `/xray/<id>`: one of them, step by step.

use std::sync::Arc;

use rocket::http::Status;
use rocket::{State, get};
use rocket_dyn_templates::{Template, context};
use rocket_express_session::Session;
use serde::Serialize;

use super::diagram::{View, in_full, views};
use super::effects;
use super::sentences::Sentences;
use super::session::session_after;
use crate::auth::Visitor;
use crate::trace::{BrowserKey, Exchange, Recorder};
use crate::web::Page;

/// Exchanges that led to one another, in their order, as one story. The template has the words for its facts.
pub(super) fn story(chain: &[Arc<Exchange>], sentences: &Sentences) -> impl Serialize + use<> {
    let exchanges = views(chain, sentences);
    context! {
        // Whether anything was stored, on either side.
        is_changed: !exchanges.iter().all(|view| effects::are_none(&view.effects)),
        // Commands that MongoDB got.
        commands: chain.iter().map(|exchange| exchange.commands().count()).sum::<usize>(),
        // The browser's session behind the last response, if that is known.
        session: chain.last().and_then(|last| session_after(last)),
        exchanges,
    }
}

#[get("/")]
pub(crate) fn list(
    page: Page<'_>,
    visitor: &Visitor,
    session: &Session,
    recorder: &State<Recorder>,
    sentences: &State<Sentences>,
) -> Template {
    let exchanges = match session.is_stored() {
        true => recorder.of_browser(BrowserKey::of_session(session.id().as_str())),
        false => vec![],
    };
    let mut shown: Vec<String> = vec![];
    let mut stories = vec![];
    for exchange in &exchanges {
        if !shown.contains(&exchange.id) {
            let chain = recorder.chain(exchange);
            shown.extend(chain.iter().map(|exchange| exchange.id.clone()));
            stories.push(story(&chain, sentences));
        }
    }
    page.render("teach/xray_list", visitor, context! { stories, has_ticket: session.is_stored() })
}

#[get("/<id>?<step>")]
pub(crate) async fn one(
    page: Page<'_>,
    recorder: &State<Recorder>,
    sentences: &State<Sentences>,
    id: &str,
    step: Option<usize>,
) -> Result<Template, (Status, Template)> {
    let Some(exchange) = recorder.get(id) else {
        let gone = page.render("teach/xray_gone", page.visitor().await, context! {});
        return Err((Status::NotFound, gone));
    };
    let mut view = View::of(&exchange, sentences, in_full);
    let last = view.rows.len();
    let step = step.map(|step| step.clamp(1, last));
    match step {
        Some(step) => view.rows.truncate(step),
        None => view = view.folded(),
    }
    let story = story(&recorder.chain(&exchange), sentences);
    let own = context! { view, story, step, last };
    Ok(page.render("teach/xray_one", page.visitor().await, own))
}

/// The source of the step with this key.
#[get("/code/<key>")]
pub(crate) async fn code(
    page: Page<'_>,
    sentences: &State<Sentences>,
    key: &str,
) -> Option<Template> {
    let (step, code) = sentences.code(key)?;
    let own = context! { step, code, lines: code.lines().ok()? };
    Some(page.render("teach/code", page.visitor().await, own))
}
