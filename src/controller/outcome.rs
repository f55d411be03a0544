//! What a pass found out and did, gathered step by step, and completed by what follows from it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;

use super::{
    local_state::{PendingRequest, UnknownStatuses},
    observe::ObservedState,
    schedule::{ReconcileKind, until_next_hour},
};
use crate::{
    api::{
        condition::{ConditionType, Finding, find},
        integration::{AccountStatus, DirectoryStatus, ProjectCounts, SiteStatus, TokenStatus},
        ready::holds_ready_back,
        reason::{Disposition, Holds, Reason},
    },
    atlassian::{error::JiraError, secret::TokenHash},
    cluster::time::{after, clock},
    sync::{
        budget::RunCosts,
        issues::IssueSyncSummary,
        projects::{
            apply::Applied,
            workflows::{MappedProjects, WorkflowRefresh},
        },
    },
};

/// Why a pass ended before its last step.
#[derive(Debug)]
pub enum StepError {
    /// This condition is not True, and the rest depends on it.
    After(ConditionType),
    /// Atlassian asked to slow down.
    RateLimited(JiraError),
    /// Whether all is as it was could not be asked, for the first time: it is asked once more before
    /// everything else is.
    Unanswered(JiraError),
    /// The namespace is being deleted: nothing is to be said.
    Quiet,
}

/// What happened to the access token for workloads.
#[derive(Clone, Debug, Default)]
pub enum Token {
    /// It stays as it was.
    #[default]
    Kept,
    /// It is published.
    Published(TokenStatus),
    /// It was taken back.
    Retracted,
}

/// What happened to the directory of people.
#[derive(Clone, Debug, Default)]
pub enum Users {
    /// It stays as it was.
    #[default]
    Kept,
    /// It stands so.
    Told(DirectoryStatus),
    /// It was removed.
    Forgotten,
}

/// A synchronisation that was made.
#[derive(Debug)]
pub struct ProjectSync {
    /// Whether everything was asked, and not only whether it is as it was.
    pub full: bool,
    /// What was written.
    pub applied: Applied,
    /// Whether it succeeded as a whole.
    pub succeeded: bool,
}

/// What a pass found out and did.
// Each of its flags is an answer to another question.
#[allow(clippy::struct_excessive_bools)]
#[derive(Debug, Default)]
pub struct Outcome {
    /// Findings by condition.
    pub findings: BTreeMap<ConditionType, Finding>,
    /// Where a person connects, while one is needed.
    pub authorization_url: Option<String>,
    /// The site.
    pub site: Option<SiteStatus>,
    /// The account.
    pub account: Option<AccountStatus>,
    /// The scopes.
    pub scopes: Option<Vec<String>>,
    /// The access token for workloads.
    pub token: Token,
    /// Which grant was judged.
    pub lineage: Option<TokenHash>,
    /// `spec.account`, as text, for which the account was found eligible.
    pub judged_for: Option<String>,
    /// The projects.
    pub counts: Option<ProjectCounts>,
    /// Conditions of which nothing is to be said: without service projects that of their desks.
    pub absent: BTreeSet<ConditionType>,
    /// The synchronisation.
    pub synced: Option<ProjectSync>,
    /// When work that is left unfinished goes on: at once where a slice ended.
    pub work_at: Option<Timestamp>,
    /// The round through all projects that is under way.
    pub inventory: Option<WorkflowRefresh>,
    /// When the round began that is done.
    pub inventory_done: Option<Timestamp>,
    /// Which projects have the phases that the mapping gives them, where that was looked at.
    pub phased: Option<Arc<MappedProjects>>,
    /// Statuses that no workflow was known to have.
    pub unknown_statuses: UnknownStatuses,
    /// Something that a person asked for is left for the next slice.
    pub is_left: bool,
    /// All issues are to be listed once those that were listed before are there.
    pub is_listing_due: bool,
    /// The mirror of issues, where it was looked at.
    pub issues: Option<IssueSyncSummary>,
    /// The directory of people.
    pub users: Users,
    /// Calls to Jira.
    pub calls: u32,
    /// When the token is to be refreshed.
    pub refresh_at: Option<Timestamp>,
    /// When the grant is looked at again, after the token endpoint gave no usable answer.
    pub exchange_at: Option<Timestamp>,
    /// New tokens wait in memory to be stored.
    pub unsaved: bool,
    /// When another process's mark ends.
    pub busy_until: Option<Timestamp>,
    /// What did not succeed is tried again at the next interval, and not before.
    pub patient: bool,
    /// Points that the calls cost.
    pub points: u64,
    /// Points of them that the directory of people cost.
    pub directory_points: u64,
    /// What passes cost.
    pub costs: RunCosts,
    /// By how much the interval is stretched, so that the hour's points last; 1 where it is not.
    pub stretch: Option<f64>,
    /// Points an hour that the integration costs at its present interval.
    pub points_per_hour: Option<u64>,
    /// The wait that Jira asked for.
    pub retry_after: Option<Duration>,
    /// Atlassian asked to slow down.
    pub rate_limited: bool,
    /// Whether all is as it was could not be asked.
    pub unanswered: bool,
    /// The pass ended before the spec, as it is now, was judged.
    pub unjudged: bool,
    /// All issues are to be listed, for a spec that changed or a person who asked, and were not yet.
    pub is_unlisted: bool,
    /// Nothing is to be said.
    pub quiet: bool,
}

