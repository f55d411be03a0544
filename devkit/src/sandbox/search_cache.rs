//! Results of searches, kept while nothing has changed, so that the pages of one search cost little more than one.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use super::world::Issue;

/// How many results are kept.
const KEPT: usize = 16;

/// An issue as search knows it, and the project it knows it in.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) project: u64,
    pub(crate) issue: Arc<Issue>,
}

/// A whole result in its order.
pub(crate) type Rows = Arc<Vec<Row>>;

/// What a result depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SearchKey {
    /// The world's version.
    pub(crate) version: u64,
    pub(crate) cloud_id: String,
    pub(crate) account_id: String,
    pub(crate) jql: String,
}

/// The results that are kept.
#[derive(Debug, Default)]
pub(crate) struct SearchCache {
    results: Mutex<VecDeque<(SearchKey, Rows)>>,
}

impl SearchCache {
    /// The result of a search, kept or worked out. Others go on while it is worked out.
    pub(crate) fn get(&self, key: SearchKey, find: impl FnOnce() -> Vec<Row>) -> Rows {
        let kept = self.with(|results| {
            results.retain(|(kept, _)| kept.version == key.version);
            let kept = results.iter().find(|(kept, _)| *kept == key);
            kept.map(|(_, rows)| Arc::clone(rows))
        });
        kept.unwrap_or_else(|| {
            let rows = Arc::new(find());
            self.with(|results| {
                results.truncate(KEPT - 1);
                results.push_front((key, Arc::clone(&rows)));
            });
            rows
        })
    }

    fn with<T>(&self, use_it: impl FnOnce(&mut VecDeque<(SearchKey, Rows)>) -> T) -> T {
        use_it(&mut self.results.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
