//! The Secret that workloads mount, among other tools and other people's Secrets.

use std::{collections::BTreeMap, sync::Arc};

use jira_operator::api::{integration::JiraIntegration, project::JiraProject};
use k8s_openapi::api::core::v1::Secret;
use kube::{ResourceExt, api::ListParams};
use serde_json::json;

use super::{Story, story};
use crate::{
    plane::Plane,
    stage::{
        Stage,
        claim::{claim, claim_absent},
        look::{is_ready, text},
    },
};

pub fn stories() -> Vec<Story> {
    vec![
        story("secrets::another_tool_edits_the_token_secret", another_tool_edits),
        story("secrets::a_foreign_secret_has_the_name", foreign_secret),
        story("secrets::two_integrations_name_one_token_secret", one_name_for_two),
        story("secrets::two_integrations_share_one_credential", one_credential_for_two),
        story(
            "secrets::a_deleted_integration_leaves_its_grant_and_nothing_else",
            deleted_integration,
        ),
    ]
}

async fn connected(plane: &Arc<Plane>, name: &str) -> Stage {
    let stage = Stage::open(plane, name).await;
    stage.connect("acme-oauth").await;
    stage.integrate("acme", "acme-oauth", json!({})).await;
    stage.until_ready("acme").await;
    stage
}

async fn another_tool_edits(plane: Arc<Plane>) {
    let stage = connected(&plane, "edited").await;
    let before = stage.secret("acme-jira-token").await.unwrap();
    let mark = stage.sandbox.mark();
    let theirs = json!({
        "metadata": {"labels": {"team": "support"}, "annotations": {"tool.example/seen": "yes"}},
        "stringData": {"password": "theirs"},
    });
    stage.patch_secret("acme-jira-token", theirs).await;
    let restored = stage
        .until_whole_secret("acme-jira-token", "restored", |s| text(s) == before)
        .await;
    assert_eq!(restored.labels()["team"], "support", "foreign labels stay");
    assert_eq!(
        restored.annotations()["tool.example/seen"],
        "yes",
        "and so do annotations"
    );

    let overwritten = json!({"stringData": {"access-token": "overwritten"}, "data": {"base-url": null}});
    stage.patch_secret("acme-jira-token", overwritten).await;
    stage
        .until_secret("acme-jira-token", "restored", |data| *data == before)
        .await;

    stage.delete::<Secret>("acme-jira-token").await;
    let again = stage
        .until_whole_secret("acme-jira-token", "created again", |s| text(s) == before)
        .await;
    assert_ne!(again.uid(), restored.uid());
    assert_eq!(again.labels()["app.kubernetes.io/managed-by"], "jira-operator");
    assert_eq!(again.labels()["jira-operator.dev/integration"], "acme");
    assert!(
        stage.sandbox.requests_since(mark).is_empty(),
        "nothing of this concerns Atlassian"
    );
    assert!(is_ready(&stage.integration("acme").await));
    stage.close().await;
}

async fn foreign_secret(plane: Arc<Plane>) {
    let stage = Stage::open(&plane, "foreign").await;
    stage
        .put_secret(&stage.namespace, "acme-jira-token", &[("password", "somebody else's")])
        .await;
    let theirs = stage.whole_secret("acme-jira-token").await;
    stage.connect("acme-oauth").await;
    stage.integrate("acme", "acme-oauth", json!({})).await;
    stage.until_reason("acme", "Authorized", "SecretNameTaken").await;
    let taken = stage.request("acme").await;
    claim(
        &taken,
        "Authorized",
        "False",
        "SecretNameTaken",
        &["Secret acme-jira-token", "spec.tokenSecretName", "delete that Secret"],
    );
    claim(&taken, "Ready", "False", "SecretNameTaken", &[]);
    claim_absent(&taken, "Stalled");
    claim_absent(&taken, "Reconciling");
    assert_eq!(
        stage.whole_secret("acme-jira-token").await,
        theirs,
        "it is untouched, byte for byte"
    );
    let exchanges = stage.exchanges();

    stage.delete::<Secret>("acme-jira-token").await;
    stage.until_ready("acme").await;
    stage
        .until_secret("acme-jira-token", "published", |data| data.len() == 4)
        .await;
    assert_eq!(
        stage.exchanges(),
        exchanges,
        "the grant that was adopted meanwhile goes on"
    );

    // The other remedy: another name. What was published under the former one goes with it.
    stage.change("acme", json!({"tokenSecretName": "elsewhere"})).await;
    stage.until_ready("acme").await;
    stage
        .until_secret("elsewhere", "published", |data| data.len() == 4)
        .await;
    stage.until_secret_gone("acme-jira-token").await;
    assert!(is_ready(&stage.integration("acme").await));
    stage.close().await;
}

