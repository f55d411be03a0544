//! Watches the cluster and reconciles what changed or is due.

mod admission;
mod by_uid;
pub mod context;
mod grants;
mod index;
mod integration;
mod links;
mod local_state;
mod reconcile_kind;
mod shared_access;
mod slots;
pub mod tickets;
mod watches;

pub use admission::Admission;
pub use by_uid::{Directories, LocalStates, Mirrors};
pub use index::SecretIndex;
pub use links::Links;
pub use shared_access::SharedAccess;
pub use tickets::run as run_tickets;
pub use watches::run;

use kube::core::DeserializeGuard;

use crate::api::integration::JiraIntegration;

/// An integration, or what could be read of an object that is none that this version knows.
type Guarded = DeserializeGuard<JiraIntegration>;
