//! The mirror of issues: what is to be mirrored, what the cluster and the status say of the last time, and what is
//! said of it afterwards.

use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use tracing::info;

use super::{ProjectSync, Run, issue_sync::IssueSync, slice::Slice, workflows::note_statuses};
use crate::{
    api::{
        condition::Finding,
        integration::{MirrorMode, ProjectCounts},
        project::JiraProject,
    },
    cluster::error::describe,
    controller::{integration::observe::ObservedState, local_state::UnknownStatuses, reconcile_kind::ReconcileKind},
    sync::{
        issues::{
            self, ClusterMirror, IssueSyncSummary, MappingContext, MirrorError, MirrorScope, MirrorSettings,
            MirrorState, RunContext, StoredIssues, SyncReport, mirror_finding, price,
            project_status::{self, StatusInputs},
            restore, scope,
        },
        phase::Phases,
        run_costs::sweeps,
    },
};

/// How long changes may be late in Jira's index: usually seconds, after bulk changes minutes.
const OVERLAP: SignedDuration = SignedDuration::from_mins(10);

/// What the steps before know that decides what is done.
pub struct IssueInputs<'a> {
    /// The synchronisation of the projects.
    pub projects: Option<&'a ProjectSync>,
    /// What was said of it.
    pub synced: Option<&'a Finding>,
    /// Statuses that no workflow is known to have.
    pub unknown_statuses: UnknownStatuses,
}

/// The mirror as it is remembered, or as it is read from the cluster.
struct Recalled {
    state: MirrorState,
    /// An issue has no object, or one that cannot be read.
    has_lost: bool,
}

/// Synchronises the mirror of issues for a slice.
pub async fn sync(run: Run<'_>, slice: &Slice<'_>, known: &[JiraProject], inputs: IssueInputs<'_>) -> IssueSync {
    let (observed, spec) = (run.observed, &run.observed.integration.spec);
    let mut done = IssueSync::of(observed, inputs.unknown_statuses);
    let mirror = ClusterMirror::new(&run.ctx.client, &observed.owner());
    let mut kept = run.ctx.mirrors.of(&observed.target.owner.uid).lock_owned().await;
    let is_whole = knows_all(observed, inputs.projects, known);
    let scope = scope(spec, slice.site_url, known, is_whole);
    let recalled = recall(run, slice.kind, &mut kept, &mirror, known).await;
    let Recalled { mut state, has_lost } = match recalled {
        Ok(recalled) => recalled,
        Err(error) => {
            done.fail(&describe(&error));
            return done;
        }
    };
    scope.review(&mut state);
    let (was_filling, started) = (state.is_filling(), Instant::now());
    let is_wanted = slice.requested || has_lost || done.is_relist_due;
    let (report, ended) = mirror_issues(run, slice, (&mirror, &scope), &mut state, is_wanted).await;
    // What came after the listing, or is left of it, resumes in the next reconciliation.
    let is_listed = ended.is_ok() || state.listing.has_swept(observed.now);
    done.is_relist_due |= has_lost;
    if is_listed && !was_filling && slice.kind != ReconcileKind::Resume {
        done.is_relist_due = false;
    }
    scope.note_filters(&mut state);
    let told = StatusInputs {
        scope: &scope,
        state: &state,
        report: &report,
        failed: ended.is_err(),
        mirrors: spec.issues().mirror != MirrorMode::None,
        now: observed.now,
    };
    let written = project_status::write(&run.ctx.client, known, &told).await;
    if note_statuses(&mut done.unknown_statuses, &report.statuses, known) {
        done.resume(observed.now);
    }
    let pending = observed.local.work.request.as_ref();
    let awaited = (slice.requested && was_filling) || pending.is_some_and(|request| request.is_listing_due);
    if awaited && ended.is_ok() {
        done.is_listing_due = true;
        done.resume(Timestamp::now());
    }
    let listed = price(
        &state,
        spec.issues().mirror,
        most_objects(observed),
        scope.followed.len(),
    );
    let mut summary = IssueSyncSummary::of(&state, &report, listed, started);
    if !matches!(written, Ok(true)) {
        // Where a project could not be told up to when it was followed, a process that starts anew begins from where
        // all stood before.
        let before = observed.status.sync.as_ref().and_then(|sync| sync.cursor.as_ref());
        summary.cursor = before.and_then(|cursor| cursor.parse().ok());
    }
    done.summary = Some(summary);
    let finding = mirror_finding::finding(spec, &state, &report, most_objects(observed));
    *kept = Some(state);
    done.tell(
        observed,
        slice.kind,
        (&report, ended.is_ok()),
        finding,
        (inputs.synced, known.len()),
    );
    done.conclude(ended, written, inputs.projects);
    done
}

