//! Asks Jira, bulk endpoints first and single things only where the bulk answer leaves a doubt;
//! one file a subject.

pub mod desk_asked;
pub mod desks;
pub mod directory;
pub mod person;
pub mod projects;
pub mod site;
pub mod statuses;
pub mod surroundings;

use crate::{atlassian::error::JiraError, diagnose::evidence::Answer};

/// An answer as evidence, whatever it is; but when Atlassian asks to slow down, nothing more is asked.
fn unless_limited<T>(answer: Answer<T>) -> Result<Answer<T>, JiraError> {
    match answer {
        Err(error @ JiraError::RateLimited { .. }) => Err(error),
        answer => Ok(answer),
    }
}
