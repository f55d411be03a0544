//! Commands: how a test changes the sandbox. One vocabulary serves library and control endpoint.

mod answer;
mod apply;
mod grants;
mod people;
mod projects;
mod sites;
mod vocabulary;

pub use answer::{Answer, CommandError};
pub use vocabulary::Command;

pub(crate) use apply::apply;
