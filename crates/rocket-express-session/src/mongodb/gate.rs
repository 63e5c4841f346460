//! The gate in front of the driver: never more operations in it than its pool has connections.
//!
//! mongodb 3.9 keeps an operation that was dropped while it waited for a connection in a queue of its own. It
//! removes such dead waiters one for each event: about two a second when nothing else happens. A few hundred
//! of them make an idle MongoDB unreachable for minutes. So requests wait here, where a wait can be
//! cancelled, and an operation that has entered the driver is never dropped while it may still wait there
//! ([`Admitted`]).

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use rocket::tokio::runtime::Handle;
use rocket::tokio::sync::{OwnedSemaphorePermit, Semaphore};
use rocket::tokio::time::timeout;

use mongodb::error::Error;

use crate::error::Unavailable;
use crate::meters::{self, InGauge};

/// Which share of the connections an operation uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lane {
    /// Work on few documents that a page waits for: to load or save a session.
    Page,
    /// Work on many documents that a page waits for: the sessions of a user. It uses three in ten of the
    /// pages' connections at most, so that other pages go on.
    List,
    /// Work that no visitor waits for, and the pages of an admin: connections of its own.
    Background,
}

/// Connections for [`Lane::Background`], besides those for pages.
const BACKGROUND: u32 = 2;

/// Operations that wait for a page's connection. At some thousand operations a second, the last of
/// them waits a quarter of a second; the next one is refused at once.
const MAX_WAITING_PAGES: usize = 1_024;

/// The most lists that may wait. Each takes a hundred times as long as an operation of a page.
const MAX_WAITING_LISTS: usize = 32;

/// The most background operations that may wait.
const MAX_WAITING_BACKGROUND: usize = 64;

/// `maxTimeMS` of reads: the server stops working on what no request waits for any more.
pub(super) const READ_LIMIT: Duration = Duration::from_secs(2);

/// How long an operation goes on after its request has given up. Longer than the driver needs to
/// notice that a server is silent (12 s): it then ends all of that server's operations itself.
const LINGER: Duration = Duration::from_secs(20);

/// Lets as many operations into the driver as its pool has connections; the others wait outside.
///
/// Fair: first come, first served, within a [`Lane`]. A clone is the same gate. Each client needs one gate
/// for all its operations: share it between the store and your own code with
/// [`MongoStore::gate`](super::MongoStore::gate).
#[derive(Clone)]
pub struct Gate(Arc<Inner>);

struct Inner {
    pages: Permits,
    lists: Permits,
    background: Permits,
}

/// Permits, and a bound on the operations that wait for one.
struct Permits {
    /// As metrics call it.
    lane: &'static str,
    semaphore: Arc<Semaphore>,
    waiting: AtomicUsize,
    max_waiting: usize,
}

/// Counts one waiting operation until it is dropped.
struct Waiting<'l> {
    waiting: &'l AtomicUsize,
    _gauge: InGauge,
}

/// The right to run one operation in the driver; given back when dropped.
struct Permit {
    _list: Option<OwnedSemaphorePermit>,
    _connection: OwnedSemaphorePermit,
    _gauge: InGauge,
}

impl Gate {
    /// Connections that the pool needs besides those for pages.
    pub const BACKGROUND: u32 = BACKGROUND;

    /// In front of a pool with so many connections for pages, and [`BACKGROUND`](Self::BACKGROUND) more: the
    /// client's `max_pool_size` is the sum, and 10 by default.
    pub fn new(connections: u32) -> Self {
        let lists = (connections * 3 / 10).max(1);
        Self(Arc::new(Inner {
            pages: Permits::new("page", connections, MAX_WAITING_PAGES),
            lists: Permits::new("list", lists, MAX_WAITING_LISTS),
            background: Permits::new("background", BACKGROUND, MAX_WAITING_BACKGROUND),
        }))
    }

    /// Waits until the operation may begin, and runs it. The caller bounds the time: a call that is dropped
    /// while it waits leaves nothing behind, and a running operation goes on without it.
    ///
    /// # Errors
    /// Too many operations wait already, or the driver says that the operation failed.
    pub async fn run<R: Send>(
        &self,
        lane: Lane,
        operation: impl Future<Output = Result<R, Error>> + Send + 'static,
    ) -> Result<R, Unavailable> {
        let permit = self.enter(lane).await?;
        Ok(Admitted::new(permit, operation).await?)
    }

    async fn enter(&self, lane: Lane) -> Result<Permit, Unavailable> {
        let Inner { pages, lists, background } = &*self.0;
        let list = match lane {
            Lane::List => Some(lists.enter().await?),
            Lane::Page | Lane::Background => None,
        };
        let permits = if lane == Lane::Background { background } else { pages };
        let connection = permits.enter().await?;
        let name = if list.is_some() { lists.lane } else { permits.lane };
        Ok(Permit { _list: list, _connection: connection, _gauge: InGauge::running(name) })
    }
}

impl Permits {
    fn new(lane: &'static str, permits: u32, max_waiting: usize) -> Self {
        let semaphore = Arc::new(Semaphore::new(permits as usize));
        Self { lane, semaphore, waiting: AtomicUsize::new(0), max_waiting }
    }

