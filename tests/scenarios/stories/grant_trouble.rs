//! Grants among restores and namespaces that are shut: what is spent, and what goes on.

use std::sync::Arc;

use devkit::{proxy::Rule, sandbox::Command};
use jira_operator::api::integration::JiraIntegration;
use kube::ResourceExt;
use serde_json::json;

use super::{Story, story};
use crate::{
    plane::Plane,
    stage::{Setup, Stage, fleet::refusal, hands::connected, look::is_ready},
};

pub fn stories() -> Vec<Story> {
    vec![
        story(
            "secrets::a_grant_secret_that_is_set_back_in_place_is_not_spent",
            set_back,
        ),
        story(
            "secrets::a_namespace_that_may_not_be_looked_into_stops_no_other",
            one_namespace_refused,
        ),
    ]
}

/// A backup is written over the Secret that is there: it keeps its uid, and its refresh token is spent.
async fn set_back(plane: Arc<Plane>) {
    let stage = connected(&plane, "set-back", json!({})).await;
    let backup = stage.whole_secret("acme-oauth-grant").await;
    stage.age_token("acme-oauth-grant").await;
    let later = stage.secret("acme-oauth-grant").await.unwrap();
    stage.jira(Command::AdvanceClock { seconds: 700 });
    let restored = json!({"data": backup.data, "metadata": {"annotations": backup.metadata.annotations}});
    stage.patch_secret("acme-oauth-grant", restored).await;
    stage
        .until_secret("acme-oauth-grant", "as it was", |data| {
            data["refresh-token"] == later["refresh-token"]
        })
        .await;
    stage.age_token("acme-oauth-grant").await;
    assert!(is_ready(&stage.request("acme").await), "and the grant lives");
    assert_eq!(stage.exchanges(), 3);
    stage.close().await;
}

/// A watched namespace whose RoleBinding is gone: from the start, and while the operator runs.
async fn one_namespace_refused(plane: Arc<Plane>) {
    let setup = Setup {
        further_namespaces: 1,
        proxied: true,
        without_operator: true,
        ..Setup::default()
    };
    let mut stage = Stage::set_up(&plane, "shut", setup).await;
    let shut = Rule::new(refusal(403)).path_contains(format!("/namespaces/{}/", stage.further[0]));
    let shut = stage.proxy.as_ref().unwrap().add(shut);
    stage.connect("acme-oauth").await;
    stage.start_operator();
    stage.integrate("acme", "acme-oauth", json!({})).await;
    stage.until_ready("acme").await;
    stage.age_token("acme-oauth-grant").await;
    assert!(is_ready(&stage.request("acme").await));
    assert!(shut.hits() > 0);

    // What nobody names is looked after, too.
    stage.delete::<JiraIntegration>("acme").await;
    stage.kill_operators().await;
    stage.start_operator();
    stage
        .until_whole_secret("acme-oauth-grant", "marked as unused", |secret| {
            secret.annotations().contains_key("jira-operator.dev/unused-since")
        })
        .await;
    stage.close().await;
}
