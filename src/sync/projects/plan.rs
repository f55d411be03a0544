//! What the `JiraProject` objects of an integration are to be: a pure function of what exists
//! and what Jira answered.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{
    planned::{PlanInputs, PlannedProject, planned},
    removal::ProjectRemoval,
};
use crate::{
    api::project::{JiraProject, Lifecycle},
    atlassian::models::Project,
    diagnose::ProjectsEvidence,
};

/// How long a project that is in no list keeps its object.
const KEPT_MISSING: SignedDuration = SignedDuration::from_hours(24 * 7);

/// All objects of an integration, and those that go.
#[derive(Clone, Debug, Default)]
pub struct ProjectPlan {
    /// Objects that are to be there.
    pub entries: Vec<PlannedProject>,
    /// Objects that go.
    pub removals: Vec<(JiraProject, ProjectRemoval)>,
}

/// Plans the objects.
#[must_use]
pub fn plan(given: PlanInputs<'_>, known: &[JiraProject], evidence: &ProjectsEvidence) -> ProjectPlan {
    let mut by_key: BTreeMap<&str, &JiraProject> = known.iter().map(|p| (p.spec.key.as_str(), p)).collect();
    let mut plan = ProjectPlan::default();
    if let Some(keys) = given.named {
        for key in keys {
            let existing = by_key.remove(key.as_str());
            plan.entries
                .push(planned(given, key, existing, evidence.by_key(key), evidence));
        }
        plan.removals = by_key
            .into_values()
            .map(|p| (p.clone(), ProjectRemoval::OutOfScope))
            .collect();
        return plan;
    }
    for project in evidence.live() {
        let existing = by_key.remove(project.key.as_str());
        plan.entries
            .push(planned(given, &project.key, existing, Some(project), evidence));
    }
    for project in by_key.into_values() {
        match lost(project, evidence, given.now) {
            Ok(found) => plan
                .entries
                .push(planned(given, &project.spec.key, Some(project), found, evidence)),
            Err(removal) => plan.removals.push((project.clone(), removal)),
        }
    }
    plan
}

