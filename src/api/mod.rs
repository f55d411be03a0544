//! The Kubernetes API that people see: kinds, conditions, reasons, names and what
//! reading and writing takes. No I/O, and no knowledge of Atlassian's API beyond its terms.

// The docs of these types are what `kubectl explain` prints, where Markdown has no place.
#![allow(clippy::doc_markdown)]
#![warn(missing_docs)]

pub mod comment;
pub mod condition;
mod condition_type;
pub mod crd;
pub mod definition;
mod finding;
pub mod integration;
mod integration_status;
mod integration_tickets;
pub mod issue;
pub mod issue_status;
mod message;
pub mod names;
pub mod project;
pub mod ready;
pub mod reason;
pub mod renamed;
pub mod requirements;
pub mod scopes;
pub mod ticket;
pub mod ticket_fields;

/// API group of every kind here.
pub const GROUP: &str = "jira-operator.dev";
/// The one served version.
pub const VERSION: &str = "v1alpha1";
/// The generation of a status that was never written: what kstatus waits for before the first reconciliation.
pub const UNOBSERVED: i64 = -1;
