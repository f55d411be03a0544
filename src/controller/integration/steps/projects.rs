//! Writes the projects as objects, by what was found of them, and sums them up.

use super::{ProjectSync, Run, StepError, synced};
use crate::{
    api::{
        condition::{ConditionType, Finding},
        integration::ProjectCounts,
        project::JiraProject,
        reason::Reason,
    },
    cluster::error::{WriteError, describe},
    diagnose::{
        DesksEvidence, ProjectsEvidence,
        judge::{self, desks::DeskSummary, projects::ProjectSummary},
    },
    sync::projects::{
        PlanInputs, PlannedProject,
        apply::{self, Applied, ApplyFailure},
        plan,
    },
};

/// What writing the projects led to.
pub struct WrittenProjects {
    /// What is said of the projects, their service desks and the synchronisation.
    pub findings: Vec<Finding>,
    /// There are no service projects.
    pub lacks_desks: bool,
    /// How many projects there are.
    pub counts: ProjectCounts,
    /// What was written; nothing while the namespace is being deleted.
    pub sync: Option<ProjectSync>,
    /// The projects as they stand in the cluster.
    pub known: Result<Vec<JiraProject>, StepError>,
}

/// Plans what the objects are to be, writes what differs and sums it up.
pub async fn write(
    run: Run<'_>,
    known: Vec<JiraProject>,
    evidence: &ProjectsEvidence,
    desks: Option<&DesksEvidence>,
) -> WrittenProjects {
    let (observed, named) = (run.observed, run.observed.named_projects());
    let inputs = PlanInputs {
        named: named.as_deref(),
        tickets: observed.integration.spec.ticket_projects(),
        desks,
        now: observed.now,
    };
    let plan = plan(inputs, &known, evidence);
    let summaries: Vec<ProjectSummary> = plan.entries.iter().map(PlannedProject::summary).collect();
    let of_desks: Vec<DeskSummary> = plan.entries.iter().filter_map(PlannedProject::desk_summary).collect();
    let desks = judge::desks::judge(&of_desks, desks);
    let mut findings = vec![judge::projects::judge(&summaries, evidence.any_visible())];
    let lacks_desks = desks.is_none();
    findings.extend(desks);
    let applied = apply::apply(&run.ctx.client, &observed.owner(), &plan).await;
    let now_known = applied.leaves(known);
    let finding = told(&applied, summaries.len());
    let is_told = finding.is_some();
    findings.extend(finding);
    WrittenProjects {
        findings,
        lacks_desks,
        counts: judge::projects::count(&summaries, inputs.tickets),
        sync: is_told.then(|| ProjectSync {
            is_full: true,
            succeeded: applied.failures.is_empty(),
            applied,
        }),
        known: if is_told { Ok(now_known) } else { Err(StepError::Quiet) },
    }
}

/// What is said of the synchronisation; nothing while the namespace is being deleted.
fn told(applied: &Applied, projects: usize) -> Option<Finding> {
    let Some((name, failure)) = applied.failures.first() else {
        return Some(synced(projects));
    };
    let why = match failure {
        ApplyFailure::Cluster(error) if matches!(WriteError::from_kube(error), WriteError::Terminating) => return None,
        ApplyFailure::Cluster(error) => describe(error),
        other @ (ApplyFailure::Unreadable(_) | ApplyFailure::Taken(_)) => other.to_string(),
    };
    // What needed no write is up to date.
    let reason = if applied.failures.len() >= projects {
        Reason::SyncFailed
    } else {
        Reason::SyncPartial
    };
    let more = match applied.failures.len() {
        1 => String::new(),
        count => format!(" and {} more", count - 1),
    };
    let what = format!("JiraProject {name}{more} could not be written: {why}.");
    Some(Finding::with_remedy(ConditionType::Synced, reason, &what))
}
