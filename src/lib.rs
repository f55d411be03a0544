//! Keeps Jira Cloud sites connected to a Kubernetes cluster and says why when they are not.

pub mod api;
