//! What one `JiraProject` object is to be: a pure function of what Jira answered and what stands
//! there.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use crate::{
    api::{
        condition::{ConditionType, Finding, conditions, find, is_true, put},
        project::{JiraProject, JiraProjectStatus, Lifecycle, RequestTypeEntry},
        ready::project_ready,
        reason::Reason,
        requirements::TicketProjects,
    },
    atlassian::models::Project,
    diagnose::{
        DesksEvidence, ProjectsEvidence,
        judge::{desks::DeskSummary, project::ProjectFacts, project_with_desk, projects::ProjectSummary},
        request_type::{creatable, is_hidden, is_restricted},
    },
};

/// What one object is to be.
#[derive(Clone, Debug)]
pub struct PlannedProject {
    /// The key in the object's spec.
    pub key: String,
    /// The object, if it exists.
    pub existing: Option<JiraProject>,
    /// The status it is to have.
    pub status: JiraProjectStatus,
    /// Whether tickets are written there.
    pub is_for_tickets: bool,
}

impl PlannedProject {
    /// Whether anything but times differs from what is stored.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        self.existing.as_ref().and_then(|p| p.status.as_ref()) != Some(&self.status)
    }

    /// What the integration sums up of it.
    #[must_use]
    pub fn summary(&self) -> ProjectSummary {
        ProjectSummary::of(&self.key, self.status.lifecycle, &self.findings())
            .where_tickets_are_written(self.is_for_tickets)
    }

    /// What the integration sums up of its service desk, if it has one.
    #[must_use]
    pub fn desk_summary(&self) -> Option<DeskSummary> {
        DeskSummary::of(&self.key, &self.findings())
    }

    fn findings(&self) -> Vec<Finding> {
        [
            ConditionType::Accessible,
            ConditionType::Permitted,
            ConditionType::ServiceDeskReady,
        ]
        .iter()
        .filter_map(|type_| Finding::carried(*type_, &self.status.conditions))
        .collect()
    }
}

/// What the plan depends on besides Jira's answers.
#[derive(Clone, Copy, Debug)]
pub struct PlanInputs<'a> {
    /// The keys that spec names; absent where every project is in scope.
    pub named: Option<&'a [String]>,
    /// In which projects tickets are written.
    pub tickets: TicketProjects<'a>,
    /// What was answered about service desks; absent where the scopes do not cover them.
    pub desks: Option<&'a DesksEvidence>,
    /// Now.
    pub now: Timestamp,
}

/// Plans one object.
#[must_use]
pub fn planned(
    given: PlanInputs<'_>,
    key: &str,
    existing: Option<&JiraProject>,
    project: Option<&Project>,
    evidence: &ProjectsEvidence,
) -> PlannedProject {
    let held = project.map(|p| evidence.held_in(&p.id)).unwrap_or_default();
    let seen = ProjectFacts::as_found(key, project, given.tickets, evidence, &held);
    let before = existing.and_then(|p| p.status.clone()).unwrap_or_default();
    if seen.unanswered.is_some() && !before.conditions.is_empty() {
        // Jira gave no answer about this one project: its status keeps the last one.
        return PlannedProject {
            key: key.to_owned(),
            existing: existing.cloned(),
            status: before,
            is_for_tickets: seen.is_for_tickets,
        };
    }
    let mut findings = project_with_desk::judge(&seen, given.desks);
    carry_unanswered(&mut findings, &before);
    let generation = existing.and_then(|p| p.metadata.generation).unwrap_or(1);
    let now = Time(given.now);
    let (lifecycle, is_for_tickets) = (seen.lifecycle(), seen.is_for_tickets);
    let missing = lifecycle == Lifecycle::NotVisible;
    let mut status = JiraProjectStatus {
        observed_generation: Some(generation),
        conditions: conditions(
            &before.conditions,
            &findings,
            &project_ready(&findings),
            generation,
            &now,
        ),
        lifecycle,
        permissions: held.into_iter().collect(),
        missing_since: missing.then(|| before.missing_since.clone().unwrap_or_else(|| now.clone())),
        last_changed: before.last_changed.clone(),
        ..describe(project, &before)
    };
    if let Some(types) = project.and_then(|project| request_types(given.desks?, &project.id)) {
        status.request_types = types;
    }
    // How its issues are synchronised is found out after this, where it can be read.
    if let Some(synced) = find(&before.conditions, ConditionType::Synced) {
        status.conditions.push(synced.clone());
        if !is_true(&status.conditions, ConditionType::Accessible) {
            let skipped = Finding::plain(ConditionType::Synced, Reason::SkippedAfterAccessible);
            put(&mut status.conditions, &skipped, generation, &now);
        }
    }
    if lifecycle == Lifecycle::Archived {
        status.issues = None;
    }
    if status != before {
        status.last_changed = Some(now);
    }
    PlannedProject {
        key: key.to_owned(),
        existing: existing.cloned(),
        status,
        is_for_tickets,
    }
}

