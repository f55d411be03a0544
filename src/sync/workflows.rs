//! Issue types, statuses and the phases that they stand for: asked for once a day and on request, one
//! call a project, and told anew without a call when the mapping changes.

use std::time::Instant;

use futures::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::phase::Phases;
use crate::{
    api::{
        condition::{ConditionType, is_true},
        project::{IssueTypeEntry, JiraProject, JiraProjectStatus, Lifecycle, StatusEntry},
    },
    atlassian::{error::JiraError, jira::Jira, models::IssueTypeStatuses},
};

/// How old what is known may become.
const EVERY: SignedDuration = SignedDuration::from_hours(24);
/// How many calls are in flight.
const IN_FLIGHT: usize = 8;

/// Which projects are asked for: those of which nothing is known, or nothing since a request.
#[must_use]
pub fn due(known: &[JiraProject], requested: Option<Timestamp>, now: Timestamp) -> Vec<&JiraProject> {
    let is_due = |status: &JiraProjectStatus| {
        let readable = status.lifecycle == Lifecycle::Live && is_true(&status.conditions, ConditionType::Accessible);
        let last = status.last_inventory_time.as_ref().map(|at| at.0);
        let is_old = |last: Timestamp| {
            let ago = now.duration_since(last);
            // What stands in the status has no fractions of a second.
            ago >= EVERY || ago.is_negative() || requested.is_some_and(|at| last.as_second() < at.as_second())
        };
        readable && status.id.is_some() && last.is_none_or(is_old)
    };
    let projects = known.iter();
    projects
        .filter(|project| project.status.as_ref().is_some_and(is_due))
        .collect()
}

/// What a project was answered, by its name as an object.
pub type Answers = Vec<(String, Result<Vec<IssueTypeStatuses>, JiraError>)>;

/// Asks for the workflows of these projects until the deadline, those that were never asked for
/// first. Whether any is left.
pub async fn ask(jira: &Jira, cloud_id: &str, mut projects: Vec<&JiraProject>, deadline: Instant) -> (Answers, bool) {
    projects.sort_by_key(|project| {
        project
            .status
            .as_ref()
            .and_then(|status| status.last_inventory_time.clone())
    });
    let mut answers = Answers::new();
    let mut left = false;
    for group in projects.chunks(IN_FLIGHT) {
        let limited = answers
            .iter()
            .any(|(_, answer)| matches!(answer, Err(JiraError::RateLimited { .. })));
        if limited || Instant::now() >= deadline {
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
                jira.project_workflows(cloud_id, &id).await,
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

/// The status with what was answered, or with phases as the mapping has them now.
#[must_use]
pub fn status(
    before: &JiraProjectStatus,
    answer: Option<&[IssueTypeStatuses]>,
    phases: &Phases,
    now: Timestamp,
) -> JiraProjectStatus {
    let mut after = before.clone();
    if let Some(answer) = answer {
        after.issue_types = answer.iter().map(entry).collect();
        after.last_inventory_time = Some(Time(now));
    }
    let key = before.key.clone().unwrap_or_default();
    for kind in &mut after.issue_types {
        for status in &mut kind.statuses {
            status.phase = phases.phase(&key, &kind.name, &status.name, &status.id, &status.category);
        }
    }
    after
}

fn entry(kind: &IssueTypeStatuses) -> IssueTypeEntry {
    let status = |status: &crate::atlassian::issue_models::IssueStatus| StatusEntry {
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
