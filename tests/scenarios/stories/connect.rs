//! A good integration connects; a revoked grant is reported and mended.

use std::sync::Arc;

use devkit::sandbox::Command;
use serde_json::json;

use super::{Story, story};
use crate::{
    ledger,
    plane::Plane,
    stage::{BOT, SITE, Stage, claim::claim, look::condition},
};

pub fn stories() -> Vec<Story> {
    vec![
        story("connect::becomes_ready", becomes_ready),
        story("connect::a_revoked_grant_is_reported_and_mended", revoked_and_mended),
        story("connect::an_expired_grant_is_reported_and_mended", expired_and_mended),
    ]
}

async fn becomes_ready(plane: Arc<Plane>) {
    let stage = Stage::open(&plane, "ready").await;
    stage.connect("acme-oauth").await;
    stage
        .integrate("acme", "acme-oauth", json!({"account": {"email": BOT}}))
        .await;
    let ready = stage.until_ready("acme").await;
    let status = ready.status.as_ref().unwrap();
    assert_eq!(status.site.as_ref().unwrap().url, SITE);
    assert_eq!(status.projects.as_ref().unwrap().readable, Some(4));

    let published = stage.secret("acme-jira-token").await.expect("the Secret for workloads");
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

    let projects = stage.project_reasons().await;
    let names: Vec<&str> = projects.keys().map(String::as_str).collect();
    assert_eq!(names, ["acme-eng", "acme-its", "acme-ops", "acme-sup"]);
    assert!(projects.values().all(|reason| reason == "Usable"));
    let waited = plane
        .kubectl(&[
            "wait",
            "-n",
            &stage.namespace,
            "--for=condition=Ready",
            "ji/acme",
            "--timeout=5s",
        ])
        .await;
    waited.expect("kubectl wait sees it");
    assert_eq!(stage.events("acme").await, ["Connected"]);
    stage.close().await;
}

async fn revoked_and_mended(plane: Arc<Plane>) {
    let stage = Stage::open(&plane, "revoked").await;
    let app = stage.connect("acme-oauth").await;
    stage.integrate("acme", "acme-oauth", json!({})).await;
    stage.until_ready("acme").await;

    stage.jira(Command::RevokeGrant {
        client_id: Some(app.client_id.clone()),
        account: None,
    });
    let revoked = stage.request("acme").await;
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
    let spent = stage.exchanges();
    stage.request("acme").await;
    assert_eq!(
        stage.exchanges(),
        spent + 1,
        "what was refused is tried once more, because a person asked"
    );

    let tokens = stage.sandbox.mint(&app.client_id, None).unwrap();
    stage
        .put_credentials(&stage.namespace, "acme-oauth", &app, Some(&tokens.refresh_token))
        .await;
    stage.until_ready("acme").await;
    stage
        .until_events("acme", &["Connected", "ReconnectRequired", "TokenFresh"])
        .await;
    ledger::caused("grant-revoked");
    stage.close().await;
}

/// A grant that nobody used for 90 days.
async fn expired_and_mended(plane: Arc<Plane>) {
    let stage = Stage::open(&plane, "expired").await;
    let app = stage.connect("acme-oauth").await;
    stage.integrate("acme", "acme-oauth", json!({})).await;
    stage.until_ready("acme").await;
    let before = stage.project_versions().await;
    stage.jira(Command::AdvanceClock {
        seconds: 91 * 24 * 3600,
    });
    let expired = stage.request("acme").await;
    let named = ["90 days went by unused", "Connect again"];
    claim(&expired, "Authorized", "False", "ReconnectRequired", &named);
    claim(&expired, "Ready", "False", "ReconnectRequired", &[]);
    claim(&expired, "ServiceDesksReady", "Unknown", "SkippedAfterAuthorized", &[]);

    let tokens = stage.sandbox.mint(&app.client_id, None).unwrap();
    stage.hand_over("acme-oauth", &tokens.refresh_token).await;
    stage.until_ready("acme").await;
    stage
        .until_events("acme", &["Connected", "ReconnectRequired", "TokenFresh"])
        .await;
    assert_eq!(stage.project_versions().await, before);
    ledger::caused("grant-expired");
    stage.close().await;
}
