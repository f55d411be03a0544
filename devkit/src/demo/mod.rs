//! The demo: a real Kubernetes API server, a sandbox of Jira Cloud, and the operator between
//! them, explained to somebody who sees it for the first time.

mod cluster;
mod connect_link;
mod narrator;
mod processes;
mod scenes;
mod ticket_comments;
mod ticket_moves;
mod tickets;

pub use cluster::Error;
pub use processes::Processes;

/// Starts everything for a program that uses it. What was started ends with the [`Troupe`].
///
/// # Errors
/// When something could not be started.
pub async fn start() -> Result<Processes, Error> {
    Processes::start().await
}

/// Starts everything and runs the scenes. Every claim is waited for; an error says which one did
/// not come true. What was started ends with the [`Troupe`].
///
/// # Errors
/// When something could not be started, or something shown differs from its text.
pub async fn run() -> Result<Processes, Error> {
    let demo = Processes::start().await?;
    scenes::run(&demo).await?;
    connect_link::show(&demo).await?;
    Ok(demo)
}
