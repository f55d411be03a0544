//! Synchronisation: the projects of a site and their issues as objects in the cluster.

pub mod apply;
pub mod budget;
pub mod confirm;
pub mod entry;
pub mod inventory;
pub mod issues;
pub mod known;
pub mod phase;
pub mod removal;
pub mod workflows;
