//! The class: what a teacher sees and does. All of it is for admins.
//!
//! - `pages` is the page `/class` with its buttons, and shows the `roster`; `students` is the page of one
//!   student; `class_page` is what most pages show
//! - `reset` deletes the class, `commands` run on the terminal
//! - `watch` notices changes, and `events` sends them to the page
//! - `invitation` shows students and teacher the way in, `seats` are accounts made in advance, `sheets` are
//!   printed or saved
//! - `board` is the page for the projector, which `anonymize` keeps free of names
//! - `news` tells open pages of students what the teacher has changed

mod roster;
mod class_page;
mod pages;
mod students;
mod reset;
mod commands;
mod events;
mod watch;
mod invitation;
mod seats;
mod sheets;
mod board;
mod anonymize;
mod news;

pub use commands::{CommandError, reset, seed};
pub(super) use news::of_page as news;
pub(super) use seats::card_of;

use rocket::fairing::{AdHoc, Fairing};
use rocket::futures::future::select;
use rocket::{Orbit, Rocket, routes};

/// The pages of the class, and the task that watches for changes.
pub(super) fn stage() -> impl Fairing {
    AdHoc::on_ignite("Class", |rocket| async {
        rocket
            .manage(invitation::TeacherLink::default())
            .manage(events::Changes::default())
            .manage(board::Board::default())
            .mount("/class", routes![pages::show, pages::press, pages::reset, events::events])
            .mount("/class", routes![students::show, students::press, board::show, board::press])
            .mount("/class", routes![invitation::qr, invitation::show, invitation::become_teacher])
            .mount("/class", routes![sheets::cards, sheets::key, sheets::handout, sheets::progress])
            .mount("/class", routes![news::news])
            .mount("/class/lessons", routes![pages::lesson])
            .attach(AdHoc::on_liftoff("Class", |rocket| Box::pin(async move { watch(rocket) })))
    })
}

/// For a server that was started for a class: prints its address and the teacher's link on the terminal.
pub fn invite() -> impl Fairing {
    AdHoc::on_liftoff("Invitation", |rocket| Box::pin(invitation::announce(rocket)))
}

/// Starts the task that watches for changes. It ends with the server.
fn watch(rocket: &Rocket<Orbit>) {
    if let Some(watcher) = watch::Watcher::of(rocket) {
        rocket::tokio::spawn(select(Box::pin(watcher.run()), rocket.shutdown()));
    }
}
