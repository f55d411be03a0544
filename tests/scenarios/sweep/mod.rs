//! The sweep: stories that are played once undisturbed, and then again with one disturbance at each of their writes.
//! Whatever the disturbance, the end is the same, and on the way nothing happens that must never happen.

mod known;
mod plan;
mod point;
mod scene;
mod seen;
mod state;
mod stories;
mod story;
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
    story::Story,
    trial::{Came, Undisturbed},
};
use crate::plane::Plane;

static PLAN: LazyLock<Plan> = LazyLock::new(Plan::of_environment);
/// Trials of all stories together.
static AT_ONCE: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(PLAN.at_once));

/// Each story as a scenario.
pub fn stories() -> Vec<crate::stories::Story> {
    let played = stories::all().into_iter().map(|story| crate::stories::Story {
        longest: Some(Plan::longest()),
        ..crate::stories::story(story.name(), move |plane| sweep(plane, story))
    });
    played.chain(state::stories()).collect()
}

async fn sweep(plane: Arc<Plane>, story: Arc<dyn Story>) {
    let began = Instant::now();
    let undisturbed = {
        let _turn = AT_ONCE.acquire().await;
        trial::undisturbed(&plane, &*story).await
    };
    let undisturbed = Arc::new(undisturbed);
    let all = points_of(&undisturbed.writes);
    let spared = |point: &Point| PLAN.spares && known(story.name(), point).is_some();
    let (left_out, points): (Vec<_>, Vec<_>) = all.iter().cloned().partition(spared);
    let whys: BTreeSet<&str> = left_out.iter().filter_map(|point| known(story.name(), point)).collect();
    for why in whys {
        println!("{}: left out, because {why}", story.name());
    }
    let chosen = PLAN.choose(story.name(), points);
    let size = chosen.len();
    let trials = chosen
        .into_iter()
        .map(|point| one(Arc::clone(&plane), Arc::clone(&story), Arc::clone(&undisturbed), point));
    let came: Vec<_> = stream::iter(trials).buffer_unordered(PLAN.at_once).collect().await;
    let unmet = came.iter().filter(|came| matches!(came, Ok(Came::Unmet))).count();
    let wrong: Vec<&String> = came.iter().filter_map(|came| came.as_ref().err()).collect();
    println!(
        "{}: {} writes, {} points, {} left out, {} played, {} not met, {} wrong, {} s, SWEEP_SEED={}",
        story.name(),
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
    plane: Arc<Plane>,
    story: Arc<dyn Story>,
    undisturbed: Arc<Undisturbed>,
    point: Point,
) -> Result<Came, String> {
    let _turn = AT_ONCE.acquire().await;
    let began = Instant::now();
    let name = format!("{}, {point}", story.name());
    let played = tokio::spawn(async move { trial::disturbed(&plane, &*story, &undisturbed, &point).await });
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
