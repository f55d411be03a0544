//! What going on with the mirror of issues led to, and what is said of it.

use std::time::Duration;

use jiff::Timestamp;

use super::{ProjectSync, StepError, synced};
use crate::{
    api::{
        condition::{ConditionType, Finding, reason_of},
        reason::Reason,
    },
    atlassian::error::JiraError,
    cluster::error::{WriteError, describe},
    controller::{integration::observe::ObservedState, local_state::UnknownStatuses, reconcile_kind::ReconcileKind},
    diagnose::judge,
    sync::issues::{IssueSyncSummary, MirrorError, SyncReport},
};

/// When what did not succeed is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// Everything succeeded.
    Never,
    /// At the next interval: a person has to fix it.
    NextInterval,
    /// Before that: the synchronisation as a whole did not succeed.
    Soon,
}

/// What going on with the mirror led to.
#[derive(Debug)]
pub struct IssueSync {
    /// What is said of the conditions.
    pub findings: Vec<Finding>,
    /// How the mirror stands, where it is known.
    pub summary: Option<IssueSyncSummary>,
    /// Statuses that no workflow was known to have.
    pub unknown_statuses: UnknownStatuses,
    /// When what is left resumes.
    pub resume_at: Option<Timestamp>,
    /// All issues are to be listed once those that were listed before are there.
    pub is_listing_due: bool,
    /// All issues are to be listed, for a spec that changed or a person who asked, and were not yet.
    pub is_relist_due: bool,
    /// When what did not succeed is tried again.
    pub retry: Retry,
    /// The wait that Jira asked for.
    pub retry_after: Option<Duration>,
    /// Why nothing else makes sense.
    pub stopped: Option<StepError>,
}

/// Whether all issues are to be listed, before this reconciliation.
#[must_use]
pub fn is_relist_due(observed: &ObservedState) -> bool {
    let inputs = observed.inputs();
    observed.local.work.is_relist_due || inputs.is_new_generation() || inputs.is_requested()
}

impl IssueSync {
    /// One that has done nothing yet.
    #[must_use]
    pub fn of(observed: &ObservedState, unknown_statuses: UnknownStatuses) -> Self {
        Self {
            findings: Vec::new(),
            summary: None,
            unknown_statuses,
            resume_at: None,
            is_listing_due: false,
            is_relist_due: is_relist_due(observed),
            retry: Retry::Never,
            retry_after: None,
            stopped: None,
        }
    }

    pub(super) fn resume(&mut self, at: Timestamp) {
        self.resume_at = Some(self.resume_at.map_or(at, |other| other.min(at)));
    }

    pub(super) fn tell(
        &mut self,
        observed: &ObservedState,
        kind: ReconcileKind,
        (report, went_well): (&SyncReport, bool),
        finding: Option<Finding>,
        (present, projects): (Option<&Finding>, usize),
    ) {
        // What failed would fail again at once: it is gone on with by the reconciliation that looks whether it
        // still does.
        if report.unfinished && went_well {
            self.resume(Timestamp::now());
        }
        if let Some(at) = report.look_at.filter(|_| went_well) {
            self.resume(at);
        }
        let Some(finding) = finding else {
            // A slice says nothing else of the synchronisation than that it has ended.
            let before = reason_of(&observed.status.conditions, ConditionType::Synced);
            if kind == ReconcileKind::Resume && before == Some(Reason::Synchronising) {
                self.findings.push(synced(projects));
            }
            return;
        };
        // What a person has to fix is checked again at the next interval, unless something else is to be tried
        // again.
        if present.is_none_or(Finding::is_true) {
            self.retry = Retry::NextInterval;
        }
        self.findings.push(finding);
    }

    pub(super) fn conclude(
        &mut self,
        ended: Result<(), MirrorError>,
        written: kube::Result<bool>,
        projects: Option<&ProjectSync>,
    ) {
        match (ended, written) {
            (Err(error), _) => self.take_error(error),
            // That projects cannot be written may have been said by now.
            (Ok(()), Err(_)) if projects.is_some_and(|projects| !projects.succeeded) => {}
            (Ok(()), Err(error)) => {
                self.fail_in_part(&format!("A JiraProject could not be written: {}.", describe(&error)));
            }
            (Ok(()), Ok(_)) => {}
        }
    }

    fn take_error(&mut self, error: MirrorError) {
        match error {
            MirrorError::Jira(JiraError::RateLimited(limit)) => {
                self.stopped = Some(StepError::RateLimited(limit));
            }
            MirrorError::Jira(error @ JiraError::ScopeMismatch(_)) => {
                self.findings.push(judge::scopes::refused(&error.to_string()));
            }
            MirrorError::Jira(error @ (JiraError::Unavailable { .. } | JiraError::Redirected)) => {
                self.retry_after = error.retry_after();
                self.fail_with(judge::unavailable(ConditionType::Synced, &error));
            }
            MirrorError::Cluster { source, .. }
                if matches!(WriteError::from_kube(&source), WriteError::Terminating) =>
            {
                self.stopped = Some(StepError::Quiet);
            }
            MirrorError::Cluster { object, source } => {
                self.fail_in_part(&format!(
                    "JiraIssue {object} could not be written: {}.",
                    describe(&source)
                ));
            }
            other => self.fail(&other.to_string()),
        }
    }

    /// A part could not be stored.
    fn fail_in_part(&mut self, what: &str) {
        self.fail_with(Finding::with_remedy(ConditionType::Synced, Reason::SyncPartial, what));
    }

    pub(super) fn fail(&mut self, why: &str) {
        let what = format!("The issues could not be synchronised: {why}.");
        self.fail_with(Finding::with_remedy(ConditionType::Synced, Reason::SyncFailed, &what));
    }

    fn fail_with(&mut self, finding: Finding) {
        self.findings.push(finding);
        self.retry = Retry::Soon;
    }

    /// One that did not begin, because the projects could not be read.
    #[must_use]
    pub fn without_projects(observed: &ObservedState, unknown_statuses: UnknownStatuses, error: &kube::Error) -> Self {
        let mut failed = Self::of(observed, unknown_statuses);
        failed.fail(&describe(error));
        failed
    }
}
