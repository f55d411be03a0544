//! What Jira said of the jql of projects: it is asked once of each, and again after a listing.

use std::collections::{BTreeMap, BTreeSet};

use super::{error::MirrorError, query::FollowedProject};
use crate::atlassian::jira::Session;

#[derive(Clone, Debug, Default)]
pub struct KnownJql {
    valid: BTreeSet<String>,
    /// Those that Jira does not accept, with its words.
    invalid: BTreeMap<String, String>,
}

impl KnownJql {
    /// What Jira said against the jql of a project.
    #[must_use]
    pub fn error_of(&self, project: &FollowedProject) -> Option<&String> {
        self.invalid.get(project.jql.as_ref()?)
    }

    /// Jira does not accept it any more.
    pub(super) fn reject(&mut self, jql: &str, error: &str) {
        self.valid.remove(jql);
        self.invalid.insert(jql.to_owned(), error.to_owned());
    }

    /// Asks Jira whether it accepts the jql of each project, alone: what is well formed alone cannot
    /// leave its parentheses.
    pub(super) async fn validate(&mut self, jira: &Session, projects: &[&FollowedProject]) -> Result<(), MirrorError> {
        let unknown: BTreeSet<String> = projects
            .iter()
            .filter_map(|project| project.jql.clone())
            .filter(|jql| !self.valid.contains(jql))
            .collect();
        let jqls: Vec<String> = unknown.into_iter().collect();
        if jqls.is_empty() {
            return Ok(());
        }
        let answers = jira.parse_jql(&jqls).await?;
        self.invalid.clear();
        for (jql, answer) in jqls.into_iter().zip(answers) {
            let error = match answer.errors.first().cloned() {
                None if answer.has_order() => Some("it has an ORDER BY, which has no place here".to_owned()),
                error => error,
            };
            match error {
                Some(error) => drop(self.invalid.insert(jql, error)),
                None => drop(self.valid.insert(jql)),
            }
        }
        Ok(())
    }
}
