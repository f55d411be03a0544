//! Metrics of tickets.

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::{Registry, Unit},
};

/// What was sent to Jira for tickets, and how long they took.
#[derive(Debug)]
pub struct TicketMetrics {
    writes: Family<TicketWrite, Counter>,
    creation: Histogram,
}

/// A change in Jira: what was done, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TicketWrite {
    operation: &'static str,
    outcome: &'static str,
}

impl Default for TicketMetrics {
    /// All at zero.
    fn default() -> Self {
        Self {
            writes: Family::default(),
            creation: Histogram::new([1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0]),
        }
    }
}

impl TicketMetrics {
    /// Counts a change that was sent, or could not be.
    pub fn wrote(&self, operation: &'static str, outcome: &'static str) {
        self.writes.get_or_create(&TicketWrite { operation, outcome }).inc();
    }

    /// Counts a ticket that was created so many seconds after its spec was applied.
    pub fn created_after(&self, seconds: f64) {
        self.creation.observe(seconds);
    }

    /// Adds them to those that are shown.
    pub(super) fn register(&self, registry: &mut Registry) {
        let Self { writes, creation } = self;
        let help = "Changes in Jira for tickets by operation and outcome";
        registry.register("ticket_writes", help, writes.clone());
        let help = "From the last change of the spec to the creation of the ticket, to the second";
        registry.register_with_unit("ticket_creation", help, Unit::Seconds, creation.clone());
    }
}
