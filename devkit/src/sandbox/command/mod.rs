//! Commands: how a test changes the sandbox. One vocabulary serves library and control endpoint.

mod answer;
mod apply;
mod desk_vocabulary;
mod desks;
mod grants;
mod issue_vocabulary;
mod issues;
mod limit_vocabulary;
mod limits;
mod names;
mod people;
mod projects;
mod roles;
mod search;
mod shape_vocabulary;
mod shapes;
mod sites;
mod statuses;
mod vocabulary;

pub use answer::{Answer, CommandError};
pub use desk_vocabulary::{DeskCommand, NewRequestType};
pub use issue_vocabulary::{IssueChange, IssueCommand};
pub use limit_vocabulary::LimitCommand;
pub use shape_vocabulary::{NewStatus, ShapeCommand};
pub use vocabulary::Command;

pub(crate) use apply::apply;
