//! `/class/students/<who>`: one student, with the documents of the sessions, and the buttons for the account.

use rocket::http::uri::Origin;
use rocket::{State, get, post, uri};
use rocket_dyn_templates::{Template, context};
use rocket_express_session::SessionInfo;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::board::{Board, listed};
use super::class_page::ClassPage;
use super::roster::{Roster, Student};
use super::seats;
use crate::audit::{self, Actor, AuditEvent, Outcome};
use crate::auth::revoke::{ACCOUNT_DELETED, BY_ADMIN};
use crate::auth::{User, UserId, is_confirmed, key_of};
use crate::db::{Unavailable, in_time};
use crate::teach::class_data::LISTED;
use crate::trace;
use crate::web::{
    ConfirmError, Error, FieldError, Flash, Form, FormResponse, Reauth, SessionView, document_of,
    just_changed, set_new_password,
};

const MAX_LISTED: usize = 20;

/// Keys whose texts say nothing about a person.
const OPEN_KEYS: [&str; 4] = ["expires", "path", "sameSite", "priority"];

fn shown(info: SessionInfo) -> impl Serialize {
    let json = info.record.json();
    let session = serde_json::from_str(json).unwrap_or_else(|_| Value::from(json));
    let document = document_of(&info.record, &info.short_id, &masked("", session).to_string());
    let (session, bytes) = (SessionView::from(info.session), info.record.stored_bytes);
    context! { session, short_id: info.short_id, bytes, document }
}

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

async fn find(class: &ClassPage<'_>, who: &str) -> Result<Option<Student>, Unavailable> {
    let roster = Roster::read(class).await?;
    let mut all = roster.students.into_iter().chain(roster.guests).chain(roster.teachers);
    Ok(all.find(|student| student.who == who))
}

#[get("/students/<who>")]
pub(super) async fn show(
    class: ClassPage<'_>,
    reauth: Reauth<'_>,
    who: &str,
) -> Result<Option<Template>, Error> {
    render(&class, &reauth, who, &[]).await
}

async fn render(
    class: &ClassPage<'_>,
    reauth: &Reauth<'_>,
    who: &str,
    errors: &[FieldError],
) -> Result<Option<Template>, Error> {
    let Some(mut student) = find(class, who).await? else { return Ok(None) };
    let sessions: Vec<_> = student.sessions.drain(..).map(shown).collect();
    let exchanges = class.recorder.of_user(who);
    let requests: Vec<_> = exchanges.iter().take(MAX_LISTED).map(|one| listed(one)).collect();
    let seats = class.settings.current().seat_accounts;
    let own = context! {
        student, sessions, requests,
        is_seat: UserId::from_hex(who).is_some_and(|id| seats.contains(&id.0)),
        is_confirmed: is_confirmed(reauth.session),
        form: context! { errors },
    };
    Ok(Some(class.page.render("class/student", class.teacher, own)))
}

fn page_of(who: &str) -> Origin<'static> {
    uri!("/class", show(who))
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Fields {
    /// The handle of the session to end.
    session: String,
    /// The password of the teacher.
    password: String,
    /// The teacher has ticked that the account is to be deleted.
    sure: String,
}

