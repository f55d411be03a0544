//! What is to be mirrored, as the spec and the known projects say, and what the cluster has of the
//! last time: pure functions.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::{
    cluster::StoredIssues,
    followed::FollowedProjects,
    issue_counts::IssueCounts,
    listing_state::ListingState,
    objects::ObjectState,
    project_state::{ProjectState, SyncPhase},
    query::FollowedProject,
    scan_state::ScanState,
    state::MirrorState,
};
use crate::api::{
    condition::{ConditionType, is_true},
    integration::{JiraIntegrationSpec, MirrorMode, SyncStatus},
    project::{IssueTypeEntry, JiraProject, Lifecycle},
    requirements::SERVICE_DESK,
};

/// The projects of an integration, as far as their issues are concerned.
#[derive(Clone, Debug, Default)]
pub struct MirrorScope {
    /// Those that can be read.
    pub followed: FollowedProjects,
    /// Ids of those that cannot be read now.
    pub held: BTreeSet<String>,
    /// Ids of those that are archived.
    pub archived: BTreeSet<String>,
    /// Whether these are all that are in scope. An object that was deleted, or that has no status
    /// yet, is no project that went out of it.
    pub is_whole: bool,
    /// Under which settings each is to be mirrored, by id.
    filters: BTreeMap<String, String>,
    /// Stands for the names and categories of the statuses and issue types of each, as far as they are
    /// known, by id.
    workflows: BTreeMap<String, String>,
}

/// Whether it is known which project of Jira's it is. Where that of one is not, any project may be it.
fn is_identified(project: &JiraProject) -> bool {
    project.status.as_ref().is_some_and(|status| status.id.is_some())
}

/// Sorts the projects. `diagnosed` says that a full reconciliation has just written an object for each of them.
#[must_use]
pub fn scope(spec: &JiraIntegrationSpec, site_url: &str, known: &[JiraProject], diagnosed: bool) -> MirrorScope {
    let mut scope = MirrorScope {
        is_whole: diagnosed && known.iter().all(is_identified),
        ..MirrorScope::default()
    };
    for project in known {
        let Some(status) = &project.status else { continue };
        let Some(id) = status.id.clone() else { continue };
        let key = status.key.clone().unwrap_or_else(|| project.spec.key.clone());
        let readable = status.lifecycle == Lifecycle::Live && is_true(&status.conditions, ConditionType::Accessible);
        if status.lifecycle == Lifecycle::Archived {
            scope.archived.insert(id);
        } else if readable {
            let named = spec
                .projects
                .iter()
                .flatten()
                .find(|named| named.key == project.spec.key);
            let jql = named.and_then(|named| named.jql.clone());
            scope
                .filters
                .insert(id.clone(), filter(spec, site_url, &key, jql.as_deref()));
            if !status.issue_types.is_empty() {
                scope.workflows.insert(id.clone(), workflow(&status.issue_types));
            }
            scope.followed.push(FollowedProject {
                id,
                key,
                declared: project.spec.key.clone(),
                jql,
                is_desk: status.project_type.as_deref() == Some(SERVICE_DESK),
            });
        } else {
            scope.held.insert(id);
        }
    }
    scope
}

/// Stands for everything that decides what is mirrored of a project, and how.
fn filter(spec: &JiraIntegrationSpec, site_url: &str, key: &str, jql: Option<&str>) -> String {
    let mode = spec.issues().mirror;
    if mode == MirrorMode::None {
        // They are only counted.
        return digest(&format!("{mode:?}\n{}", jql.unwrap_or_default()));
    }
    let rules = serde_json::to_string(&spec.status_mapping).unwrap_or_default();
    digest(&format!(
        "{mode:?}\n{site_url}\n{key}\n{}\n{rules}",
        jql.unwrap_or_default()
    ))
}

/// Stands for what statuses and issue types are called, and where statuses belong: a change of that
/// touches no issue's time.
fn workflow(types: &[IssueTypeEntry]) -> String {
    let mut text = String::new();
    for kind in types {
        text.extend([kind.id.as_str(), "\n", kind.name.as_str(), "\n"]);
        for status in &kind.statuses {
            text.extend([
                status.id.as_str(),
                "\n",
                status.name.as_str(),
                "\n",
                status.category.as_str(),
                "\n",
            ]);
        }
    }
    digest(&text)
}

fn digest(text: &str) -> String {
    format!("{:.12x}", Sha256::digest(text))
}

impl MirrorScope {
    /// Projects that were mirrored under other settings are mirrored anew.
    pub fn review(&self, state: &mut MirrorState) {
        for project in self.followed.iter() {
            let now = self.filters.get(&project.id);
            let before = state.projects.filter(&project.id);
            if before.is_some() && before != now {
                state.projects.of(&project.id).settings_changed();
                // What is queued was listed under the former settings.
                state.stop_filling();
            }
        }
        self.review_workflows(state);
    }

    /// All issues of a project are verified whose statuses or types were renamed.
    fn review_workflows(&self, state: &mut MirrorState) {
        for (id, project) in state.projects.iter_mut() {
            if !self.filters.contains_key(id) && !self.held.contains(id) {
                project.forget_workflow();
            }
        }
        for (id, now) in &self.workflows {
            if state.projects.of(id).workflow_changes(now) {
                let index = state.objects.index().iter();
                let of_project = index.filter(|(_, entry)| entry.project_id == *id);
                state.verify.queue(of_project.map(|(issue, _)| issue));
            }
        }
    }

