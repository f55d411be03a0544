//! Asks Jira, bulk endpoints first and single things only where the bulk answer leaves a doubt;
//! one file a subject.

pub mod desk_query;
pub mod desks;
pub mod directory;
pub mod person;
pub mod projects;
pub mod related;
pub mod site;
pub mod statuses;

use crate::{atlassian::error::JiraError, diagnose::evidence::JiraResult};

/// An answer as evidence, whatever it is; but when Atlassian asks to slow down, nothing more is asked.
fn unless_limited<T>(answer: JiraResult<T>) -> Result<JiraResult<T>, JiraError> {
    match answer {
        Err(error @ JiraError::RateLimited { .. }) => Err(error),
        answer => Ok(answer),
    }
}
