//! Faults by which the sandbox breaks, holds or falsifies chosen answers: the rules, those that are up, and how each is
//! played. Pages of search results have faults of their own.

pub(crate) mod active;
pub(crate) mod page;
pub(crate) mod play;
pub(crate) mod rule;