/// In what time a quota that is spent is refilled.
#[must_use]
pub fn refilled_in(error: &JiraError, now: Timestamp) -> Duration {
    error.retry_after().unwrap_or_else(|| until_next_hour(now))
}

impl Outcome {
    /// Takes a finding in. An error when the rest depends on it and it is not True.
    ///
    /// # Errors
    /// [`StepError::After`] this condition.
    pub fn step(&mut self, finding: Finding) -> Result<(), StepError> {
        let stop = (!finding.is_true()).then_some(StepError::After(finding.condition));
        self.note(finding);
        stop.map_or(Ok(()), Err)
    }

    /// Work goes on then, or earlier where something else asks for it.
    pub fn work_on(&mut self, at: Timestamp) {
        self.work_at = Some(self.work_at.map_or(at, |other| other.min(at)));
    }

    /// Takes a finding in. Several kinds of work have to do with the synchronisation: of what they
    /// find the gravest stands.
    pub fn note(&mut self, finding: Finding) {
        let condition = finding.condition;
        let before = self
            .findings
            .remove(&condition)
            .filter(|_| condition == ConditionType::Synced);
        let finding = match before {
            Some(before) => before.and_then(finding),
            None => finding,
        };
        self.findings.insert(condition, finding);
    }

    /// Whether something is tried again before the next interval. What Ready does not depend on is
    /// asked again on the next interval, like everything else.
    #[must_use]
    pub fn is_troubled(&self) -> bool {
        self.findings.values().any(|finding| {
            finding.condition != ConditionType::Authorized
                && finding.reason.entry().disposition == Disposition::Retry
                && ((finding.condition == ConditionType::Synced && !self.patient)
                    || holds_ready_back(finding.condition, finding.reason, true))
        })
    }

