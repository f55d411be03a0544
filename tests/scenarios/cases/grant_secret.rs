//! The grant Secret in the hands of others: deleted, restored, copied, orphaned. A grant lives in
//! one place, is never spent in two, and is not thrown away by an accident.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use jira_operator::api::integration::JiraIntegration;
use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt;
use serde_json::json;

use super::{Scenario, scenario, waiting};
use crate::{
    cluster::Cluster,
    harness::{
        Harness, Setup,
        actions::{connected, connected_with_app},
        assertions::{assert_absent, assert_condition},
        observe::is_ready,
    },
};

/// Since when no integration names the grant.
const UNUSED_SINCE: &str = "jira-operator.dev/unused-since";

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("secrets::a_deleted_grant_secret_is_written_back", deleted_while_running),
        scenario("secrets::a_foreign_secret_has_the_name_of_the_grant", name_taken),
        scenario(
            "secrets::a_grant_secret_deleted_while_nobody_looks_is_lost",
            deleted_while_stopped,
        ),
        scenario(
            "secrets::a_grant_restored_into_another_namespace_is_never_spent",
            restored_elsewhere,
        ),
        scenario(
            "secrets::a_grant_secret_restored_from_a_backup_is_not_trusted",
            restored_in_place,
        ),
        scenario("secrets::one_refresh_token_in_two_namespaces", one_token_twice),
        scenario("secrets::who_comes_later_is_nobodys_heir", no_heirs),
        waiting(
            "secrets::a_grant_that_nobody_names_is_removed_after_a_day",
            unused_grant,
        ),
    ]
}

/// Everything is deleted and made anew under the same names, without a refresh token: the tokens
/// that the running operator still knew must not come back.
async fn no_heirs(cluster: Arc<Cluster>) {
    let harness = Harness::set_up(&cluster, "heirs", Setup::default()).await;
    let app = harness.connect("acme-oauth").await;
    harness.integrate("acme", "acme-oauth", json!({})).await;
    harness.until_ready("acme").await;
    let spent = harness.exchanges();

    harness.delete::<JiraIntegration>("acme").await;
    for secret in ["acme-oauth", "acme-oauth-grant"] {
        harness.delete::<Secret>(secret).await;
        harness.until_secret_gone(secret).await;
    }
    harness
        .put_credentials(&harness.namespace, "acme-oauth", &app, None)
        .await;
    harness.integrate("acme", "acme-oauth", json!({})).await;
    harness.until_reason("acme", "Authorized", "NotConnected").await;
    assert_eq!(harness.exchanges(), spent, "and nothing is spent");
    harness.close().await;
}

async fn deleted_while_running(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "grant-gone", json!({})).await;
    let before = harness.whole_secret("acme-oauth-grant").await;
    let held = harness.secret("acme-oauth-grant").await.unwrap();
    harness.delete::<Secret>("acme-oauth-grant").await;
    let back = harness
        .until_secret("acme-oauth-grant", "written back", |data| {
            data.contains_key("refresh-token")
        })
        .await;
    assert_eq!(
        (&back["refresh-token"], &back["access-token"]),
        (&held["refresh-token"], &held["access-token"])
    );
    assert!(harness.whole_secret("acme-oauth-grant").await.uid() != before.uid());
    assert!(is_ready(&harness.request("acme").await));
    assert_eq!(harness.exchanges(), 1, "it was written back from memory");

    harness.age_token("acme-oauth-grant").await;
    assert!(
        is_ready(&harness.request("acme").await),
        "and what was written back lives"
    );
    assert_eq!(harness.exchanges(), 2);
    harness.close().await;
}

/// Asserts that a foreign Secret keeps the grant from its place, and is left alone.
async fn is_name_taken(harness: &Harness, theirs: &Secret) {
    harness.until_reason("acme", "Authorized", "SecretNameTaken").await;
    let taken = harness.request("acme").await;
    let reported = ["Secret acme-oauth-grant", "not the operator's", "Rename or delete"];
    assert_condition(&taken, "Ready", "False", "SecretNameTaken", &reported);
    assert_absent(&taken, "Stalled");
    assert_absent(&taken, "Reconciling");
    assert_eq!(
        harness.whole_secret("acme-oauth-grant").await,
        *theirs,
        "it is untouched"
    );
}