    /// Notes under which settings projects are mirrored now, or are being mirrored.
    pub fn note_filters(&self, state: &mut MirrorState) {
        for project in self.followed.iter() {
            let is_begun = !state.projects.phase(&project.id).is_unlisted();
            if is_begun && let Some(filter) = self.filters.get(&project.id) {
                state.projects.of(&project.id).filter = Some(filter.clone());
            }
        }
        let projects = state.projects.iter_mut();
        let archived = projects.filter(|(id, _)| self.archived.contains(*id));
        archived.for_each(|(_, project)| project.filter = None);
    }
}

/// The memory as the status and the objects keep it across a restart.
#[must_use]
pub fn restore(sync: Option<&SyncStatus>, known: &[JiraProject], found: StoredIssues) -> MirrorState {
    let time = |text: &String| text.parse::<Timestamp>().ok();
    let cursor = sync.and_then(|sync| sync.cursor.as_ref()).and_then(time);
    let last_sweep = sync.and_then(|sync| sync.last_sweep_time.as_ref()).map(|at| at.0);
    let removed = sync.and_then(|sync| sync.removed).unwrap_or_default();
    let mut state = MirrorState {
        scan: ScanState::at(cursor.map(Timestamp::as_millisecond), false),
        listing: ListingState::restored(last_sweep),
        objects: ObjectState::restored(found, removed),
        ..MirrorState::default()
    };
    for status in known.iter().filter_map(|project| project.status.as_ref()) {
        let (Some(id), Some(issues)) = (&status.id, &status.issues) else {
            continue;
        };
        let count = |number: i64| usize::try_from(number).unwrap_or_default();
        let counts = IssueCounts {
            open: issues.open.map(count),
            matching: issues.matching.or(issues.open).map(count),
            about: issues.approximate,
            as_of: issues.as_of.0,
        };
        let behind = issues.cursor.as_ref().and_then(time);
        let phase = match (&issues.filter, behind) {
            // Without a cursor it is unknown which changes were seen.
            _ if cursor.is_none() => SyncPhase::NEW,
            (None, since) => SyncPhase::Initial {
                resumed: true,
                since: since.map(Timestamp::as_millisecond),
            },
            (Some(_), Some(behind)) => SyncPhase::CatchingUp(behind.as_millisecond()),
            (Some(_), None) => SyncPhase::Live,
        };
        let filter = issues.filter.as_ref().or(issues.filling.as_ref());
        let project = ProjectState::restored(phase, filter.cloned(), counts);
        state.projects.insert(id.clone(), project);
    }
    let is_estimated = state.projects.all_counts().any(|counts| counts.about);
    state.objects.is_truncated = is_estimated;
    state
}

impl MirrorScope {
    /// Under which settings the project is to be mirrored.
    #[must_use]
    pub fn filter_of(&self, project_id: &str) -> Option<&String> {
        self.filters.get(project_id)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;
    use crate::sync::issues::index::{IndexEntry, StoredObject};

    fn project(status_name: &str) -> JiraProject {
        let status = json!({"id": "7", "name": status_name, "category": "indeterminate", "phase": "Waiting"});
        let accessible = json!({"type": "Accessible", "status": "True", "reason": "ProjectVisible", "message": "",
            "lastTransitionTime": "2026-01-01T00:00:00Z"});
        serde_json::from_value(json!({
            "apiVersion": "jira-operator.dev/v1alpha1", "kind": "JiraProject", "metadata": {"name": "acme-eng"},
            "spec": {"integration": "acme", "key": "ENG"},
            "status": {"id": "10", "key": "ENG", "lifecycle": "Live", "conditions": [accessible],
                "issueTypes": [{"id": "1", "name": "Task", "statuses": [status]}]}
        }))
        .unwrap()
    }

    #[test]
    fn what_is_in_scope_is_known_when_each_project_is() {
        let spec: JiraIntegrationSpec = serde_json::from_value(json!({
            "site": "https://acme.atlassian.net", "secretRef": {"name": "x"}, "projects": [{"key": "ENG"}, {"key": "OPS"}],
        }))
        .unwrap();
        let mut unknown = project("To Do");
        unknown.status.as_mut().unwrap().id = None;
        let mut unwritten = project("To Do");
        unwritten.status = None;
        let is_whole = |known: &[JiraProject]| scope(&spec, "https://acme.atlassian.net", known, true).is_whole;
        assert!(is_whole(&[project("To Do")]));
        assert!(
            !is_whole(&[project("To Do"), unknown]),
            "any project may be the one that was never found"
        );
        assert!(!is_whole(&[project("To Do"), unwritten]));
    }

    fn entry(id: u64, project_id: &str) -> IndexEntry {
        IndexEntry {
            id,
            stored: StoredObject::default(),
            project_id: project_id.to_owned(),
            updated: 0,
            is_open: true,
            digest: 0,
        }
    }

    /// The name of a status touches no issue: the mirrored ones of its project are verified.
    #[test]
    fn where_a_status_is_renamed_its_projects_issues_are_verified() {
        let spec = json!({"site": "https://acme.atlassian.net", "secretRef": {"name": "acme-oauth"}});
        let spec: JiraIntegrationSpec = serde_json::from_value(spec).unwrap();
        let mut state = MirrorState::default();
        let mut found = StoredIssues::default();
        found.index.insert(1, entry(1, "10"));
        found.index.insert(2, entry(2, "11"));
        state.reload(found);
        for (name, waiting) in [("Waiting", 0), ("Waiting", 0), ("On hold", 1), ("On hold", 1)] {
            let scope = scope(&spec, "https://acme.atlassian.net", &[project(name)], true);
            scope.review(&mut state);
            assert_eq!(state.verify.queued().len(), waiting, "{name}");
        }
        assert_eq!(*state.verify.queued(), [1]);
    }
}