/// What is remembered, or what the cluster has. A full reconciliation checks whether the objects are as they are
/// remembered.
async fn recall(
    run: Run<'_>,
    kind: ReconcileKind,
    kept: &mut Option<MirrorState>,
    mirror: &ClusterMirror,
    known: &[JiraProject],
) -> kube::Result<Recalled> {
    let Some(state) = kept else {
        let found = read(run, mirror).await?;
        let has_lost = found.is_in_doubt();
        let state = restore(run.observed.status.sync.as_ref(), known, found);
        return Ok(Recalled { state, has_lost });
    };
    let mut has_lost = false;
    if kind == ReconcileKind::Full
        && !mirror
            .is_as_known(state.objects.index(), &state.objects.orphaned)
            .await?
    {
        let found = read(run, mirror).await?;
        has_lost = found.lacks_any_of(state.objects.index());
        state.reload(found);
    }
    // Taken, so that a reconciliation that is broken off leaves nothing half done: it is read from the cluster then.
    let state = kept.take().unwrap_or_default();
    Ok(Recalled { state, has_lost })
}

async fn read(run: Run<'_>, mirror: &ClusterMirror) -> kube::Result<StoredIssues> {
    let found = mirror.read().await?;
    if let Some((object, _)) = found.orphaned.first_key_value() {
        let (namespace, name) = (&run.observed.target.namespace, &run.observed.target.integration);
        let count = found.orphaned.len();
        info!(
            namespace,
            name, object, count, "JiraIssues that tell of no issue are written anew or removed"
        );
    }
    Ok(found)
}

async fn mirror_issues(
    run: Run<'_>,
    slice: &Slice<'_>,
    (mirror, scope): (&ClusterMirror, &MirrorScope),
    state: &mut MirrorState,
    requested: bool,
) -> (SyncReport, Result<(), MirrorError>) {
    let spec = &run.observed.integration.spec;
    let issues = spec.issues();
    let phases = Phases::new(&spec.status_mapping);
    let max = most_objects(run.observed);
    let claimed = run
        .ctx
        .claims
        .of(&run.observed.target.namespace, &run.observed.target.integration);
    let settings = MirrorSettings {
        mapping: MappingContext {
            site_url: slice.site_url,
            phases: &phases,
            projects: &scope.followed,
        },
        mode: issues.mirror,
        max,
        followed: &scope.followed,
        held: &scope.held,
        archived: &scope.archived,
        claimed: &claimed,
        is_whole: scope.is_whole,
        overlap: OVERLAP,
        confirm_after: run.ctx.deletion_delay,
        sweep_every: sweeps(price(state, issues.mirror, max, scope.followed.len())).1,
    };
    let context = RunContext {
        now: run.observed.now,
        is_over: &|| slice.is_over(),
        requested,
        slice: slice.kind == ReconcileKind::Resume,
    };
    issues::run(slice.session, mirror, &settings, context, state).await
}

fn most_objects(observed: &ObservedState) -> usize {
    usize::try_from(observed.integration.spec.issues().max_objects).unwrap_or(1)
}

/// Whether these objects are those of all projects in scope: a full reconciliation has just written them, or
/// the projects are named and each of them is as it was. Of a whole site's projects only a full one knows which are new.
fn knows_all(observed: &ObservedState, projects: Option<&ProjectSync>, known: &[JiraProject]) -> bool {
    let Some(projects) = projects.filter(|projects| projects.succeeded) else {
        return false;
    };
    let counted = observed.status.projects.as_ref().and_then(ProjectCounts::all);
    let as_counted = counted.and_then(|all| usize::try_from(all).ok()) == Some(known.len());
    is_whole(
        projects.is_full,
        observed.integration.spec.projects.is_some(),
        as_counted,
    )
}

/// Whether the objects that were found are those of all projects in scope.
const fn is_whole(is_full: bool, are_named: bool, as_counted: bool) -> bool {
    is_full || (are_named && as_counted)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An issue that moved to a project that nobody named goes with an incremental reconciliation.
    #[test]
    fn an_incremental_reconciliation_knows_all_projects_where_they_are_named() {
        assert!(is_whole(true, false, false));
        assert!(is_whole(false, true, true));
        assert!(!is_whole(false, true, false), "somebody deleted an object");
        assert!(!is_whole(false, false, true), "of a whole site new ones may have come");
    }
}
