//! The scenarios, by subject.

mod account;
mod bad_input;
mod bad_value;
mod causes;
mod connect;
mod cost;
mod cost_turns;
mod credentials;
mod definitions;
mod directory;
mod directory_problems;
mod gitops;
mod grant_problems;
mod grant_secret;
mod ground;
mod healthy;
mod histories;
mod in_scope;
mod inventory;
mod issues;
mod issues_change;
mod issues_objects;
mod issues_problems;
mod issues_scale;
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
mod terminal_template;
mod ticket_histories;
mod tickets;
mod tickets_comments;
mod tickets_comments_people;
mod tickets_exact;
mod tickets_fields;
mod tickets_fields_people;
mod tickets_input;
mod tickets_kept;
mod tickets_later;
mod tickets_life;
mod tickets_links;
mod tickets_many;
mod tickets_once;
mod tickets_people;
mod tickets_phase;
mod tickets_phase_races;
mod tickets_pipelines;
mod tickets_plans;
mod tickets_races;
mod tickets_refused;
mod tickets_requests;
mod tickets_restarted;
mod tickets_roles;
mod tickets_seen;
mod tickets_waits;
mod token_secret;
mod upgrade;
mod verdict;
mod versions;

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use crate::cluster::Cluster;

/// A scenario being run.
type Running = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A scenario.
pub struct Scenario {
    pub name: &'static str,
    /// It waits most of its time, for a clock.
    pub waits: bool,
    pub run: Box<dyn FnOnce(Arc<Cluster>) -> Running + Send>,
    /// Longest time for it, where it takes longer than others.
    pub longest: Option<Duration>,
}

/// Makes a scenario of a function.
pub fn scenario<F>(name: &'static str, run: impl FnOnce(Arc<Cluster>) -> F + Send + 'static) -> Scenario
where
    F: Future<Output = ()> + Send + 'static,
{
    Scenario {
        name,
        waits: false,
        run: Box::new(move |cluster| Box::pin(run(cluster))),
        longest: None,
    }
}

/// A scenario of a minute and more, most of which it waits. Those are begun first.
fn waiting<F>(name: &'static str, run: impl FnOnce(Arc<Cluster>) -> F + Send + 'static) -> Scenario
where
    F: Future<Output = ()> + Send + 'static,
{
    Scenario {
        waits: true,
        ..scenario(name, run)
    }
}

/// All scenarios.
pub fn all() -> Vec<Scenario> {
    [
        account::scenarios(),
        bad_input::scenarios(),
        bad_value::scenarios(),
        causes::scenarios(),
        connect::scenarios(),
        cost::scenarios(),
        cost_turns::scenarios(),
        credentials::scenarios(),
        directory::scenarios(),
        directory_problems::scenarios(),
        gitops::scenarios(),
        grant_secret::scenarios(),
        grant_problems::scenarios(),
        ground::scenarios(),
        healthy::scenarios(),
        histories::scenarios(),
        ticket_histories::scenarios(),
        in_scope::scenarios(),
        inventory::scenarios(),
        issues::scenarios(),
        issues_change::scenarios(),
        issues_objects::scenarios(),
        issues_scale::scenarios(),
        issues_problems::scenarios(),
        limits::scenarios(),
        lost_token::scenarios(),
        outage::scenarios(),
        overload::scenarios(),
        pages::scenarios(),
        pages_attacks::scenarios(),
        permissions::scenarios(),
        projects::scenarios(),
        quota::scenarios(),
        rotation::scenarios(),
        scale::scenarios(),
        scopes::scenarios(),
        secrecy::scenarios(),
        site::scenarios(),
        site_down::scenarios(),
        suspend::scenarios(),
        taken_names::scenarios(),
        terminal::scenarios(),
        terminal_cluster::scenarios(),
        terminal_disconnect::scenarios(),
        terminal_print::scenarios(),
        terminal_refused::scenarios(),
        terminal_steer::scenarios(),
        terminal_template::scenarios(),
        tickets::scenarios(),
        tickets_exact::scenarios(),
        tickets_fields::scenarios(),
        tickets_fields_people::scenarios(),
        tickets_many::scenarios(),
        tickets_once::scenarios(),
        tickets_comments::scenarios(),
        tickets_comments_people::scenarios(),
        tickets_kept::scenarios(),
        tickets_later::scenarios(),
        tickets_life::scenarios(),
        tickets_input::scenarios(),
        tickets_links::scenarios(),
        tickets_people::scenarios(),
        tickets_races::scenarios(),
        tickets_phase::scenarios(),
        tickets_phase_races::scenarios(),
        tickets_pipelines::scenarios(),
        tickets_plans::scenarios(),
        tickets_seen::scenarios(),
        tickets_refused::scenarios(),
        tickets_requests::scenarios(),
        tickets_restarted::scenarios(),
        tickets_roles::scenarios(),
        tickets_waits::scenarios(),
        token_secret::scenarios(),
        upgrade::scenarios(),
        verdict::scenarios(),
        definitions::scenarios(),
        versions::scenarios(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
