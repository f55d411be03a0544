//! What the `JiraProject` objects of an integration are to be: a pure function of what exists
//! and what Jira answered.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::removal::Removal;
use crate::{
    api::{
        condition::{ConditionType, Finding, conditions, is_true, ready},
        integration::Mode,
        project::{JiraProject, JiraProjectStatus, Lifecycle},
        reason::Reason,
    },
    atlassian::models::Project,
    diagnose::{
        evidence::ProjectsEvidence,
        judge::{
            project::{Seen, judge},
            projects::Summary,
        },
    },
};

/// How long a project that is in no list keeps its object.
const KEPT_MISSING: SignedDuration = SignedDuration::from_hours(24 * 7);

/// What one object is to be.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key in the object's spec.
    pub key: String,
    /// The object, if it exists.
    pub existing: Option<JiraProject>,
    /// The status it is to have.
    pub status: JiraProjectStatus,
}

impl Entry {
    /// Whether anything but times differs from what is stored.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        self.existing.as_ref().and_then(|p| p.status.as_ref()) != Some(&self.status)
    }

    /// What the integration sums up of it.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let why = |type_| {
            Finding::carried(type_, &self.status.conditions)
                .filter(|f| !f.is_true())
                .map(|f| f.reason)
        };
        Summary {
            key: self.key.clone(),
            visible: self.status.lifecycle == Lifecycle::Live,
            blocked: why(ConditionType::Accessible).or_else(|| why(ConditionType::Permitted)),
        }
    }
}

/// All objects of an integration, and those that go.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Objects that are to be.
    pub entries: Vec<Entry>,
    /// Objects that go.
    pub removals: Vec<(JiraProject, Removal)>,
}

/// What the plan depends on besides Jira's answers.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    /// The keys that spec names; absent where every project is in scope.
    pub named: Option<&'a [String]>,
    /// What the integration is to do.
    pub mode: Mode,
    /// Now.
    pub now: Timestamp,
}

