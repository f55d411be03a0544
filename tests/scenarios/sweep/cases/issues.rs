//! Issues come into the cluster for the first time, and follow what becomes of them in Jira.

use futures::{FutureExt, future::BoxFuture};
use serde_json::{Value, json};

use crate::{
    harness::{Harness, Setup},
    sweep::{scenario::Scenario, scene::Scene},
};

fn mirroring() -> Value {
    let mut spec = Scene::spec();
    spec["issues"] = json!({"mirror": "All"});
    spec
}

/// What is missing is looked up at once, so that a deletion shows with the next complete list.
fn setup() -> Setup {
    Setup {
        deletion_delay: Some(0),
        ..Setup::default()
    }
}

async fn until_mirrored(harness: &Harness) {
    let keys = harness.readable_keys();
    harness
        .until_mirrored("as Jira", |mirrored| mirrored.keys().eq(keys.iter()))
        .await;
}

/// An integration that asks for issues, until all are there.
pub struct FirstFill;

impl Scenario for FirstFill {
    fn name(&self) -> &'static str {
        "sweep::a_first_fill"
    }

    fn setup(&self) -> Setup {
        setup()
    }

    fn prepare<'s>(&'s self, scene: &'s Scene) -> BoxFuture<'s, ()> {
        async move {
            scene.connected().await;
        }
        .boxed()
    }

    fn act<'s>(&'s self, scene: &'s Scene) -> BoxFuture<'s, ()> {
        async move {
            let spec = json!({"issues": {"mirror": "All"}});
            scene.harness.change("acme", spec).await;
            until_mirrored(&scene.harness).await;
        }
        .boxed()
    }
}

/// One issue changes, one moves, and one is deleted, and a person asks for a reconciliation.
pub struct ChangingPass;

impl Scenario for ChangingPass {
    fn name(&self) -> &'static str {
        "sweep::a_change_a_move_a_deletion"
    }

    fn setup(&self) -> Setup {
        setup()
    }

    fn prepare<'s>(&'s self, scene: &'s Scene) -> BoxFuture<'s, ()> {
        async move {
            scene.connected_with(mirroring()).await;
            until_mirrored(&scene.harness).await;
        }
        .boxed()
    }

    fn act<'s>(&'s self, scene: &'s Scene) -> BoxFuture<'s, ()> {
        async move {
            let harness = &scene.harness;
            harness
                .command(json!({"command": "updateIssue", "issue": "ENG-1", "summary": "Changed", "status": "Done"}));
            harness.command(json!({"command": "moveIssue", "issue": "ENG-2", "project": "OPS"}));
            harness.command(json!({"command": "deleteIssue", "issue": "ENG-3"}));
            harness.ask("acme").await;
            until_mirrored(harness).await;
        }
        .boxed()
    }
}
