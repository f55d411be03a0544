//! The stories, by subject.

mod account;
mod bad_input;
mod bad_value;
mod causes_agents;
mod causes_desks;
mod causes_outage;
mod causes_people;
mod causes_projects;
mod causes_scopes;
mod causes_statuses;
mod causes_tickets;
mod causes_together;
mod connect;
mod cost;
mod cost_turns;
mod credentials;
mod directory;
mod directory_trouble;
mod gitops;
mod grant_secret;
mod grant_trouble;
mod ground;
mod healthy;
mod histories;
mod in_scope;
mod inventory;
mod issues;
mod issues_change;
mod issues_scale;
mod issues_trouble;
mod limits;
mod lost_token;
mod outage;
mod overload;
mod pages;
mod pages_attacks;
mod permissions;
mod projects;
mod quota;
mod rotation;
mod scale;
mod scopes;
mod secrecy;
mod site;
mod site_down;
mod suspend;
mod taken_names;
mod terminal;
mod terminal_cluster;
mod terminal_disconnect;
mod terminal_print;
mod terminal_refused;
mod terminal_steer;
mod token_secret;
mod verdict;
mod versions;

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use crate::plane::Plane;

/// A scenario being told.
type Told = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A scenario.
pub struct Story {
    pub name: &'static str,
    /// It waits most of its time, for a clock.
    pub waits: bool,
    pub tell: Box<dyn FnOnce(Arc<Plane>) -> Told + Send>,
    /// Longest time for it, where it takes longer than others.
    pub longest: Option<Duration>,
}

/// Makes a scenario of a function.
pub fn story<F>(name: &'static str, tell: impl FnOnce(Arc<Plane>) -> F + Send + 'static) -> Story
where
    F: Future<Output = ()> + Send + 'static,
{
    Story {
        name,
        waits: false,
        tell: Box::new(move |plane| Box::pin(tell(plane))),
        longest: None,
    }
}

/// A scenario of a minute and more, most of which it waits. Those are begun first.
fn lasting<F>(name: &'static str, tell: impl FnOnce(Arc<Plane>) -> F + Send + 'static) -> Story
where
    F: Future<Output = ()> + Send + 'static,
{
    Story {
        waits: true,
        ..story(name, tell)
    }
}

/// All scenarios.
pub fn all() -> Vec<Story> {
    [
        account::stories(),
        bad_input::stories(),
        bad_value::stories(),
        causes_agents::stories(),
        causes_desks::stories(),
        causes_outage::stories(),
        causes_people::stories(),
        causes_projects::stories(),
        causes_scopes::stories(),
        causes_statuses::stories(),
        causes_tickets::stories(),
        causes_together::stories(),
        connect::stories(),
        cost::stories(),
        cost_turns::stories(),
        credentials::stories(),
        directory::stories(),
        directory_trouble::stories(),
        gitops::stories(),
        grant_secret::stories(),
        grant_trouble::stories(),
        ground::stories(),
        healthy::stories(),
        histories::stories(),
        in_scope::stories(),
        inventory::stories(),
        issues::stories(),
        issues_change::stories(),
        issues_scale::stories(),
        issues_trouble::stories(),
        limits::stories(),
        lost_token::stories(),
        outage::stories(),
        overload::stories(),
        pages::stories(),
        pages_attacks::stories(),
        permissions::stories(),
        projects::stories(),
        quota::stories(),
        rotation::stories(),
        scale::stories(),
        scopes::stories(),
        secrecy::stories(),
        site::stories(),
        site_down::stories(),
        suspend::stories(),
        taken_names::stories(),
        terminal::stories(),
        terminal_cluster::stories(),
        terminal_disconnect::stories(),
        terminal_print::stories(),
        terminal_refused::stories(),
        terminal_steer::stories(),
        token_secret::stories(),
        verdict::stories(),
        versions::stories(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
