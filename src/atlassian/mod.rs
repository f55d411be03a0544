//! Atlassian's side: OAuth 2.0 (3LO), the REST calls that the operator makes, their errors and
//! their models. Knows nothing of Kubernetes.

mod body;
pub mod client;
pub mod desk_models;
pub mod endpoints;
pub mod error;
pub mod issue_answers;
pub mod issue_fields;
pub mod jira;
mod lenient;
pub mod models;
pub mod oauth;
pub mod rate_limit;
pub mod secret;
pub mod shared_answers;
pub mod site;
pub mod ticket_models;
pub mod token_answer;
pub mod transition_models;
pub mod write_error;
pub mod write_report;
