//! Synchronisation: the projects of a site, their issues and its people as objects in the cluster.

pub mod apply;
pub mod budget;
pub mod confirm;
pub mod directory;
pub mod entry;
pub mod inventory;
pub mod issues;
pub mod known;
pub mod phase;
mod project_object;
pub mod removal;
pub mod workflows;
