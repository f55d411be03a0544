//! People: by account id, by e-mail address, and who may be assigned in a project.

use super::session::Session;
use crate::atlassian::{
    error::JiraError,
    models::{User, UserPage},
};

/// Account ids in one `user/bulk`: with the longest of them the address stays below 8 kB.
const BULK_CHUNK: usize = 50;

impl Session {
    /// The accounts with these ids, deactivated ones too; what the site does not know is left out.
    /// Needs read:jira-user.
    ///
    /// # Errors
    /// That of the first call that fails; there is one for every 50 ids.
    pub async fn users(&self, account_ids: &[String]) -> Result<Vec<User>, JiraError> {
        let mut found = Vec::new();
        for chunk in account_ids.chunks(BULK_CHUNK) {
            match self.user_pages(chunk).await {
                Ok(users) => found.extend(users),
                // None of them exists.
                Err(JiraError::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    async fn user_pages(&self, ids: &[String]) -> Result<Vec<User>, JiraError> {
        let mut all: Vec<User> = Vec::new();
        loop {
            let (start, size) = (all.len().to_string(), BULK_CHUNK.to_string());
            let mut query = vec![("startAt", start.as_str()), ("maxResults", size.as_str())];
            query.extend(ids.iter().map(|id| ("accountId", id.as_str())));
            let path = "/rest/api/3/user/bulk";
            let page: UserPage = self.get(path).query(&query).send().await?;
            let empty = page.values.is_empty();
            all.extend(page.values);
            if page.is_last.unwrap_or(all.len() >= ids.len()) || empty {
                return Ok(all);
            }
        }
    }

    /// Active accounts whose name or e-mail address begins with the text; of a hidden address the
    /// whole is needed. An account that may not browse users gets an empty list. Needs
    /// read:jira-user.
    ///
    /// # Errors
    /// As every call.
    pub async fn find_users(&self, text: &str) -> Result<Vec<User>, JiraError> {
        let query = [("query", text), ("maxResults", "50")];
        let path = "/rest/api/3/user/search";
        self.get(path).query(&query).send().await
    }

    /// A page of everybody that the site knows, from this offset: people, apps and customers,
    /// deactivated ones too. Needs read:jira-user.
    ///
    /// # Errors
    /// `Forbidden` when the account may not browse users.
    pub async fn everybody(&self, from: usize) -> Result<Vec<User>, JiraError> {
        let from = from.to_string();
        let query = [("startAt", from.as_str()), ("maxResults", "1000")];
        let path = "/rest/api/3/users/search";
        self.get(path).query(&query).send().await
    }

    /// Whether issues of the project can be assigned to the account. Needs read:jira-user.
    ///
    /// # Errors
    /// `NotFound` when the account that asks cannot see the project.
    pub async fn is_assignable(&self, project: &str, account_id: &str) -> Result<bool, JiraError> {
        let query = [("project", project), ("accountId", account_id), ("maxResults", "1000")];
        let path = "/rest/api/3/user/assignable/search";
        let found: Vec<User> = self.get(path).query(&query).send().await?;
        Ok(found.iter().any(|user| user.account_id == account_id))
    }
}
