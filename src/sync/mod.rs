//! Synchronisation: the projects of a site as objects in the cluster.

pub mod apply;
pub mod confirm;
pub mod inventory;
pub mod removal;
