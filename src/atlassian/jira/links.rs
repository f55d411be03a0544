//! Links from issues to pages elsewhere, and people who take part in requests.

use serde_json::{Value, json};

use super::session::Session;
use crate::atlassian::{error::JiraError, ticket_models::RemoteLink, write_error::WriteError};

impl Session {
    /// Sets the link that has the body's global id. Needs write:jira-work.
    ///
    /// # Errors
    /// As every change; it can be repeated.
    pub async fn link_remotely(&self, id: &str, body: &Value) -> Result<(), WriteError> {
        let path = format!("/rest/api/3/issue/{id}/remotelink");
        self.post(&path).json(body).send_write().await.map(|_| ())
    }

    /// Removes the link with this global id. Needs write:jira-work.
    ///
    /// # Errors
    /// As every change; it can be repeated, and is refused with 404 once the link is gone.
    pub async fn unlink_remotely(&self, id: &str, global_id: &str) -> Result<(), WriteError> {
        let path = format!("/rest/api/3/issue/{id}/remotelink");
        let query = [("globalId", global_id)];
        self.delete(&path).query(&query).send_write().await.map(|_| ())
    }

    /// All links of an issue to pages elsewhere, whoever set them. Needs read:jira-work.
    ///
    /// # Errors
    /// When the answer tells nothing; 403 or 404 where the site has no links.
    pub async fn remote_links(&self, id: &str) -> Result<Vec<RemoteLink>, JiraError> {
        let path = format!("/rest/api/3/issue/{id}/remotelink");
        self.get(&path).send().await
    }

    /// Lets somebody take part in a request; who does already still does. Needs write:servicedesk-request.
    ///
    /// # Errors
    /// As every change; it can be repeated.
    pub async fn add_participant(&self, id: &str, account_id: &str) -> Result<(), WriteError> {
        let path = format!("/rest/servicedeskapi/request/{id}/participant");
        let body = json!({"accountIds": [account_id]});
        self.post(&path).json(&body).send_write().await.map(|_| ())
    }
}
