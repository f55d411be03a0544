//! What a reconciliation found and did, one field a step.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;

use super::{
    observe::ObservedState,
    steps::{
        ProjectSync, StepError,
        cost::ApiCost,
        directory::DirectorySync,
        examination::Examination,
        grant::GrantStep,
        issue_sync::{IssueSync, Retry},
        token::{TokenChange, TokenStep},
        upkeep::Upkeep,
        workflows::WorkflowSync,
    },
};
use crate::{
    api::condition::{ConditionType, Finding},
    atlassian::secret::TokenHash,
    controller::reconcile_kind::ReconcileKind,
    grant::ActiveGrant,
};

/// What a reconciliation found and did. A step that it did not come to has left nothing.
#[derive(Debug)]
pub struct Results {
    /// What was done in the end: an incremental reconciliation that finds a difference turns into a full one.
    pub kind: ReconcileKind,
    /// The access token, and what workloads get of it.
    pub access: AccessResults,
    /// All is as it was, and what is said of that.
    pub confirmed: Option<(ProjectSync, Finding)>,
    /// Asking everything.
    pub examination: Option<Examination>,
    /// The work that this allows.
    pub work: WorkResults,
    /// What it cost.
    pub cost: Option<ApiCost>,
    /// What this integration waits longer than Atlassian asks, so that all that share a quota do not come back at once.
    pub turn: Duration,
    /// Why it ended before its last step.
    pub stopped: Option<StepError>,
}

/// What the steps that need no answer of Jira found and did.
#[derive(Debug, Default)]
pub struct AccessResults {
    /// The site is not allowed: what is said of that, and how the token was taken back.
    pub refused_site: Option<(Finding, TokenStep)>,
    /// Getting an access token.
    pub grant: Option<GrantStep>,
    /// Somebody else's Secret has the name under which the token is to be published.
    pub name_taken: Option<Finding>,
    /// The status and the Secret for workloads contradict each other.
    pub doubt: Option<Finding>,
    /// Keeping the token for workloads as it should be.
    pub upkeep: Option<Upkeep>,
}

/// What the work led to that goes on in slices.
#[derive(Debug, Default)]
pub struct WorkResults {
    /// Issue types, statuses and phases of the projects.
    pub workflows: Option<WorkflowSync>,
    /// The mirror of issues.
    pub issues: Option<IssueSync>,
    /// The directory of people.
    pub directory: Option<DirectorySync>,
    /// Until when what is left of it waits, because the rest of the hour's points is left to tickets.
    pub put_off: Option<Timestamp>,
}

impl AccessResults {
    /// What was found before Jira is asked.
    fn first_findings(&self) -> impl Iterator<Item = &Finding> {
        let site = self.refused_site.iter();
        let site = site.flat_map(|(finding, token)| [Some(finding), token.finding.as_ref()]);
        let grant = self.grant.iter().flat_map(|step| {
            let retraction = step.retraction.as_ref().and_then(|token| token.finding.as_ref());
            [step.finding.as_ref(), retraction]
        });
        let before = [self.name_taken.as_ref(), self.doubt.as_ref()];
        site.chain(grant).chain(before).flatten()
    }

    /// What was found while the token was kept as it should be, which stands last.
    fn upkeep_findings(&self) -> impl Iterator<Item = &Finding> {
        let upkeep = self.upkeep.iter();
        let upkeep = upkeep.flat_map(|step| [step.finding.as_ref(), step.token.finding.as_ref()]);
        upkeep.flatten()
    }
}

impl WorkResults {
    fn findings(&self) -> impl Iterator<Item = &Finding> {
        let workflows = self.workflows.iter().filter_map(|step| step.finding.as_ref());
        workflows.chain(self.issues.iter().flat_map(|step| &step.findings))
    }

    /// When work that is left unfinished resumes: at once where a slice ended, unless the rest of the hour's points is left
    /// to tickets.
    #[must_use]
    pub fn resume_at(&self) -> Option<Timestamp> {
        let times = [
            self.workflows.as_ref().and_then(|step| step.resume_at),
            self.issues.as_ref().and_then(|step| step.resume_at),
            self.directory.as_ref().and_then(|step| step.resume_at),
        ];
        let next = times.into_iter().flatten().min();
        next.map(|next| self.put_off.map_or(next, |put_off| put_off.max(next)))
    }
}

impl Results {
    /// Nothing was done yet.
    #[must_use]
    pub fn new(kind: ReconcileKind) -> Self {
        Self {
            kind,
            access: AccessResults::default(),
            confirmed: None,
            examination: None,
            work: WorkResults::default(),
            cost: None,
            turn: Duration::ZERO,
            stopped: None,
        }
    }

