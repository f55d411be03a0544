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