/// Plans the objects.
#[must_use]
pub fn plan(given: Given<'_>, known: &[JiraProject], evidence: &ProjectsEvidence) -> Plan {
    let mut by_key: BTreeMap<&str, &JiraProject> = known.iter().map(|p| (p.spec.key.as_str(), p)).collect();
    let mut plan = Plan::default();
    if let Some(keys) = given.named {
        for key in keys {
            let existing = by_key.remove(key.as_str());
            plan.entries
                .push(entry(given, key, existing, evidence.by_key(key), evidence));
        }
        plan.removals = by_key.into_values().map(|p| (p.clone(), Removal::OutOfScope)).collect();
        return plan;
    }
    for project in evidence.live() {
        let existing = by_key.remove(project.key.as_str());
        plan.entries
            .push(entry(given, &project.key, existing, Some(project), evidence));
    }
    for project in by_key.into_values() {
        match lost(project, evidence, given.now) {
            Ok(found) => plan
                .entries
                .push(entry(given, &project.spec.key, Some(project), found, evidence)),
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
) -> Result<Option<&'e Project>, Removal> {
    let status = known.status.clone().unwrap_or_default();
    let found = status.id.as_ref().and_then(|id| evidence.found.get(id));
    match found {
        _ if status.id.is_none() => Err(Removal::OutOfScope),
        Some(project) if project.archived || project.deleted => Ok(Some(project)),
        Some(_) => Err(Removal::Renamed),
        None if status.lifecycle == Lifecycle::Trashed => Err(Removal::Deleted),
        None => match status.missing_since {
            Some(since) if now.duration_since(since.0) >= KEPT_MISSING => Err(Removal::Missing),
            _ => Ok(None),
        },
    }
}

fn entry(
    given: Given<'_>,
    key: &str,
    existing: Option<&JiraProject>,
    project: Option<&Project>,
    evidence: &ProjectsEvidence,
) -> Entry {
    let held = project.map(|p| evidence.held_in(&p.id)).unwrap_or_default();
    let seen = Seen {
        key,
        project,
        held: &held,
        mode: given.mode,
    };
    let before = existing.and_then(|p| p.status.clone()).unwrap_or_default();
    let findings = judge(&seen);
    let generation = existing.and_then(|p| p.metadata.generation).unwrap_or(1);
    let now = Time(given.now);
    let lifecycle = seen.lifecycle();
    let missing = lifecycle == Lifecycle::NotVisible;
    let mut status = JiraProjectStatus {
        observed_generation: Some(generation),
        conditions: conditions(
            &before.conditions,
            &findings,
            &ready(&findings, Reason::Usable, true),
            generation,
            &now,
        ),
        lifecycle,
        permissions: held.into_iter().collect(),
        missing_since: missing.then(|| before.missing_since.clone().unwrap_or_else(|| now.clone())),
        last_changed: before.last_changed.clone(),
        ..describe(project, &before)
    };
    if status != before {
        status.last_changed = Some(now);
    }
    Entry {
        key: key.to_owned(),
        existing: existing.cloned(),
        status,
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
        ..JiraProjectStatus::default()
    }
}

/// Ids of the known projects that were live and well enough to be confirmed in bulk.
#[must_use]
pub fn live_permissions(known: &[JiraProject]) -> BTreeMap<String, BTreeSet<String>> {
    known
        .iter()
        .filter_map(|p| p.status.as_ref())
        .filter(|status| status.lifecycle == Lifecycle::Live)
        .filter_map(|status| Some((status.id.clone()?, status.permissions.iter().cloned().collect())))
        .collect()
}

/// Ids and types of the known projects that are live.
#[must_use]
pub fn live_projects(known: &[JiraProject]) -> Vec<(String, String)> {
    let statuses = known.iter().filter_map(|p| p.status.as_ref());
    statuses
        .filter(|status| status.lifecycle == Lifecycle::Live)
        .filter_map(|status| Some((status.id.clone()?, status.project_type.clone().unwrap_or_default())))
        .collect()
}

/// Known projects that cannot be accessed: asked for again on every pass.
pub fn unwell(known: &[JiraProject]) -> impl Iterator<Item = &JiraProject> {
    known.iter().filter(|p| {
        let conditions = p.status.as_ref().map(|s| s.conditions.as_slice()).unwrap_or_default();
        !is_true(conditions, ConditionType::Accessible)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::api::{project::JiraProjectSpec, requirements::permission_keys};

    fn project(id: &str, key: &str) -> Project {
        serde_json::from_value(serde_json::json!({"id": id, "key": key, "name": key, "projectTypeKey": "software"}))
            .unwrap()
    }

    fn evidence(projects: &[Project]) -> ProjectsEvidence {
        let all: BTreeSet<String> = permission_keys(Mode::Enforce).into_iter().map(str::to_owned).collect();
        ProjectsEvidence {
            held: projects.iter().map(|p| (p.id.clone(), all.clone())).collect(),
            found: projects.iter().map(|p| (p.id.clone(), p.clone())).collect(),
            ..ProjectsEvidence::default()
        }
    }

    fn at(hours: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours)
    }

    fn all(hours: i64) -> Given<'static> {
        Given {
            named: None,
            mode: Mode::Enforce,
            now: at(hours),
        }
    }

    fn stored(plan: &Plan) -> Vec<JiraProject> {
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
        assert!(first.entries.iter().all(Entry::is_changed));
        let second = plan(all(1), &stored(&first), &found);
        assert!(second.removals.is_empty() && !second.entries.iter().any(Entry::is_changed));
    }

    #[test]
    fn a_vanished_project_stays_for_seven_days_and_a_deleted_one_goes() {
        let known = stored(&plan(all(0), &[], &evidence(&[project("1", "ENG")])));
        let missing = plan(all(1), &known, &evidence(&[]));
        assert_eq!(missing.entries.first().unwrap().status.lifecycle, Lifecycle::NotVisible);
        let still = plan(all(160), &stored(&missing), &evidence(&[]));
        assert_eq!(still.entries.len(), 1);
        let gone = plan(all(170), &stored(&still), &evidence(&[]));
        assert_eq!(gone.removals.first().unwrap().1, Removal::Missing);

        let mut trashed = project("1", "ENG");
        trashed.deleted = true;
        let in_trash = plan(all(1), &known, &evidence(&[trashed]));
        assert_eq!(
            in_trash.entries.first().unwrap().summary().blocked,
            Some(Reason::ProjectInTrash)
        );
        let deleted = plan(all(2), &stored(&in_trash), &evidence(&[]));
        assert_eq!(deleted.removals.first().unwrap().1, Removal::Deleted);
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
        assert_eq!(discovered.removals.first().unwrap().1, Removal::Renamed);
        assert_eq!(discovered.entries.first().unwrap().key, "NEW");

        let keys = ["OLD".to_owned()];
        let given = Given {
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
    fn a_named_project_that_nobody_sees_has_its_object_too() {
        let keys = ["GHOST".to_owned()];
        let given = Given {
            named: Some(&keys),
            ..all(0)
        };
        let planned = plan(given, &[], &evidence(&[]));
        assert_eq!(
            planned.entries.first().unwrap().summary().blocked,
            Some(Reason::ProjectNotVisible)
        );
    }
}