    /// What a person asked for and what this pass answers: everything was looked at, and nothing of it
    /// is left for a slice that follows. Where trouble stands before what is left, that is the answer.
    #[must_use]
    pub fn answer<'s>(&self, observed: &'s ObservedState, done: ReconcileKind) -> Option<&'s str> {
        let left = (self.is_left || self.is_listing_due) && !self.is_troubled();
        self.takes(observed, done).filter(|_| !left)
    }

    /// The request that a next pass goes on answering.
    #[must_use]
    pub fn taken(&self, observed: &ObservedState, done: ReconcileKind) -> Option<PendingRequest> {
        if done == ReconcileKind::TokenOnly {
            return observed.local.taken.clone();
        }
        let filling = self.issues.as_ref().is_some_and(|issues| issues.progress.is_some());
        if self.answer(observed, done).is_some() || (self.is_listing_due && !filling) {
            // In the latter case everything is looked at again, now that all can be listed.
            return None;
        }
        self.takes(observed, done).map(|value| PendingRequest {
            value: value.to_owned(),
            is_listing_due: self.is_listing_due,
        })
    }

    fn takes<'s>(&self, observed: &'s ObservedState, done: ReconcileKind) -> Option<&'s str> {
        let taken = observed.local.taken.as_ref();
        observed.request().filter(|value| {
            let goes_on = taken.is_some_and(|taken| taken.value == *value);
            !self.rate_limited && (done == ReconcileKind::Full || (goes_on && done != ReconcileKind::TokenOnly))
        })
    }

    /// Fills in the conditions that were not reached. `turn` is what this integration waits longer than
    /// Atlassian asks, so that all that share a quota do not come back at once.
    pub fn complete(&mut self, observed: &ObservedState, ended: &Result<(), StepError>, turn: Duration) {
        match ended {
            Err(StepError::RateLimited(error)) => self.wait(observed, error, turn),
            Err(StepError::Unanswered(error)) => {
                self.unanswered = true;
                self.retry_after = error.retry_after();
            }
            Ok(()) | Err(StepError::After(_) | StepError::Quiet) => {}
        }
        self.unjudged = match ended {
            Ok(()) | Err(StepError::Quiet) => false,
            Err(StepError::RateLimited(_) | StepError::Unanswered(_)) => self.synced.is_none(),
            Err(StepError::After(cause)) => {
                let found = self.findings.get(cause);
                found.is_some_and(|finding| finding.reason.entry().holds == Holds::Unknown)
            }
        };
        self.tell_last_success(observed);
        match ended {
            Ok(()) | Err(StepError::RateLimited(_) | StepError::Unanswered(_)) => self.carry(observed),
            Err(StepError::Quiet) => self.quiet = true,
            Err(StepError::After(cause)) => self.skip(observed, *cause),
        }
    }

    /// Since when a synchronisation fails follows from when one last succeeded, which stays what it was as
    /// long as it fails.
    fn tell_last_success(&mut self, observed: &ObservedState) {
        // One that succeeded as a whole may have left something out: it has moved the time.
        let fell_short = self.rate_limited || self.synced.as_ref().is_some_and(|synced| !synced.succeeded);
        let failed = |finding: &&mut Finding| match finding.reason {
            Reason::SyncFailed | Reason::QuotaExhausted => true,
            Reason::SyncPartial => fell_short,
            _ => false,
        };
        let finding = self.findings.get_mut(&ConditionType::Synced).filter(failed);
        if let (Some(finding), Some(last)) = (finding, observed.last_success()) {
            *finding = finding
                .clone()
                .noting(&format!("It last succeeded at {}.", clock(last)));
        }
    }

    /// What was not looked at keeps its last answer.
    fn carry(&mut self, observed: &ObservedState) {
        for step in self.told(observed) {
            let before = Finding::carried(step, &observed.status.conditions);
            let unknown = || Finding::plain(step, Reason::NotChecked);
            self.findings
                .entry(step)
                .or_insert_with(|| before.unwrap_or_else(unknown));
        }
    }

    /// The conditions that are told of. Of service desks nothing is where there are none, and
    /// nothing before it is known that there are some.
    fn told(&self, observed: &ObservedState) -> impl Iterator<Item = ConditionType> + use<> {
        let had_desks = find(&observed.status.conditions, ConditionType::ServiceDesksReady).is_some();
        let absent = self.absent.clone();
        ConditionType::STEPS
            .into_iter()
            .filter(move |step| had_desks || *step != ConditionType::ServiceDesksReady)
            .filter(move |step| !absent.contains(step))
    }

    fn skip(&mut self, observed: &ObservedState, cause: ConditionType) {
        let found = self.findings.get(&cause).cloned();
        let skipped = |step| match &found {
            Some(cause) => cause.skips(step),
            None => Finding::plain(step, Reason::skipped_after(cause)),
        };
        for step in self.told(observed) {
            let never = step == ConditionType::Synced && observed.last_success().is_none();
            self.findings.entry(step).or_insert_with(|| {
                if never {
                    let what = format!("Nothing was synchronised yet, because {} is not True.", cause.as_str());
                    Finding::new(step, Reason::NeverSynced, what)
                } else {
                    skipped(step)
                }
            });
        }
    }

    /// Being asked to slow down proves nothing about what was asked.
    fn wait(&mut self, observed: &ObservedState, error: &JiraError, turn: Duration) {
        self.rate_limited = true;
        if let Some(synced) = &mut self.synced {
            synced.succeeded = false;
        }
        self.retry_after = if error.is_quota() {
            Some(refilled_in(error, observed.now).saturating_add(turn))
        } else {
            error.retry_after()
        };
        let until = self.retry_after.map(|wait| clock(after(observed.now, wait)));
        let until = until.map(|at| format!(" until {at}")).unwrap_or_default();
        let (reason, so) = if error.is_quota() {
            (Reason::QuotaExhausted, "no call is made")
        } else {
            (Reason::SyncPartial, "a part was not asked for")
        };
        let what = format!("{error}, so {so}{until}.");
        self.note(Finding::with_remedy(ConditionType::Synced, reason, &what));
    }
}
