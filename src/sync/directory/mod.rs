//! The directory of people: who is in it, how it follows Jira, and where it is kept.

mod cluster;
mod error;
mod fetch;
mod pace;
mod person;
mod shards;
mod slice;

pub use cluster::{ConfigMaps, TakenName};
pub use error::{DirectoryError, RIGHT_LACKING};
pub use fetch::{DirectoryRun, ListingContext};
pub use pace::{ListingTurn, an_hour, turn};
pub use slice::{SliceResult, slice};
