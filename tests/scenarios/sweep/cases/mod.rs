//! The scenarios that are swept.

mod adoption;
mod connection;
mod disconnect;
mod issues;
mod losses;
mod pages;
mod rotation;
mod tickets;
mod waiting;

use std::sync::Arc;

use super::scenario::Scenario;

/// All of them.
pub fn all() -> Vec<Arc<dyn Scenario>> {
    vec![
        Arc::new(connection::FirstConnection),
        Arc::new(adoption::Refused),
        Arc::new(rotation::Rotation),
        Arc::new(losses::site()),
        Arc::new(losses::account()),
        Arc::new(losses::scope()),
        Arc::new(pages::ConnectByPages),
        Arc::new(disconnect::Disconnect),
        Arc::new(issues::FirstFill),
        Arc::new(issues::ChangingPass),
        Arc::new(waiting::SpecChange),
        Arc::new(tickets::issue()),
        Arc::new(tickets::request()),
        Arc::new(tickets::noted()),
        Arc::new(tickets::moved()),
        Arc::new(tickets::edited()),
        Arc::new(tickets::joined()),
        Arc::new(tickets::commented()),
        Arc::new(tickets::answered()),
        Arc::new(tickets::taken_over()),
        Arc::new(tickets::found_again()),
    ]
}
