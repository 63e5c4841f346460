//! `/class/students/<who>`: the sessions of one student, with their documents, and buttons to end them.

use rocket::response::Redirect;
use rocket::{Route, State, get, post, routes};
use rocket_dyn_templates::{Template, context};
use rocket_express_session::SessionInfo;
use serde::Serialize;
use serde_json::Value;

use super::board::listed;
use super::class_page::ClassPage;
use super::roster::Student;
use crate::audit::{self, Actor, AuditEvent, Outcome};
use crate::auth::{Admin, LocalStrategy, UserId, key_of, revoke::BY_ADMIN};
use crate::db::{Unavailable, in_time};
use crate::teach::class_data::LISTED;
use crate::teach::progress::Scope;
use crate::trace::{self, Recorder};
use crate::web::error::Error;
use crate::web::{Flash, NoFields, SessionView, document_of};

/// A session, as the teacher may see it.
#[derive(Serialize)]
struct MaskedSession {
    session: SessionView,
    short_id: String,
    /// The size of the document in MongoDB.
    bytes: Option<usize>,
    /// The document with masked texts in its session.
    document: String,
}

impl From<SessionInfo> for MaskedSession {
    fn from(info: SessionInfo) -> Self {
        let json = info.record.json();
        let session = serde_json::from_str(json).unwrap_or_else(|_| Value::from(json));
        let session = masked("", session).to_string();
        Self {
            document: document_of(&info.record, &info.short_id, &session),
            bytes: info.record.stored_bytes,
            session: info.session.into(),
            short_id: info.short_id,
        }
    }
}

/// The exchanges of a student that the page lists.
const MAX_LISTED: usize = 20;

/// Keys whose texts say nothing about a person.
const OPEN_KEYS: [&str; 4] = ["expires", "path", "sameSite", "priority"];

/// A session with only the lengths of its texts, which are the student's own, and short IDs.
fn masked(key: &str, value: Value) -> Value {
    match value {
        Value::String(text) if OPEN_KEYS.contains(&key) => Value::String(text),
        Value::String(text) if key == "user" => Value::String(trace::short_id(&text)),
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

async fn find(class: &ClassPage<'_>, who: &str) -> Result<Option<Student>, Unavailable> {
    let roster = class.roster().await?;
    let mut all = roster.students.into_iter().chain(roster.guests).chain(roster.teachers);
    Ok(all.find(|student| student.who == who))
}

#[get("/students/<who>")]
async fn show(
    teacher: Admin<'_>,
    class: ClassPage<'_>,
    recorder: &State<Recorder>,
    who: &str,
) -> Result<Option<Template>, Error> {
    let Some(student) = find(&class, who).await? else { return Ok(None) };
    let sessions = class.data.list_sessions().await?.into_iter();
    let sessions = sessions.filter(|session| is_of(session, who)).map(MaskedSession::from);
    let sessions: Vec<MaskedSession> = sessions.collect();
    let exchanges = recorder.of_user(who);
    let requests = exchanges.iter().take(MAX_LISTED).map(|exchange| listed(exchange));
    let requests: Vec<_> = requests.collect();
    let own = context! { student, sessions, requests };
    Ok(Some(class.page.render("class/student", teacher.0, own)))
}

#[post("/students/<who>/revoke/<handle>", data = "<_form>")]
async fn revoke(
    teacher: Admin<'_>,
    class: ClassPage<'_>,
    who: &str,
    handle: &str,
    _form: NoFields,
) -> Result<Option<Redirect>, Error> {
    let Some(student) = find(&class, who).await? else { return Ok(None) };
    let picked = |session: &SessionInfo| is_of(session, who) && session.session.handle == handle;
    let ended =
        in_time(class.data.sessions.admin().revoke_listed(LISTED, BY_ADMIN, picked)).await??;
    let outcome = if ended > 0 { Outcome::Done } else { Outcome::Refused };
    let name = student.name.as_deref().unwrap_or("");
    audit::record(AuditEvent::RevokeSessions, outcome, Actor::Admin(&teacher.0.username, name));
    let back =
        if student.name.is_some() { format!("/class/students/{who}") } else { "/class".to_owned() };
    Ok(Some(Redirect::to(back)))
}

/// `helped`, `reset` or `unlock`: a button of the teacher for one account.
#[post("/students/<who>/<button>", data = "<_form>")]
async fn press(
    teacher: Admin<'_>,
    class: ClassPage<'_>,
    strategy: &State<LocalStrategy>,
    who: &str,
    button: &str,
    _form: NoFields,
) -> Result<Option<Redirect>, Error> {
    let Some(id) = UserId::from_hex(who) else { return Ok(None) };
    let Some(user) = class.data.users.find(id).await? else { return Ok(None) };
    let back = format!("/class/students/{who}");
    match button {
        // The teacher has helped, and goes on to the next student.
        "helped" => {
            let (progress, id) = (class.data.progress, id.to_hex());
            progress
                .change(&id, progress.load(&id).await?, |progress| progress.help = None)
                .await?;
            return Ok(Some(Redirect::to("/class")));
        }
        // The lessons only: the login stays.
        "reset" => class.data.progress.delete(Scope::User(&id.to_hex())).await?,
        // The counter of wrong passwords only. The counters of addresses stay, and the notice says so.
        "unlock" => {
            let was_locked = strategy.throttle.unlock(&key_of(&user.username)).await?;
            let outcome = if was_locked { Outcome::Done } else { Outcome::Refused };
            let names = Actor::Admin(&teacher.0.username, &user.username);
            audit::record(AuditEvent::Unlock, outcome, names);
            class.page.set_flash(&Flash::StudentUnlocked);
        }
        _ => return Ok(None),
    }
    Ok(Some(Redirect::to(back)))
}

pub(super) fn routes() -> Vec<Route> {
    routes![show, revoke, press]
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn texts_of_a_student_are_masked_by_their_length() {
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
