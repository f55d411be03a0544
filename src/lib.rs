//! Keeps Jira Cloud sites connected to a Kubernetes cluster and says why when they are not.
//!
//! The modules are rooms on floors; every import points down: `cli`, then `controller` and
//! `server`, then `connect`, then `sync`, `tickets`, `diagnose` and `grant`, then `cluster`, then `api` and `atlassian`, which do not
//! know each other. `docs/architecture.md` says why.

pub mod api;
pub mod atlassian;
pub mod cli;
pub mod cluster;
pub mod connect;
pub mod controller;
pub mod diagnose;
pub mod grant;
pub mod server;
pub mod sync;
pub mod telemetry;
pub mod tickets;
