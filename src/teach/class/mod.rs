//! The class: what a teacher sees and does. All of it is for admins.
//!
//! - `pages` is the page `/class`, with the `roster`; `students` is the page of one student; `class_page` is
//!   what most pages show
//! - `actions` are the buttons for the whole class, `reset` deletes the class, `commands` run on the terminal
//! - `watch` notices changes, on MongoDB's change stream or by `compare`; `changes` passes them on to
//!   `events`, which sends them to the page
//! - `network` and `invitation` show students and teacher the way in, `seats` are accounts made in advance,
//!   `sheets` are printed or saved
//! - `board` is the page for the projector, which `anonymize` keeps free of names
//! - `news` tells open pages of students what the teacher has changed

mod roster;
mod class_page;
mod pages;
mod students;
mod actions;
mod reset;
mod commands;
mod changes;
mod compare;
mod watch;
mod events;
mod network;
mod invitation;
mod seats;
mod sheets;
mod board;
mod anonymize;
mod news;

pub use commands::{CommandError, reset, seed};
pub use network::{PublicAddress, for_a_class};
pub(super) use news::of_page as news;
pub use seats::card_of;

use rocket::fairing::{AdHoc, Fairing};
use rocket::futures::future::select;
use rocket::{Orbit, Rocket};

use board::Board;
use changes::Changes;
use invitation::TeacherLink;
use watch::Watcher;

/// The pages of the class, and the task that watches for changes.
pub fn stage() -> impl Fairing {
    AdHoc::on_ignite("Class", |rocket| async {
        rocket
            .manage(TeacherLink::default())
            .manage(Changes::default())
            .manage(Board::default())
            .mount("/class", pages::routes())
            .mount("/class", students::routes())
            .mount("/class", actions::routes())
            .mount("/class", events::routes())
            .mount("/class", invitation::routes())
            .mount("/class", sheets::routes())
            .mount("/class", board::routes())
            .mount("/class", news::routes())
            .mount("/class/lessons", actions::routes_of_lessons())
            .attach(AdHoc::on_liftoff("Class", |rocket| Box::pin(async move { watch(rocket) })))
    })
}

/// For a server that was started for a class: prints its address and the teacher's link on the terminal.
pub fn invite() -> impl Fairing {
    AdHoc::on_liftoff("Invitation", |rocket| Box::pin(invitation::announce(rocket)))
}

/// Starts the task that watches for changes. It ends with the server.
fn watch(rocket: &Rocket<Orbit>) {
    if let Some(watcher) = Watcher::of(rocket) {
        rocket::tokio::spawn(select(Box::pin(watcher.run()), rocket.shutdown()));
    }
}
