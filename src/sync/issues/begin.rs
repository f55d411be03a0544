//! What is asked before anything is listed: from where changes are followed, and whether Jira accepts what
//! narrows a project.

use std::collections::BTreeSet;

use super::{
    engine::Engine,
    error::MirrorError,
    mirror::Mirror,
    query::{FollowedProject, PROJECTS, blamed, newest},
    scan::latest,
};
use crate::atlassian::{issue_models::time, jira::SearchFields};

impl<M: Mirror> Engine<'_, M> {
    /// Where changes are followed from: the newest update before the first listing.
    pub(super) async fn begin(&self, mut projects: Vec<&FollowedProject>) -> Result<Option<i64>, MirrorError> {
        let (mut found, mut most) = (None, PROJECTS);
        while !projects.is_empty() {
            let group: Vec<&FollowedProject> = projects.iter().take(most).copied().collect();
            let ids: Vec<&str> = group.iter().map(|project| project.id.as_str()).collect();
            let answer = self
                .jira
                .search(&newest(&ids), SearchFields::Newest, None)
                .await
                .map_err(MirrorError::from);
            let done: Vec<&FollowedProject> = match answer {
                Ok(page) => {
                    let updates = page
                        .found
                        .issues
                        .iter()
                        .filter_map(|issue| time(issue.fields.updated.as_deref()?));
                    // A date that is still to come moves nothing.
                    let latest = latest(&page).unwrap_or(i64::MAX);
                    found = found.max(updates.map(|at| at.as_millisecond().min(latest)).max());
                    group
                }
                Err(error) => match error.refused_query().map(|message| blamed(message, &group)) {
                    Some(Some(project)) => vec![project],
                    // Jira names nobody: each is asked alone, and the one that it refuses has no time.
                    Some(None) if group.len() == 1 => group,
                    Some(None) => {
                        most = 1;
                        continue;
                    }
                    None => return Err(error),
                },
            };
            projects.retain(|project| !done.iter().any(|done| done.id == project.id));
        }
        Ok(found)
    }

    /// Asks Jira whether it accepts the jql of each project, alone: what is well formed alone cannot
    /// leave its parentheses.
    pub(super) async fn validate(&mut self, projects: &[&FollowedProject]) -> Result<(), MirrorError> {
        let unknown: BTreeSet<String> = projects
            .iter()
            .filter_map(|project| project.jql.clone())
            .filter(|jql| !self.state.valid_jql.contains(jql))
            .collect();
        let jqls: Vec<String> = unknown.into_iter().collect();
        if jqls.is_empty() {
            return Ok(());
        }
        let answers = self.jira.parse_jql(&jqls).await?;
        self.state.invalid_jql.clear();
        for (jql, answer) in jqls.into_iter().zip(answers) {
            let error = match answer.errors.first().cloned() {
                None if answer.has_order() => Some("it has an ORDER BY, which has no place here".to_owned()),
                error => error,
            };
            match error {
                Some(error) => {
                    self.state.invalid_jql.insert(jql, error);
                }
                None => {
                    self.state.valid_jql.insert(jql);
                }
            }
        }
        Ok(())
    }
}
