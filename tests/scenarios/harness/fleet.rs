//! Many grants at once: apps with credentials and integrations in one namespace, and what the
//! sandbox's books say of them.

use std::{collections::BTreeSet, time::Duration};

use devkit::sandbox::{AppCredentials, Command, FaultRule};
use futures::future::join_all;
use jira_operator::api::integration::JiraIntegration;
use serde_json::json;

use super::{Harness, observe::is_ready};

/// Longest time until something is in flight: the mark of a process that was killed is respected
/// for 45 s.
const SOON: Duration = Duration::from_secs(100);

/// Grants of a namespace, each with its app, its Secret and its integration.
pub struct Fleet {
    pub namespace: String,
    pub apps: Vec<AppCredentials>,
}

impl Fleet {
    /// Makes so many apps whose access tokens live so many seconds, with a grant each, and their
    /// credentials in Secrets, but no integration yet.
    pub async fn prepare(harness: &Harness, namespace: &str, size: usize, expires_in: u64) -> Self {
        let apps: Vec<AppCredentials> = (0..size)
            .map(|_| harness.sandbox.create_app().expect("an app"))
            .collect();
        for app in &apps {
            harness.jira(Command::SetExpiresIn {
                seconds: expires_in,
                client_id: Some(app.client_id.clone()),
            });
        }
        let supplied = apps.iter().enumerate().map(|(n, app)| async move {
            let tokens = harness.sandbox.mint(&app.client_id, None).expect("a grant");
            let secret = Self::credentials(n);
            harness
                .put_credentials(namespace, &secret, app, Some(&tokens.refresh_token))
                .await;
        });
        join_all(supplied).await;
        Self {
            namespace: namespace.to_owned(),
            apps,
        }
    }

    /// Makes them, with an integration each.
    pub async fn launch(harness: &Harness, namespace: &str, size: usize, expires_in: u64) -> Self {
        let fleet = Self::prepare(harness, namespace, size, expires_in).await;
        join_all((0..size).map(|n| fleet.integrate(harness, n))).await;
        fleet
    }

    /// Creates the integration of one grant.
    pub async fn integrate(&self, harness: &Harness, n: usize) {
        let named = json!({"projects": [{"key": "SUP"}]});
        harness
            .integrate_in(&self.namespace, &Self::name(n), &Self::credentials(n), named)
            .await;
    }

    /// Name of an integration.
    pub fn name(n: usize) -> String {
        format!("acme-{n}")
    }

    /// Name of the Secret with its credentials.
    pub fn credentials(n: usize) -> String {
        format!("acme-{n}-oauth")
    }

    /// Waits until each is as it should be.
    pub async fn until(
        &self,
        harness: &Harness,
        what: &str,
        test: impl Fn(&JiraIntegration) -> bool + Send + Sync + Copy,
    ) {
        for n in 0..self.apps.len() {
            harness.until_in(&self.namespace, &Self::name(n), what, test).await;
        }
    }

    /// Waits until each is Ready.
    pub async fn until_ready(&self, harness: &Harness) {
        self.until(harness, "Ready", is_ready).await;
    }

    /// Puts a fault before the token endpoint, for these apps only. Their ids.
    pub fn fault(&self, harness: &Harness, rule: &FaultRule) -> Vec<u64> {
        let one = |app: &AppCredentials| harness.sandbox.fault(rule.clone().for_client(&app.client_id));
        self.apps.iter().map(one).collect()
    }

    /// Exchanges of these apps that were answered or not, oldest first: status and time.
    pub fn exchanges(&self, harness: &Harness) -> Vec<Option<u16>> {
        let ours: BTreeSet<&str> = self.apps.iter().map(|app| app.client_id.as_str()).collect();
        let all = harness.sandbox.requests();
        let exchanged = all.iter().filter(|r| r.path == "/oauth/token");
        exchanged
            .filter(|r| r.client_id.as_deref().is_some_and(|id| ours.contains(id)))
            .map(|r| r.status)
            .collect()
    }

    /// How many refresh tokens each family has issued.
    pub fn issued(&self, harness: &Harness) -> Vec<u32> {
        harness.sandbox.state(|world| {
            let coverage = &world.oauth;
            let of = |app: &AppCredentials| {
                let grants = coverage.grants.values().filter(|g| g.client_id == app.client_id);
                let ids: BTreeSet<u64> = grants.map(|g| g.id).collect();
                coverage
                    .families
                    .values()
                    .filter(|f| ids.contains(&f.grant))
                    .map(|f| f.issued)
                    .max()
            };
            self.apps.iter().map(|app| of(app).expect("a family")).collect()
        })
    }

    /// Asserts that no grant was lost: every family lives, nothing was refused, each is Ready, and
    /// each was refreshed once more after this was asked.
    pub async fn assert_alive(&self, harness: &Harness) {
        self.until_ready(harness).await;
        let before = self.issued(harness);
        let mark = harness.sandbox.mark();
        let again =
            |_: &[devkit::sandbox::Request]| self.issued(harness).iter().zip(&before).all(|(now, then)| now > then);
        let refreshed = tokio::time::timeout(SOON, harness.sandbox.wait_for_requests(mark, again)).await;
        assert!(
            refreshed.is_ok(),
            "not every grant was refreshed again\n{}",
            harness.log_tail()
        );
        self.until_ready(harness).await;
        let refused: Vec<u16> = self
            .exchanges(harness)
            .into_iter()
            .flatten()
            .filter(|s| (400..500).contains(s))
            .collect();
        assert!(
            refused.is_empty(),
            "refresh tokens were refused: {refused:?}\n{}",
            harness.log_tail()
        );
        let dead: Vec<String> = harness.sandbox.state(|world| {
            let revoked = |why: &Option<String>| why.clone();
            let families = world.oauth.families.values().filter_map(|f| revoked(&f.revoked));
            families
                .chain(world.oauth.grants.values().filter_map(|g| revoked(&g.revoked)))
                .collect()
        });
        assert!(dead.is_empty(), "the sandbox ended grants: {dead:?}");
    }
}

/// Waits until each of these faults met a request.
pub async fn until_hit(harness: &Harness, faults: &[u64]) {
    for (n, fault) in faults.iter().enumerate() {
        let hit = tokio::time::timeout(SOON, harness.sandbox.wait_for_hits(*fault, 1)).await;
        assert!(
            hit.is_ok(),
            "exchange {n} of {} never came\n{}",
            faults.len(),
            harness.log_tail()
        );
    }
}

/// Waits until these faults hold nothing any more, and takes them down.
pub async fn let_go(harness: &Harness, faults: &[u64]) {
    for fault in faults {
        let idle = tokio::time::timeout(SOON, harness.sandbox.wait_until_idle(*fault)).await;
        assert!(
            idle.is_ok(),
            "the sandbox still holds an exchange of a process that is gone"
        );
        harness.sandbox.release(*fault).expect("it was up");
    }
}

/// Takes these faults down and lets go what they hold.
pub fn release(harness: &Harness, faults: &[u64]) {
    for fault in faults {
        harness.sandbox.release(*fault).expect("it was up");
    }
}

/// The body of a `metav1.Status` that a proxy answers.
pub fn refusal(code: u16) -> devkit::proxy::Action {
    let (reason, message) = match code {
        409 => ("Conflict", "the object has been modified"),
        403 => ("Forbidden", "a policy forbids it"),
        _ => ("InternalError", "etcd is in trouble"),
    };
    devkit::proxy::Action::Refuse {
        status: axum::http::StatusCode::from_u16(code).expect("a status"),
        reason: reason.to_owned(),
        message: message.to_owned(),
    }
}
