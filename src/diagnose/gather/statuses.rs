//! Asks about the statuses that spec.statusMapping names.

use std::collections::{BTreeMap, BTreeSet};

use super::unless_limited;
use crate::{
    api::integration::StatusMapping,
    atlassian::{error::JiraError, jira::Jira, models::Status},
    diagnose::evidence::{Answer, KnownProject, StatusesEvidence},
};

/// Most projects that are asked one by one, where rules name their projects or Jira does not
/// offer the list of all statuses.
const MOST_PROJECTS: usize = 20;

/// Asks for statuses: one call for rules that hold everywhere, one for each project in use that
/// a rule names, none without a rule. Where rules name very many projects the list of all statuses
/// has to do for the last of them.
///
/// # Errors
/// When Atlassian asks to slow down; what else fails is part of the evidence.
pub async fn statuses(
    jira: &Jira,
    cloud_id: &str,
    rules: &[StatusMapping],
    in_use: &[KnownProject],
) -> Result<StatusesEvidence, JiraError> {
    let named: BTreeSet<&str> = rules.iter().flat_map(|r| &r.projects).map(String::as_str).collect();
    let mut named = in_use.iter().filter(|project| named.contains(project.key.as_str()));
    let mut evidence = StatusesEvidence {
        everywhere: None,
        by_project: BTreeMap::new(),
        not_asked: BTreeSet::new(),
    };
    for project in named.by_ref().take(MOST_PROJECTS) {
        match unless_limited(jira.project_statuses(cloud_id, &project.id).await)? {
            // It cannot be read, of which other conditions tell.
            Err(JiraError::NotFound(_) | JiraError::Forbidden(_)) => {
                evidence.not_asked.insert(project.key.clone());
            }
            answer => {
                evidence.by_project.insert(project.key.clone(), answer);
            }
        }
    }
    evidence.not_asked.extend(named.map(|project| project.key.clone()));
    if !evidence.not_asked.is_empty() || rules.iter().any(|rule| rule.projects.is_empty()) {
        let mut answer = unless_limited(jira.statuses(cloud_id).await)?;
        // A part of the projects would prove nothing.
        let offered = !matches!(answer, Err(JiraError::NotFound(_) | JiraError::Refused { .. }));
        if !offered && in_use.len() <= MOST_PROJECTS {
            answer = one_by_one(jira, cloud_id, in_use).await?;
        }
        evidence.everywhere = Some(answer);
    }
    Ok(evidence)
}

/// The statuses of all projects, where Jira does not offer the list of all.
async fn one_by_one(jira: &Jira, cloud_id: &str, in_use: &[KnownProject]) -> Result<Answer<Vec<Status>>, JiraError> {
    let mut all = Vec::new();
    for project in in_use {
        match unless_limited(jira.project_statuses(cloud_id, &project.id).await)? {
            Ok(statuses) => all.extend(statuses),
            Err(error) => return Ok(Err(error)),
        }
    }
    Ok(Ok(all))
}