/// A discovered project that is not among the live ones under its key: what is left of it, or
/// why it goes.
fn lost<'e>(
    known: &JiraProject,
    evidence: &'e ProjectsEvidence,
    now: Timestamp,
) -> Result<Option<&'e Project>, ProjectRemoval> {
    // It is unknown which project it was of.
    let Some(status) = &known.status else { return Ok(None) };
    let found = status.id.as_ref().and_then(|id| evidence.found.get(id));
    match found {
        _ if status.id.is_none() => Err(ProjectRemoval::OutOfScope),
        Some(project) if project.archived || project.deleted => Ok(Some(project)),
        Some(_) => Err(ProjectRemoval::Renamed),
        None if status.lifecycle == Lifecycle::Trashed => Err(ProjectRemoval::Deleted),
        None => match &status.missing_since {
            Some(since) if now.duration_since(since.0) >= KEPT_MISSING => Err(ProjectRemoval::Missing),
            _ => Ok(None),
        },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeSet;

    use super::*;
    use crate::api::{
        project::{JiraProjectSpec, JiraProjectStatus},
        reason::Reason,
        requirements::{TicketProjects, permission_keys},
    };

    fn project(id: &str, key: &str) -> Project {
        serde_json::from_value(serde_json::json!({"id": id, "key": key, "name": key, "projectTypeKey": "software"}))
            .unwrap()
    }

    fn evidence(projects: &[Project]) -> ProjectsEvidence {
        let all: BTreeSet<String> = permission_keys().into_iter().map(str::to_owned).collect();
        ProjectsEvidence {
            held: projects.iter().map(|p| (p.id.clone(), all.clone())).collect(),
            found: projects.iter().map(|p| (p.id.clone(), p.clone())).collect(),
            ..ProjectsEvidence::default()
        }
    }

    fn at(hours: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours)
    }

    fn all(hours: i64) -> PlanInputs<'static> {
        PlanInputs {
            named: None,
            tickets: TicketProjects(Some(&[])),
            desks: None,
            now: at(hours),
        }
    }

    fn stored(plan: &ProjectPlan) -> Vec<JiraProject> {
        plan.entries
            .iter()
            .map(|entry| {
                let mut object = JiraProject::new(
                    "x",
                    JiraProjectSpec {
                        integration: "acme".into(),
                        key: entry.key.clone(),
                    },
                );
                object.metadata.generation = Some(1);
                object.status = Some(entry.status.clone());
                object
            })
            .collect()
    }

    #[test]
    fn nothing_is_written_when_nothing_changed() {
        let found = evidence(&[project("1", "ENG"), project("2", "OPS")]);
        let first = plan(all(0), &[], &found);
        assert!(first.entries.iter().all(PlannedProject::is_changed));
        let second = plan(all(1), &stored(&first), &found);
        assert!(second.removals.is_empty() && !second.entries.iter().any(PlannedProject::is_changed));
    }

    #[test]
    fn a_vanished_project_stays_for_seven_days_and_a_deleted_one_goes() {
        let known = stored(&plan(all(0), &[], &evidence(&[project("1", "ENG")])));
        let missing = plan(all(1), &known, &evidence(&[]));
        assert_eq!(missing.entries.first().unwrap().status.lifecycle, Lifecycle::NotVisible);
        let still = plan(all(160), &stored(&missing), &evidence(&[]));
        assert_eq!(still.entries.len(), 1);
        let gone = plan(all(170), &stored(&still), &evidence(&[]));
        assert_eq!(gone.removals.first().unwrap().1, ProjectRemoval::Missing);

        let mut trashed = project("1", "ENG");
        trashed.deleted = true;
        let in_trash = plan(all(1), &known, &evidence(&[trashed]));
        assert_eq!(
            in_trash.entries.first().unwrap().summary().blocked.map(|f| f.reason),
            Some(Reason::ProjectInTrash)
        );
        let deleted = plan(all(2), &stored(&in_trash), &evidence(&[]));
        assert_eq!(deleted.removals.first().unwrap().1, ProjectRemoval::Deleted);
    }

    /// Of a status that cannot be read there is its id at best.
    #[test]
    fn a_project_of_which_little_is_known_stays_while_it_is_not_shown() {
        let mut known = stored(&plan(all(0), &[], &evidence(&[project("1", "ENG")])));
        let identity = known.first().unwrap().status.clone().unwrap().id;
        for status in [JiraProjectStatus {
            id: identity,
            ..JiraProjectStatus::default()
        }]
        .map(Some)
        .into_iter()
        .chain([None])
        {
            known.first_mut().unwrap().status = status;
            let missing = plan(all(1), &known, &evidence(&[]));
            assert!(missing.removals.is_empty(), "{:?}", missing.removals);
            assert_eq!(missing.entries.first().unwrap().status.lifecycle, Lifecycle::NotVisible);
        }
    }

    #[test]
    fn archived_projects_that_were_never_seen_live_get_no_object() {
        let mut archived = project("1", "OLD");
        archived.archived = true;
        assert!(plan(all(0), &[], &evidence(&[archived])).entries.is_empty());
    }

    #[test]
    fn a_renamed_project_is_replaced_when_discovered_and_kept_when_named() {
        let renamed = evidence(&[project("1", "NEW")]);
        let known = stored(&plan(all(0), &[], &evidence(&[project("1", "OLD")])));
        let discovered = plan(all(1), &known, &renamed);
        assert_eq!(discovered.removals.first().unwrap().1, ProjectRemoval::Renamed);
        assert_eq!(discovered.entries.first().unwrap().key, "NEW");

        let keys = ["OLD".to_owned()];
        let given = PlanInputs {
            named: Some(&keys),
            ..all(1)
        };
        let mut resolved = renamed;
        resolved.resolved.insert("OLD".into(), resolved.found.get("1").cloned());
        let named = plan(given, &known, &resolved);
        let entry = named.entries.first().unwrap();
        assert_eq!((entry.key.as_str(), entry.status.key.as_deref()), ("OLD", Some("NEW")));
        assert_eq!(entry.summary().blocked, None);
    }

    #[test]
    fn a_named_project_that_is_not_visible_has_its_object_too() {
        let keys = ["GHOST".to_owned()];
        let given = PlanInputs {
            named: Some(&keys),
            ..all(0)
        };
        let planned = plan(given, &[], &evidence(&[]));
        assert_eq!(
            planned.entries.first().unwrap().summary().blocked.map(|f| f.reason),
            Some(Reason::ProjectNotVisible)
        );
    }
}
