//! Asks about the statuses that spec.statusMapping names.

use std::collections::BTreeSet;

use super::unless_limited;
use crate::{
    api::integration::StatusMapping,
    atlassian::{error::JiraError, jira::Session},
    diagnose::{
        declared::{KnownProject, TypeStatuses},
        evidence::StatusesEvidence,
    },
};

/// Most projects that are asked one by one by who cannot wait.
const MOST_PROJECTS: usize = 20;
/// So few are asked at once. More of them are asked in time, as part of what is synchronised.
const FEW_PROJECTS: usize = 5;

/// Finds out about the statuses of the projects in use that rules are about. What is known of a project
/// already needs no call, unless it is one of few that a rule names; each of the others costs one. Who synchronises what projects are made of
/// `can_wait` for it.
///
/// # Errors
/// When Atlassian asks to slow down; what else fails is part of the evidence.
pub async fn statuses(
    jira: &Session,
    rules: &[StatusMapping],
    in_use: &[KnownProject],
    can_wait: bool,
) -> Result<StatusesEvidence, JiraError> {
    let of_all = rules.iter().any(|rule| rule.projects.is_empty());
    let named: BTreeSet<&str> = rules.iter().flat_map(|r| &r.projects).map(String::as_str).collect();
    let concerned = || in_use.iter().filter(|p| of_all || named.contains(p.key.as_str()));
    // A person who names few projects waits for what is mended there.
    let afresh = in_use.iter().filter(|p| named.contains(p.key.as_str())).count() <= FEW_PROJECTS;
    let is_known = |p: &KnownProject| !(p.workflows.is_empty() || afresh && named.contains(p.key.as_str()));
    let unknown = concerned().filter(|project| !is_known(project)).count();
    let most = if can_wait && unknown > FEW_PROJECTS {
        0
    } else {
        MOST_PROJECTS
    };
    let mut evidence = StatusesEvidence::default();
    let mut asked = 0;
    for project in concerned() {
        let key = project.key.clone();
        if is_known(project) {
            evidence.by_project.insert(key, Ok(project.workflows.clone()));
            continue;
        }
        if asked == most {
            evidence.not_asked.insert(key);
            continue;
        }
        asked += 1;
        let answer = unless_limited(jira.project_workflows(&project.id).await)?;
        let answer = match answer {
            // It cannot be read, of which other conditions tell.
            Err(JiraError::NotFound(_) | JiraError::Forbidden(_)) => Ok(Vec::new()),
            answer => answer.map(|types| types.into_iter().map(TypeStatuses::from).collect()),
        };
        evidence.by_project.insert(key, answer);
    }
    Ok(evidence)
}
