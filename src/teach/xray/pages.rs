//! `/xray`: the last exchanges of this browser, as the stories they were; `/xray/<id>`: one of
//! them, step by step.

use std::sync::Arc;

use rocket::{Route, State, get, routes};
use rocket_dyn_templates::{Template, context};
use rocket_express_session::Session;
use serde::Serialize;

use super::changed::is_nothing;
use super::rows::{View, rows};
use crate::trace::{Exchange, Owner, Recorder};
use crate::web::Page;

/// A chain of redirects, told as one.
#[derive(Serialize)]
pub struct Story {
    /// `POST /login 303 → GET /dashboard 200`.
    title: String,
    /// In one sentence: what it cost and what it changed.
    summary: String,
    /// In their order.
    exchanges: Vec<View>,
}

/// The story of exchanges that led to one another, in their order.
pub fn story(chain: &[Arc<Exchange>]) -> Story {
    let title = chain
        .iter()
        .map(|exchange| format!("{} {} {}", exchange.method, exchange.path, exchange.status));
    let commands: usize = chain.iter().map(|exchange| exchange.commands().count()).sum();
    let exchanges: Vec<View> = chain.iter().map(|exchange| View::of(exchange, None)).collect();
    let is_unchanged = chain.iter().all(|exchange| is_nothing(exchange));
    let stored = if is_unchanged { "Nothing was stored" } else { "Something was changed" };
    let asked = match commands {
        0 => "MongoDB was not asked".to_owned(),
        1 => "MongoDB was asked once".to_owned(),
        2 => "MongoDB was asked twice".to_owned(),
        _ => format!("MongoDB was asked {commands} times"),
    };
    let nobody = chain.last().is_some_and(|last| {
        last.user.is_none() && !last.set_cookies.iter().any(|cookie| cookie.sid.is_some())
    });
    let ticket = if nobody && is_unchanged {
        " You have no ticket yet, or it is worth nothing."
    } else {
        ""
    };
    Story {
        title: title.collect::<Vec<_>>().join(" → "),
        summary: format!("{stored}, {asked}.{ticket}"),
        exchanges,
    }
}

#[get("/")]
async fn list(page: Page<'_>, session: &Session, recorder: &State<Recorder>) -> Template {
    let exchanges =
        if session.is_stored() { recorder.of(Owner::of(session.id().as_str())) } else { vec![] };
    let mut told: Vec<String> = vec![];
    let mut stories = vec![];
    for exchange in &exchanges {
        if !told.contains(&exchange.id) {
            let chain = recorder.chain(exchange);
            told.extend(chain.iter().map(|exchange| exchange.id.clone()));
            stories.push(story(&chain));
        }
    }
    page.render("teach/xray_list", context! { stories, has_ticket: session.is_stored() }).await
}

#[get("/<id>?<step>")]
async fn one(
    page: Page<'_>,
    recorder: &State<Recorder>,
    id: &str,
    step: Option<usize>,
) -> Option<Template> {
    let exchange = recorder.get(id)?;
    let last = rows(&exchange).len();
    let step = step.map(|step| step.clamp(1, last));
    let view = View::of(&exchange, step);
    let back = step.filter(|step| *step > 1).map(|step| step - 1);
    let next = step.map_or(Some(1), |step| (step < last).then_some(step + 1));
    let title = story(&recorder.chain(&exchange)).title;
    Some(page.render("teach/xray_one", context! { view, title, step, last, back, next }).await)
}

pub fn routes() -> Vec<Route> {
    routes![list, one]
}
