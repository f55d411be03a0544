//! What a scenario is: something that a person or Jira does, and what follows from it by itself.

use futures::future::BoxFuture;

use super::scene::Scene;
use crate::harness::Setup;

/// Points of a scenario that a sample has.
const SAMPLE: usize = 6;

/// Played once undisturbed, and again with one disturbance at each of its writes.
pub trait Scenario: Send + Sync {
    /// Its name.
    fn name(&self) -> &'static str;

    /// What its harness has besides the usual.
    fn setup(&self) -> Setup {
        Setup::default()
    }

    /// How many of its points are played where not all are.
    fn sample(&self) -> usize {
        SAMPLE
    }

    /// What was before it began. Never disturbed.
    fn prepare<'s>(&'s self, scene: &'s Scene) -> BoxFuture<'s, ()>;

    /// What is done, and done again as often as a page or an exit code says that it failed; not what the operator does
    /// by itself.
    fn act<'s>(&'s self, scene: &'s Scene) -> BoxFuture<'s, ()>;
}
