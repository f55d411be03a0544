//! An integration connects for the first time.

use futures::{FutureExt, future::BoxFuture};

use crate::sweep::{scenario::Scenario, scene::Scene};

/// A Secret with a refresh token, an integration that names it, and all that follows.
pub struct FirstConnection;

impl Scenario for FirstConnection {
    fn name(&self) -> &'static str {
        "sweep::first_connection"
    }

    fn prepare<'s>(&'s self, _: &'s Scene) -> BoxFuture<'s, ()> {
        async {}.boxed()
    }

    fn act<'s>(&'s self, scene: &'s Scene) -> BoxFuture<'s, ()> {
        async move {
            scene.harness.connect("acme-oauth").await;
            scene.harness.integrate("acme", "acme-oauth", Scene::spec()).await;
            scene.harness.until_ready("acme").await;
        }
        .boxed()
    }
}
