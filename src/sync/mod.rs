//! Synchronisation: the projects of a site as objects in the cluster.

pub mod apply;
pub mod confirm;
pub mod entry;
pub mod inventory;
pub mod known;
pub mod removal;
