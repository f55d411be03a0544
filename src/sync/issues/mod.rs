//! The mirror of issues: what is in it, how it follows Jira, and where it is kept.

mod absent;
mod changes;
pub mod cluster;
pub mod decide;
pub mod engine;
pub mod error;
mod fetch;
pub mod index;
mod keeping;
mod listing;
pub mod mirror;
mod narrowed;
pub mod observed;
pub mod query;
pub mod removals;
pub mod scope;
pub mod state;
mod sweep;
pub mod told;
