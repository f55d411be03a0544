//! Whether a ticket can be assigned to whom its spec names, as Jira says before it is created.

use std::time::Duration;

use crate::{
    atlassian::{
        error::JiraError,
        jira::Session,
        shared_answers::{MOMENT, SharedAnswers},
    },
    tickets::{Draft, Part},
};

/// How long it is believed that somebody can be assigned; that somebody cannot is asked anew.
const FRESH: Duration = Duration::from_mins(10);
/// Most people that are remembered.
const MOST: usize = 10_000;

/// Who can be assigned, by site, project and account.
#[derive(Debug)]
pub struct Assignable(SharedAnswers<(String, String, String), Result<bool, JiraError>>);

impl Default for Assignable {
    fn default() -> Self {
        Self(SharedAnswers::new(MOST))
    }
}

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
        let ask = async {
            let answer = session.is_assignable(&project, &account).await;
            let good_for = if matches!(answer, Ok(true)) { FRESH } else { MOMENT };
            (answer, good_for)
        };
        let key = (cloud_id.to_owned(), project.clone(), account.clone());
        if self.0.of(key, ask).await? {
            return Ok(draft);
        }
        Ok(draft.without(Part::Assignee, String::new()))
    }
}