    async fn enter(&self) -> Result<OwnedSemaphorePermit, Unavailable> {
        let full = || Unavailable::new("too many operations wait for MongoDB");
        if let Ok(permit) = self.semaphore.clone().try_acquire_owned() {
            return Ok(permit);
        }
        let Some(_waiting) = self.wait() else {
            meters::refused(self.lane);
            return Err(full());
        };
        self.semaphore.clone().acquire_owned().await.map_err(|_| full())
    }

    /// `None` when too many wait.
    fn wait(&self) -> Option<Waiting<'_>> {
        let waiting = Waiting { waiting: &self.waiting, _gauge: InGauge::waiting(self.lane) };
        (self.waiting.fetch_add(1, Ordering::Relaxed) < self.max_waiting).then_some(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

/// An operation in the driver, with its permit. Dropped before it is done, it goes on in a task of
/// its own and keeps the permit: the driver gets no dead waiter, and no connection is closed.
struct Admitted<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    /// `None` when it is done.
    operation: Option<(Pin<Box<F>>, Permit)>,
    is_begun: bool,
}

impl<F> Admitted<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    /// Not begun yet.
    fn new(permit: Permit, operation: F) -> Self {
        Self { operation: Some((Box::pin(operation), permit)), is_begun: false }
    }
}

impl<F> Future for Admitted<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        self.is_begun = true;
        let Some((operation, _)) = &mut self.operation else { return Poll::Pending };
        let polled = operation.as_mut().poll(context);
        if polled.is_ready() {
            self.operation = None;
        }
        polled
    }
}

impl<F> Drop for Admitted<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    fn drop(&mut self) {
        if let Some((operation, permit)) = self.operation.take()
            && self.is_begun
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(async move {
                let _permit = permit;
                drop(timeout(LINGER, operation).await);
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rocket::futures::FutureExt as _;
    use rocket::futures::future::join_all;
    use rocket::tokio::sync::oneshot;
    use rocket::tokio::task::yield_now;

    #[rocket::async_test]
    async fn as_many_operations_as_connections_are_in_the_driver_at_once() {
        let (gate, inside, most) = (Gate::new(10), AtomicUsize::new(0), AtomicUsize::new(0));
        let operation = async |lane: Lane| {
            let _permit = gate.enter(lane).await.unwrap();
            most.fetch_max(inside.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
            yield_now().await;
            inside.fetch_sub(1, Ordering::Relaxed);
        };
        join_all((0..200).map(|_| operation(Lane::Page))).await;
        assert_eq!(most.swap(0, Ordering::Relaxed), 10);
        join_all((0..30).map(|_| operation(Lane::List))).await;
        assert_eq!(most.swap(0, Ordering::Relaxed), 3);
        join_all((0..30).map(|_| operation(Lane::Background))).await;
        assert_eq!(most.load(Ordering::Relaxed), 2);
    }

    #[rocket::async_test]
    async fn lists_and_background_work_leave_connections_for_pages() {
        let gate = Gate::new(10);
        let mut lists: Vec<_> = (0..30).map(|_| Box::pin(gate.enter(Lane::List))).collect();
        let mut others: Vec<_> = (0..30).map(|_| Box::pin(gate.enter(Lane::Background))).collect();
        let mut running = vec![];
        for waiting in lists.iter_mut().chain(&mut others) {
            if let Some(permit) = waiting.now_or_never() {
                running.push(permit.unwrap());
            }
        }
        assert_eq!(running.len(), 3 + 2);
        let pages = (0..7).map(|_| gate.enter(Lane::Page));
        assert!(join_all(pages).await.iter().all(Result::is_ok));
    }

    #[rocket::async_test]
    async fn a_full_queue_refuses_at_once_and_a_cancelled_wait_leaves_nothing_behind() {
        let gate = Gate::new(1);
        let running = gate.enter(Lane::Page).await.unwrap();
        let mut waiting: Vec<_> =
            (0..MAX_WAITING_PAGES).map(|_| Box::pin(gate.enter(Lane::Page))).collect();
        for wait in &mut waiting {
            assert!(wait.now_or_never().is_none());
        }
        assert!(gate.enter(Lane::Page).await.is_err(), "refused, without waiting");
        drop(waiting);
        drop(running);
        assert!(gate.enter(Lane::Page).await.is_ok());
        assert_eq!(gate.0.pages.waiting.load(Ordering::Relaxed), 0);
    }

    #[rocket::async_test]
    async fn a_dropped_operation_goes_on_and_keeps_its_permit() {
        let gate = Gate::new(1);
        let (finish, wait) = oneshot::channel::<()>();
        let mut admitted = Admitted::new(gate.enter(Lane::Page).await.unwrap(), wait);
        assert!((&mut admitted).now_or_never().is_none());
        drop(admitted);
        yield_now().await;
        assert_eq!(gate.0.pages.semaphore.available_permits(), 0, "it still runs");
        finish.send(()).unwrap();
        assert!(gate.enter(Lane::Page).await.is_ok(), "and is done");
        let never_begun = Admitted::new(gate.enter(Lane::Page).await.unwrap(), async {});
        drop(never_begun);
        assert_eq!(gate.0.pages.semaphore.available_permits(), 1);
    }
}
