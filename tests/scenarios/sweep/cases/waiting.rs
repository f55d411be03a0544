//! What a person changes while Jira wants not to be asked.

use devkit::sandbox::Command;
use futures::{FutureExt, future::BoxFuture};
use serde_json::json;

use crate::sweep::{scenario::Scenario, scene::Scene};

/// How long Jira refuses everything, in seconds.
const STORM: u32 = 8;

/// Another account is declared: nobody is called Ready for it before Jira was asked.
pub struct SpecChange;

impl Scenario for SpecChange {
    fn name(&self) -> &'static str {
        "sweep::a_spec_change_during_429"
    }

    fn prepare<'s>(&'s self, scene: &'s Scene) -> BoxFuture<'s, ()> {
        scene.connected().boxed()
    }

    fn act<'s>(&'s self, scene: &'s Scene) -> BoxFuture<'s, ()> {
        async move {
            let harness = &scene.harness;
            let mark = harness.sandbox.mark();
            let storm = Command::StartStorm {
                seconds: STORM,
                path: None,
                reason: None,
                retry_after_seconds: None,
            };
            harness.jira(storm);
            harness.ask("acme").await;
            let refused = |calls: &[devkit::sandbox::Request]| calls.iter().any(|call| call.status == Some(429));
            harness.sandbox.wait_for_requests(mark, refused).await;
            harness
                .change("acme", json!({"account": {"email": "dana@acme.example"}}))
                .await;
            harness.until_reason("acme", "AccountEligible", "WrongAccount").await;
        }
        .boxed()
    }
}
