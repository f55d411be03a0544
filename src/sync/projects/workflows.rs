//! Issue types, statuses and the phases that they stand for: asked for once a day and on request, one
//! call a project, and mapped again without a call when the rules change.

use std::{
    collections::{BTreeSet, HashMap},
    hash::{DefaultHasher, Hash, Hasher},
};

use futures::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};

use crate::{
    api::{
        condition::{ConditionType, is_true},
        integration::StatusMapping,
        project::{IssueTypeEntry, JiraProject, JiraProjectStatus, Lifecycle, StatusEntry},
    },
    atlassian::{error::JiraError, jira::Session, models::IssueTypeStatuses},
    sync::phase::Phases,
};

/// How old what is known may become.
const EVERY: SignedDuration = SignedDuration::from_hours(24);
/// How many calls are in flight.
const IN_FLIGHT: usize = 8;

/// A refresh of the workflows of all projects, over as many passes as it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkflowRefresh {
    /// When it began.
    pub since: Timestamp,
    /// Names of the objects that are refreshed.
    pub done: BTreeSet<String>,
}

impl WorkflowRefresh {
    /// The refresh that is under way, or a new one where one is due: on request, and when the last is
    /// a day old.
    #[must_use]
    pub fn due(under_way: Option<Self>, last: Option<Timestamp>, requested: bool, now: Timestamp) -> Option<Self> {
        let old = |last: Timestamp| {
            let ago = now.duration_since(last);
            ago >= EVERY || ago.is_negative()
        };
        if !requested && (under_way.is_some() || !last.is_none_or(old)) {
            return under_way;
        }
        Some(Self {
            since: now,
            done: BTreeSet::new(),
        })
    }
}

/// Which projects are asked for: those that are not refreshed yet, those of which nothing is known yet, and the
/// doubtful ones, which may have changed, by the names of their objects.
#[must_use]
pub fn due<'k>(
    known: &'k [JiraProject],
    refresh: Option<&WorkflowRefresh>,
    doubtful: &BTreeSet<String>,
) -> Vec<&'k JiraProject> {
    let is_due = |project: &&JiraProject| {
        let Some(status) = &project.status else { return false };
        let readable = status.lifecycle == Lifecycle::Live && is_true(&status.conditions, ConditionType::Accessible);
        let name = project.metadata.name.as_ref();
        let ahead = refresh.is_some_and(|refresh| name.is_none_or(|name| !refresh.done.contains(name)));
        let doubted = name.is_some_and(|name| doubtful.contains(name));
        let fresh = refresh.is_none() && status.issue_types.is_empty();
        readable && status.id.is_some() && (ahead || fresh || doubted)
    };
    known.iter().filter(is_due).collect()
}

/// What a project was answered, by its name as an object.
pub type WorkflowAnswers = Vec<(String, Result<Vec<IssueTypeStatuses>, JiraError>)>;

/// Asks for the workflows of these projects until the time is over. Whether any is left.
pub async fn ask(
    jira: &Session,
    projects: Vec<&JiraProject>,
    is_over: &(dyn Fn() -> bool + Sync),
) -> (WorkflowAnswers, bool) {
    let mut answers = WorkflowAnswers::new();
    let mut left = false;
    for group in projects.chunks(IN_FLIGHT) {
        let limited = answers
            .iter()
            .any(|(_, answer)| matches!(answer, Err(JiraError::RateLimited(_))));
        if limited || is_over() {
            left = true;
            break;
        }
        let calls = group.iter().map(|project| async {
            let id = project
                .status
                .as_ref()
                .and_then(|status| status.id.clone())
                .unwrap_or_default();
            (
                project.metadata.name.clone().unwrap_or_default(),
                jira.project_workflows(&id).await,
            )
        });
        let calls: Vec<_> = calls.collect();
        answers.extend(
            stream::iter(calls)
                .buffer_unordered(IN_FLIGHT)
                .collect::<Vec<_>>()
                .await,
        );
    }
    (answers, left)
}

/// Which objects have the phases that the rules give them, each by its resource version. So statuses are mapped
/// again only where the rules, an answer or the object changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MappedProjects {
    rules: u64,
    versions: HashMap<String, String>,
}

