//! The class: what a teacher sees and does. All of it is for admins.
//!
//! `room` is what all of it reads and changes; `roster` puts together who is there, `pages` shows it,
//! `students` what is known of one of them. `control` is what the teacher has set, for all
//! instances, and `controls` the buttons for that, `events` what changes while a page is open. `reset` resets the class. `invitation` and
//! `network` get a class in, `seats` are accounts made for it, `sheets` what is printed or kept of it,
//! `board` what the projector shows, `commands` what is done on the terminal.

mod room;
mod roster;
mod control;
mod guesses;
mod pages;
mod students;
mod controls;
mod events;
mod reset;
mod network;
mod invitation;
mod seats;
mod commands;
mod sheets;
mod board;
mod anonymous;

pub use commands::{begin_anew, seed};
pub use control::{COLLECTION, Class, Control};
pub use network::for_a_class;
pub use room::Room;
pub use seats::is_on_card;

use rocket::fairing::{AdHoc, Fairing};
use rocket::tokio::select;
use rocket::{Orbit, Request, Rocket, Route};
use rocket_dyn_templates::{Template, context};

use events::Streams;
use guesses::Counted;
use invitation::TeacherLink;

use crate::teach::labs::Labs;
use crate::trace::Recorder;

/// Attaches the room, and listens for what other instances change.
pub fn stage(class: Class) -> impl Fairing {
    AdHoc::on_ignite("Class", |rocket| async {
        rocket
            .manage(class)
            .manage(TeacherLink::default())
            .manage(Counted::default())
            .manage(Streams::default())
            .mount("/class", routes())
            .mount("/class/lessons", controls::routes_of_lessons())
            .attach(AdHoc::on_liftoff("Class", |rocket| Box::pin(async move { follow(rocket) })))
    })
}

fn routes() -> Vec<Route> {
    [
        pages::routes(),
        students::routes(),
        controls::routes(),
        events::routes(),
        invitation::routes(),
        sheets::routes(),
        board::routes(),
    ]
    .concat()
}

/// For a server that was started for a class: tells on its terminal where it is, and makes its
/// teacher.
pub fn invite() -> impl Fairing {
    AdHoc::on_liftoff("Invitation", |rocket| Box::pin(invitation::announce(rocket)))
}

/// Until the server stops.
fn follow(rocket: &Rocket<Orbit>) {
    let Some(class) = rocket.state::<Class>().cloned() else { return };
    let (recorder, labs) = (rocket.state::<Recorder>().cloned(), rocket.state::<Labs>().cloned());
    let shutdown = rocket.shutdown();
    rocket::tokio::spawn(async move {
        let on_reset = || {
            class.put_on_board(None);
            if let (Some(recorder), Some(labs)) = (&recorder, &labs) {
                recorder.clear();
                labs.stop_servers();
            }
        };
        select! {
            () = class.follow(on_reset) => {}
            () = shutdown => {}
        }
    });
}

/// What the teacher says to the whole class, on top of this page.
pub fn line(request: &Request<'_>) -> Option<String> {
    let line = request.rocket().state::<Class>()?.now().line;
    let line = Some(line).filter(|line| !line.is_empty())?;
    Template::show(request.rocket(), "class/line", context! { line })
}
