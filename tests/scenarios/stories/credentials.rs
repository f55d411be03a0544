//! The person's Secret over its life: late, changed, deleted, rolled back. It is only read, and no
//! edit of it ever spends a grant twice.

use std::sync::Arc;

use devkit::sandbox::AppCredentials;
use k8s_openapi::api::core::v1::Secret;
use serde_json::json;

use super::{Story, story};
use crate::{
    plane::Plane,
    stage::{
        Stage,
        claim::{claim, claim_absent},
        look::is_ready,
    },
};

pub fn stories() -> Vec<Story> {
    vec![
        story(
            "secrets::the_credentials_come_after_the_integration",
            credentials_come_late,
        ),
        story(
            "secrets::the_credentials_are_deleted_and_come_back",
            credentials_deleted,
        ),
        story("secrets::the_credentials_become_those_of_another_app", another_app),
        story("secrets::a_changed_client_id_spends_nothing", changed_client_id),
        story("secrets::a_git_revert_brings_an_old_refresh_token_back", git_revert),
        story("secrets::the_integration_names_another_secret", another_secret),
    ]
}

/// A stage where `acme` is Ready with the credentials in `acme-oauth`.
async fn connected(plane: &Arc<Plane>, name: &str) -> (Stage, AppCredentials) {
    let stage = Stage::open(plane, name).await;
    let app = stage.connect("acme-oauth").await;
    stage.integrate("acme", "acme-oauth", json!({})).await;
    stage.until_ready("acme").await;
    (stage, app)
}

async fn credentials_come_late(plane: Arc<Plane>) {
    let stage = Stage::open(&plane, "late").await;
    stage.integrate("never", "never-oauth", json!({})).await;
    stage.integrate("acme", "acme-oauth", json!({})).await;
    stage.until_reason("acme", "Authorized", "CredentialsNotFound").await;
    let waiting = stage.integration("acme").await;
    claim(
        &waiting,
        "Authorized",
        "False",
        "CredentialsNotFound",
        &["Secret acme-oauth does not exist", "client-id and client-secret"],
    );
    claim(&waiting, "Ready", "False", "CredentialsNotFound", &["acme-oauth"]);
    claim(&waiting, "Synced", "Unknown", "NeverSynced", &["Authorized"]);
    // Order of apply is no failure.
    claim_absent(&waiting, "Stalled");
    claim_absent(&waiting, "Reconciling");

    let app = stage.sandbox.create_app().unwrap();
    stage.put_credentials(&stage.namespace, "acme-oauth", &app, None).await;
    stage.until_reason("acme", "Authorized", "NotConnected").await;
    let waiting = stage.integration("acme").await;
    claim(
        &waiting,
        "Authorized",
        "False",
        "NotConnected",
        &["Secret acme-oauth has no refresh-token", "dedicated account"],
    );
    claim(&waiting, "Stalled", "True", "NotConnected", &[]);
    assert!(stage.sandbox.requests().is_empty(), "nothing was asked so far");

    let tokens = stage.sandbox.mint(&app.client_id, None).unwrap();
    stage
        .patch_secret(
            "acme-oauth",
            json!({"stringData": {"refresh-token": tokens.refresh_token}}),
        )
        .await;
    stage.until_ready("acme").await;
    assert_eq!(stage.exchanges(), 1);
    let told = stage.events("acme").await;
    assert!(
        !told.iter().any(|reason| reason == "CredentialsNotFound"),
        "a moment is worth no warning: {told:?}"
    );
    stage.until_event("never", "CredentialsNotFound").await;
    stage.close().await;
}

async fn credentials_deleted(plane: Arc<Plane>) {
    let (stage, _) = connected(&plane, "deleted").await;
    let backup = stage.whole_secret("acme-oauth").await;
    let published = stage.secret("acme-jira-token").await;

    stage.delete::<Secret>("acme-oauth").await;
    stage.until_reason("acme", "Authorized", "CredentialsNotFound").await;
    let without = stage.request("acme").await;
    claim(&without, "Ready", "False", "CredentialsNotFound", &["acme-oauth"]);
    claim(&without, "ProjectsAccessible", "Unknown", "SkippedAfterAuthorized", &[]);
    assert_eq!(
        stage.secret("acme-jira-token").await,
        published,
        "workloads go on while their token lasts"
    );
    assert_eq!(stage.project_reasons().await.len(), 4, "no project is forgotten");

    stage.restore_secret(&backup, &stage.namespace).await;
    stage.until_ready("acme").await;
    assert_eq!(
        stage.exchanges(),
        1,
        "the grant went on; the refresh token was not spent again"
    );
    stage.age_token("acme-oauth-grant").await;
    assert!(is_ready(&stage.request("acme").await));
    stage.close().await;
}

