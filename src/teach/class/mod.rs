//! The class: what a teacher sees and does. All of it is for admins.
//!
//! `class_page` is the guard of most pages, and `roster` reads who is there. `watch` notices changes,
//! `events` sends them to the teacher's page, and `news` to those of students.

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

pub use commands::{reset, seed};
pub(super) use news::of_page as news;
pub use reset::FOLDER;
pub(super) use seats::card_of;

use rocket::fairing::{AdHoc, Fairing};
use rocket::routes;

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
            .attach(AdHoc::on_liftoff("Class", |rocket| {
                Box::pin(async move { watch::start(rocket) })
            }))
    })
}

/// For a server that was started for a class: prints its address and the teacher's link on the terminal.
pub fn invite() -> impl Fairing {
    AdHoc::on_liftoff("Invitation", |rocket| Box::pin(invitation::announce(rocket)))
}
