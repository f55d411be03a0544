//! A person's request for a reconciliation, by the annotation `jira-operator.dev/requestedAt`: when it is answered. Pure.

use super::{observe::ObservedState, results::Results, verdict::Verdict};
use crate::controller::{local_state::PendingRequest, reconcile_kind::ReconcileKind};

/// What a person asked for and what this reconciliation answers: everything was asked, and nothing of it
/// is left for a slice that follows. Where trouble stands before what is left, that is the answer.
#[must_use]
pub fn answered<'s>(observed: &'s ObservedState, results: &Results, verdict: &Verdict) -> Option<&'s str> {
    let left = (is_left(results) || is_listing_due(results)) && !verdict.is_troubled();
    taken_up(observed, results, verdict).filter(|_| !left)
}

/// The request that the next reconciliation goes on answering.
#[must_use]
pub fn pending(observed: &ObservedState, results: &Results, verdict: &Verdict) -> Option<PendingRequest> {
    if results.kind == ReconcileKind::TokenOnly {
        return observed.local.work.request.clone();
    }
    let summary = results.work.issues.as_ref().and_then(|step| step.summary.as_ref());
    let filling = summary.is_some_and(|summary| summary.progress.is_some());
    let is_listing_due = is_listing_due(results);
    if answered(observed, results, verdict).is_some() || (is_listing_due && !filling) {
        // In the latter case everything is asked again, now that all can be listed.
        return None;
    }
    taken_up(observed, results, verdict).map(|value| PendingRequest {
        value: value.to_owned(),
        is_listing_due,
    })
}

/// Something that a person asked for is left for the next slice.
fn is_left(results: &Results) -> bool {
    let workflows = results.work.workflows.as_ref();
    workflows.is_some_and(|step| step.resume_at.is_some())
}

fn is_listing_due(results: &Results) -> bool {
    results.work.issues.as_ref().is_some_and(|step| step.is_listing_due)
}

fn taken_up<'s>(observed: &'s ObservedState, results: &Results, verdict: &Verdict) -> Option<&'s str> {
    let kind = results.kind;
    observed.request().filter(|value| {
        let goes_on = observed.local.work.answers(value);
        let is_asked = kind == ReconcileKind::Full || (goes_on && kind != ReconcileKind::TokenOnly);
        !verdict.is_rate_limited() && is_asked
    })
}
