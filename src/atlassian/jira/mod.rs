//! The calls to a Jira Cloud site through Atlassian's gateway, and the two that come before a
//! site is known; one file a subject.

mod desks;
mod issues;
mod links;
mod markers;
mod permissions;
mod projects;
mod session;
mod tickets;
mod transitions;
mod users;

pub use self::{
    issues::{ID_PAGE, PAGE, RECONCILED, SearchFields},
    permissions::{HeldPermissions, PermissionQueries},
    projects::ProjectFilter,
    session::Session,
};
