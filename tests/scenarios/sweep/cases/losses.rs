//! What an integration needs is taken from it while it is Ready.

use devkit::sandbox::Command;
use futures::{FutureExt, future::BoxFuture};

use crate::{
    harness::BOT,
    sweep::{scenario::Scenario, scene::Scene},
};

/// Something is taken away, and a person asks for a reconciliation.
pub struct Loss {
    name: &'static str,
    taken: fn(client_id: String) -> Command,
    /// Condition and reason by which it is reported.
    reported: (&'static str, &'static str),
}

/// The grant no longer reaches the site.
pub fn site() -> Loss {
    Loss {
        name: "sweep::a_site_is_lost",
        taken: |client_id| Command::RemoveSiteFromGrant {
            client_id: Some(client_id),
            account: None,
            site: None,
        },
        reported: ("SiteReachable", "SiteNotGranted"),
    }
}

/// The account is deactivated, and its grant not yet.
pub fn account() -> Loss {
    Loss {
        name: "sweep::an_account_is_lost",
        taken: |_| Command::DeactivateAccount {
            account: Some(BOT.to_owned()),
            keep_grants: true,
        },
        reported: ("AccountEligible", "AccountInactive"),
    }
}

/// A scope is taken out of the grant.
pub fn scope() -> Loss {
    Loss {
        name: "sweep::a_scope_is_lost",
        taken: |client_id| Command::DropScope {
            client_id: Some(client_id),
            scope: "read:jira-work".to_owned(),
        },
        reported: ("ScopesGranted", "ScopesMissing"),
    }
}

impl Scenario for Loss {
    fn name(&self) -> &'static str {
        self.name
    }

    fn prepare<'s>(&'s self, scene: &'s Scene) -> BoxFuture<'s, ()> {
        scene.connected().boxed()
    }

    fn act<'s>(&'s self, scene: &'s Scene) -> BoxFuture<'s, ()> {
        async move {
            let client_id = scene.client_id().await;
            scene.harness.jira((self.taken)(client_id));
            scene.harness.ask("acme").await;
            scene
                .harness
                .until_reason("acme", self.reported.0, self.reported.1)
                .await;
        }
        .boxed()
    }
}