async fn name_taken(cluster: Arc<Cluster>) {
    let harness = Harness::open(&cluster, "grant-name").await;
    let put_theirs = async || {
        let data = [("password", "somebody else's")];
        harness.put_secret(&harness.namespace, "acme-oauth-grant", &data).await;
        harness.whole_secret("acme-oauth-grant").await
    };
    let theirs = put_theirs().await;
    harness.connect("acme-oauth").await;
    harness.integrate("acme", "acme-oauth", json!({})).await;
    is_name_taken(&harness, &theirs).await;
    assert!(
        harness.sandbox.requests().is_empty(),
        "nothing is spent without a place for it"
    );
    harness.delete::<Secret>("acme-oauth-grant").await;
    harness.until_ready("acme").await;

    // The operator is stopped while the grant is deleted and its name taken.
    let held = harness.secret("acme-oauth-grant").await.unwrap();
    let operator = harness.operators.last().unwrap();
    operator.freeze();
    let theirs = put_theirs().await;
    operator.resume();
    is_name_taken(&harness, &theirs).await;
    harness.delete::<Secret>("acme-oauth-grant").await;
    harness.until_ready("acme").await;
    let back = harness.secret("acme-oauth-grant").await.unwrap();
    assert_eq!(back["refresh-token"], held["refresh-token"], "written back from memory");
    assert_eq!(harness.exchanges(), 1);
    harness.close().await;
}

async fn deleted_while_stopped(cluster: Arc<Cluster>) {
    let mut harness = connected(&cluster, "grant-lost", json!({})).await;
    let app = harness.secret("acme-oauth").await.unwrap();
    harness.kill_operators().await;
    harness
        .patch_secret("acme-oauth", json!({"data": {"refresh-token": null}}))
        .await;
    harness.delete::<Secret>("acme-oauth-grant").await;
    harness.start_operator();
    let lost = harness.request("acme").await;
    assert_condition(
        &lost,
        "Authorized",
        "False",
        "NotConnected",
        &["Secret acme-oauth has no refresh-token", "jira-operator connect"],
    );
    assert_condition(&lost, "Stalled", "True", "NotConnected", &[]);
    assert_eq!(harness.exchanges(), 1);

    let tokens = harness.sandbox.mint(&app["client-id"], None).unwrap();
    harness.hand_over("acme-oauth", &tokens.refresh_token).await;
    harness.until_ready("acme").await;
    assert_eq!(harness.exchanges(), 2);
    harness.close().await;
}

/// What is said of a copy: the remedy, and nothing of where the original is.
fn is_shared_elsewhere(object: &JiraIntegration, harness: &Harness) {
    assert_condition(
        object,
        "Authorized",
        "False",
        "GrantSharedElsewhere",
        &["Connect this one anew", "jira-operator connect"],
    );
    assert_condition(object, "Stalled", "True", "GrantSharedElsewhere", &[]);
    let status = serde_json::to_string(&object.status).unwrap();
    for namespace in std::iter::once(&harness.namespace).chain(&harness.further) {
        assert!(!status.contains(namespace.as_str()), "no namespace is named: {status}");
    }
}

async fn restored_elsewhere(cluster: Arc<Cluster>) {
    let setup = Setup {
        further_namespaces: 1,
        ..Setup::default()
    };
    let (harness, _) = connected_with_app(&cluster, "restored", setup, json!({})).await;
    let elsewhere = harness.further[0].clone();
    for name in ["acme-oauth", "acme-oauth-grant"] {
        harness
            .restore_secret(&harness.whole_secret(name).await, &elsewhere)
            .await;
    }
    harness.integrate_in(&elsewhere, "acme", "acme-oauth", json!({})).await;
    harness
        .until_in(&elsewhere, "acme", "one with a reason", |o| {
            o.status.as_ref().is_some_and(|s| !s.conditions.is_empty())
        })
        .await;
    is_shared_elsewhere(&harness.request_in(&elsewhere, "acme").await, &harness);
    assert_eq!(harness.exchanges(), 1, "the copy is never spent");

    // The original is refreshed; the copy, whose token has run out as well, still is not.
    harness.age_token("acme-oauth-grant").await;
    is_shared_elsewhere(&harness.request_in(&elsewhere, "acme").await, &harness);
    assert!(is_ready(&harness.request("acme").await));
    assert_eq!(harness.exchanges(), 2);

    let app = harness.sandbox.create_app().unwrap();
    let tokens = harness.sandbox.mint(&app.client_id, None).unwrap();
    harness
        .put_credentials(&elsewhere, "acme-oauth", &app, Some(&tokens.refresh_token))
        .await;
    harness.until_in(&elsewhere, "acme", "Ready", is_ready).await;
    assert!(
        is_ready(&harness.request("acme").await),
        "both go on, each with its own"
    );
    harness.close().await;
}

