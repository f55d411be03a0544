//! Slots for reconciliations: so many run at once, and of those that wait the one goes first that has been due
//! longest.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use tokio::sync::oneshot;

/// A number of slots, and who waits for one.
#[derive(Clone, Debug)]
pub struct Slots(Arc<Mutex<Queue>>);

/// Those that wait, by when they became due; of equal ones the first that came.
#[derive(Debug)]
struct Queue {
    free: usize,
    arrivals: u64,
    waiting: BTreeMap<(Timestamp, u64), oneshot::Sender<Slot>>,
}

/// A slot that is taken. Dropped, it goes to the next.
#[derive(Debug)]
pub struct Slot(Option<Slots>);

impl Slots {
    /// So many slots, all free.
    #[must_use]
    pub fn new(size: usize) -> Self {
        Self(Arc::new(Mutex::new(Queue {
            free: size,
            arrivals: 0,
            waiting: BTreeMap::new(),
        })))
    }

    /// Waits for a slot, for something that has been due since then. Whoever stops waiting leaves the
    /// queue, and keeps its place in it if it comes back with the same time.
    pub async fn take(&self, due_since: Timestamp) -> Slot {
        let waiting = {
            let mut queue = self.queue();
            if queue.free > 0 {
                queue.free -= 1;
                return Slot(Some(self.clone()));
            }
            let (given, waiting) = oneshot::channel();
            queue.arrivals += 1;
            let place = (due_since, queue.arrivals);
            queue.waiting.insert(place, given);
            waiting
        };
        // The queue lives as long as this does, and with it what it gives.
        match waiting.await {
            Ok(slot) => slot,
            Err(_) => std::future::pending().await,
        }
    }

    /// Whether anything waits.
    #[must_use]
    pub fn are_awaited(&self) -> bool {
        self.queue().waiting.values().any(|given| !given.is_closed())
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next that waits; without one the slot is free.
    fn next(&self) -> Option<oneshot::Sender<Slot>> {
        let mut queue = self.queue();
        let next = queue.waiting.pop_first();
        if next.is_none() {
            queue.free += 1;
        }
        next.map(|(_, given)| given)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let Some(slots) = self.0.take() else { return };
        while let Some(given) = slots.next() {
            match given.send(Self(Some(slots.clone()))) {
                Ok(()) => return,
                // It no longer waits.
                Err(mut unwanted) => unwanted.0 = None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use futures::FutureExt;
    use jiff::SignedDuration;

    use super::*;

    fn minute(n: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_mins(n)
    }

    #[tokio::test]
    async fn whoever_has_been_due_longest_goes_first() {
        let slots = Slots::new(1);
        let held = slots.take(minute(9)).await;
        let mut waiting: Vec<_> = [5, 3, 4].map(|n| Box::pin(slots.take(minute(n)))).into();
        for one in &mut waiting {
            assert!(one.now_or_never().is_none());
        }
        assert!(slots.are_awaited());
        let (mut held, mut order) = (Some(held), Vec::new());
        while order.len() < waiting.len() {
            drop(held.take());
            for (n, one) in waiting.iter_mut().enumerate() {
                if !order.contains(&n)
                    && let Some(slot) = one.now_or_never()
                {
                    order.push(n);
                    held = Some(slot);
                    break;
                }
            }
            assert!(held.is_some(), "nobody was served: {order:?}");
        }
        assert_eq!(order, [1, 2, 0]);
    }

    #[tokio::test]
    async fn a_slot_is_lost_to_nobody_who_went_away() {
        let slots = Slots::new(2);
        let (one, other) = (slots.take(minute(0)).await, slots.take(minute(0)).await);
        let mut gone = Box::pin(slots.take(minute(1)));
        assert!((&mut gone).now_or_never().is_none());
        drop(gone);
        assert!(!slots.are_awaited());
        drop(one);
        // One was given away, and its taker went before it took it.
        let mut given = Box::pin(slots.take(minute(1)));
        let first = (&mut given).now_or_never().unwrap();
        let mut late = Box::pin(slots.take(minute(1)));
        assert!((&mut late).now_or_never().is_none());
        drop(first);
        drop(late);
        drop(other);
        let both = [
            slots.take(minute(2)).now_or_never(),
            slots.take(minute(2)).now_or_never(),
        ];
        assert!(both.iter().all(Option::is_some));
        assert!(slots.take(minute(2)).now_or_never().is_none());
    }
}
