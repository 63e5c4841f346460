//! `/class/students/<who>`: one student, with the documents of the sessions, and the buttons for the account.

use std::time::Duration;

use rocket::response::Redirect;
use rocket::{Route, State, get, post, routes};
use rocket_dyn_templates::{Template, context};
use rocket_express_session::SessionInfo;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::board::{Board, listed};
use super::class_page::ClassPage;
use super::roster::Student;
use super::seats;
use crate::audit::{self, Actor, AuditEvent, Outcome};
use crate::auth::revoke::{ACCOUNT_DELETED, BY_ADMIN};
use crate::auth::{Admin, User, UserId, is_confirmed, key_of};
use crate::db::{Unavailable, in_time};
use crate::teach::class_data::LISTED;
use crate::teach::progress::Scope;
use crate::trace;
use crate::web::error::Error;
use crate::web::{
    FieldError, Flash, Form, FormResponse, Reauth, SessionView, document_of, just_changed,
    set_new_password,
};

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
    reauth: Reauth<'_>,
    who: &str,
) -> Result<Option<Template>, Error> {
    render(&class, teacher, &reauth, who, &[]).await
}

async fn render(
    class: &ClassPage<'_>,
    teacher: Admin<'_>,
    reauth: &Reauth<'_>,
    who: &str,
    errors: &[FieldError],
) -> Result<Option<Template>, Error> {
    let Some(student) = find(class, who).await? else { return Ok(None) };
    let sessions = class.data.list_sessions().await?.into_iter();
    let sessions = sessions.filter(|session| is_of(session, who)).map(MaskedSession::from);
    let sessions: Vec<MaskedSession> = sessions.collect();
    let exchanges = class.recorder.of_user(who);
    let requests = exchanges.iter().take(MAX_LISTED).map(|exchange| listed(exchange));
    let requests: Vec<_> = requests.collect();
    let seats = class.settings.current().seat_accounts;
    let own = context! {
        student, sessions, requests,
        is_seat: UserId::from_hex(who).is_some_and(|id| seats.contains(&id.0)),
        is_confirmed: is_confirmed(reauth.session),
        form: context! { errors },
    };
    Ok(Some(class.page.render("class/student", teacher.0, own)))
}

/// The fields of the forms on the page of a student.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Fields {
    /// The handle of the session to end.
    session: String,
    /// The password of the teacher.
    password: String,
    /// The teacher has ticked that the account is to be deleted.
    sure: String,
}

/// `end` ends a session. The other buttons are for an account: `helped`, `reset`, `unlock`, and `words` and
/// `delete`, which need the teacher's password.
#[post("/students/<who>/<button>", data = "<form>")]
async fn press(
    teacher: Admin<'_>,
    class: ClassPage<'_>,
    reauth: Reauth<'_>,
    board: &State<Board>,
    who: &str,
    button: &str,
    form: Form<Fields>,
) -> Result<Option<FormResponse>, Error> {
    let form = form.0;
    if button == "end" {
        return end(teacher, &class, who, &form.session).await;
    }
    let Some(id) = UserId::from_hex(who) else { return Ok(None) };
    let Some(user) = class.data.users.find(id).await? else { return Ok(None) };
    let mut back = page_of(who);
    match button {
        // The teacher has helped, and goes on to the next student.
        "helped" => {
            let (progress, id) = (class.data.progress, id.to_hex());
            let known = progress.load(&id).await?;
            progress.change(&id, known, |progress| progress.help = None).await?;
            "/class".clone_into(&mut back);
        }
        // The lessons only: the login stays.
        "reset" => class.data.progress.delete(Scope::User(&id.to_hex())).await?,
        // The counter of wrong passwords only. The counters of addresses stay, and the flash message says so.
        "unlock" => {
            let was_locked = reauth.strategy.throttle.unlock(&key_of(&user.username)).await?;
            let outcome = if was_locked { Outcome::Done } else { Outcome::Refused };
            let names = Actor::Admin(&teacher.0.username, &user.username);
            audit::record(AuditEvent::Unlock, outcome, names);
            class.page.set_flash(&Flash::StudentUnlocked);
        }
        "words" | "delete" if !user.admin => {
            let change = Change { teacher, class: &class, reauth: &reauth, board, user: &user };
            return change.confirmed(button == "delete", &form).await.map(Some);
        }
        _ => return Ok(None),
    }
    Ok(Some(redirect(back)))
}

