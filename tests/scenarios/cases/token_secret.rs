//! The Secret that workloads mount, among other tools and other people's Secrets.

use std::{collections::BTreeMap, sync::Arc};

use jira_operator::api::{integration::JiraIntegration, project::JiraProject};
use k8s_openapi::api::core::v1::Secret;
use kube::{ResourceExt, api::ListParams};
use serde_json::json;

use super::{Scenario, scenario};
use crate::{
    cluster::Cluster,
    harness::{
        Harness,
        actions::connected,
        assertions::{assert_absent, assert_condition},
        observe::{is_ready, text},
    },
};

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("secrets::another_tool_edits_the_token_secret", another_tool_edits),
        scenario("secrets::a_foreign_secret_has_the_name", foreign_secret),
        scenario("secrets::two_integrations_name_one_token_secret", one_name_for_two),
        scenario("secrets::two_integrations_share_one_credential", one_credential_for_two),
        scenario(
            "secrets::a_deleted_integration_leaves_its_grant_and_nothing_else",
            deleted_integration,
        ),
    ]
}

async fn another_tool_edits(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "edited", json!({})).await;
    let before = harness.secret("acme-jira-token").await.unwrap();
    let mark = harness.sandbox.mark();
    let theirs = json!({
        "metadata": {"labels": {"team": "support"}, "annotations": {"tool.example/seen": "yes"}},
        "stringData": {"password": "theirs"},
    });
    harness.patch_secret("acme-jira-token", theirs).await;
    let restored = harness
        .until_whole_secret("acme-jira-token", "restored", |s| text(s) == before)
        .await;
    assert_eq!(restored.labels()["team"], "support", "foreign labels stay");
    assert_eq!(
        restored.annotations()["tool.example/seen"],
        "yes",
        "and so do annotations"
    );

    let overwritten = json!({"stringData": {"access-token": "overwritten"}, "data": {"base-url": null}});
    harness.patch_secret("acme-jira-token", overwritten).await;
    harness
        .until_secret("acme-jira-token", "restored", |data| *data == before)
        .await;

    harness.delete::<Secret>("acme-jira-token").await;
    let again = harness
        .until_whole_secret("acme-jira-token", "created again", |s| text(s) == before)
        .await;
    assert_ne!(again.uid(), restored.uid());
    assert_eq!(again.labels()["app.kubernetes.io/managed-by"], "jira-operator");
    assert_eq!(again.labels()["jira-operator.dev/integration"], "acme");
    assert!(
        harness.sandbox.requests_since(mark).is_empty(),
        "nothing of this concerns Atlassian"
    );
    assert!(is_ready(&harness.integration("acme").await));
    harness.close().await;
}

async fn foreign_secret(cluster: Arc<Cluster>) {
    let harness = Harness::open(&cluster, "foreign").await;
    harness
        .put_secret(
            &harness.namespace,
            "acme-jira-token",
            &[("password", "somebody else's")],
        )
        .await;
    let theirs = harness.whole_secret("acme-jira-token").await;
    harness.connect("acme-oauth").await;
    harness.integrate("acme", "acme-oauth", json!({})).await;
    harness.until_reason("acme", "Authorized", "SecretNameTaken").await;
    let taken = harness.request("acme").await;
    assert_condition(
        &taken,
        "Authorized",
        "False",
        "SecretNameTaken",
        &["Secret acme-jira-token", "spec.tokenSecretName", "delete that Secret"],
    );
    assert_condition(&taken, "Ready", "False", "SecretNameTaken", &[]);
    assert_absent(&taken, "Stalled");
    assert_absent(&taken, "Reconciling");
    assert_eq!(
        harness.whole_secret("acme-jira-token").await,
        theirs,
        "it is untouched, byte for byte"
    );
    let exchanges = harness.exchanges();

    harness.delete::<Secret>("acme-jira-token").await;
    harness.until_ready("acme").await;
    harness
        .until_secret("acme-jira-token", "published", |data| data.len() == 4)
        .await;
    assert_eq!(
        harness.exchanges(),
        exchanges,
        "the grant that was adopted meanwhile goes on"
    );

    // The other remedy: another name. What was published under the former one goes with it.
    harness.change("acme", json!({"tokenSecretName": "elsewhere"})).await;
    harness.until_ready("acme").await;
    harness
        .until_secret("elsewhere", "published", |data| data.len() == 4)
        .await;
    harness.until_secret_gone("acme-jira-token").await;
    assert!(is_ready(&harness.integration("acme").await));
    harness.close().await;
}