async fn one_name_for_two(plane: Arc<Plane>) {
    let stage = connected(&plane, "one-name").await;
    let first = stage.whole_secret("acme-jira-token").await;
    stage.connect("second-oauth").await;
    stage
        .integrate("second", "second-oauth", json!({"tokenSecretName": "acme-jira-token"}))
        .await;
    stage.until_reason("second", "Authorized", "SecretNameTaken").await;
    let second = stage.request("second").await;
    claim(
        &second,
        "Ready",
        "False",
        "SecretNameTaken",
        &["acme-jira-token", "spec.tokenSecretName"],
    );
    assert_eq!(
        stage.whole_secret("acme-jira-token").await,
        first,
        "the first one's is untouched"
    );
    assert!(is_ready(&stage.request("acme").await));

    stage.change("second", json!({"tokenSecretName": null})).await;
    stage.until_ready("second").await;
    let (one, two) = (text(&first), stage.secret("second-jira-token").await.unwrap());
    assert_ne!(one["access-token"], two["access-token"]);
    assert_eq!(stage.exchanges(), 2);
    stage.close().await;
}

async fn one_credential_for_two(plane: Arc<Plane>) {
    let stage = Stage::open(&plane, "shared").await;
    let app = stage.connect("acme-oauth").await;
    stage
        .integrate("one", "acme-oauth", json!({"projects": [{"key": "SUP"}]}))
        .await;
    stage
        .integrate("two", "acme-oauth", json!({"projects": [{"key": "ENG"}]}))
        .await;
    stage.until_ready("one").await;
    stage.until_ready("two").await;
    assert_eq!(stage.exchanges(), 1, "one grant, one exchange");
    let one = stage.secret("one-jira-token").await;
    assert_eq!(one, stage.secret("two-jira-token").await);

    stage.age_token("acme-oauth-grant").await;
    for name in ["one-jira-token", "two-jira-token"] {
        stage
            .until_secret(name, "refreshed", |data| Some(data) != one.as_ref())
            .await;
    }
    assert_eq!(stage.exchanges(), 2, "and one for each refresh");
    assert_eq!(
        stage.secret("one-jira-token").await,
        stage.secret("two-jira-token").await
    );

    stage
        .patch_secret("acme-oauth", json!({"stringData": {"client-id": "another"}}))
        .await;
    stage.until_reason("one", "Authorized", "NotConnected").await;
    stage.until_reason("two", "Authorized", "NotConnected").await;
    stage
        .patch_secret("acme-oauth", json!({"stringData": {"client-id": app.client_id}}))
        .await;
    stage.until_ready("one").await;
    stage.until_ready("two").await;
    assert_eq!(stage.exchanges(), 2);
    stage.close().await;
}

async fn deleted_integration(plane: Arc<Plane>) {
    let stage = connected(&plane, "deleted-ji").await;
    let people: BTreeMap<String, String> = stage.secret("acme-oauth").await.unwrap();
    let mark = stage.sandbox.mark();
    assert!(stage.integration("acme").await.finalizers().is_empty());
    assert_eq!(stage.project_reasons().await.len(), 4);
    let said = stage
        .kubectl(&["delete", "ji", "acme", "--timeout=20s"])
        .await
        .expect("kubectl deletes it");
    assert!(said.contains("deleted"), "{said}");

    stage.until_secret_gone("acme-jira-token").await;
    for name in ["acme-eng", "acme-its", "acme-ops", "acme-sup"] {
        stage
            .until_object::<JiraProject>(name, "removed", |project| project.is_none())
            .await;
    }
    assert!(
        stage
            .all::<JiraIntegration>()
            .list(&ListParams::default())
            .await
            .unwrap()
            .items
            .is_empty()
    );
    assert!(
        stage.secret("acme-oauth-grant").await.is_some(),
        "a re-creation must not cost the grant"
    );
    assert_eq!(
        stage.secret("acme-oauth").await,
        Some(people),
        "the person's Secret is the person's"
    );

    stage.integrate("acme", "acme-oauth", json!({})).await;
    stage.until_ready("acme").await;
    let spent = stage
        .sandbox
        .requests_since(mark)
        .iter()
        .filter(|r| r.path == "/oauth/token")
        .count();
    assert_eq!(spent, 0, "created again, it goes on with the grant");
    stage.close().await;
}
