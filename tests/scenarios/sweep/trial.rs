//! One run of a scenario: undisturbed, to learn what it writes and where it ends, or with a disturbance at a point.

use std::{sync::Arc, time::Duration};

use super::{
    point::{Point, Shape, Trap},
    scenario::Scenario,
    scene::Scene,
    state::State,
};
use crate::cluster::Cluster;

/// Longest time until everything is as it would be without the disturbance. A process waits 45 s for the mark of one
/// that was killed, and what one reconciliation could not do is done by the next, a minute later.
const SETTLES_WITHIN: Duration = Duration::from_mins(4);

/// What an undisturbed run is like.
pub struct Undisturbed {
    /// Where everything was when the scenario began.
    prepared: State,
    /// Where it ended.
    settled: State,
    /// What was written in between.
    pub writes: Vec<Shape>,
}

/// What came of a point.
pub enum Came {
    /// Nothing stood in the way of the same end, and nothing was seen that must not be.
    Well,
    /// The write did not come this time.
    Unmet,
}

/// Plays a scenario undisturbed.
pub async fn undisturbed(cluster: &Arc<Cluster>, scenario: &dyn Scenario, way: Option<u64>) -> Undisturbed {
    let scene = Scene::set(cluster, &short(scenario), scenario.setup(), way.unwrap_or_default()).await;
    scenario.prepare(&scene).await;
    scene.until_quiet().await;
    scene.watch.follow(&scene.harness).await;
    let prepared = scene.state();
    scene.begin();
    scenario.act(&scene).await;
    scene.until_quiet().await;
    let (writes, settled) = (scene.writes(), scene.state());
    let steady = match scene.request("acme").await {
        Ok(()) => scene.until(&settled, SETTLES_WITHIN).await,
        error => error,
    };
    let violations = scene.close().await;
    assert!(steady.is_ok(), "undisturbed, a full pass changes the end:\n{steady:?}");
    assert!(violations.is_empty(), "undisturbed: {violations:#?}");
    Undisturbed {
        prepared,
        settled,
        writes,
    }
}

/// Plays a scenario with a disturbance. What is wrong is the error.
pub async fn disturbed(
    cluster: &Arc<Cluster>,
    scenario: &dyn Scenario,
    (run, point, way): (&Undisturbed, &Point, Option<u64>),
) -> Result<Came, String> {
    let way = way.unwrap_or_else(|| point.number());
    let scene = Scene::set(cluster, &short(scenario), scenario.setup(), way).await;
    scenario.prepare(&scene).await;
    scene
        .until(&run.prepared, SETTLES_WITHIN)
        .await
        .map_err(|difference| format!("what was to be before the scenario began did not come:\n{difference}"))?;
    scene.watch.follow(&scene.harness).await;
    scene.begin();
    let trap = Trap::set(&scene, point);
    let settled = play(&scene, scenario, &trap, point, &run.settled).await;
    let met = trap.was_met(&scene);
    trap.clear(&scene);
    let steady = match settled {
        Ok(()) => steady(&scene, &run.settled).await,
        Err(difference) => Err(format!("it did not end as it does undisturbed:\n{difference}")),
    };
    let log = scene.harness.log_tail();
    let violations = scene.close().await;
    let wrong: Vec<String> = steady.err().into_iter().chain(violations).collect();
    match (wrong.is_empty(), met) {
        (true, true) => Ok(Came::Well),
        (true, false) => Ok(Came::Unmet),
        (false, _) => Err(format!("{}\n  the log ends with\n{log}", wrong.join("\n"))),
    }
}

async fn play(
    scene: &Scene,
    scenario: &dyn Scenario,
    trap: &Trap,
    point: &Point,
    settled: &State,
) -> Result<(), String> {
    let played = async {
        scenario.act(scene).await;
        scene.until(settled, SETTLES_WITHIN).await
    };
    let sprung = trap.spring(scene, point.disturbance);
    tokio::pin!(played, sprung);
    tokio::select! {
        () = &mut sprung => played.await,
        outcome = &mut played => {
            // Events come after the conditions that they report.
            scene.until_quiet().await;
            if !trap.was_met(scene) {
                return outcome;
            }
            sprung.await;
            scene.until(settled, SETTLES_WITHIN).await
        }
    }
}

/// A full reconciliation finds nothing to change.
async fn steady(scene: &Scene, settled: &State) -> Result<(), String> {
    scene.request("acme").await?;
    let still = scene.until(settled, SETTLES_WITHIN).await;
    still.map_err(|difference| format!("a full pass changed the end:\n{difference}"))
}

/// The name of a scenario as a part of a namespace's.
fn short(scenario: &dyn Scenario) -> String {
    scenario.name().trim_start_matches("sweep::").replace('_', "-")
}