async fn restored_in_place(cluster: Arc<Cluster>) {
    let mut harness = connected(&cluster, "backup", json!({})).await;
    let backup = harness.whole_secret("acme-oauth-grant").await;
    harness.kill_operators().await;
    harness.delete::<Secret>("acme-oauth-grant").await;
    harness.restore_secret(&backup, &harness.namespace).await;
    harness.start_operator();
    is_shared_elsewhere(&harness.request("acme").await, &harness);
    assert_eq!(
        harness.exchanges(),
        1,
        "whether the original lives somewhere cannot be known"
    );

    let app = harness.secret("acme-oauth").await.unwrap();
    let tokens = harness.sandbox.mint(&app["client-id"], None).unwrap();
    harness.hand_over("acme-oauth", &tokens.refresh_token).await;
    harness.until_ready("acme").await;
    harness.close().await;
}

async fn one_token_twice(cluster: Arc<Cluster>) {
    let setup = Setup {
        further_namespaces: 1,
        ..Setup::default()
    };
    let (harness, _) = connected_with_app(&cluster, "twice", setup, json!({})).await;
    let younger = harness.further[0].clone();
    harness
        .restore_secret(&harness.whole_secret("acme-oauth").await, &younger)
        .await;
    harness.integrate_in(&younger, "acme", "acme-oauth", json!({})).await;
    harness
        .until_in(&younger, "acme", "one with a reason", |o| {
            o.status.as_ref().is_some_and(|s| !s.conditions.is_empty())
        })
        .await;
    is_shared_elsewhere(&harness.request_in(&younger, "acme").await, &harness);
    assert_eq!(harness.exchanges(), 1);
    harness.age_token("acme-oauth-grant").await;
    assert!(is_ready(&harness.request("acme").await), "the older goes on");
    is_shared_elsewhere(&harness.request_in(&younger, "acme").await, &harness);

    let app = harness.secret("acme-oauth").await.unwrap();
    let client = harness.sandbox.app(Some(&app["client-id"])).unwrap();
    let tokens = harness.sandbox.mint(&client.client_id, None).unwrap();
    harness
        .put_credentials(&younger, "acme-oauth", &client, Some(&tokens.refresh_token))
        .await;
    harness.until_in(&younger, "acme", "Ready", is_ready).await;
    assert_eq!(harness.exchanges(), 3);
    harness.close().await;
}

async fn unused_grant(cluster: Arc<Cluster>) {
    let mut harness = connected(&cluster, "unused", json!({})).await;
    let app = harness.secret("acme-oauth").await.unwrap();
    let since = |secret: &Secret| secret.annotations().get(UNUSED_SINCE).cloned();
    // Housekeeping runs at the start and each minute; a new start saves the wait.
    harness.delete::<JiraIntegration>("acme").await;
    harness.kill_operators().await;
    harness.start_operator();
    let marked = harness
        .until_whole_secret("acme-oauth-grant", "marked as unused", |s| since(s).is_some())
        .await;
    let at: Timestamp = since(&marked).unwrap().parse().expect("a time");
    assert!(Timestamp::now().duration_since(at) < SignedDuration::from_mins(5));

    harness.integrate("acme", "acme-oauth", json!({})).await;
    harness.until_ready("acme").await;
    harness.kill_operators().await;
    harness.start_operator();
    harness
        .until_whole_secret("acme-oauth-grant", "named again", |s| since(s).is_none())
        .await;
    assert!(is_ready(&harness.request("acme").await));
    assert_eq!(harness.exchanges(), 1, "nothing was lost meanwhile");

    harness.delete::<JiraIntegration>("acme").await;
    let yesterday = Timestamp::now() - SignedDuration::from_hours(25);
    let aged = json!({"metadata": {"annotations": {UNUSED_SINCE: yesterday.to_string()}}});
    harness.patch_secret("acme-oauth-grant", aged).await;
    harness.until_secret_gone("acme-oauth-grant").await;
    assert!(
        harness.secret("acme-oauth").await.is_some(),
        "the person's Secret stays"
    );

    // What was removed is not written back from memory.
    harness
        .patch_secret("acme-oauth", json!({"data": {"refresh-token": null}}))
        .await;
    harness.integrate("acme", "acme-oauth", json!({})).await;
    harness.until_reason("acme", "Authorized", "NotConnected").await;
    let tokens = harness.sandbox.mint(&app["client-id"], None).unwrap();
    let connected = json!({"stringData": {"refresh-token": tokens.refresh_token}});
    harness.patch_secret("acme-oauth", connected).await;
    harness.until_ready("acme").await;
    assert_eq!(harness.exchanges(), 2);
    harness.close().await;
}
