//! Fetches issues, by id and by pages of queries, many calls in flight, and returns them as they come:
//! nothing is collected.

use std::collections::VecDeque;

use tokio::task::JoinSet;

use super::paged_query::PagedQuery;
use crate::{
    api::integration::MirrorMode,
    atlassian::{
        error::JiraError,
        issue_answers::{IssueBatch, SearchPage},
        jira::{PAGE, SearchFields, Session},
    },
};

/// How many calls are in flight.
pub const IN_FLIGHT: usize = 16;

/// An answer.
pub enum FetchAnswer {
    /// Of the ids that were asked for.
    ById(Vec<u64>, Result<IssueBatch, JiraError>),
    /// As the next page of a query.
    Page(PagedQuery, Result<SearchPage, JiraError>),
}

/// Calls in flight.
pub struct Fetching {
    jira: Session,
    mode: MirrorMode,
    tasks: JoinSet<FetchAnswer>,
}

impl Fetching {
    #[must_use]
    pub fn new(jira: &Session, mode: MirrorMode) -> Self {
        Self {
            jira: jira.clone(),
            mode,
            tasks: JoinSet::new(),
        }
    }

    /// How many more calls may be in flight.
    #[must_use]
    pub fn free(&self) -> usize {
        IN_FLIGHT.saturating_sub(self.tasks.len())
    }

    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.tasks.len()
    }

    /// Sends further calls for the ids in the queue, as many as may be in flight.
    pub fn send(&mut self, queue: &mut VecDeque<u64>) {
        while self.free() > 0 && !queue.is_empty() {
            let ids: Vec<u64> = queue.drain(..queue.len().min(PAGE)).collect();
            let jira = self.jira.clone();
            self.tasks.spawn(async move {
                let answer = jira.bulk_fetch(&ids).await;
                FetchAnswer::ById(ids, answer)
            });
        }
    }

    /// Asks for the next page of a query.
    pub fn turn(&mut self, query: PagedQuery) {
        let (jira, mode) = (self.jira.clone(), self.mode);
        self.tasks.spawn(async move {
            let wanted = SearchFields::Some(query.size);
            let page = jira.search(&query.query(mode), wanted, query.token()).await;
            FetchAnswer::Page(query, page)
        });
    }

    /// The next answer. None when no call is in flight.
    pub async fn next(&mut self) -> Option<FetchAnswer> {
        loop {
            // A task is never cancelled before this is dropped, and does not panic.
            if let Ok(answer) = self.tasks.join_next().await? {
                return Some(answer);
            }
        }
    }
}