async fn another_app(plane: Arc<Plane>) {
    let (stage, _) = connected(&plane, "another-app").await;
    let before = stage.secret("acme-jira-token").await.unwrap();
    let app = stage.sandbox.create_app().unwrap();
    let tokens = stage.sandbox.mint(&app.client_id, None).unwrap();
    let data =
        json!({"client-id": app.client_id, "client-secret": app.client_secret, "refresh-token": tokens.refresh_token});
    stage.patch_secret("acme-oauth", json!({"stringData": data})).await;
    stage
        .until_secret("acme-jira-token", "another", |data| {
            data["access-token"] != before["access-token"]
        })
        .await;
    assert!(is_ready(&stage.request("acme").await));
    assert_eq!(stage.exchanges(), 2, "one for each app's grant");
    let last = stage
        .sandbox
        .requests()
        .into_iter()
        .rfind(|r| r.path == "/oauth/token")
        .unwrap();
    assert_eq!(last.client_id, Some(app.client_id));
    stage.close().await;
}

async fn changed_client_id(plane: Arc<Plane>) {
    let (stage, app) = connected(&plane, "client-id").await;
    let other = stage.sandbox.create_app().unwrap();
    stage
        .patch_secret("acme-oauth", json!({"stringData": {"client-id": other.client_id}}))
        .await;
    stage.until_reason("acme", "Authorized", "NotConnected").await;
    let changed = stage.request("acme").await;
    claim(
        &changed,
        "Authorized",
        "False",
        "NotConnected",
        &["client-id in Secret acme-oauth was changed", "setting it back mends it"],
    );
    claim(&changed, "Stalled", "True", "NotConnected", &[]);
    assert_eq!(stage.exchanges(), 1, "nothing is spent for another app");

    stage
        .patch_secret("acme-oauth", json!({"stringData": {"client-id": app.client_id}}))
        .await;
    stage.until_ready("acme").await;
    assert_eq!(stage.exchanges(), 1, "set back, it goes on with what it had");
    stage.age_token("acme-oauth-grant").await;
    assert!(is_ready(&stage.request("acme").await), "and the grant still lives");
    stage.close().await;
}

async fn git_revert(plane: Arc<Plane>) {
    let (stage, app) = connected(&plane, "revert").await;
    let old = stage.secret("acme-oauth").await.unwrap()["refresh-token"].clone();
    let first = stage.secret("acme-jira-token").await.unwrap();
    let new = stage.sandbox.mint(&app.client_id, None).unwrap().refresh_token;
    stage
        .patch_secret("acme-oauth", json!({"stringData": {"refresh-token": new}}))
        .await;
    stage
        .until_secret("acme-jira-token", "another", |data| {
            data["access-token"] != first["access-token"]
        })
        .await;
    assert_eq!(stage.exchanges(), 2);
    let second = stage.secret("acme-jira-token").await;

    for token in [&old, &new, &old] {
        stage
            .patch_secret("acme-oauth", json!({"stringData": {"refresh-token": token}}))
            .await;
        let found = stage.request("acme").await;
        claim(&found, "Authorized", "True", "TokenFresh", &["acme-oauth-grant works"]);
        assert!(is_ready(&found));
    }
    assert_eq!(stage.exchanges(), 2, "what was adopted once is not spent again");
    assert_eq!(stage.secret("acme-jira-token").await, second);
    stage.age_token("acme-oauth-grant").await;
    assert!(
        is_ready(&stage.request("acme").await),
        "the grant that was adopted last lives"
    );
    assert_eq!(stage.exchanges(), 3);
    stage.close().await;
}

async fn another_secret(plane: Arc<Plane>) {
    let (stage, _) = connected(&plane, "another-secret").await;
    let first = stage.secret("acme-jira-token").await.unwrap();
    stage
        .change("acme", json!({"secretRef": {"name": "acme-oauth-2"}}))
        .await;
    stage.until_reason("acme", "Authorized", "CredentialsNotFound").await;
    stage.connect("acme-oauth-2").await;
    stage.until_ready("acme").await;
    stage
        .until_secret("acme-jira-token", "another", |data| {
            data["access-token"] != first["access-token"]
        })
        .await;
    assert_eq!(stage.exchanges(), 2);
    assert!(
        stage.secret("acme-oauth-grant").await.is_some(),
        "the former grant is kept for now"
    );

    stage.change("acme", json!({"secretRef": {"name": "acme-oauth"}})).await;
    stage
        .until_secret("acme-jira-token", "the first again", |data| {
            data["access-token"] == first["access-token"]
        })
        .await;
    stage.until_ready("acme").await;
    assert_eq!(stage.exchanges(), 2, "and goes on at once when it is named again");
    stage.close().await;
}
