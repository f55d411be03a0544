//! The person's Secret over its life: late, changed, deleted, rolled back. It is only read, and no
//! edit of it ever spends a grant twice.

use std::sync::Arc;

use k8s_openapi::api::core::v1::Secret;
use serde_json::json;

use super::{Scenario, scenario};
use crate::{
    cluster::Cluster,
    harness::{
        Harness, Setup,
        actions::{connected, connected_with_app},
        assertions::{assert_absent, assert_condition},
        observe::is_ready,
    },
};

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario(
            "secrets::the_credentials_come_after_the_integration",
            credentials_come_late,
        ),
        scenario(
            "secrets::the_credentials_are_deleted_and_come_back",
            credentials_deleted,
        ),
        scenario("secrets::the_credentials_become_those_of_another_app", another_app),
        scenario("secrets::a_changed_client_id_spends_nothing", changed_client_id),
        scenario("secrets::a_git_revert_brings_an_old_refresh_token_back", git_revert),
        scenario("secrets::the_integration_names_another_secret", another_secret),
    ]
}

/// A harness where `acme` is Ready with the credentials in `acme-oauth`.
async fn credentials_come_late(cluster: Arc<Cluster>) {
    let harness = Harness::open(&cluster, "late").await;
    harness.integrate("never", "never-oauth", json!({})).await;
    harness.integrate("acme", "acme-oauth", json!({})).await;
    harness.until_reason("acme", "Authorized", "CredentialsNotFound").await;
    let waiting = harness.integration("acme").await;
    assert_condition(
        &waiting,
        "Authorized",
        "False",
        "CredentialsNotFound",
        &["Secret acme-oauth does not exist", "client-id and client-secret"],
    );
    assert_condition(&waiting, "Ready", "False", "CredentialsNotFound", &["acme-oauth"]);
    assert_condition(&waiting, "Synced", "Unknown", "NeverSynced", &["Authorized"]);
    // Order of apply is no failure.
    assert_absent(&waiting, "Stalled");
    assert_absent(&waiting, "Reconciling");

    let app = harness.sandbox.create_app().unwrap();
    harness
        .put_credentials(&harness.namespace, "acme-oauth", &app, None)
        .await;
    harness.until_reason("acme", "Authorized", "NotConnected").await;
    let waiting = harness.integration("acme").await;
    assert_condition(
        &waiting,
        "Authorized",
        "False",
        "NotConnected",
        &["Secret acme-oauth has no refresh-token", "dedicated account"],
    );
    assert_condition(&waiting, "Stalled", "True", "NotConnected", &[]);
    assert!(harness.sandbox.requests().is_empty(), "nothing was asked so far");

    let tokens = harness.sandbox.mint(&app.client_id, None).unwrap();
    harness.hand_over("acme-oauth", &tokens.refresh_token).await;
    harness.until_ready("acme").await;
    assert_eq!(harness.exchanges(), 1);
    let reported = harness.events("acme").await;
    assert!(
        !reported.iter().any(|reason| reason == "CredentialsNotFound"),
        "a moment is worth no warning: {reported:?}"
    );
    harness.until_event("never", "CredentialsNotFound").await;
    harness.close().await;
}

async fn credentials_deleted(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "deleted", json!({})).await;
    let backup = harness.whole_secret("acme-oauth").await;
    let published = harness.secret("acme-jira-token").await;

    harness.delete::<Secret>("acme-oauth").await;
    harness.until_reason("acme", "Authorized", "CredentialsNotFound").await;
    let without = harness.request("acme").await;
    assert_condition(&without, "Ready", "False", "CredentialsNotFound", &["acme-oauth"]);
    assert_condition(&without, "ProjectsAccessible", "Unknown", "SkippedAfterAuthorized", &[]);
    assert_eq!(
        harness.secret("acme-jira-token").await,
        published,
        "workloads go on while their token lasts"
    );
    assert_eq!(harness.project_reasons().await.len(), 4, "no project is forgotten");

    harness.restore_secret(&backup, &harness.namespace).await;
    harness.until_ready("acme").await;
    assert_eq!(
        harness.exchanges(),
        1,
        "the grant went on; the refresh token was not spent again"
    );
    harness.age_token("acme-oauth-grant").await;
    assert!(is_ready(&harness.request("acme").await));
    harness.close().await;
}

