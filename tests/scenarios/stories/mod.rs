//! The stories, by subject.

mod account;
mod bad_input;
mod connect;
mod lost_token;
mod site;

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
        lost_token::stories(),
        site::stories(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
