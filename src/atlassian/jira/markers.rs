//! What tells whose ticket an issue is: its property, and the link to the one before it.

use serde::Deserialize;
use serde_json::{Value, json};

use super::session::Session;
use crate::atlassian::{error::JiraError, issue_fields::NamedField, lenient::or_default, write_error::WriteError};

/// Answer of `issueLinkType`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LinkTypes {
    #[serde(default, deserialize_with = "or_default")]
    issue_link_types: Vec<NamedField>,
}

impl Session {
    /// Sets a property of an issue. Needs write:jira-work.
    ///
    /// # Errors
    /// As every change; it can be repeated.
    pub async fn set_property(&self, id: &str, key: &str, value: &Value) -> Result<(), WriteError> {
        let path = format!("/rest/api/3/issue/{id}/properties/{key}");
        self.put(&path).json(value).send_write().await.map(|_| ())
    }

    /// The names of the kinds of links between issues. Needs read:jira-work.
    ///
    /// # Errors
    /// `NotFound` where links are switched off.
    pub async fn link_types(&self) -> Result<Vec<String>, JiraError> {
        let types: LinkTypes = self.get("/rest/api/3/issueLinkType").send().await?;
        Ok(types.issue_link_types.into_iter().map(|kind| kind.name).collect())
    }

    /// Links two issues, by their ids. A link that is there already stays one. Needs write:jira-work.
    ///
    /// # Errors
    /// As every change; it can be repeated.
    pub async fn link_issues(&self, kind: &str, from: &str, to: &str) -> Result<(), WriteError> {
        let body = json!({"type": {"name": kind}, "inwardIssue": {"id": from}, "outwardIssue": {"id": to}});
        self.post("/rest/api/3/issueLink")
            .json(&body)
            .send_write()
            .await
            .map(|_| ())
    }
}