fn page_of(who: &str) -> String {
    format!("/class/students/{who}")
}

fn redirect(to: String) -> FormResponse {
    FormResponse::Redirect(Box::new(Redirect::to(to)))
}

/// Ends a session of this student, or an anonymous one.
async fn end(
    teacher: Admin<'_>,
    class: &ClassPage<'_>,
    who: &str,
    handle: &str,
) -> Result<Option<FormResponse>, Error> {
    let Some(student) = find(class, who).await? else { return Ok(None) };
    let picked = |session: &SessionInfo| is_of(session, who) && session.session.handle == handle;
    let ended =
        in_time(class.data.sessions.admin().revoke_listed(LISTED, BY_ADMIN, picked)).await??;
    let outcome = if ended > 0 { Outcome::Done } else { Outcome::Refused };
    let name = student.name.as_deref().unwrap_or("");
    audit::record(AuditEvent::RevokeSessions, outcome, Actor::Admin(&teacher.0.username, name));
    Ok(Some(redirect(student.name.map_or_else(|| "/class".to_owned(), |_| page_of(who)))))
}

/// A change of a student's account that gives the teacher the account, or deletes it.
struct Change<'c, 'r> {
    teacher: Admin<'r>,
    class: &'c ClassPage<'r>,
    reauth: &'c Reauth<'r>,
    board: &'c Board,
    user: &'c User,
}

impl Change<'_, '_> {
    /// Asks for the teacher's password first, as the admin page does.
    async fn confirmed(&self, delete: bool, form: &Fields) -> Result<FormResponse, Error> {
        let Self { class, reauth, user, .. } = self;
        let who = user.id.to_hex();
        if delete && form.sure.is_empty() {
            let text = "Nothing was deleted. Tick the box to confirm.";
            return self.again(None, FieldError::new("form", text)).await;
        }
        let field = if delete { "delete-password" } else { "words-password" };
        if let Err(error) = reauth.confirm_recent(field, &form.password).await {
            let (wait, error) = error.for_form()?;
            return self.again(wait, error).await;
        }
        if !reauth.renew(&form.password, reauth.user).await? {
            return Ok(redirect(page_of(&who)));
        }
        if delete {
            self.delete(&who).await?;
            return Ok(redirect("/class".to_owned()));
        }
        let (page, sessions) = (&class.page, class.data.sessions);
        match set_new_password(page, sessions, reauth, user, &page_of(&who)).await? {
            Some(shown) => Ok(FormResponse::shown(shown)),
            None => self.again(None, FieldError::new("form", just_changed().text)).await,
        }
    }

    async fn again(
        &self,
        wait: Option<Duration>,
        error: FieldError,
    ) -> Result<FormResponse, Error> {
        let who = self.user.id.to_hex();
        let page = render(self.class, self.teacher, self.reauth, &who, &[error]).await?;
        // The account was deleted by a concurrent request.
        Ok(page.map_or_else(
            || redirect("/class".to_owned()),
            |page| FormResponse::rejected(wait, page),
        ))
    }

    /// Deletes the account. If a later step fails, the account's sessions are anonymous.
    async fn delete(&self, who: &str) -> Result<(), Error> {
        let Self { class, user, .. } = self;
        self.reauth.strategy.delete_account(user.id).await?;
        let names = Actor::Admin(&self.teacher.0.username, &user.username);
        audit::record(AuditEvent::DeleteAccount, Outcome::Done, names);
        class.recorder.forget_user(who);
        self.board.forget_user(who);
        seats::forget(class.settings, user).await?;
        in_time(class.data.sessions.admin().revoke_user(who, ACCOUNT_DELETED)).await??;
        class.page.set_flash(&Flash::StudentDeleted);
        Ok(())
    }
}

pub(super) fn routes() -> Vec<Route> {
    routes![show, press]
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
