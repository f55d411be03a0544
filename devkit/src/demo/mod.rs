//! The demo: a real Kubernetes API server, a sandbox of Jira Cloud, and the operator between
//! them, told to somebody who sees it for the first time.

mod cluster;
mod story;
mod troupe;

pub use cluster::Error;
pub use troupe::Troupe;

/// Starts everything, with the connect pages, for a program that plays on it. What was started ends with the [`Troupe`].
///
/// # Errors
/// When something could not be started.
pub async fn stage() -> Result<Troupe, Error> {
    Troupe::assemble(true).await
}

/// Starts everything and tells the story. Every claim is waited for; an error says which one did
/// not come true. What was started ends with the [`Troupe`].
///
/// # Errors
/// When something could not be started, or something shown was not as told.
pub async fn tell() -> Result<Troupe, Error> {
    let troupe = Troupe::assemble(false).await?;
    story::tell(&troupe).await?;
    Ok(troupe)
}
