//! Fetches issues by id, many calls in flight, and hands them on as they come: nothing is collected.

use std::collections::VecDeque;

use tokio::task::JoinSet;

use crate::atlassian::{
    error::JiraError,
    issue_models::Fetched,
    jira::{Jira, PAGE},
};

/// How many calls are in flight.
const IN_FLIGHT: usize = 16;

/// The ids that were asked for, and what came.
type Answer = (Vec<u64>, Result<Fetched, JiraError>);

/// Fetches under way.
pub struct Fetching {
    jira: Jira,
    cloud_id: String,
    tasks: JoinSet<Answer>,
}

impl Fetching {
    /// Nothing is under way yet.
    #[must_use]
    pub fn new(jira: &Jira, cloud_id: &str) -> Self {
        Self {
            jira: jira.clone(),
            cloud_id: cloud_id.to_owned(),
            tasks: JoinSet::new(),
        }
    }

    /// Sends further calls for the ids in the queue, as many as may be in flight.
    pub fn send(&mut self, queue: &mut VecDeque<u64>) {
        while self.tasks.len() < IN_FLIGHT && !queue.is_empty() {
            let ids: Vec<u64> = queue.drain(..queue.len().min(PAGE)).collect();
            let (jira, cloud_id) = (self.jira.clone(), self.cloud_id.clone());
            self.tasks.spawn(async move {
                let answer = jira.bulk_fetch(&cloud_id, &ids).await;
                (ids, answer)
            });
        }
    }

    /// The next answer, with the ids that were asked for. None when nothing is under way.
    pub async fn next(&mut self) -> Option<Answer> {
        loop {
            // A task is never cancelled before this is dropped, and does not panic.
            if let Ok(answer) = self.tasks.join_next().await? {
                return Some(answer);
            }
        }
    }
}
