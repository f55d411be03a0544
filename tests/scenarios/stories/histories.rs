//! A random history of a site, lived through by the whole operator: what may happen is what happens to
//! the engine alone in `tests/mirror/`. The site stands still while a pass is under way, so that each
//! write is accounted for. Passes are asked for, or, where clocks can be set, brought by the clock under
//! the default delay of deletions. `MIRROR_SEED` and `MIRROR_STEPS` choose another history.

use std::{sync::Arc, time::Duration};

use proptest::strategy::{Strategy, ValueTree};

use super::{Story, lasting};
use crate::{
    model::{
        number, runner,
        steps::{Step, history},
    },
    plane::Plane,
    stage::{chronicle::Chronicle, clock::can_be_set},
};

/// Which history is told where none is chosen.
const SEED: usize = 2;
/// How many steps it has.
const STEPS: usize = 200;
/// After so many steps all is quiet for once.
const QUIET_EVERY: usize = 50;
/// Longest time for one that the clock brings on.
const LONGEST_BY_CLOCK: Duration = Duration::from_mins(20);

pub fn stories() -> Vec<Story> {
    let asked = lasting("issues::a_history_of_two_hundred_steps", |plane| live(plane, false));
    let by_clock = can_be_set().then(|| Story {
        longest: Some(LONGEST_BY_CLOCK),
        ..lasting("clock::a_history_of_two_hundred_steps", |plane| live(plane, true))
    });
    std::iter::once(asked).chain(by_clock).collect()
}

async fn live(plane: Arc<Plane>, by_clock: bool) {
    let seed = number("MIRROR_SEED").unwrap_or(SEED);
    println!("MIRROR_SEED={seed}");
    let steps = number("MIRROR_STEPS").unwrap_or(STEPS);
    let history = history(steps).new_tree(&mut runner(seed, 0));
    let history = history.expect("a history").current();
    let mut chronicle = Chronicle::begin(&plane, &history, by_clock).await;
    for (index, step) in history.steps.iter().enumerate() {
        chronicle.now = format!("MIRROR_SEED={seed}, step {index}, {step:?}");
        tell(&mut chronicle, step).await;
        if (index + 1) % QUIET_EVERY == 0 {
            chronicle.quiet().await;
        }
    }
    chronicle.quiet().await;
    println!("MIRROR_SEED={seed}: {}", chronicle.end().await);
}

async fn tell(chronicle: &mut Chronicle, step: &Step) {
    match *step {
        Step::Fault { skip, code } => chronicle.fault(skip, code),
        Step::Pass { .. } | Step::PassLate | Step::Sweep | Step::Sliced { .. } => chronicle.pass().await,
        Step::Killed { .. } => chronicle.killed().await,
        Step::Restart => chronicle.restarted().await,
        _ => chronicle.happens(step).await,
    }
}
