//! `/class/students/<who>`: the sessions of one student, what is in them, and ending them.

use rocket::http::Status;
use rocket::response::Redirect;
use rocket::{Route, get, post, routes};
use rocket_dyn_templates::{Template, context};
use rocket_express_session::SessionInfo;
use serde::Serialize;
use serde_json::Value;

use super::room::{Room, SHOWN};
use super::roster::Student;
use crate::audit::{Decision, Event, Whom};
use crate::auth::{Admin, key_of, revoke::BY_ADMIN};
use crate::db::in_time;
use crate::teach::progress::Which;
use crate::trace;
use crate::web::error::Error;
use crate::web::{Client, LoginView, NoFields, Notice, Page};

/// A session as the teacher may see it.
#[derive(Serialize)]
struct Shown {
    session: LoginView,
    hook: String,
    document: String,
}

impl From<SessionInfo> for Shown {
    fn from(info: SessionInfo) -> Self {
        let json = serde_json::from_str(&info.data.to_json()).unwrap_or_default();
        let document = serde_json::to_string_pretty(&masked("", json)).unwrap_or_default();
        let hook = format!("{}…", info.short_id);
        Self { session: info.session.into(), hook, document }
    }
}

/// Exchanges that one can choose from.
const MOST_LISTED: usize = 20;

/// Keys whose texts say nothing about a person.
const OPEN_KEYS: [&str; 4] = ["expires", "path", "sameSite", "priority"];

/// Texts by their length: what a student has hung up is the student's. Ids by their start.
fn masked(key: &str, value: Value) -> Value {
    match value {
        Value::String(text) if OPEN_KEYS.contains(&key) => Value::String(text),
        Value::String(text) if key == "user" => Value::String(trace::start(&text)),
        Value::String(text) => format!("… ({} characters)", text.chars().count()).into(),
        Value::Array(list) => list.into_iter().map(|item| masked(key, item)).collect(),
        Value::Object(object) => {
            let pairs = object.into_iter();
            pairs.map(|(key, value)| (key.clone(), masked(&key, value))).collect()
        }
        other => other,
    }
}

fn is_of(info: &SessionInfo, who: &str) -> bool {
    match &info.user {
        Some(user) => user == who,
        None => info.session.handle == who,
    }
}

async fn find(room: &Room<'_>, who: &str) -> Result<Option<Student>, Error> {
    let roster = room.roster().await?;
    let mut all = roster.students.into_iter().chain(roster.guests).chain(roster.teachers);
    Ok(all.find(|student| student.who == who))
}

#[get("/students/<who>")]
async fn show(
    _teacher: Admin<'_>,
    page: Page<'_>,
    room: Room<'_>,
    who: &str,
) -> Result<Option<Template>, Error> {
    let Some(student) = find(&room, who).await? else { return Ok(None) };
    let sessions = room.shown_sessions().await?.into_iter().filter(|session| is_of(session, who));
    let sessions: Vec<Shown> = sessions.map(Shown::from).collect();
    let exchanges = room.recorder.of_user(who);
    let exchanges = exchanges.iter().take(MOST_LISTED).map(|exchange| {
        let line = format!("{} {}", exchange.method, exchange.path);
        context! { id: &exchange.id, number: exchange.number, line, status: exchange.status }
    });
    let exchanges: Vec<_> = exchanges.collect();
    Ok(Some(page.render("class/student", context! { student, sessions, exchanges }).await))
}

#[post("/students/<who>/revoke/<handle>", data = "<_form>")]
async fn revoke(
    teacher: Admin<'_>,
    client: Client<'_>,
    room: Room<'_>,
    who: &str,
    handle: &str,
    _form: NoFields,
) -> Result<Result<Redirect, Status>, Error> {
    let Some(student) = find(&room, who).await? else { return Ok(Err(Status::NotFound)) };
    let picked = |session: &SessionInfo| is_of(session, who) && session.session.handle == handle;
    let ended = in_time(room.sessions.admin().revoke_listed(SHOWN, BY_ADMIN, picked)).await??;
    let decision = if ended > 0 { Decision::Done } else { Decision::Refused };
    let name = student.name.as_deref().unwrap_or("");
    client.record(Event::RevokeSessions, decision, Whom::Admin(&teacher.0.username, name));
    let back =
        if student.name.is_some() { format!("/class/students/{who}") } else { "/class".to_owned() };
    Ok(Ok(Redirect::to(back)))
}

/// Resets the student's lessons; the login stays.
#[post("/students/<who>/reset", data = "<_form>")]
async fn reset(
    _teacher: Admin<'_>,
    room: Room<'_>,
    who: &str,
    _form: NoFields,
) -> Result<Result<Redirect, Status>, Error> {
    if find(&room, who).await?.is_none_or(|student| student.name.is_none()) {
        return Ok(Err(Status::NotFound));
    }
    room.progress.forget(Which::User(who)).await?;
    Ok(Ok(Redirect::to(format!("/class/students/{who}"))))
}

/// Lets the student try again, after too many wrong passwords at this account. Those that were counted
/// by address stay, and the notice says so.
#[post("/students/<who>/unlock", data = "<_form>")]
async fn unlock(
    teacher: Admin<'_>,
    page: Page<'_>,
    client: Client<'_>,
    room: Room<'_>,
    who: &str,
    _form: NoFields,
) -> Result<Result<Redirect, Status>, Error> {
    let Some(name) = find(&room, who).await?.and_then(|student| student.name) else {
        return Ok(Err(Status::NotFound));
    };
    let was_locked = room.strategy.throttle.unlock(&key_of(&name)).await?;
    let decision = if was_locked { Decision::Done } else { Decision::Refused };
    client.record(Event::Unlock, decision, Whom::Admin(&teacher.0.username, &name));
    page.leave(Notice::StudentUnlocked);
    Ok(Ok(Redirect::to(format!("/class/students/{who}"))))
}

pub fn routes() -> Vec<Route> {
    routes![show, revoke, reset, unlock]
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_a_student_wrote_is_told_by_its_length() {
        let session = json!({
            "cookie": { "path": "/", "originalMaxAge": 5 },
            "passport": { "user": "65a1b2c3d4e5f60718293a4b" },
            "coat": ["red scarf", "a letter"],
            "viewCount": 3,
        });
        let expected = json!({
            "cookie": { "path": "/", "originalMaxAge": 5 },
            "passport": { "user": "65a1b2…" },
            "coat": ["… (9 characters)", "… (8 characters)"],
            "viewCount": 3,
        });
        assert_eq!(masked("", session), expected);
    }
}
