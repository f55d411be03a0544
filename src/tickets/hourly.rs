//! How many tickets an integration created within the hour: what stops a loop or a storm.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

const HOUR: Duration = Duration::from_hours(1);

/// When tickets were created, by integration. After a restart Jira is asked once how many there were.
#[derive(Debug, Default)]
pub struct HourlyLimit {
    created: Mutex<HashMap<String, VecDeque<Instant>>>,
    counting: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

/// Whether another ticket may be created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// It is not known how many were created before this process began.
    Unknown,
    /// One may.
    Free,
    /// None may for so long.
    FullFor(Duration),
}

impl HourlyLimit {
    /// Takes a place, if there is one. `count` asks how many were created before this process began; it is asked once,
    /// however many wait.
    ///
    /// # Errors
    /// Where it cannot be asked.
    pub async fn room<E>(
        &self,
        integration: &str,
        most: usize,
        count: impl Future<Output = Result<usize, E>>,
    ) -> Result<Room, E> {
        let taken = self.take(integration, most, Instant::now());
        if taken != Room::Unknown {
            return Ok(taken);
        }
        let counting = {
            let mut all = self.counting.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(all.entry(integration.to_owned()).or_default())
        };
        let _turn = counting.lock().await;
        let taken = self.take(integration, most, Instant::now());
        if taken != Room::Unknown {
            return Ok(taken);
        }
        let created = count.await?;
        self.seed(integration, created, Instant::now());
        Ok(self.take(integration, most, Instant::now()))
    }

    /// Takes a place, if there is one.
    #[must_use]
    pub fn take(&self, integration: &str, most: usize, now: Instant) -> Room {
        let mut all = self.created.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(times) = all.get_mut(integration) else {
            return Room::Unknown;
        };
        while times.front().is_some_and(|at| now.duration_since(*at) >= HOUR) {
            times.pop_front();
        }
        if let Some(frees) = times.len().checked_sub(most).and_then(|over| times.get(over)) {
            return Room::FullFor(HOUR.saturating_sub(now.duration_since(*frees)));
        }
        times.push_back(now);
        Room::Free
    }

    /// How many were created within the hour. None where it is not known.
    #[must_use]
    pub fn created(&self, integration: &str, now: Instant) -> Option<usize> {
        let all = self.created.lock().unwrap_or_else(PoisonError::into_inner);
        let times = all.get(integration)?;
        Some(times.iter().filter(|at| now.duration_since(**at) < HOUR).count())
    }

    /// Gives a place back: nothing was created.
    pub fn give_back(&self, integration: &str) {
        let mut all = self.created.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(times) = all.get_mut(integration) {
            times.pop_back();
        }
    }

    /// So many were created within the last hour. They count for a whole one from now.
    pub fn seed(&self, integration: &str, created: usize, now: Instant) {
        let mut all = self.created.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry(integration.to_owned())
            .or_insert_with(|| std::iter::repeat_n(now, created).collect());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_created_before_is_counted_once() {
        let (limit, counted) = (HourlyLimit::default(), std::cell::Cell::new(0));
        let count = || async {
            counted.set(counted.get() + 1);
            tokio::task::yield_now().await;
            Ok::<_, ()>(1)
        };
        let rooms = futures::join!(
            limit.room("a", 3, count()),
            limit.room("a", 3, count()),
            limit.room("a", 3, count())
        );
        assert_eq!((rooms.0, rooms.1), (Ok(Room::Free), Ok(Room::Free)));
        assert!(matches!(rooms.2, Ok(Room::FullFor(_))));
        assert_eq!(counted.get(), 1);
        let failing = async { Err::<usize, ()>(()) };
        assert_eq!(limit.room("b", 3, failing).await, Err(()));
        assert_eq!(limit.room("b", 3, count()).await, Ok(Room::Free), "it is asked again");
    }

    #[test]
    fn no_more_are_created_in_any_hour_than_are_allowed() {
        let (limit, began) = (HourlyLimit::default(), Instant::now());
        let at = |minutes: u64| began + Duration::from_mins(minutes);
        assert_eq!(limit.take("a", 2, began), Room::Unknown);
        limit.seed("a", 1, at(0));
        limit.seed("a", 5, at(0));
        assert_eq!(limit.take("a", 2, at(10)), Room::Free);
        assert_eq!(limit.take("a", 2, at(20)), Room::FullFor(Duration::from_mins(40)));
        assert_eq!(limit.take("a", 3, at(20)), Room::Free, "more are allowed by now");
        assert_eq!(
            limit.take("a", 1, at(30)),
            Room::FullFor(Duration::from_mins(50)),
            "and fewer again"
        );
        assert_eq!(
            (limit.created("a", at(30)), limit.created("a", at(65))),
            (Some(3), Some(2))
        );
        assert_eq!(limit.created("b", at(0)), None);
        assert_eq!(limit.take("a", 2, at(70)), Room::Free);
        assert_eq!(limit.take("a", 2, at(71)), Room::FullFor(Duration::from_mins(9)));
        limit.give_back("a");
        assert_eq!(limit.take("a", 2, at(71)), Room::Free);
        assert_eq!(limit.take("b", 2, began), Room::Unknown, "another integration");
    }
}
