//! The sweep: scenarios that are played once undisturbed, and then again with one disturbance at each of their writes.
//! Whatever the disturbance, the end is the same, and on the way nothing happens that must never happen.

mod cases;
mod known;
mod plan;
mod point;
mod scenario;
mod scene;
mod seen;
mod state;
mod trial;
mod truth;
mod watch;

use std::{
    any::Any,
    collections::BTreeSet,
    sync::{Arc, LazyLock},
    time::Instant,
};

use futures::{StreamExt, stream};
use tokio::sync::Semaphore;

use self::{
    known::known,
    plan::Plan,
    point::{Point, points_of},
    scenario::Scenario,
    trial::{Came, Undisturbed},
};
use crate::cluster::Cluster;

static PLAN: LazyLock<Plan> = LazyLock::new(Plan::of_environment);
/// Trials of all scenarios together.
static AT_ONCE: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(PLAN.at_once));

/// Each scenario as a scenario.
pub fn scenarios() -> Vec<crate::cases::Scenario> {
    let played = cases::all().into_iter().map(|scenario| crate::cases::Scenario {
        longest: Some(Plan::longest()),
        ..crate::cases::scenario(scenario.name(), move |cluster| sweep(cluster, scenario))
    });
    played.chain(state::scenarios()).collect()
}

async fn sweep(cluster: Arc<Cluster>, scenario: Arc<dyn Scenario>) {
    let began = Instant::now();
    let undisturbed = {
        let _turn = AT_ONCE.acquire().await;
        trial::undisturbed(&cluster, &*scenario, PLAN.way).await
    };
    let undisturbed = Arc::new(undisturbed);
    let all = points_of(&undisturbed.writes);
    let spared = |point: &Point| PLAN.spares && known(scenario.name(), point).is_some();
    let (left_out, points): (Vec<_>, Vec<_>) = all.iter().cloned().partition(spared);
    let whys: BTreeSet<&str> = left_out
        .iter()
        .filter_map(|point| known(scenario.name(), point))
        .collect();
    for why in whys {
        println!("{}: left out, because {why}", scenario.name());
    }
    let chosen = PLAN.choose(&*scenario, points);
    let size = chosen.len();
    let trials = chosen.into_iter().map(|point| {
        one(
            Arc::clone(&cluster),
            Arc::clone(&scenario),
            Arc::clone(&undisturbed),
            point,
        )
    });
    let came: Vec<_> = stream::iter(trials).buffer_unordered(PLAN.at_once).collect().await;
    let unmet = came.iter().filter(|came| matches!(came, Ok(Came::Unmet))).count();
    let wrong: Vec<&String> = came.iter().filter_map(|came| came.as_ref().err()).collect();
    println!(
        "{}: {} writes, {} points, {} left out, {} played, {} not met, {} wrong, {} s, SWEEP_SEED={}",
        scenario.name(),
        undisturbed.writes.len(),
        all.len(),
        left_out.len(),
        size,
        unmet,
        wrong.len(),
        began.elapsed().as_secs(),
        PLAN.seed(),
    );
    assert!(wrong.is_empty(), "{} of {size} points are wrong", wrong.len());
}

/// One point. What a trial panics with is its error.
async fn one(
    cluster: Arc<Cluster>,
    scenario: Arc<dyn Scenario>,
    undisturbed: Arc<Undisturbed>,
    point: Point,
) -> Result<Came, String> {
    let _turn = AT_ONCE.acquire().await;
    let began = Instant::now();
    let name = format!("{}, {point}", scenario.name());
    let played =
        tokio::spawn(async move { trial::disturbed(&cluster, &*scenario, (&undisturbed, &point, PLAN.way)).await });
    let came = played.await.unwrap_or_else(|error| match error.try_into_panic() {
        Ok(panic) => Err(words(&*panic)),
        Err(error) => Err(error.to_string()),
    });
    let took = began.elapsed().as_secs_f32();
    match &came {
        Ok(Came::Well) => println!("{name}: well, {took:.1} s"),
        Ok(Came::Unmet) => println!("{name}: not met, {took:.1} s"),
        Err(wrong) => println!("{name}: WRONG, {took:.1} s\n{wrong}\n"),
    }
    came
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    text.unwrap_or_else(|| "it panicked".to_owned())
}
