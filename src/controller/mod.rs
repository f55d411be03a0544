//! Watches the cluster and reconciles what changed or is due.

mod admission;
pub mod context;
mod directories;
mod grants;
mod index;
mod integration;
mod links;
mod local_state;
mod mirrors;
mod reconcile_kind;
mod shared_access;
mod slots;
pub mod tickets;
mod watches;

pub use admission::Admission;
pub use directories::Directories;
pub use index::SecretIndex;
pub use links::Links;
pub use local_state::LocalStates;
pub use mirrors::Mirrors;
pub use shared_access::SharedAccess;
pub use tickets::run as run_tickets;
pub use watches::run;

use kube::core::DeserializeGuard;

use crate::api::integration::JiraIntegration;

/// An integration, or what could be read of an object that is none that this version knows.
type Guarded = DeserializeGuard<JiraIntegration>;
