//! The sandbox's clock: the real one, moved forward by commands, and standing still if one says so.

use jiff::{SignedDuration, Timestamp};

/// The clock.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Clock {
    /// What commands added.
    offset: SignedDuration,
    /// The real time at which it was stopped.
    stopped: Option<Timestamp>,
}

impl Clock {
    /// A clock that stands at this time.
    pub(crate) fn stopped_at(now: Timestamp) -> Self {
        Self {
            stopped: Some(now),
            ..Self::default()
        }
    }

    /// The time, in whole milliseconds as Jira has it.
    pub(crate) fn now(&self) -> Timestamp {
        let real = self.stopped.unwrap_or_else(Timestamp::now);
        let now = real.checked_add(self.offset).unwrap_or(Timestamp::MAX);
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }

    /// Moves it forward, running or not; `None` when that is further than time reaches.
    pub(crate) fn advance(&mut self, by: SignedDuration) -> Option<()> {
        self.offset = self.offset.checked_add(by)?;
        Some(())
    }

    /// Stops it, or lets it run on from where it stands.
    pub(crate) fn stop(&mut self, stopped: bool) {
        let real = Timestamp::now();
        match self.stopped {
            None if stopped => self.stopped = Some(real),
            Some(since) if !stopped => {
                self.stopped = None;
                self.offset -= real.duration_since(since);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_stopped_clock_moves_only_by_command_and_runs_on_from_there() {
        let mut clock = Clock::default();
        clock.stop(true);
        let began = clock.now();
        while Timestamp::now() <= began + SignedDuration::from_millis(20) {
            std::thread::yield_now();
        }
        clock.stop(true);
        assert_eq!(clock.now(), began);
        clock.advance(SignedDuration::from_secs(60)).unwrap();
        let later = began + SignedDuration::from_secs(60);
        assert_eq!(clock.now(), later);
        let resumed = Timestamp::now();
        clock.stop(false);
        let passed = clock.now().duration_since(later);
        // The clock has whole milliseconds.
        let most = Timestamp::now().duration_since(resumed) + SignedDuration::from_millis(1);
        assert!(passed >= SignedDuration::ZERO && passed <= most, "{passed}");
        assert!(clock.advance(SignedDuration::MAX).is_none());
    }
}
