//! A person disconnects from the terminal, again if the command says that it failed.

use futures::{FutureExt, future::BoxFuture};

use crate::sweep::{scenario::Scenario, scene::Scene};

/// How often the command is typed.
const TRIES: usize = 5;
/// What a person who disconnects may do.
const RIGHTS: &str = "[{apiGroups: [\"\"], resources: [secrets], verbs: [get, list, create, update]}, \
     {apiGroups: [jira-operator.dev], resources: [jiraintegrations], verbs: [get, list]}]";

/// The tokens go, and nothing brings them back.
pub struct Disconnect;

impl Scenario for Disconnect {
    fn name(&self) -> &'static str {
        "sweep::disconnect"
    }

    fn prepare<'s>(&'s self, scene: &'s Scene) -> BoxFuture<'s, ()> {
        scene.connected().boxed()
    }

    fn act<'s>(&'s self, scene: &'s Scene) -> BoxFuture<'s, ()> {
        async move {
            let kubeconfig = scene.harness.person("person", RIGHTS, Some(scene.terminal.url())).await;
            for typed in 1.. {
                let ran = scene.types(&kubeconfig, &["disconnect", "acme"]).await;
                if ran.as_ref().is_some_and(|ran| ran.code == 0) {
                    break;
                }
                assert!(typed < TRIES, "it fails again and again: {ran:?}");
            }
            scene.harness.until_reason("acme", "Authorized", "NotConnected").await;
        }
        .boxed()
    }
}
