//! `jira-operator check` as people run it: the binary, against the sandbox of Jira Cloud and a real
//! API server.

// A test that finds something else than it tests ends with a panic; that is its report.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, clippy::missing_panics_doc)]

mod causes;
mod cluster;
mod command_line;
mod files;
mod installation;
mod judged;
mod plane;
mod program;
