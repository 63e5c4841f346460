//! The notebooks of the requests that are on their way, by the task that each runs in.
//!
//! Rocket runs each request in a task of its own, and the driver reports a command in the task that
//! sent it. So the task's id is the thread that holds a request's notes together, and no room
//! has to pass anything on.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use rocket::tokio::task::{self, Id};

use super::bounds::{self, Steps};
use super::exchange::Noted;
use super::recorder::Owner;
use super::step::Step;

/// Browsers that one request can belong to: a login makes a second one of the first.
const MOST_OWNERS: usize = 4;

/// The notes of one request.
pub(super) struct Notebook {
    pub opened: Instant,
    pub steps: Steps,
    /// The browsers that it belongs to, in the order in which that became known: a login makes
    /// somebody new of one.
    pub owners: Vec<Owner>,
    /// The exchange that led to this one, by its id.
    pub follows: Option<String>,
    /// The times could tell whether an account exists.
    pub blurred: bool,
}

/// How many are open: 0 unless somebody teaches, and then a note is dropped at once.
static OPEN: AtomicUsize = AtomicUsize::new(0);
static NOTEBOOKS: LazyLock<Mutex<HashMap<Id, Notebook>>> = LazyLock::new(Mutex::default);

fn notebooks() -> MutexGuard<'static, HashMap<Id, Notebook>> {
    NOTEBOOKS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Opens a notebook for the request that runs in this task.
pub(super) fn open() {
    let Some(task) = task::try_id() else { return };
    let fresh = Notebook {
        opened: Instant::now(),
        steps: Steps::default(),
        owners: vec![],
        follows: None,
        blurred: false,
    };
    if notebooks().insert(task, fresh).is_none() {
        OPEN.fetch_add(1, Ordering::Relaxed);
    }
}

/// Takes the notebook of this task's request away.
pub(super) fn close() -> Option<Notebook> {
    let notebook = notebooks().remove(&task::try_id()?)?;
    OPEN.fetch_sub(1, Ordering::Relaxed);
    Some(notebook)
}

/// Does something to the notebook of this task's request, if one is open.
pub(super) fn with(change: impl FnOnce(&mut Notebook)) {
    if OPEN.load(Ordering::Relaxed) == 0 {
        return;
    }
    let Some(task) = task::try_id() else { return };
    if let Some(notebook) = notebooks().get_mut(&task) {
        change(notebook);
    }
}

/// Notes a step. It is only made when somebody records, and before anything is locked: to make it
/// may take a lock itself.
pub fn note(step: impl FnOnce() -> Step) {
    if OPEN.load(Ordering::Relaxed) == 0 {
        return;
    }
    let step = step().within_bounds();
    with(|notebook| {
        let at = notebook.opened.elapsed();
        notebook.steps.add(Noted { at, step });
    });
}

/// Notes that this request is of the browser that holds the session of this id.
pub fn own(sid: &str) {
    with(|notebook| {
        let owner = Owner::of(sid);
        if notebook.owners.last() != Some(&owner) {
            notebook.owners.truncate(MOST_OWNERS - 1);
            notebook.owners.push(owner);
        }
    });
}

/// Notes that this request is of a browser that is known already.
pub fn own_as(owner: Owner) {
    with(|notebook| notebook.owners = vec![owner]);
}

/// Notes which exchange led to this one. A text that is too long to be an id names none.
pub fn follow(id: &str) {
    if id.len() <= bounds::ID {
        with(|notebook| notebook.follows = Some(id.to_owned()));
    }
}

/// Notes that a login failed: its times are to be told roughly, and what was found not at all.
pub fn blur() {
    with(|notebook| notebook.blurred = true);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rocket::async_test]
    async fn a_task_has_a_notebook_of_its_own_while_it_is_open() {
        let noted = |user: &'static str| async move {
            note(|| Step::Login { user: "too early".to_owned() });
            open();
            task::yield_now().await;
            note(|| Step::Login { user: user.to_owned() });
            let notebook = close().unwrap();
            note(|| Step::Login { user: "too late".to_owned() });
            let steps = notebook.steps.finish();
            format!("{:?}", steps.iter().map(|noted| &noted.step).collect::<Vec<_>>())
        };
        let (one, two) = (rocket::tokio::spawn(noted("one")), rocket::tokio::spawn(noted("two")));
        assert_eq!(one.await.unwrap(), r#"[Login { user: "one" }]"#);
        assert_eq!(two.await.unwrap(), r#"[Login { user: "two" }]"#);
    }
}
