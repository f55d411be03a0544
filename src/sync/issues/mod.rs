//! The mirror of issues: what is in it, how it follows Jira, and where it is kept.

mod absent;
mod begin;
mod changes;
pub mod cluster;
mod counting;
pub mod decide;
pub mod engine;
pub mod error;
mod fetch;
mod filling;
pub mod index;
mod keeping;
pub mod listing;
pub mod mirror;
mod narrowed;
pub mod observed;
mod plan;
pub mod price;
pub mod query;
pub mod removals;
pub mod scope;
pub mod state;
mod sweep;
pub mod told;
mod verify;
pub mod walk;
