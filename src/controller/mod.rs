//! Watches the cluster and reconciles what changed or is due.

mod admission;
mod authorization_url;
pub mod context;
mod diagnosis;
mod directories;
mod directory;
mod grace;
mod grants;
mod index;
mod inventory;
mod issues;
mod links;
mod local_state;
mod mirrors;
mod observe;
mod outcome;
mod pass;
mod quota;
mod reconcile;
mod refresh;
mod report;
mod schedule;
mod settle;
mod slots;
mod steps;
mod watches;
mod work;

pub use admission::Admission;
pub use directories::Directories;
pub use index::SecretIndex;
pub use links::Links;
pub use local_state::LocalStates;
pub use mirrors::Mirrors;
pub use watches::run;

use kube::core::DeserializeGuard;

use crate::api::integration::JiraIntegration;

/// An integration, or what could be read of an object that is none that this version knows.
type Guarded = DeserializeGuard<JiraIntegration>;
