//! Synchronisation: the projects of a site, their issues and its people as objects in the cluster.

pub mod budget;
pub mod directory;
pub mod issues;
pub mod phase;
pub mod projects;
pub mod run_costs;
