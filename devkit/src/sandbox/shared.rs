//! What all requests of one sandbox share: the world, the faults, the limits and the log.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use jiff::SignedDuration;

use super::faults::active::ActiveFaults;
use super::faults::page::PageFaults;
use super::limits::Limits;
use super::request_log::RequestLog;
use super::search_cache::SearchCache;
use super::webhooks::Outbox;
use super::world::World;

/// The shared state of one sandbox.
pub(crate) struct Shared {
    world: RwLock<World>,
    pub(crate) faults: ActiveFaults,
    pub(crate) requests: RequestLog,
    pub(crate) limits: Limits,
    pub(crate) pages: PageFaults,
    pub(crate) searches: SearchCache,
    pub(crate) outbox: Outbox,
    latency: AtomicU64,
    call_duration: AtomicU64,
}

impl Shared {
    pub(crate) fn new(world: World) -> Self {
        Self {
            world: RwLock::new(world),
            faults: ActiveFaults::default(),
            requests: RequestLog::new(),
            limits: Limits::default(),
            pages: PageFaults::default(),
            searches: SearchCache::default(),
            outbox: Outbox::default(),
            latency: AtomicU64::new(0),
            call_duration: AtomicU64::new(0),
        }
    }

    /// The world to be read; many requests do so at once.
    pub(crate) fn world(&self) -> RwLockReadGuard<'_, World> {
        self.world.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The world to be changed. Handlers do so without waiting in between, so that each request is one step.
    pub(crate) fn world_mut(&self) -> RwLockWriteGuard<'_, World> {
        self.world.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the world catch up with its clock, if there is anything to catch up with.
    pub(crate) fn settle(&self) {
        if self.world().has_due() {
            self.world_mut().settle();
        }
    }

    /// How long every answer is kept back.
    pub(crate) fn latency(&self) -> Duration {
        Duration::from_millis(self.latency.load(Ordering::Relaxed))
    }

    /// Keeps every answer back so long from now on.
    pub(crate) fn set_latency(&self, milliseconds: u64) {
        self.latency.store(milliseconds, Ordering::Relaxed);
    }

    /// Lets half the time of a call go by on the world's clock.
    pub(crate) fn pass_half_a_call(&self) {
        let milliseconds = self.call_duration.load(Ordering::Relaxed) / 2;
        if milliseconds > 0 {
            let half = SignedDuration::from_millis(i64::try_from(milliseconds).unwrap_or(i64::MAX));
            // A clock that reaches no further stands still.
            let _ = self.world_mut().clock.advance(half);
        }
    }

    /// How long each call takes by the world's clock from now on.
    pub(crate) fn set_call_duration(&self, milliseconds: u64) {
        self.call_duration.store(milliseconds, Ordering::Relaxed);
    }
}
