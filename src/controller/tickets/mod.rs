//! Reconciles the tickets that people apply, apart from the integrations that they name: none waits for the interval or
//! the work of one.

mod adopt;
mod audit;
mod bound;
mod choice;
mod claims;
mod conclude;
mod context;
mod creatable;
mod create;
mod expiry;
mod follower;
mod known;
mod news;
mod note;
mod reconcile;
mod summary;
mod watches;

pub use creatable::{NotCreatable, creatable};
pub use reconcile::{marker, people_finding};
pub use watches::run;