async fn another_app(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "another-app", json!({})).await;
    let before = harness.secret("acme-jira-token").await.unwrap();
    let app = harness.sandbox.create_app().unwrap();
    let tokens = harness.sandbox.mint(&app.client_id, None).unwrap();
    let data =
        json!({"client-id": app.client_id, "client-secret": app.client_secret, "refresh-token": tokens.refresh_token});
    harness.patch_secret("acme-oauth", json!({"stringData": data})).await;
    harness
        .until_secret("acme-jira-token", "another", |data| {
            data["access-token"] != before["access-token"]
        })
        .await;
    assert!(is_ready(&harness.request("acme").await));
    assert_eq!(harness.exchanges(), 2, "one for each app's grant");
    let last = harness
        .sandbox
        .requests()
        .into_iter()
        .rfind(|r| r.path == "/oauth/token")
        .unwrap();
    assert_eq!(last.client_id, Some(app.client_id));
    harness.close().await;
}

async fn changed_client_id(cluster: Arc<Cluster>) {
    let (harness, app) = connected_with_app(&cluster, "client-id", Setup::default(), json!({})).await;
    let other = harness.sandbox.create_app().unwrap();
    harness
        .patch_secret("acme-oauth", json!({"stringData": {"client-id": other.client_id}}))
        .await;
    harness.until_reason("acme", "Authorized", "NotConnected").await;
    let changed = harness.request("acme").await;
    assert_condition(
        &changed,
        "Authorized",
        "False",
        "NotConnected",
        &["client-id in Secret acme-oauth was changed", "setting it back fixes it"],
    );
    assert_condition(&changed, "Stalled", "True", "NotConnected", &[]);
    assert_eq!(harness.exchanges(), 1, "nothing is spent for another app");

    harness
        .patch_secret("acme-oauth", json!({"stringData": {"client-id": app.client_id}}))
        .await;
    harness.until_ready("acme").await;
    assert_eq!(harness.exchanges(), 1, "set back, it goes on with what it had");
    harness.age_token("acme-oauth-grant").await;
    assert!(is_ready(&harness.request("acme").await), "and the grant still lives");
    harness.close().await;
}

async fn git_revert(cluster: Arc<Cluster>) {
    let (harness, app) = connected_with_app(&cluster, "revert", Setup::default(), json!({})).await;
    let old = harness.secret("acme-oauth").await.unwrap()["refresh-token"].clone();
    let first = harness.secret("acme-jira-token").await.unwrap();
    let new = harness.sandbox.mint(&app.client_id, None).unwrap().refresh_token;
    harness.hand_over("acme-oauth", &new).await;
    harness
        .until_secret("acme-jira-token", "another", |data| {
            data["access-token"] != first["access-token"]
        })
        .await;
    assert_eq!(harness.exchanges(), 2);
    let second = harness.secret("acme-jira-token").await;

    for token in [&old, &new, &old] {
        harness.hand_over("acme-oauth", token).await;
        let found = harness.request("acme").await;
        assert_condition(&found, "Authorized", "True", "TokenFresh", &["acme-oauth-grant works"]);
        assert!(is_ready(&found));
    }
    assert_eq!(harness.exchanges(), 2, "what was adopted once is not spent again");
    assert_eq!(harness.secret("acme-jira-token").await, second);
    harness.age_token("acme-oauth-grant").await;
    assert!(
        is_ready(&harness.request("acme").await),
        "the grant that was adopted last lives"
    );
    assert_eq!(harness.exchanges(), 3);
    harness.close().await;
}

async fn another_secret(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "another-secret", json!({})).await;
    let first = harness.secret("acme-jira-token").await.unwrap();
    harness
        .change("acme", json!({"secretRef": {"name": "acme-oauth-2"}}))
        .await;
    harness.until_reason("acme", "Authorized", "CredentialsNotFound").await;
    harness.connect("acme-oauth-2").await;
    harness.until_ready("acme").await;
    harness
        .until_secret("acme-jira-token", "another", |data| {
            data["access-token"] != first["access-token"]
        })
        .await;
    assert_eq!(harness.exchanges(), 2);
    assert!(
        harness.secret("acme-oauth-grant").await.is_some(),
        "the former grant is kept for now"
    );

    harness
        .change("acme", json!({"secretRef": {"name": "acme-oauth"}}))
        .await;
    harness
        .until_secret("acme-jira-token", "the first again", |data| {
            data["access-token"] == first["access-token"]
        })
        .await;
    harness.until_ready("acme").await;
    assert_eq!(harness.exchanges(), 2, "and goes on at once when it is named again");
    harness.close().await;
}
