//! Development kit of jira-operator.

pub mod control_plane;
pub mod demo;
mod go_build;
pub mod helm;
pub mod process;
pub mod proxy;
mod run_folder;
pub mod sandbox;
pub mod text;
mod watchdog;
mod workspace;
