//! The directory of people: who is in it, how it follows Jira, and where it is kept.

pub mod cluster;
pub mod error;
pub mod fetch;
pub mod matching;
pub mod pace;
pub mod person;
pub mod shards;
pub mod slice;
