//! Issues come into the cluster for the first time, and follow what becomes of them in Jira.

use futures::{FutureExt, future::BoxFuture};
use serde_json::{Value, json};

use crate::{
    stage::{Setup, Stage},
    sweep::{scene::Scene, story::Story},
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

async fn until_mirrored(stage: &Stage) {
    let keys = stage.readable_keys();
    stage
        .until_mirrored("as Jira", |mirrored| mirrored.keys().eq(keys.iter()))
        .await;
}

/// An integration that asks for issues, until all are there.
pub struct FirstFill;

impl Story for FirstFill {
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
            scene.stage.change("acme", spec).await;
            until_mirrored(&scene.stage).await;
        }
        .boxed()
    }
}

/// One issue changes, one moves, and one is deleted, and a person asks for a look.
pub struct ChangingPass;

impl Story for ChangingPass {
    fn name(&self) -> &'static str {
        "sweep::a_change_a_move_a_deletion"
    }

    fn setup(&self) -> Setup {
        setup()
    }

    fn prepare<'s>(&'s self, scene: &'s Scene) -> BoxFuture<'s, ()> {
        async move {
            scene.connected_with(mirroring()).await;
            until_mirrored(&scene.stage).await;
        }
        .boxed()
    }

    fn act<'s>(&'s self, scene: &'s Scene) -> BoxFuture<'s, ()> {
        async move {
            let stage = &scene.stage;
            stage.command(json!({"command": "updateIssue", "issue": "ENG-1", "summary": "Changed", "status": "Done"}));
            stage.command(json!({"command": "moveIssue", "issue": "ENG-2", "project": "OPS"}));
            stage.command(json!({"command": "deleteIssue", "issue": "ENG-3"}));
            stage.ask("acme").await;
            until_mirrored(stage).await;
        }
        .boxed()
    }
}
