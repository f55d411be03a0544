//! A ticket as it was just read, with what is written down of it.

use std::time::Duration;

use jiff::Timestamp;
use kube::Resource;

use crate::{
    api::{
        condition::Finding,
        issue::{JiraIssue, JiraIssueStatus, TicketApplied, TicketMove, TicketMovedOn, TicketTransitions},
    },
    tickets::{Marker, Stand, TicketPhase, Wish},
};

/// How soon what met another change is tried again.
pub const SOON: Duration = Duration::from_secs(2);

/// What is known of a ticket, with what Jira says of it.
pub fn known(object: &JiraIssue, issue: JiraIssueStatus) -> JiraIssueStatus {
    let before = object.status.clone().unwrap_or_default();
    JiraIssueStatus {
        applied: before.applied,
        moving: before.moving,
        people: before.people,
        transitions: before.transitions,
        drift: before.drift,
        ..issue
    }
}

/// How a ticket stands to its spec.
pub fn phase<'a>(object: &'a JiraIssue, status: &'a JiraIssueStatus) -> TicketPhase<'a> {
    TicketPhase {
        spec: &object.spec,
        status,
        generation: object.meta().generation.unwrap_or_default(),
    }
}

/// A status with something else in what was written to the ticket, or is being moved.
pub fn with_phase(
    object: &JiraIssue,
    change: impl FnOnce(&mut TicketApplied, &mut Option<TicketMove>),
) -> JiraIssueStatus {
    let mut status = object.status.clone().unwrap_or_default();
    let mut applied = status.applied.take().unwrap_or_default();
    change(&mut applied, &mut status.moving);
    status.applied = Some(applied).filter(|applied| *applied != TicketApplied::default());
    status
}

/// What became of a move.
#[derive(Debug, Default)]
pub struct PhaseStep {
    /// What is said of it, where that does not follow from what is written down.
    pub finding: Option<Finding>,
    /// The ticket as it is now, where it was read.
    pub issue: Option<Box<JiraIssueStatus>>,
    /// Where it can go, where that was asked.
    pub transitions: Option<TicketTransitions>,
    /// Who moved it on, where that was asked.
    pub moved_on: Option<TicketMovedOn>,
    /// After how long it goes on.
    pub wait: Option<Duration>,
}

impl PhaseStep {
    /// It goes on after a while.
    #[must_use]
    pub fn later(wait: Duration) -> Self {
        Self {
            wait: Some(wait),
            ..Self::default()
        }
    }
}

/// A ticket as it was just read.
pub struct Look {
    /// Its object.
    pub live: JiraIssue,
    /// What is known of it.
    pub status: JiraIssueStatus,
    /// Its marker.
    pub marker: Option<Marker>,
    /// Where it is wanted.
    pub wish: Wish,
}

impl Look {
    /// How it stands, as what is written down says.
    pub fn told(self) -> PhaseStep {
        let stand = phase(&self.live, &self.status).stand(Timestamp::now());
        PhaseStep {
            // Somebody was faster than what was just done.
            wait: matches!(stand, Stand::Outstanding { .. } | Stand::Moving).then_some(SOON),
            issue: Some(Box::new(self.status)),
            ..PhaseStep::default()
        }
    }

    /// The same, and it goes on after a while.
    pub fn later(self, wait: Duration) -> PhaseStep {
        PhaseStep {
            wait: Some(wait),
            issue: Some(Box::new(self.status)),
            ..PhaseStep::default()
        }
    }
}
