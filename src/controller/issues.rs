//! The mirror of issues as work of a pass: what is to be mirrored, what the cluster and the status
//! tell of the last time, and what is said of it afterwards.

use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use tracing::info;

use super::{
    outcome::StepError,
    pass::{Pass, synced_finding},
    schedule::ReconcileKind,
    work::Slice,
};
use crate::{
    api::{
        condition::{ConditionType, Finding},
        integration::{MirrorMode, ProjectCounts},
        project::JiraProject,
        reason::Reason,
    },
    atlassian::error::JiraError,
    cluster::error::{WriteError, describe},
    diagnose::judge,
    sync::{
        budget::sweeps,
        issues::{
            self, ClusterMirror, IssueSyncSummary, MappingContext, MirrorError, MirrorScope, MirrorSettings,
            MirrorState, RunContext, StoredIssues, SyncReport, price, restore, scope,
            status::{self, StatusInputs},
        },
        phase::Phases,
    },
};

/// How long changes may be late in Jira's index: usually seconds, after bulk changes minutes.
const OVERLAP: SignedDuration = SignedDuration::from_mins(10);

impl Pass<'_> {
    /// Goes on with the mirror of issues.
    pub(super) async fn issues(&mut self, slice: &Slice<'_>, known: &[JiraProject]) -> Result<(), StepError> {
        let mirror = ClusterMirror::new(&self.ctx.client, &self.observed.owner());
        let mut kept = self.ctx.mirrors.of(&self.observed.target.owner.uid).await;
        let spec = &self.observed.integration.spec;
        let scope = scope(spec, &slice.site_url, known, self.knows_all(known));
        let (mut state, lost) = match self.recall(&mut kept, &mirror, known).await {
            Ok(recalled) => recalled,
            Err(error) => return self.issues_failed(&describe(&error)),
        };
        scope.review(&mut state);
        let was_filling = state.is_filling();
        let started = Instant::now();
        let (report, ended) = self.run(slice, &mirror, &scope, &mut state, lost).await;
        // What came after the listing, or is left of it, is gone on with by the next pass.
        let is_listed = ended.is_ok() || state.listing.has_swept(self.observed.now);
        self.outcome.is_unlisted |= lost;
        if is_listed && !was_filling && self.due != ReconcileKind::Resume {
            self.outcome.is_unlisted = false;
        }
        scope.note_filters(&mut state);
        let told = StatusInputs {
            scope: &scope,
            state: &state,
            report: &report,
            failed: ended.is_err(),
            mirrors: self.observed.integration.spec.issues().mirror != MirrorMode::None,
            now: self.observed.now,
        };
        let written = status::write(&self.ctx.client, known, &told).await;
        self.note_statuses(&report.statuses, known);
        let taken = self.observed.local.taken.as_ref();
        let awaited = (slice.requested && was_filling) || taken.is_some_and(|taken| taken.is_listing_due);
        if awaited && ended.is_ok() {
            self.outcome.is_listing_due = true;
            self.outcome.work_on(Timestamp::now());
        }
        let mode = self.observed.integration.spec.issues().mirror;
        let listed = price(&state, mode, self.most_objects(), scope.followed.len());
        self.outcome.issues = Some(IssueSyncSummary::of(&state, &report, listed, started));
        self.tell(&state, &report, ended.is_ok(), known.len());
        if !matches!(written, Ok(true)) {
            self.hold_cursor();
        }
        *kept = Some(state);
        match (ended, written) {
            (Err(error), _) => self.mirror_failed(error),
            // That projects cannot be written may have been told by now.
            (Ok(()), Err(_)) if self.outcome.synced.as_ref().is_some_and(|synced| !synced.succeeded) => Ok(()),
            (Ok(()), Err(error)) => {
                let what = format!("A JiraProject could not be written: {}.", describe(&error));
                self.note_partial(&what);
                Ok(())
            }
            (Ok(()), Ok(_)) => Ok(()),
        }
    }

    /// Whether these objects are those of all projects in scope: a full look has just written them, or
    /// the projects are named and each of them is as it was. Of a whole site's projects only a full look
    /// knows which are new.
    fn knows_all(&self, known: &[JiraProject]) -> bool {
        let Some(synced) = self.outcome.synced.as_ref().filter(|synced| synced.succeeded) else {
            return false;
        };
        let counted = self.observed.status.projects.as_ref().and_then(ProjectCounts::all);
        let as_counted = counted.and_then(|all| usize::try_from(all).ok()) == Some(known.len());
        is_whole(
            synced.full,
            self.observed.integration.spec.projects.is_some(),
            as_counted,
        )
    }

    /// Where a project could not be told up to when it was followed, a process that starts anew begins
    /// from where all stood before.
    fn hold_cursor(&mut self) {
        let before = self.observed.status.sync.as_ref().and_then(|sync| sync.cursor.as_ref());
        if let Some(issues) = &mut self.outcome.issues {
            issues.cursor = before.and_then(|cursor| cursor.parse().ok());
        }
    }

    /// What is remembered, or what the cluster tells. A full pass looks whether the objects are as they are
    /// remembered. Besides, whether an issue has no object, or one that cannot be read.
    async fn recall(
        &self,
        kept: &mut Option<MirrorState>,
        mirror: &ClusterMirror,
        known: &[JiraProject],
    ) -> kube::Result<(MirrorState, bool)> {
        let Some(state) = kept else {
            let found = self.read(mirror).await?;
            let lost = found.is_in_doubt();
            return Ok((restore(self.observed.status.sync.as_ref(), known, found), lost));
        };
        let mut lost = false;
        if self.due == ReconcileKind::Full
            && !mirror
                .is_as_known(state.objects.index(), state.objects.orphaned())
                .await?
        {
            let found = self.read(mirror).await?;
            lost = found.lacks_any_of(state.objects.index());
            state.reload(found);
        }
        // Taken, so that a pass that is broken off leaves nothing half done: the cluster tells then.
        Ok((kept.take().unwrap_or_default(), lost))
    }

    async fn read(&self, mirror: &ClusterMirror) -> kube::Result<StoredIssues> {
        let found = mirror.read().await?;
        if let Some((object, _)) = found.orphaned.first_key_value() {
            let (namespace, name) = (&self.observed.target.namespace, &self.observed.target.integration);
            let count = found.orphaned.len();
            info!(
                namespace,
                name, object, count, "JiraIssues that tell of no issue are written anew or removed"
            );
        }
        Ok(found)
    }

    async fn run(
        &self,
        slice: &Slice<'_>,
        mirror: &ClusterMirror,
        scope: &MirrorScope,
        state: &mut MirrorState,
        lost: bool,
    ) -> (SyncReport, Result<(), MirrorError>) {
        let spec = &self.observed.integration.spec;
        let issues = spec.issues();
        let phases = Phases::new(&spec.status_mapping);
        let max = self.most_objects();
        let settings = MirrorSettings {
            mapping: MappingContext {
                site_url: &slice.site_url,
                phases: &phases,
                projects: &scope.followed,
            },
            mode: issues.mirror,
            max,
            followed: &scope.followed,
            held: &scope.held,
            archived: &scope.archived,
            is_whole: scope.is_whole,
            overlap: OVERLAP,
            confirm_after: self.ctx.deletion_delay,
            sweep_every: sweeps(price(state, issues.mirror, max, scope.followed.len())).1,
        };
        let moment = RunContext {
            now: self.observed.now,
            is_over: slice.is_over,
            // Another spec may want what was not listed before, and a pass that was asked for may have failed.
            requested: slice.requested || lost || self.outcome.is_unlisted,
            slice: self.due == ReconcileKind::Resume,
        };
        issues::run(slice.jira, mirror, &settings, moment, state).await
    }

    fn tell(&mut self, state: &MirrorState, report: &SyncReport, went_well: bool, projects: usize) {
        // What failed would fail again at once: it is gone on with by the pass that looks whether it
        // still does.
        if report.unfinished && went_well {
            self.outcome.work_on(Timestamp::now());
        }
        if let Some(at) = report.look_at.filter(|_| went_well) {
            self.outcome.work_on(at);
        }
        let max = self.most_objects();
        let finding = status::finding(&self.observed.integration.spec, state, report, max);
        // A slice tells nothing else of the synchronisation than that it has ended.
        let before = Finding::carried(ConditionType::Synced, &self.observed.status.conditions);
        let was_filling = before.is_some_and(|finding| finding.reason == Reason::Synchronising);
        if finding.is_none() && self.due == ReconcileKind::Resume && was_filling {
            self.outcome.note(synced_finding(projects));
        }
        if let Some(finding) = finding {
            // What a person has to mend is looked at again at the next interval, unless something else
            // is to be tried again.
            let present = self.outcome.findings.get(&ConditionType::Synced);
            self.outcome.patient = present.is_none_or(Finding::is_true);
            self.outcome.note(finding);
        }
    }

    fn most_objects(&self) -> usize {
        usize::try_from(self.observed.integration.spec.issues().max_objects).unwrap_or(1)
    }

    fn mirror_failed(&mut self, error: MirrorError) -> Result<(), StepError> {
        match error {
            MirrorError::Jira(error @ JiraError::RateLimited { .. }) => Err(StepError::RateLimited(error)),
            MirrorError::Jira(error @ JiraError::ScopeMismatch(_)) => {
                self.outcome.note(judge::scopes::refused(&error.to_string()));
                Ok(())
            }
            MirrorError::Jira(error @ (JiraError::Unavailable { .. } | JiraError::Redirected)) => {
                self.outcome.retry_after = error.retry_after();
                self.outcome.note(judge::unavailable(ConditionType::Synced, &error));
                self.unsynced();
                Ok(())
            }
            MirrorError::Cluster { source, .. }
                if matches!(WriteError::from_kube(&source), WriteError::Terminating) =>
            {
                Err(StepError::Quiet)
            }
            MirrorError::Cluster { object, source } => {
                let what = format!("JiraIssue {object} could not be written: {}.", describe(&source));
                self.note_partial(&what);
                Ok(())
            }
            other => self.issues_failed(&other.to_string()),
        }
    }

    /// A part could not be stored.
    fn note_partial(&mut self, what: &str) {
        let finding = Finding::with_remedy(ConditionType::Synced, Reason::SyncPartial, what);
        self.outcome.note(finding);
        self.unsynced();
    }

    #[allow(clippy::unnecessary_wraps)] // It is what the work ends with.
    pub(super) fn issues_failed(&mut self, why: &str) -> Result<(), StepError> {
        let what = format!("The issues could not be synchronised: {why}.");
        let finding = Finding::with_remedy(ConditionType::Synced, Reason::SyncFailed, &what);
        self.outcome.note(finding);
        self.unsynced();
        Ok(())
    }

    /// The synchronisation as a whole did not succeed.
    fn unsynced(&mut self) {
        self.outcome.patient = false;
        if let Some(synced) = &mut self.outcome.synced {
            synced.succeeded = false;
        }
    }
}

/// Whether the objects that a look found are those of all projects in scope.
const fn is_whole(is_full: bool, are_named: bool, as_counted: bool) -> bool {
    is_full || (are_named && as_counted)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An issue that moved to a project that nobody named goes with a plain pass.
    #[test]
    fn a_plain_pass_knows_all_projects_where_they_are_named() {
        assert!(is_whole(true, false, false));
        assert!(is_whole(false, true, true));
        assert!(!is_whole(false, true, false), "somebody deleted an object");
        assert!(!is_whole(false, false, true), "of a whole site new ones may have come");
    }
}
