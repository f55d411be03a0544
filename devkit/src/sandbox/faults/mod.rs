//! Faults by which the sandbox breaks, holds or falsifies chosen answers.
//!
//! - Of any request: a [`rule`] says which and how, [`active`] keeps those that are up, [`play`] plays them.
//! - Of pages of search results: [`page`] has what can be wrong with one and keeps those that are up. `jira/page.rs` plays
//!   them while it cuts and prints a page, `jira/search.rs` those that leave no page: a new kind of page fault is a variant
//!   of `PageTrouble`, and one of these two plays it.

pub(crate) mod active;
pub(crate) mod page;
pub(crate) mod play;
pub(crate) mod rule;