async fn one_name_for_two(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "one-name", json!({})).await;
    let first = harness.whole_secret("acme-jira-token").await;
    harness.connect("second-oauth").await;
    harness
        .integrate("second", "second-oauth", json!({"tokenSecretName": "acme-jira-token"}))
        .await;
    harness.until_reason("second", "Authorized", "SecretNameTaken").await;
    let second = harness.request("second").await;
    assert_condition(
        &second,
        "Ready",
        "False",
        "SecretNameTaken",
        &["acme-jira-token", "spec.tokenSecretName"],
    );
    assert_eq!(
        harness.whole_secret("acme-jira-token").await,
        first,
        "the first one's is untouched"
    );
    assert!(is_ready(&harness.request("acme").await));

    harness.change("second", json!({"tokenSecretName": null})).await;
    harness.until_ready("second").await;
    let (one, two) = (text(&first), harness.secret("second-jira-token").await.unwrap());
    assert_ne!(one["access-token"], two["access-token"]);
    assert_eq!(harness.exchanges(), 2);
    harness.close().await;
}

async fn one_credential_for_two(cluster: Arc<Cluster>) {
    let harness = Harness::open(&cluster, "shared").await;
    let app = harness.connect("acme-oauth").await;
    harness
        .integrate("one", "acme-oauth", json!({"projects": [{"key": "SUP"}]}))
        .await;
    harness
        .integrate("two", "acme-oauth", json!({"projects": [{"key": "ENG"}]}))
        .await;
    harness.until_ready("one").await;
    harness.until_ready("two").await;
    assert_eq!(harness.exchanges(), 1, "one grant, one exchange");
    let one = harness.secret("one-jira-token").await;
    assert_eq!(one, harness.secret("two-jira-token").await);

    harness.age_token("acme-oauth-grant").await;
    for name in ["one-jira-token", "two-jira-token"] {
        harness
            .until_secret(name, "refreshed", |data| Some(data) != one.as_ref())
            .await;
    }
    assert_eq!(harness.exchanges(), 2, "and one for each refresh");
    assert_eq!(
        harness.secret("one-jira-token").await,
        harness.secret("two-jira-token").await
    );

    harness
        .patch_secret("acme-oauth", json!({"stringData": {"client-id": "another"}}))
        .await;
    harness.until_reason("one", "Authorized", "NotConnected").await;
    harness.until_reason("two", "Authorized", "NotConnected").await;
    harness
        .patch_secret("acme-oauth", json!({"stringData": {"client-id": app.client_id}}))
        .await;
    harness.until_ready("one").await;
    harness.until_ready("two").await;
    assert_eq!(harness.exchanges(), 2);
    harness.close().await;
}

async fn deleted_integration(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "deleted-ji", json!({})).await;
    let people: BTreeMap<String, String> = harness.secret("acme-oauth").await.unwrap();
    let mark = harness.sandbox.mark();
    assert!(harness.integration("acme").await.finalizers().is_empty());
    assert_eq!(harness.project_reasons().await.len(), 4);
    let said = harness
        .kubectl(&["delete", "ji", "acme", "--timeout=20s"])
        .await
        .expect("kubectl deletes it");
    assert!(said.contains("deleted"), "{said}");

    harness.until_secret_gone("acme-jira-token").await;
    for name in ["acme-eng", "acme-its", "acme-ops", "acme-sup"] {
        harness
            .until_object::<JiraProject>(name, "removed", |project| project.is_none())
            .await;
    }
    assert!(
        harness
            .all::<JiraIntegration>()
            .list(&ListParams::default())
            .await
            .unwrap()
            .items
            .is_empty()
    );
    assert!(
        harness.secret("acme-oauth-grant").await.is_some(),
        "a re-creation must not cost the grant"
    );
    assert_eq!(
        harness.secret("acme-oauth").await,
        Some(people),
        "the person's Secret is the person's"
    );

    harness.integrate("acme", "acme-oauth", json!({})).await;
    harness.until_ready("acme").await;
    let spent = harness
        .sandbox
        .requests_since(mark)
        .iter()
        .filter(|r| r.path == "/oauth/token")
        .count();
    assert_eq!(spent, 0, "created again, it goes on with the grant");
    harness.close().await;
}