/// What Jira says of the project; of one that it no longer shows, what it said last.
fn describe(project: Option<&Project>, before: &JiraProjectStatus) -> JiraProjectStatus {
    let Some(project) = project else {
        return before.clone();
    };
    JiraProjectStatus {
        id: Some(project.id.clone()),
        key: Some(project.key.clone()),
        name: Some(project.name.clone()),
        project_type: Some(project.project_type_key.clone()),
        style: project.style.clone(),
        issue_types: before.issue_types.clone(),
        request_types: before.request_types.clone(),
        issues: before.issues.clone(),
        ..JiraProjectStatus::default()
    }
}

/// The request types of a project, where Jira answered about them.
fn request_types(desks: &DesksEvidence, project_id: &str) -> Option<Vec<RequestTypeEntry>> {
    let desk = desks.desks.get(project_id)?;
    let checked = desk.creatable.as_ref().and_then(|answer| answer.as_ref().ok());
    let types = desk.request_types.as_ref().ok()?.iter().map(|kind| {
        let may = creatable(kind, checked);
        let hindrances = [
            (may != Some(true) && is_hidden(kind), "Hidden"),
            (may != Some(true) && is_restricted(kind), "Restricted"),
            (may == Some(false), "NotCreatable"),
        ];
        RequestTypeEntry {
            id: kind.id.clone(),
            name: kind.name.clone(),
            blocked_by: hindrances
                .into_iter()
                .filter(|(is, _)| *is)
                .map(|(_, why)| why.to_owned())
                .collect(),
            ..RequestTypeEntry::default()
        }
    });
    Some(types.collect())
}

/// A service desk that Jira did not answer about keeps its last finding.
fn carry_unanswered(findings: &mut [Finding], before: &JiraProjectStatus) {
    for finding in findings.iter_mut().filter(|f| f.reason == Reason::NotChecked) {
        if let Some(last) = Finding::carried(finding.condition, &before.conditions) {
            *finding = last;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;
    use crate::{api::condition::reason_of, atlassian::error::JiraError, diagnose::DeskEvidence};

    /// One project does not answer, which says nothing of it.
    #[test]
    fn a_project_of_which_jira_tells_nothing_keeps_its_last_answer() {
        let usable = json!({"type": "Accessible", "status": "True", "reason": "ProjectVisible", "message": "",
            "lastTransitionTime": "2026-01-01T00:00:00Z"});
        let object = |status| {
            json!({"apiVersion": "jira-operator.dev/v1alpha1", "kind": "JiraProject", "metadata": {"name": "acme-sup"},
                "spec": {"integration": "acme", "key": "SUP"}, "status": status})
        };
        let known: JiraProject =
            serde_json::from_value(object(json!({"id": "10", "lifecycle": "Live", "conditions": [usable]}))).unwrap();
        let new: JiraProject = serde_json::from_value(object(json!({}))).unwrap();
        let mut evidence = ProjectsEvidence::default();
        evidence.unanswered.insert("SUP".into(), JiraError::Redirected);
        let given = PlanInputs {
            named: None,
            tickets: TicketProjects(Some(&[])),
            desks: None,
            now: Timestamp::UNIX_EPOCH,
        };
        let of = |existing| planned(given, "SUP", existing, None, &evidence);
        assert!(!of(Some(&known)).is_changed());
        let first = of(Some(&new)).status;
        let accessible = reason_of(&first.conditions, ConditionType::Accessible);
        assert_eq!(accessible, Some(Reason::NotChecked));
    }

    /// What Jira says may be raised is hindered by nothing, wherever the portal shows it.
    #[test]
    fn a_request_type_that_may_be_raised_is_told_without_hindrance() {
        let hindered = |may: bool| {
            let kind = json!({"id": "1", "name": "Ask", "groupIds": [], "restrictionStatus": "RESTRICTED",
                "canCreateRequest": may});
            let desk = DeskEvidence {
                request_types: Ok(vec![serde_json::from_value(kind).unwrap()]),
                creatable: None,
                forms: Vec::new(),
            };
            let desks = DesksEvidence {
                desks: [("10".to_owned(), desk)].into(),
                ..DesksEvidence::default()
            };
            request_types(&desks, "10").unwrap().remove(0).blocked_by
        };
        assert!(hindered(true).is_empty());
        assert_eq!(hindered(false), ["Hidden", "Restricted", "NotCreatable"]);
    }
}
