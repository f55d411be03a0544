//! A random history of tickets that two operators live through: what may happen is what happens to the controller alone
//! in `tests/tickets/`. `TICKET_SEED` and `TICKET_STEPS` choose another one.

use std::sync::Arc;

use proptest::strategy::{Strategy, ValueTree};

use super::{Scenario, waiting};
use crate::{
    cluster::Cluster,
    harness::ticket_history::TicketHistory,
    model::{number, runner, tickets::histories::history},
};

/// Which history is played where none is chosen.
const SEED: usize = 1;
/// How many steps it has.
const STEPS: usize = 150;

pub fn scenarios() -> Vec<Scenario> {
    vec![waiting("long::a_history_of_tickets_in_two_operators", live)]
}

async fn live(cluster: Arc<Cluster>) {
    let seed = number("TICKET_SEED").unwrap_or(SEED);
    println!("TICKET_SEED={seed}");
    let steps = number("TICKET_STEPS").unwrap_or(STEPS);
    let history = history(steps).new_tree(&mut runner(seed, 0));
    let history = history.expect("a history").current();
    let mut lived = TicketHistory::begin(&cluster, &history).await;
    for (index, step) in history.steps.iter().enumerate() {
        let wrong = lived.play(*step).await;
        assert!(
            wrong.is_empty(),
            "TICKET_SEED={seed}, step {index}, {step:?}: {wrong:#?}"
        );
    }
    let wrong = lived.calm().await;
    assert!(wrong.is_empty(), "TICKET_SEED={seed}, after quiet: {wrong:#?}");
    println!("TICKET_SEED={seed}: {}", lived.people.summary().await);
    lived.close().await;
}
