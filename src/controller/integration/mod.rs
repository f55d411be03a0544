//! The controller of `JiraIntegration`: one reconciliation is observe → plan → run → conclude → write.

mod authorization_url;
mod conclude;
mod grace;
mod next;
mod observe;
mod reconcile;
mod request;
mod results;
mod run;
mod schedule;
mod status;
mod steps;
mod verdict;
mod write;

pub(super) use reconcile::reconcile;
pub(super) use schedule::written_due;
