//! What answers come to, all of them: a pure function, so that the same evidence always gives the same findings.

use std::collections::BTreeMap;

use super::order::{Next, assess};
use crate::{
    api::{
        condition::{ConditionType, Finding},
        integration::ProjectCounts,
        reason::Reason,
    },
    atlassian::models::Project,
    diagnose::{
        declared::DeclaredSpec,
        evidence::{Evidence, ProjectsEvidence},
        judge::{self, desks::DeskSummary, project::ProjectFacts, project_with_desk, projects::ProjectSummary},
    },
};

/// What was found about one site.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// About the integration, in the order of the steps; those that were skipped too.
    pub integration: Vec<Finding>,
    /// About each project in scope, by key.
    pub projects: BTreeMap<String, Vec<Finding>>,
    /// How many projects there are, where that was found out.
    pub counts: Option<ProjectCounts>,
}

/// Judges what was answered.
#[must_use]
pub fn judge(evidence: &Evidence) -> Findings {
    let judged = assess(evidence);
    let mut findings = Findings {
        integration: judged.findings,
        ..Findings::default()
    };
    match (judged.next, &evidence.projects) {
        (Next::Stop(stop), _) => skip_after(stop.after, &mut findings.integration),
        (Next::Nothing | Next::Related(_), Some(Ok(projects))) => judge_projects(evidence, projects, &mut findings),
        _ => {}
    }
    findings
}

/// Says of the conditions that were not checked after which one they are skipped.
fn skip_after(cause: ConditionType, findings: &mut Vec<Finding>) {
    // Authorized and Synced are not Jira's to answer; of desks nothing is known by then.
    let elsewhere = [
        ConditionType::Authorized,
        ConditionType::Synced,
        ConditionType::ServiceDesksReady,
    ];
    for step in ConditionType::STEPS {
        if elsewhere.contains(&step) || findings.iter().any(|found| found.condition == step) {
            continue;
        }
        let found = findings.iter().find(|found| found.condition == cause);
        let plain = || Finding::plain(step, Reason::skipped_after(cause));
        let skipped = found.map_or_else(plain, |found| found.skips(step));
        findings.push(skipped);
    }
}

fn judge_projects(evidence: &Evidence, projects: &ProjectsEvidence, findings: &mut Findings) {
    let declared = &evidence.declared;
    let (mut summaries, mut desks) = (Vec::new(), Vec::new());
    for (key, project) in in_scope(declared, projects) {
        let held = project.map(|p| projects.held_in(&p.id)).unwrap_or_default();
        let seen = ProjectFacts::as_found(key, project, declared.ticket_projects(), projects, &held);
        let found = project_with_desk::judge(&seen, evidence.desks.as_ref());
        summaries
            .push(ProjectSummary::of(key, seen.lifecycle(), &found).where_tickets_are_written(seen.is_for_tickets));
        desks.extend(DeskSummary::of(key, &found));
        findings.projects.insert(key.to_owned(), found);
    }
    findings.counts = Some(judge::projects::count(&summaries, declared.ticket_projects()));
    let directory = evidence.directory.iter();
    let statuses = evidence.statuses.iter();
    let around = [judge::projects::judge(&summaries, projects.any_visible())]
        .into_iter()
        .chain(directory.map(|directory| judge::directory::judge(&declared.pinned, directory)))
        .chain(judge::desks::judge(&desks, evidence.desks.as_ref()))
        .chain(statuses.map(|statuses| judge::mapping::judge(&declared.status_mapping, statuses)));
    findings.integration.extend(around);
}

/// The projects in scope by key: those that spec names, else every live one and those that were
/// seen before and are archived, in the trash, or in no list now.
fn in_scope<'e>(declared: &'e DeclaredSpec, projects: &'e ProjectsEvidence) -> BTreeMap<&'e str, Option<&'e Project>> {
    if let Some(named) = &declared.projects {
        return named.iter().map(|key| (key.as_str(), projects.by_key(key))).collect();
    }
    let gone = |project: &Project| project.archived || project.deleted;
    let lost = declared
        .known
        .iter()
        .filter_map(|known| match projects.found.get(&known.id) {
            Some(found) if !gone(found) => None,
            found => Some((known.key.as_str(), found)),
        });
    let keys = projects.live().map(|project| project.key.as_str());
    let live = keys.map(|key| (key, projects.by_key(key)));
    lost.chain(live).collect()
}
