//! Grants among restores and namespaces that are shut: what is spent, and what goes on.

use std::sync::Arc;

use devkit::{proxy::Rule, sandbox::Command};
use jira_operator::api::integration::JiraIntegration;
use kube::ResourceExt;
use serde_json::json;

use super::{Scenario, scenario};
use crate::{
    cluster::Cluster,
    harness::{Harness, Setup, actions::connected, fleet::refusal, observe::is_ready},
};

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario(
            "secrets::a_grant_secret_that_is_set_back_in_place_is_not_spent",
            set_back,
        ),
        scenario(
            "secrets::a_namespace_that_may_not_be_looked_into_stops_no_other",
            one_namespace_refused,
        ),
    ]
}

/// A backup is written over the Secret that is there: it keeps its uid, and its refresh token is spent.
async fn set_back(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "set-back", json!({})).await;
    let backup = harness.whole_secret("acme-oauth-grant").await;
    harness.age_token("acme-oauth-grant").await;
    let later = harness.secret("acme-oauth-grant").await.unwrap();
    harness.jira(Command::AdvanceClock { seconds: 700 });
    let restored = json!({"data": backup.data, "metadata": {"annotations": backup.metadata.annotations}});
    harness.patch_secret("acme-oauth-grant", restored).await;
    harness
        .until_secret("acme-oauth-grant", "as it was", |data| {
            data["refresh-token"] == later["refresh-token"]
        })
        .await;
    harness.age_token("acme-oauth-grant").await;
    assert!(is_ready(&harness.request("acme").await), "and the grant lives");
    assert_eq!(harness.exchanges(), 3);
    harness.close().await;
}

/// A watched namespace whose RoleBinding is gone: from the start, and while the operator runs.
async fn one_namespace_refused(cluster: Arc<Cluster>) {
    let setup = Setup {
        further_namespaces: 1,
        proxied: true,
        without_operator: true,
        ..Setup::default()
    };
    let mut harness = Harness::set_up(&cluster, "shut", setup).await;
    let shut = Rule::new(refusal(403)).path_contains(format!("/namespaces/{}/", harness.further[0]));
    let shut = harness.proxy.as_ref().unwrap().add(shut);
    harness.connect("acme-oauth").await;
    harness.start_operator();
    harness.integrate("acme", "acme-oauth", json!({})).await;
    harness.until_ready("acme").await;
    harness.age_token("acme-oauth-grant").await;
    assert!(is_ready(&harness.request("acme").await));
    assert!(shut.hits() > 0);

    // What nobody names is covered, too.
    harness.delete::<JiraIntegration>("acme").await;
    harness.kill_operators().await;
    harness.start_operator();
    harness
        .until_whole_secret("acme-oauth-grant", "marked as unused", |secret| {
            secret.annotations().contains_key("jira-operator.dev/unused-since")
        })
        .await;
    harness.close().await;
}
