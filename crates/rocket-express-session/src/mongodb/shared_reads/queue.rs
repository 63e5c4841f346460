//! The requests that wait for a shared read, and the `find`s that run for them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rocket::tokio::sync::oneshot;

use super::request::{DocumentId, Found, Waiting};
use crate::error::Unavailable;

/// The most requests that may wait: as many as at the gate, and for the same reason.
const MAX_WAITING: usize = 1_024;

/// The `find`s that run at once when some are slow. Two queues, for sessions and for users, leave two of the
/// 10 connections for other operations. A `find` that no request waits for any more is not counted; the gate
/// limits all of them.
const MAX_FINDS: usize = 4;

/// The requests that wait, and how many `find`s run.
#[derive(Default)]
pub(super) struct Queue(Mutex<State>);

#[derive(Default)]
struct State {
    /// The key is a growing number, so the oldest comes first.
    waiting: BTreeMap<u64, Waiting>,
    /// The slot of the `find` that the next one waits for, and its beginning. With two of them, each would
    /// carry fewer requests.
    running: Option<(u64, Instant)>,
    /// The `find`s that the next one no longer waits for.
    slow: usize,
    is_watched: bool,
    next_number: u64,
}

/// The place of a request in the queue. When it is dropped, the request has left.
pub(super) struct Place {
    queue: Arc<Queue>,
    number: u64,
    reply: oneshot::Receiver<Result<Found, Unavailable>>,
}

/// The right to run one `find` at a time; given back when dropped.
pub(super) struct Slot {
    queue: Arc<Queue>,
    /// `None` when it has been given back.
    number: Option<u64>,
}

/// Checks the requests that wait, until it is dropped.
pub(super) struct Watch {
    queue: Arc<Queue>,
    is_over: bool,
}

/// The result of [`Watch::look`].
pub(super) enum Watched {
    Fine,
    /// Requests wait, and the `find` that they wait for is slow or was dropped: the next one may run.
    Stuck(Slot),
    /// No request waits.
    Over,
}

impl State {
    fn number(&mut self) -> u64 {
        self.next_number += 1;
        self.next_number
    }

    /// The number of a slot, if a `find` may run now for requests that wait.
    fn run_next(&mut self) -> Option<u64> {
        if self.waiting.is_empty() || self.running.is_some() || self.slow >= MAX_FINDS {
            return None;
        }
        let number = self.number();
        self.running = Some((number, Instant::now()));
        Some(number)
    }

    fn give_back(&mut self, slot: u64) {
        match self.running {
            Some((running, _)) if running == slot => self.running = None,
            _ => self.slow -= 1,
        }
    }
}

impl Queue {
    /// A place in the queue, and a slot if a `find` may run now.
    pub(super) fn enter(
        self: &Arc<Self>,
        id: DocumentId,
    ) -> Result<(Place, Option<Slot>), Unavailable> {
        let (sender, receiver) = oneshot::channel();
        let mut state = self.state();
        if state.waiting.len() >= MAX_WAITING {
            return Err(Unavailable::new("too many reads wait for MongoDB"));
        }
        let number = state.number();
        state.waiting.insert(number, Waiting { id, reply: sender });
        let slot = state.run_next();
        drop(state);
        let place = Place { queue: self.clone(), number, reply: receiver };
        Ok((place, slot.map(|number| self.slot(number))))
    }

    /// The requests that have waited longest, up to `limit`.
    pub(super) fn take(&self, limit: usize) -> Vec<Waiting> {
        let mut state = self.state();
        let waiting = std::iter::from_fn(|| state.waiting.pop_first());
        waiting.take(limit).map(|(_, waiting)| waiting).collect()
    }

    /// Whether exactly one `find` runs.
    pub(super) fn has_one_find(&self) -> bool {
        let state = self.state();
        state.slow + usize::from(state.running.is_some()) == 1
    }

    /// `None` when there is a watch already.
    pub(super) fn watch(self: &Arc<Self>) -> Option<Watch> {
        let was_watched = std::mem::replace(&mut self.state().is_watched, true);
        (!was_watched).then(|| Watch { queue: self.clone(), is_over: false })
    }

    fn slot(self: &Arc<Self>, number: u64) -> Slot {
        Slot { queue: self.clone(), number: Some(number) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    pub(super) async fn found(&mut self) -> Result<Found, Unavailable> {
        let reply = (&mut self.reply).await;
        reply.unwrap_or_else(|_| Err(Unavailable::new("the read was cancelled")))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.queue.state().waiting.remove(&self.number);
    }
}

impl Slot {
    /// The `find` is done. False when no other may follow: then the slot is given back.
    pub(super) fn go_on(&mut self) -> bool {
        let mut state = self.queue.state();
        if let Some(number) = self.number.take() {
            state.give_back(number);
        }
        self.number = state.run_next();
        self.number.is_some()
    }
}

/// The watch then starts the next `find`.
impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            self.queue.state().give_back(number);
        }
    }
}

