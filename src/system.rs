//! Raises limits of the operating system, so that many connections cannot keep new visitors out.

use rocket::fairing::{AdHoc, Fairing};

/// The most connections that may wait to be accepted. A thousand visitors can click at the same time.
#[cfg(target_os = "linux")]
const BACKLOG: i32 = 1_024;

/// Raises the limit of open files to the system's maximum. Each connection is an open file, and idle
/// connections could soon use up the usual limit of 1,024.
#[cfg(target_os = "linux")]
pub fn allow_many_connections() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!("the limit of open files could not be raised: {error}");
    }
}

/// Lets more connections wait to be accepted than the 128 that Rocket asks for. When the queue is full, the
/// kernel drops a visitor's first packet. The browser sends it again after a second.
///
/// Rocket does not expose its listener. On Linux, a process can list its own files, and `listen` on a
/// listening socket sets the new length. On other systems the length does not change.
pub fn let_connections_wait() -> impl Fairing {
    AdHoc::on_liftoff("Backlog", |_| {
        Box::pin(async {
            #[cfg(target_os = "linux")]
            if let Err(error) = lengthen_backlogs() {
                tracing::warn!(
                    "the queue of new connections could not be made longer than 128: {error}"
                );
            }
        })
    })
}

/// Lengthens the queues of all listening sockets of this process.
#[cfg(target_os = "linux")]
fn lengthen_backlogs() -> std::io::Result<()> {
    use rustix::net::{listen, sockopt::socket_acceptconn};
    use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};
    let process = pidfd_open(getpid(), PidfdFlags::empty())?;
    for entry in std::fs::read_dir("/proc/self/fd")? {
        let number = entry?.file_name().to_str().and_then(|name| name.parse().ok());
        let Some(number) = number else { continue };
        // Another thread may have closed the file since.
        let Ok(file) = pidfd_getfd(&process, number, PidfdGetfdFlags::empty()) else { continue };
        if socket_acceptconn(&file).unwrap_or(false) {
            listen(&file, BACKLOG)?;
        }
    }
    Ok(())
}