    /// The findings by condition. Several steps have to do with the synchronisation: of what they find the gravest
    /// stands; of another condition the last.
    #[must_use]
    pub fn findings(&self) -> BTreeMap<ConditionType, Finding> {
        let mut all = BTreeMap::new();
        for finding in self.in_order() {
            note(&mut all, finding.clone());
        }
        all
    }

    fn in_order(&self) -> impl Iterator<Item = &Finding> {
        let confirmed = self.confirmed.iter().map(|(_, finding)| finding);
        let examined = self.examination.iter().flat_map(|step| &step.findings);
        let cost = self.cost.iter().filter_map(|step| step.finding.as_ref());
        self.access
            .first_findings()
            .chain(confirmed)
            .chain(examined)
            .chain(self.work.findings())
            .chain(cost)
            .chain(self.access.upkeep_findings())
    }

    /// The synchronisation of the projects.
    #[must_use]
    pub fn projects(&self) -> Option<&ProjectSync> {
        let examined = self.examination.as_ref().and_then(|step| step.projects.as_ref());
        examined.or(self.confirmed.as_ref().map(|(projects, _)| projects))
    }

    /// Whether the synchronisation succeeded as a whole; none where there was none.
    #[must_use]
    pub fn has_succeeded(&self) -> Option<bool> {
        let projects = self.projects()?;
        let failed = self
            .work
            .issues
            .as_ref()
            .is_some_and(|issues| issues.retry == Retry::Soon);
        Some(projects.succeeded && !failed && !matches!(self.stopped, Some(StepError::RateLimited(_))))
    }

    /// What happened to the token for workloads in the end.
    #[must_use]
    pub fn token(&self) -> &TokenChange {
        let steps = [
            self.access.upkeep.as_ref().map(|step| &step.token.change),
            self.examination.as_ref().map(|step| &step.token),
            self.access
                .grant
                .as_ref()
                .and_then(|step| step.retraction.as_ref())
                .map(|step| &step.change),
            self.access.refused_site.as_ref().map(|(_, step)| &step.change),
        ];
        let changed = steps
            .into_iter()
            .flatten()
            .find(|change| !matches!(change, TokenChange::Kept));
        changed.unwrap_or(&TokenChange::Kept)
    }

    /// The last of the steps that asked for an access token.
    #[must_use]
    pub fn last_grant(&self) -> Option<&GrantStep> {
        let renewed = self.examination.as_ref().and_then(|step| step.renewed.as_ref());
        renewed.or(self.access.grant.as_ref())
    }

    /// The grant with the token that is in use: the renewed one, where Atlassian refused the first.
    #[must_use]
    pub fn grant_in_use(&self) -> Option<&ActiveGrant> {
        let steps = [self.last_grant(), self.access.grant.as_ref()];
        steps.into_iter().flatten().find_map(|step| step.grant.as_ref().ok())
    }

    /// Which grant was judged.
    #[must_use]
    pub fn lineage(&self, observed: &ObservedState) -> Option<TokenHash> {
        let before = &observed.local.judged.lineage;
        let is_unjudged = self.access.upkeep.as_ref().is_some_and(|upkeep| upkeep.is_unjudged);
        let used = self.grant_in_use().and_then(|grant| grant.lineage.clone());
        used.filter(|_| !is_unjudged).or_else(|| before.clone())
    }
}

/// Takes a finding in.
pub fn note(all: &mut BTreeMap<ConditionType, Finding>, finding: Finding) {
    let condition = finding.condition;
    let before = all.remove(&condition).filter(|_| condition == ConditionType::Synced);
    let finding = match before {
        Some(before) => before.and_then(finding),
        None => finding,
    };
    all.insert(condition, finding);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{atlassian::secret::Secret, grant::AccessToken};

    fn step(token: &str) -> GrantStep {
        GrantStep {
            grant: Ok(ActiveGrant {
                access: AccessToken {
                    token: Secret::new(token.to_owned()),
                    expires_at: Timestamp::UNIX_EPOCH,
                    refreshed_at: Timestamp::UNIX_EPOCH,
                },
                scopes: None,
                idle_expires_at: Timestamp::UNIX_EPOCH,
                offline_access_missing: false,
                supplied_token_refused: false,
                lineage: None,
            }),
            ..GrantStep::ended(None, StepError::Quiet)
        }
    }

    /// Else workloads would be given a token that Atlassian has just refused.
    #[test]
    fn where_a_token_was_renewed_the_new_one_is_in_use() {
        let token = |results: &Results| {
            results
                .grant_in_use()
                .map(|grant| grant.access.token.expose().to_owned())
        };
        let mut results = Results::new(ReconcileKind::Full);
        results.access.grant = Some(step("first"));
        assert_eq!(token(&results).as_deref(), Some("first"));
        results.examination = Some(Examination {
            renewed: Some(step("second")),
            ..Examination::default()
        });
        assert_eq!(token(&results).as_deref(), Some("second"));
    }
}
