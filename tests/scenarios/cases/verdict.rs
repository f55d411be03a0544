//! A verdict that could not be written down, because the API server refused the status or the operator died
//! before it: it is reached again by looking, and nothing is published on the word of the status before it.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use axum::http::Method;
use devkit::{
    proxy::{Action, Rule},
    sandbox::{AppCredentials, FaultAction, FaultRule, RateLimitReason, When},
};
use futures::StreamExt;
use kube::runtime::{WatchStreamExt, watcher};
use serde_json::json;
use tokio::task::JoinHandle;

use super::{Scenario, scenario};
use crate::{
    cluster::Cluster,
    harness::{
        BOT, Harness, Setup,
        actions::connected,
        assertions::assert_condition,
        fleet::refusal,
        observe::{PATIENCE, has, text},
    },
};

const DANA: &str = "dana@acme.example";

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario(
            "account::a_refused_account_stays_refused_whatever_becomes_of_the_status",
            refused_and_unwritten,
        ),
        scenario(
            "account::another_account_is_named_while_jira_must_not_be_asked",
            named_while_waiting,
        ),
    ]
}

/// Every access token that workloads could have read, as long as it is watched.
struct Published {
    seen: Arc<Mutex<BTreeSet<String>>>,
    watching: JoinHandle<()>,
}

impl Published {
    /// From now on, which is when the one of now was seen.
    async fn watch(harness: &Harness, name: &str) -> Self {
        let seen: Arc<Mutex<BTreeSet<String>>> = Arc::default();
        let one = watcher::Config::default().fields(&format!("metadata.name={name}"));
        let mut versions = watcher(harness.secrets(), one).applied_objects().boxed();
        let into = Arc::clone(&seen);
        let see = move |secret| {
            let token = text(&secret).remove("access-token");
            into.lock().expect("nobody panicked").extend(token);
        };
        see(versions.next().await.expect("a Secret").expect("it answers"));
        let watching = tokio::spawn(async move {
            while let Some(Ok(secret)) = versions.next().await {
                see(secret);
            }
        });
        Self { seen, watching }
    }

    fn never(self, token: &str) {
        assert!(!self.watching.is_finished(), "the watch ended");
        self.watching.abort();
        let seen = self.seen.lock().expect("nobody panicked");
        assert!(!seen.is_empty(), "nothing was seen at all");
        assert!(!seen.contains(token), "the token of a refused account was published");
    }
}

async fn hand_over_of(harness: &Harness, app: &AppCredentials, account: Option<&str>) {
    let tokens = harness.sandbox.mint(&app.client_id, account).unwrap();
    harness.hand_over("acme-oauth", &tokens.refresh_token).await;
}

/// The access token of the grant that is stored now.
async fn granted(harness: &Harness) -> String {
    harness.secret("acme-oauth-grant").await.expect("the grant")["access-token"].clone()
}

fn verdict(action: Action) -> Rule {
    Rule::new(action)
        .method(Method::PATCH)
        .path_contains("/jiraintegrations/acme/status")
        .body_contains("WrongAccount")
        .times(1)
}

async fn refused_and_unwritten(cluster: Arc<Cluster>) {
    let setup = Setup::proxied(true);
    let mut harness = Harness::set_up(&cluster, "unwritten", setup).await;
    let app = harness.connect("acme-oauth").await;
    harness
        .integrate("acme", "acme-oauth", json!({"account": {"email": BOT}}))
        .await;
    harness.until_ready("acme").await;

    // The status is refused once, after the token was taken back.
    let published = Published::watch(&harness, "acme-jira-token").await;
    let lost = harness.proxy.as_ref().unwrap().add(verdict(refusal(500)));
    hand_over_of(&harness, &app, Some(DANA)).await;
    lost.wait_for_hits(1, PATIENCE)
        .await
        .expect("the status is to be written");
    let wrong = harness
        .until("acme", "refused", |o| has(o, "AccountEligible", "WrongAccount"))
        .await;
    assert_condition(&wrong, "Ready", "False", "WrongAccount", &["Dana Developer", BOT]);
    published.never(&granted(&harness).await);
    lost.remove();

    hand_over_of(&harness, &app, None).await;
    harness.until_ready("acme").await;

    // The operator dies where the status was to be written.
    let published = Published::watch(&harness, "acme-jira-token").await;
    let lost = harness.proxy.as_ref().unwrap().add(verdict(Action::HoldRequest));
    hand_over_of(&harness, &app, Some(DANA)).await;
    lost.wait_for_hits(1, PATIENCE)
        .await
        .expect("the status is to be written");
    assert!(
        harness.secret("acme-jira-token").await.unwrap().is_empty(),
        "it was taken back"
    );
    harness.kill_operators().await;
    lost.break_off();
    lost.remove();
    harness.start_operator();
    harness.until_reason("acme", "AccountEligible", "WrongAccount").await;
    published.never(&granted(&harness).await);
    hand_over_of(&harness, &app, None).await;
    harness.until_ready("acme").await;
    harness.close().await;
}

/// Jira asked to wait. The id of the account that is connected is known all the same.
async fn named_while_waiting(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "named-waiting", json!({"account": {"email": BOT}})).await;
    let wait = FaultAction::RateLimit {
        reason: RateLimitReason::JiraQuotaTenantBased,
        retry_after_seconds: Some(10),
    };
    let _ = harness
        .sandbox
        .fault(FaultRule::path("/ex/jira/", When::Before, wait).times(1));
    harness.ask("acme").await;
    harness.until_reason("acme", "Synced", "QuotaExhausted").await;
    let mark = harness.sandbox.mark();
    let other = json!({"account": {"email": null, "accountId": "712020:somebody-else"}});
    harness.change("acme", other).await;
    let wrong = harness
        .until("acme", "refused", |o| has(o, "AccountEligible", "WrongAccount"))
        .await;
    assert_condition(
        &wrong,
        "Ready",
        "False",
        "WrongAccount",
        &["Jira Bot", "712020:somebody-else"],
    );
    assert!(
        harness.secret("acme-jira-token").await.unwrap().is_empty(),
        "it was taken back"
    );
    assert!(harness.sandbox.requests_since(mark).is_empty(), "and nothing was asked");

    harness
        .change("acme", json!({"account": {"email": BOT, "accountId": null}}))
        .await;
    harness.until_ready("acme").await;
    harness
        .until_secret("acme-jira-token", "published again", |data| {
            data.contains_key("access-token")
        })
        .await;
    harness.close().await;
}
