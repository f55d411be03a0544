//! What a person changes while Jira wants not to be asked.

use devkit::sandbox::Command;
use futures::{FutureExt, future::BoxFuture};
use serde_json::json;

use crate::sweep::{scene::Scene, story::Story};

/// How long Jira refuses everything, in seconds.
const STORM: u32 = 8;

/// Another account is declared: nobody is called Ready for it before Jira was asked.
pub struct SpecChange;

impl Story for SpecChange {
    fn name(&self) -> &'static str {
        "sweep::a_spec_change_during_429"
    }

    fn prepare<'s>(&'s self, scene: &'s Scene) -> BoxFuture<'s, ()> {
        scene.connected().boxed()
    }

    fn act<'s>(&'s self, scene: &'s Scene) -> BoxFuture<'s, ()> {
        async move {
            let stage = &scene.stage;
            let mark = stage.sandbox.mark();
            let storm = Command::StartStorm {
                seconds: STORM,
                path: None,
                reason: None,
                retry_after_seconds: None,
            };
            stage.jira(storm);
            stage.ask("acme").await;
            let refused = |calls: &[devkit::sandbox::Request]| calls.iter().any(|call| call.status == Some(429));
            stage.sandbox.wait_for_requests(mark, refused).await;
            stage
                .change("acme", json!({"account": {"email": "dana@acme.example"}}))
                .await;
            stage.until_reason("acme", "AccountEligible", "WrongAccount").await;
        }
        .boxed()
    }
}
