//! Pages of search results that misbehave as Jira's were seen to, or may.

use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

/// Which pages of a search misbehave, how often, and how.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PageFault {
    /// The page, from 1; unset meets every page.
    pub page: Option<u32>,
    /// Part of the query that must occur; empty meets every query.
    #[serde(default)]
    pub jql: String,
    /// How many pages it meets before it is spent; unset never ends.
    pub times: Option<u32>,
    /// What is wrong with them.
    pub trouble: PageTrouble,
}

/// What is wrong with a page, which is played in `jira/page.rs` and `jira/search.rs`. The issues that a page leaves out stand on a later one, unless a rule says otherwise.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub enum PageTrouble {
    /// The token for the next page is the one this page was asked with; on the first page, one that leads to it again.
    RepeatToken,
    /// Fewer issues than asked for although more follow.
    ShortPage {
        /// How many.
        issues: usize,
    },
    /// No issues at all although more follow.
    EmptyPage,
    /// `isLast` is left out.
    OmitIsLast,
    /// `isLast` is true although a token says that more follow.
    ClaimLast,
    /// No token although more follow, with `isLast` false. What follows cannot be reached.
    LoseToken,
    /// The last page has a token of null instead of none.
    NullToken,
    /// The last page has a token, which leads to an empty page.
    ExtraPage,
    /// There is no page: the query is refused with 400 and these words.
    Refuse {
        /// What Jira says, whether or not it names what it is about.
        message: String,
    },
    /// A warning, of this type or `CLAUSE_LIMIT_EXCEEDED`.
    Warn {
        /// `CLAUSE_LIMIT_EXCEEDED`, `CLAUSE_RESULT_TRUNCATED` or another one.
        warning: Option<String>,
        /// Ends the result, as complete, after so many issues of this page.
        truncate_to: Option<usize>,
    },
}

/// The faults of pages that are up.
#[derive(Debug, Default)]
pub(crate) struct PageFaults {
    faults: Mutex<Vec<PageFault>>,
}

impl PageFaults {
    /// Puts a fault up.
    pub(crate) fn add(&self, fault: PageFault) {
        self.with(|faults| faults.push(fault));
    }

    /// Takes all faults down.
    pub(crate) fn clear(&self) {
        self.with(Vec::clear);
    }

    /// What is wrong with a page; uses one of each fault's `times`.
    pub(crate) fn matching(&self, page: u32, jql: &str) -> Vec<PageTrouble> {
        self.with(|faults| {
            let meets = |fault: &&mut PageFault| {
                let page = fault.page.is_none_or(|wanted| wanted == page);
                page && jql.contains(&fault.jql) && fault.times != Some(0)
            };
            let met = faults.iter_mut().filter(meets);
            met.map(|fault| {
                fault.times = fault.times.map(|times| times - 1);
                fault.trouble.clone()
            })
            .collect()
        })
    }

    fn with<T>(&self, use_it: impl FnOnce(&mut Vec<PageFault>) -> T) -> T {
        use_it(&mut self.faults.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
