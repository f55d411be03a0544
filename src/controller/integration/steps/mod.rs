//! The steps of a reconciliation. Each is a function that asks or writes, and returns what it found as a type of its
//! own; what follows from all of them together is decided in [`conclude`](super::conclude).

pub mod confirmation;
pub mod cost;
pub mod directory;
pub mod examination;
pub mod grant;
pub mod issue_sync;
pub mod issues;
pub mod projects;
pub mod shared_quota;
pub mod slice;
pub mod token;
pub mod upkeep;
pub mod workflows;

use super::observe::ObservedState;
use crate::{
    api::{
        condition::{ConditionType, Finding},
        reason::Reason,
    },
    atlassian::{error::JiraError, rate_limit::RateLimit},
    controller::context::Context,
    sync::projects::apply::Applied,
};

/// What every step has at hand.
#[derive(Clone, Copy)]
pub struct Run<'a> {
    /// Clients and what this process remembers.
    pub ctx: &'a Context,
    /// What the cluster said at the beginning.
    pub observed: &'a ObservedState,
}

/// Why a reconciliation ended before its last step.
#[derive(Clone, Debug)]
pub enum StepError {
    /// This condition is not True, and the rest depends on it.
    After(ConditionType),
    /// Atlassian asked to slow down.
    RateLimited(RateLimit),
    /// Whether all is as it was could not be asked, for the first time: it is asked once more before
    /// everything else is.
    Unanswered(JiraError),
    /// The namespace is being deleted: nothing is to be said.
    Quiet,
}

impl StepError {
    /// Nothing that depends on this finding makes sense.
    #[must_use]
    pub const fn after(finding: &Finding) -> Self {
        Self::After(finding.condition)
    }
}

/// A synchronisation of the projects.
#[derive(Debug)]
pub struct ProjectSync {
    /// Whether everything was asked, and not only whether it is as it was.
    pub is_full: bool,
    /// What was written.
    pub applied: Applied,
    /// Whether everything could be written.
    pub succeeded: bool,
}

/// The finding for a synchronisation that succeeded.
#[must_use]
pub fn synced(projects: usize) -> Finding {
    let message = match projects {
        1 => "The last synchronisation succeeded: one project.".to_owned(),
        _ => format!("The last synchronisation succeeded: {projects} projects."),
    };
    Finding::new(ConditionType::Synced, Reason::SyncSucceeded, message)
}
