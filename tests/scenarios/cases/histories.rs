//! A random history of a site, lived through by the whole operator: what may happen is what happens to
//! the engine alone in `tests/mirror/`. The site stands still while a reconciliation is under way, so that each
//! write is accounted for. Reconciliations are asked for, or, where clocks can be set, brought by the clock under
//! the default delay of deletions. `MIRROR_SEED` and `MIRROR_STEPS` choose another history.

use std::{sync::Arc, time::Duration};

use proptest::strategy::{Strategy, ValueTree};

use super::{Scenario, waiting};
use crate::{
    cluster::Cluster,
    harness::{clock::can_be_set, random_history::RandomHistory},
    model::{
        number, runner,
        steps::{Step, history},
    },
};

/// Which history is played where none is chosen.
const SEED: usize = 2;
/// How many steps it has.
const STEPS: usize = 200;
/// After so many steps all is quiet for once.
const QUIET_EVERY: usize = 50;
/// Longest time for one that the clock brings on.
const LONGEST_BY_CLOCK: Duration = Duration::from_mins(20);

pub fn scenarios() -> Vec<Scenario> {
    let asked = waiting("issues::a_history_of_two_hundred_steps", |cluster| live(cluster, false));
    let by_clock = can_be_set().then(|| Scenario {
        longest: Some(LONGEST_BY_CLOCK),
        ..waiting("clock::a_history_of_two_hundred_steps", |cluster| live(cluster, true))
    });
    std::iter::once(asked).chain(by_clock).collect()
}

async fn live(cluster: Arc<Cluster>, by_clock: bool) {
    let seed = number("MIRROR_SEED").unwrap_or(SEED);
    println!("MIRROR_SEED={seed}");
    let steps = number("MIRROR_STEPS").unwrap_or(STEPS);
    let history = history(steps).new_tree(&mut runner(seed, 0));
    let history = history.expect("a history").current();
    let mut random_history = RandomHistory::begin(&cluster, &history, by_clock).await;
    for (index, step) in history.steps.iter().enumerate() {
        random_history.now = format!("MIRROR_SEED={seed}, step {index}, {step:?}");
        play(&mut random_history, step).await;
        if (index + 1) % QUIET_EVERY == 0 {
            random_history.quiet().await;
        }
    }
    random_history.quiet().await;
    println!("MIRROR_SEED={seed}: {}", random_history.end().await);
}

async fn play(random_history: &mut RandomHistory, step: &Step) {
    match *step {
        Step::Fault { skip, code } => random_history.fault(skip, code),
        Step::Pass { .. } | Step::PassLate | Step::Sweep | Step::Sliced { .. } => random_history.pass().await,
        Step::Killed { .. } => random_history.killed().await,
        Step::Restart => random_history.restarted().await,
        _ => random_history.happens(step).await,
    }
}