impl Watch {
    /// Gives a slot for the next `find` if the running one has taken longer than `slow`, or was dropped.
    pub(super) fn look(&mut self, slow: Duration) -> Watched {
        let mut state = self.queue.state();
        if state.waiting.is_empty() {
            state.is_watched = false;
            self.is_over = true;
            return Watched::Over;
        }
        if state.running.is_some_and(|(_, begun)| begun.elapsed() >= slow) {
            state.running = None;
            state.slow += 1;
        }
        state.run_next().map_or(Watched::Fine, |number| Watched::Stuck(self.queue.slot(number)))
    }
}

/// When a watch is dropped that is not over, its runtime shuts down. Perhaps no task will serve the waiting
/// requests, so they get an error.
impl Drop for Watch {
    fn drop(&mut self) {
        if !self.is_over {
            let mut state = self.queue.state();
            state.is_watched = false;
            state.waiting.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rocket::futures::FutureExt as _;

    fn id(number: usize) -> DocumentId {
        DocumentId::Text(number.to_string())
    }

    fn ids(waiting: &[Waiting]) -> Vec<DocumentId> {
        waiting.iter().map(|waiting| waiting.id.clone()).collect()
    }

    #[test]
    fn the_oldest_requests_go_first_and_those_that_left_do_not_go() {
        let queue = Arc::new(Queue::default());
        let mut places: Vec<_> = (0..250).map(|n| queue.enter(id(n)).unwrap()).collect();
        places.drain(10..200);
        let expected: Vec<_> = (0..10).chain(200..250).map(id).collect();
        assert_eq!(ids(&queue.take(100)), expected);
        assert!(queue.take(100).is_empty());
    }

    #[test]
    fn one_find_takes_a_bounded_number_of_requests() {
        let queue = Arc::new(Queue::default());
        let _places: Vec<_> = (0..250).map(|n| queue.enter(id(n)).unwrap()).collect();
        let sizes: Vec<_> = std::iter::repeat_with(|| queue.take(100).len()).take(4).collect();
        assert_eq!(sizes, [100, 100, 50, 0]);
    }

    #[test]
    fn a_full_queue_refuses_at_once_and_has_room_when_a_request_leaves() {
        let queue = Arc::new(Queue::default());
        let mut places: Vec<_> = (0..MAX_WAITING).map(|n| queue.enter(id(n)).unwrap()).collect();
        assert!(queue.enter(id(0)).is_err());
        places.pop();
        assert!(queue.enter(id(0)).is_ok());
    }

    const AT_ONCE: Duration = Duration::ZERO;
    const LATER: Duration = Duration::from_secs(60);

    #[test]
    fn one_find_runs_at_a_time_unless_it_is_slow() {
        let queue = Arc::new(Queue::default());
        let enter = |n| queue.enter(id(n)).unwrap();
        let (_first, slot) = enter(1);
        let mut running = vec![slot.expect("none runs")];
        queue.take(100);
        let (_second, none) = enter(2);
        assert!(none.is_none(), "the second waits for the first");
        let mut watch = queue.watch().unwrap();
        assert!(queue.watch().is_none(), "one watch is enough");
        assert!(matches!(watch.look(LATER), Watched::Fine));
        while let Watched::Stuck(slot) = watch.look(AT_ONCE) {
            assert!(matches!(watch.look(LATER), Watched::Fine), "the next one is not slow yet");
            running.push(slot);
        }
        assert_eq!(running.len(), MAX_FINDS);
        assert!(running[0].go_on(), "a slow one is done, so the waiting ones may go");
        assert!(!running[1].go_on(), "and no second one beside it");
    }

    #[test]
    fn a_slot_is_given_back_when_no_request_waits() {
        let queue = Arc::new(Queue::default());
        let (_place, slot) = queue.enter(id(1)).unwrap();
        queue.take(100);
        assert!(!slot.unwrap().go_on());
        assert!(queue.enter(id(2)).unwrap().1.is_some());
    }

    #[test]
    fn the_watch_takes_over_when_a_find_is_dropped() {
        let queue = Arc::new(Queue::default());
        let (_first, slot) = queue.enter(id(1)).unwrap();
        queue.take(100);
        let (second, _) = queue.enter(id(2)).unwrap();
        let mut watch = queue.watch().unwrap();
        drop(slot);
        assert!(matches!(watch.look(LATER), Watched::Stuck(_)));
        drop(second);
        assert!(matches!(watch.look(LATER), Watched::Over));
        let other = queue.watch().expect("the first is over");
        let (mut third, _) = queue.enter(id(3)).unwrap();
        drop(watch);
        assert!(third.found().now_or_never().is_none(), "an old watch does no harm");
        drop(other);
        assert!(matches!(third.found().now_or_never(), Some(Err(_))), "a shutdown");
        assert!(queue.watch().is_some(), "the next one is watched");
    }
}
