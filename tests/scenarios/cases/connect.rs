//! A good integration connects; a revoked grant is reported and fixed.

use std::sync::Arc;

use devkit::sandbox::Command;
use serde_json::json;

use super::{Scenario, scenario};
use crate::{
    cluster::Cluster,
    coverage,
    harness::{
        BOT, SITE, Setup,
        actions::{connected, connected_with_app},
        assertions::assert_condition,
        commands::revoke,
        observe::condition,
    },
};

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("connect::becomes_ready", becomes_ready),
        scenario("connect::a_revoked_grant_is_reported_and_mended", revoked_and_fixed),
        scenario("connect::an_expired_grant_is_reported_and_mended", expired_and_fixed),
    ]
}

async fn becomes_ready(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "ready", json!({"account": {"email": BOT}})).await;
    let ready = harness.integration("acme").await;
    let status = ready.status.as_ref().unwrap();
    assert_eq!(status.site.as_ref().unwrap().url, SITE);
    assert_eq!(status.projects.as_ref().unwrap().readable, Some(4));

    let published = harness
        .secret("acme-jira-token")
        .await
        .expect("the Secret for workloads");
    let keys: Vec<&str> = published.keys().map(String::as_str).collect();
    assert_eq!(keys, ["access-token", "base-url", "expires-at", "site-url"]);
    assert_eq!(published["site-url"], SITE);
    let answer = reqwest::Client::new()
        .get(format!("{}/rest/api/3/myself", published["base-url"]))
        .bearer_auth(&published["access-token"])
        .send()
        .await
        .expect("the gateway answers");
    assert_eq!(answer.status(), 200, "the token opens the gateway");

    let projects = harness.project_reasons().await;
    let names: Vec<&str> = projects.keys().map(String::as_str).collect();
    assert_eq!(names, ["acme-eng", "acme-its", "acme-ops", "acme-sup"]);
    assert!(projects.values().all(|reason| reason == "Usable"));
    let waited = cluster
        .kubectl(&[
            "wait",
            "-n",
            &harness.namespace,
            "--for=condition=Ready",
            "ji/acme",
            "--timeout=5s",
        ])
        .await;
    waited.expect("kubectl wait sees it");
    assert_eq!(harness.events("acme").await, ["Connected"]);
    harness.close().await;
}

async fn revoked_and_fixed(cluster: Arc<Cluster>) {
    let (harness, app) = connected_with_app(&cluster, "revoked", Setup::default(), json!({})).await;

    harness.jira(revoke(&app.client_id));
    let revoked = harness.request("acme").await;
    let authorized = condition(&revoked, "Authorized");
    assert_eq!(
        (authorized.status.as_str(), authorized.reason.as_str()),
        ("False", "ReconnectRequired")
    );
    assert!(
        authorized.message.contains("revoked") && authorized.message.contains("jira-operator connect"),
        "{}",
        authorized.message
    );
    assert_eq!(condition(&revoked, "Stalled").status, "True");
    let spent = harness.exchanges();
    harness.request("acme").await;
    assert_eq!(
        harness.exchanges(),
        spent + 1,
        "what was refused is tried once more, because a person asked"
    );

    let tokens = harness.sandbox.mint(&app.client_id, None).unwrap();
    harness
        .put_credentials(&harness.namespace, "acme-oauth", &app, Some(&tokens.refresh_token))
        .await;
    harness.until_ready("acme").await;
    harness
        .until_events("acme", &["Connected", "ReconnectRequired", "TokenFresh"])
        .await;
    coverage::caused("grant-revoked");
    harness.close().await;
}

/// A grant that nobody used for 90 days.
async fn expired_and_fixed(cluster: Arc<Cluster>) {
    let (harness, app) = connected_with_app(&cluster, "expired", Setup::default(), json!({})).await;
    let before = harness.project_versions().await;
    harness.jira(Command::AdvanceClock {
        seconds: 91 * 24 * 3600,
    });
    let expired = harness.request("acme").await;
    let named = ["90 days went by unused", "Connect again"];
    assert_condition(&expired, "Authorized", "False", "ReconnectRequired", &named);
    assert_condition(&expired, "Ready", "False", "ReconnectRequired", &[]);
    assert_condition(&expired, "ServiceDesksReady", "Unknown", "SkippedAfterAuthorized", &[]);

    let tokens = harness.sandbox.mint(&app.client_id, None).unwrap();
    harness.hand_over("acme-oauth", &tokens.refresh_token).await;
    harness.until_ready("acme").await;
    harness
        .until_events("acme", &["Connected", "ReconnectRequired", "TokenFresh"])
        .await;
    assert_eq!(harness.project_versions().await, before);
    coverage::caused("grant-expired");
    harness.close().await;
}
