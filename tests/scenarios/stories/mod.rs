//! The stories, by subject.

mod account;
mod bad_input;
mod connect;
mod credentials;
mod grant_secret;
mod limits;
mod lost_token;
mod scopes;
mod site;
mod suspend;
mod token_secret;
mod versions;

use std::{future::Future, pin::Pin, sync::Arc};

use crate::plane::Plane;

/// A scenario.
pub struct Story {
    pub name: &'static str,
    pub tell: Box<dyn FnOnce(Arc<Plane>) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>,
}

/// Makes a scenario of a function.
fn story<F>(name: &'static str, tell: impl FnOnce(Arc<Plane>) -> F + Send + 'static) -> Story
where
    F: Future<Output = ()> + Send + 'static,
{
    Story {
        name,
        tell: Box::new(move |plane| Box::pin(tell(plane))),
    }
}

/// All scenarios.
pub fn all() -> Vec<Story> {
    [
        account::stories(),
        bad_input::stories(),
        connect::stories(),
        credentials::stories(),
        grant_secret::stories(),
        limits::stories(),
        lost_token::stories(),
        scopes::stories(),
        site::stories(),
        suspend::stories(),
        token_secret::stories(),
        versions::stories(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
