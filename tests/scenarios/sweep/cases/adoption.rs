//! A person puts another account's refresh token into the Secret of an integration that is Ready.

use futures::{FutureExt, future::BoxFuture};

use crate::sweep::{scenario::Scenario, scene::Scene};

/// The grant is adopted, judged and refused, and its token never reaches workloads.
pub struct Refused;

impl Scenario for Refused {
    fn name(&self) -> &'static str {
        "sweep::a_refused_adoption"
    }

    fn prepare<'s>(&'s self, scene: &'s Scene) -> BoxFuture<'s, ()> {
        scene.connected().boxed()
    }

    fn act<'s>(&'s self, scene: &'s Scene) -> BoxFuture<'s, ()> {
        async move {
            let app = scene.client_id().await;
            let hers = scene
                .harness
                .sandbox
                .mint(&app, Some("dana@acme.example"))
                .expect("a grant");
            scene.harness.hand_over("acme-oauth", &hers.refresh_token).await;
            scene
                .harness
                .until_reason("acme", "AccountEligible", "WrongAccount")
                .await;
        }
        .boxed()
    }
}
