//! Asks Jira, bulk endpoints first and single things only where the bulk answer leaves a doubt;
//! one file a subject.

mod desk_query;
mod desks;
mod directory;
mod person;
mod projects;
mod related;
mod site;
mod statuses;

pub use self::{
    desk_query::DeskQuery,
    desks::desks,
    person::person,
    projects::{ProjectScope, everything, is_readable, projects},
    related::{RelatedQuery, related},
    site::site,
    statuses::statuses,
};

use crate::{atlassian::error::JiraError, diagnose::evidence::JiraResult};

/// An answer as evidence, whatever it is; but when Atlassian asks to slow down, nothing more is asked.
fn unless_limited<T>(answer: JiraResult<T>) -> Result<JiraResult<T>, JiraError> {
    match answer {
        Err(error @ JiraError::RateLimited(_)) => Err(error),
        answer => Ok(answer),
    }
}
