//! Links from issues to pages elsewhere.

use serde_json::Value;

use super::session::Session;
use crate::atlassian::write_error::WriteError;

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
}
