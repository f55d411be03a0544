//! Tokens are replaced, each by the one before.

use devkit::sandbox::Command;
use futures::{FutureExt, future::BoxFuture};

use crate::sweep::{scenario::Scenario, scene::Scene};

/// A little more than an access token lives, and much more than a spent refresh token still works.
const AN_HOUR: u64 = 3700;

/// Two refreshes an hour apart: the second shows what the first has stored.
pub struct Rotation;

impl Scenario for Rotation {
    fn name(&self) -> &'static str {
        "sweep::a_rotation"
    }

    fn prepare<'s>(&'s self, scene: &'s Scene) -> BoxFuture<'s, ()> {
        scene.connected().boxed()
    }

    fn act<'s>(&'s self, scene: &'s Scene) -> BoxFuture<'s, ()> {
        async move {
            for _ in 0..2 {
                scene.harness.jira(Command::AdvanceClock { seconds: AN_HOUR });
                scene.harness.age_token("acme-oauth-grant").await;
                scene.until_published().await;
            }
        }
        .boxed()
    }
}
