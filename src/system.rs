//! What the operating system must allow, so that a crowd of connections cannot keep others out.

use rocket::fairing::{AdHoc, Fairing};

/// Connections that may wait to be accepted. A thousand visitors can click within one moment.
#[cfg(target_os = "linux")]
const BACKLOG: i32 = 1_024;

/// Raises the limit of open files to what the system allows. Each connection is an open file, and
/// the usual limit of 1,024 is soon used up by connections that say nothing.
#[cfg(target_os = "linux")]
pub fn allow_many_connections() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        log::warn!("open files stay limited: {error}");
    }
}

/// Lets more connections wait to be accepted than the 128 that Rocket asks for. With one too many,
/// the kernel drops a visitor's first packet, and the browser sends it again after a second.
///
/// Rocket does not show its listener. On Linux a process can look its own files up, and `listen` on
/// a socket that listens already sets the new length. Elsewhere it stays as it is.
pub fn let_connections_wait() -> impl Fairing {
    AdHoc::on_liftoff("Backlog", |_| {
        Box::pin(async {
            #[cfg(target_os = "linux")]
            if let Err(error) = lengthen_backlogs() {
                log::warn!("at most 128 connections wait to be accepted: {error}");
            }
        })
    })
}

/// Of all sockets of this process that listen.
#[cfg(target_os = "linux")]
fn lengthen_backlogs() -> std::io::Result<()> {
    use rustix::net::{listen, sockopt::socket_acceptconn};
    use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};
    let process = pidfd_open(getpid(), PidfdFlags::empty())?;
    for entry in std::fs::read_dir("/proc/self/fd")? {
        let number = entry?.file_name().to_str().and_then(|name| name.parse().ok());
        let Some(number) = number else { continue };
        // The folder lists itself, and that file is closed by now.
        let Ok(file) = pidfd_getfd(&process, number, PidfdGetfdFlags::empty()) else { continue };
        if socket_acceptconn(&file).unwrap_or(false) {
            listen(&file, BACKLOG)?;
        }
    }
    Ok(())
}