/// `end` ends a session. `words` and `delete` need the teacher's password, and no teacher's account has them.
#[post("/students/<who>/<button>", data = "<form>")]
pub(super) async fn press(
    class: ClassPage<'_>,
    reauth: Reauth<'_>,
    board: &State<Board>,
    who: &str,
    button: &str,
    form: Form<Fields>,
) -> Result<Option<FormResponse>, Error> {
    if button == "end" {
        return end(&class, who, &form.0.session).await;
    }
    let Some(id) = UserId::from_hex(who) else { return Ok(None) };
    let Some(user) = class.data.strategy.users.find(id).await? else { return Ok(None) };
    let done = match button {
        // The teacher has helped, and goes on to the next student.
        "helped" => {
            let (progress, id) = (class.data.progress, id.to_hex());
            let known = progress.load(&id).await?;
            progress.change(&id, known, |progress| progress.help = None).await?;
            class.page.set_flash(&Flash::StudentHelped);
            Ok(FormResponse::redirect(uri!("/class")))
        }
        // The lessons only: the login stays.
        "reset" => {
            class.data.progress.delete(&id.to_hex()).await?;
            Ok(FormResponse::redirect(page_of(who)))
        }
        // The counter of wrong passwords only. The counters of addresses stay, and the flash message says so.
        "unlock" => {
            let was_locked = class.data.strategy.throttle.unlock(&key_of(&user.username)).await?;
            let names = Actor::Admin(&class.teacher.username, &user.username);
            audit::record(AuditEvent::Unlock, Outcome::of(was_locked), names);
            class.page.set_flash(&Flash::StudentUnlocked);
            Ok(FormResponse::redirect(page_of(who)))
        }
        "words" if !user.admin => make_words(&class, &reauth, &user, &form.0).await,
        "delete" if !user.admin => delete(&class, &reauth, board, &user, &form.0).await,
        _ => return Ok(None),
    };
    let (wait, error) = match done {
        Ok(response) => return Ok(Some(response)),
        Err(error) => error.for_form()?,
    };
    Ok(Some(match render(&class, &reauth, who, &[error]).await? {
        Some(page) => FormResponse::rejected(wait, page),
        // The account was deleted by a concurrent request.
        None => FormResponse::redirect(uri!("/class")),
    }))
}

/// Ends a session of this student, or an anonymous one.
async fn end(
    class: &ClassPage<'_>,
    who: &str,
    handle: &str,
) -> Result<Option<FormResponse>, Error> {
    let Some(student) = find(class, who).await? else { return Ok(None) };
    let is_it = |session: &SessionInfo| session.session.handle == handle;
    let is_own = student.sessions.iter().any(is_it);
    let picked = |session: &SessionInfo| is_own && is_it(session);
    let ended =
        in_time(class.data.sessions.admin().revoke_listed(LISTED, BY_ADMIN, picked)).await??;
    let names = Actor::Admin(&class.teacher.username, student.name.as_deref().unwrap_or_default());
    audit::record(AuditEvent::RevokeSessions, Outcome::of(ended > 0), names);
    class.page.set_flash(&Flash::SessionsEnded(ended));
    let next = if student.name.is_some() { page_of(who) } else { uri!("/class") };
    Ok(Some(FormResponse::redirect(next)))
}

/// Sets a new password, and shows it once. It gives the teacher the account, so the teacher must confirm it.
async fn make_words(
    class: &ClassPage<'_>,
    reauth: &Reauth<'_>,
    user: &User,
    form: &Fields,
) -> Result<FormResponse, ConfirmError> {
    let back = page_of(&user.id.to_hex());
    if !reauth.confirm_recent("words-password", &form.password).await? {
        return Ok(FormResponse::redirect(back));
    }
    let (page, sessions) = (&class.page, class.data.sessions);
    let shown = set_new_password(page, sessions, reauth, user, &back.to_string()).await?;
    let was_changed = || ConfirmError::Invalid(FieldError { id: "form", ..just_changed() });
    shown.map(FormResponse::shown).ok_or_else(was_changed)
}

/// Deletes the account. If a later step fails, the account's sessions are anonymous.
async fn delete(
    class: &ClassPage<'_>,
    reauth: &Reauth<'_>,
    board: &Board,
    user: &User,
    form: &Fields,
) -> Result<FormResponse, ConfirmError> {
    let who = user.id.to_hex();
    if form.sure.is_empty() {
        let text = "Nothing was deleted. Tick the box to confirm.";
        return Err(ConfirmError::Invalid(FieldError::new("form", text)));
    }
    if !reauth.confirm_recent("delete-password", &form.password).await? {
        return Ok(FormResponse::redirect(page_of(&who)));
    }
    class.data.strategy.delete_account(user.id).await?;
    let names = Actor::Admin(&class.teacher.username, &user.username);
    audit::record(AuditEvent::DeleteAccount, Outcome::Done, names);
    class.recorder.forget_user(&who);
    board.forget_user(&who);
    seats::forget(class.settings, user).await?;
    in_time(class.data.sessions.admin().revoke_user(&who, ACCOUNT_DELETED)).await??;
    class.page.set_flash(&Flash::StudentDeleted);
    Ok(FormResponse::redirect(uri!("/class")))
}
