//! The moves of an issue: those there are, making one, and those there were.

use serde_json::Value;

use super::session::Session;
use crate::atlassian::{
    error::JiraError,
    transition_models::{Change, Changelog, Transition, Transitions},
    write_error::WriteError,
};

/// Most changes in a page of a history [OAS].
const PAGE: usize = 100;

fn transitions_of(id: &str) -> String {
    format!("/rest/api/3/issue/{id}/transitions")
}

impl Session {
    /// The moves from where an issue is, with their screens, those too whose conditions are not met. Empty without the
    /// permission to make any. Needs read:jira-work.
    ///
    /// # Errors
    /// As every call.
    pub async fn transitions(&self, id: &str) -> Result<Vec<Transition>, JiraError> {
        let query = [
            ("expand", "transitions.fields"),
            ("includeUnavailableTransitions", "true"),
        ];
        let found: Transitions = self.get(&transitions_of(id)).query(&query).send().await?;
        Ok(found.transitions)
    }

    /// Moves an issue. Needs write:jira-work.
    ///
    /// # Errors
    /// `Uncertain` where it may have been moved.
    pub async fn transition(&self, id: &str, body: &Value) -> Result<(), WriteError> {
        self.post(&transitions_of(id)).json(body).send_write().await.map(|_| ())
    }

    /// Whether an issue would be moved now.
    ///
    /// # Errors
    /// The 429 for which it waits.
    pub fn may_transition(&self, id: &str) -> Result<(), JiraError> {
        self.post(&transitions_of(id)).may_be_sent()
    }

    /// The newest changes of an issue, the newest last; at most 100. Needs read:jira-work.
    ///
    /// # Errors
    /// As every call.
    pub async fn newest_changes(&self, id: &str) -> Result<Vec<Change>, JiraError> {
        let path = format!("/rest/api/3/issue/{id}/changelog");
        let page = async |start: usize| -> Result<Changelog, JiraError> {
            let query = [("startAt", start.to_string()), ("maxResults", PAGE.to_string())];
            self.get(&path).query(&query).send().await
        };
        let first = page(0).await?;
        // The oldest come first.
        if first.total <= first.values.len() {
            return Ok(first.values);
        }
        Ok(page(first.total.saturating_sub(PAGE)).await?.values)
    }
}