impl MappedProjects {
    /// What holds under these rules; nothing where they are others than before.
    #[must_use]
    pub fn under(self, rules: &[StatusMapping]) -> Self {
        let mut hasher = DefaultHasher::new();
        serde_json::to_string(rules).unwrap_or_default().hash(&mut hasher);
        let rules = hasher.finish();
        if self.rules == rules {
            return self;
        }
        Self {
            rules,
            versions: HashMap::new(),
        }
    }

    /// Whether the object has its phases.
    #[must_use]
    pub fn is_mapped(&self, project: &JiraProject) -> bool {
        let version = project.metadata.name.as_ref().and_then(|name| self.versions.get(name));
        version.is_some() && version == project.metadata.resource_version.as_ref()
    }

    /// It has its phases.
    pub fn note(&mut self, project: &JiraProject) {
        if let (Some(name), Some(version)) = (&project.metadata.name, &project.metadata.resource_version) {
            self.versions.insert(name.clone(), version.clone());
        }
    }

    /// Forgets objects that are gone, where there are any.
    pub fn retain(&mut self, known: &[JiraProject]) {
        if self.versions.len() <= known.len() {
            return;
        }
        let names: BTreeSet<&String> = known
            .iter()
            .filter_map(|project| project.metadata.name.as_ref())
            .collect();
        self.versions.retain(|name, _| names.contains(name));
    }
}

/// The status with what was answered, or with phases as the mapping has them now. `declared` is the key
/// that the spec gives the project.
#[must_use]
pub fn status(
    before: &JiraProjectStatus,
    declared: &str,
    answer: Option<&[IssueTypeStatuses]>,
    phases: &Phases,
) -> JiraProjectStatus {
    let mut after = before.clone();
    if let Some(answer) = answer {
        after.issue_types = answer.iter().map(entry).collect();
    }
    let key = before.key.clone().unwrap_or_default();
    for kind in &mut after.issue_types {
        for status in &mut kind.statuses {
            status.phase = phases.phase(
                &[&key, declared],
                &kind.name,
                &status.name,
                &status.id,
                &status.category,
            );
        }
    }
    after
}

fn entry(kind: &IssueTypeStatuses) -> IssueTypeEntry {
    let status = |status: &crate::atlassian::issue_fields::IssueStatus| StatusEntry {
        id: status.id.clone(),
        name: status.name.clone(),
        category: status
            .status_category
            .as_ref()
            .map_or_else(|| "undefined".to_owned(), |category| category.key.clone()),
        phase: String::new(),
    };
    IssueTypeEntry {
        id: kind.id.clone(),
        name: kind.name.clone(),
        subtask: kind.subtask,
        statuses: kind.statuses.iter().map(status).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::project::JiraProjectSpec;

    fn project(name: &str, version: u32) -> JiraProject {
        let spec = JiraProjectSpec {
            integration: "acme".into(),
            key: "SUP".into(),
        };
        let mut project = JiraProject::new(name, spec);
        project.metadata.resource_version = Some(version.to_string());
        project
    }

    fn rule(phase: &str) -> StatusMapping {
        StatusMapping {
            phase: phase.into(),
            statuses: vec!["Waiting".into()],
            projects: Vec::new(),
            issue_types: Vec::new(),
        }
    }

    #[test]
    fn statuses_are_mapped_again_only_where_something_changed() {
        let (rules, others) = ([rule("Waiting")], [rule("Late")]);
        let mut phased = MappedProjects::default().under(&rules);
        let (one, other) = (project("acme-sup", 7), project("acme-eng", 8));
        assert!(!phased.is_mapped(&one));
        phased.note(&one);
        phased.note(&other);
        let mut phased = phased.under(&rules);
        assert!(phased.is_mapped(&one) && phased.is_mapped(&other));
        assert!(!phased.is_mapped(&project("acme-sup", 9)), "it was written since");
        assert!(!phased.clone().under(&others).is_mapped(&one), "the rules changed");
        phased.retain(std::slice::from_ref(&one));
        assert!(phased.is_mapped(&one) && !phased.is_mapped(&other));
    }
}
