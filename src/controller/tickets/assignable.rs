//! Whether a ticket can be assigned to whom its spec names, as Jira says before it is created.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::{
    atlassian::{error::JiraError, jira::Session},
    tickets::{Draft, Part},
};

/// How long it is believed that somebody can be assigned; that somebody cannot is asked anew each time.
const FRESH: Duration = Duration::from_mins(10);
/// Most people that are remembered.
const MOST: usize = 10_000;

/// Who can be assigned, by site, project and account.
#[derive(Debug, Default)]
pub struct Assignable(Mutex<HashMap<(String, String, String), Instant>>);

impl Assignable {
    /// The draft, without an assignee who cannot be.
    ///
    /// # Errors
    /// Where Jira cannot be asked.
    pub async fn judge(&self, session: &Session, cloud_id: &str, draft: Draft) -> Result<Draft, JiraError> {
        let Some(account) = draft.assignee().map(str::to_owned) else {
            return Ok(draft);
        };
        let project = draft.project.key.clone();
        let key = (cloud_id.to_owned(), project, account);
        if self.is_known(&key) {
            return Ok(draft);
        }
        if session.is_assignable(&key.1, &key.2).await? {
            self.note(key);
            return Ok(draft);
        }
        Ok(draft.without(Part::Assignee, String::new()))
    }

    fn is_known(&self, key: &(String, String, String)) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, at| at.elapsed() < FRESH);
        all.contains_key(key)
    }

    fn note(&self, key: (String, String, String)) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() < MOST {
            all.insert(key, Instant::now());
        }
    }
}
