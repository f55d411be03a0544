//! What all requests of one sandbox share: the world, the faults and the journal.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::fault_board::FaultBoard;
use super::journal::Journal;
use super::world::World;

/// The shared state of one sandbox.
pub(crate) struct Shared {
    world: Mutex<World>,
    pub(crate) faults: FaultBoard,
    pub(crate) journal: Journal,
}

impl Shared {
    pub(crate) fn new(world: World) -> Self {
        Self {
            world: Mutex::new(world),
            faults: FaultBoard::default(),
            journal: Journal::new(),
        }
    }

    /// The world, locked. Handlers change it without waiting in between, so that each request is one step.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
