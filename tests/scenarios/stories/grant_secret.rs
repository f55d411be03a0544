//! The grant Secret in the hands of others: deleted, restored, copied, orphaned. A grant lives in
//! one place, is never spent in two, and is not thrown away by an accident.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use jira_operator::api::integration::JiraIntegration;
use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt;
use serde_json::json;

use super::{Story, lasting, story};
use crate::{
    plane::Plane,
    stage::{
        Setup, Stage,
        claim::{claim, claim_absent},
        look::is_ready,
    },
};

/// Since when no integration names the grant.
const UNUSED_SINCE: &str = "jira-operator.dev/unused-since";

pub fn stories() -> Vec<Story> {
    vec![
        story("secrets::a_deleted_grant_secret_is_written_back", deleted_while_running),
        story("secrets::a_foreign_secret_has_the_name_of_the_grant", name_taken),
        story(
            "secrets::a_grant_secret_deleted_while_nobody_looks_is_lost",
            deleted_while_stopped,
        ),
        story(
            "secrets::a_grant_restored_into_another_namespace_is_never_spent",
            restored_elsewhere,
        ),
        story(
            "secrets::a_grant_secret_restored_from_a_backup_is_not_trusted",
            restored_in_place,
        ),
        story("secrets::one_refresh_token_in_two_namespaces", one_token_twice),
        story("secrets::who_comes_later_is_nobodys_heir", no_heirs),
        lasting(
            "secrets::a_grant_that_nobody_names_is_removed_after_a_day",
            unused_grant,
        ),
    ]
}

async fn connected(plane: &Arc<Plane>, name: &str, setup: Setup) -> Stage {
    let stage = Stage::set_up(plane, name, setup).await;
    stage.connect("acme-oauth").await;
    stage.integrate("acme", "acme-oauth", json!({})).await;
    stage.until_ready("acme").await;
    stage
}

/// Everything is deleted and made anew under the same names, without a refresh token: the tokens
/// that the running operator still knew must not come back.
async fn no_heirs(plane: Arc<Plane>) {
    let stage = Stage::set_up(&plane, "heirs", Setup::default()).await;
    let app = stage.connect("acme-oauth").await;
    stage.integrate("acme", "acme-oauth", json!({})).await;
    stage.until_ready("acme").await;
    let spent = stage.exchanges();

    stage.delete::<JiraIntegration>("acme").await;
    for secret in ["acme-oauth", "acme-oauth-grant"] {
        stage.delete::<Secret>(secret).await;
        stage.until_secret_gone(secret).await;
    }
    stage.put_credentials(&stage.namespace, "acme-oauth", &app, None).await;
    stage.integrate("acme", "acme-oauth", json!({})).await;
    stage.until_reason("acme", "Authorized", "NotConnected").await;
    assert_eq!(stage.exchanges(), spent, "and nothing is spent");
    stage.close().await;
}

async fn deleted_while_running(plane: Arc<Plane>) {
    let stage = connected(&plane, "grant-gone", Setup::default()).await;
    let before = stage.whole_secret("acme-oauth-grant").await;
    let held = stage.secret("acme-oauth-grant").await.unwrap();
    stage.delete::<Secret>("acme-oauth-grant").await;
    let back = stage
        .until_secret("acme-oauth-grant", "written back", |data| {
            data.contains_key("refresh-token")
        })
        .await;
    assert_eq!(
        (&back["refresh-token"], &back["access-token"]),
        (&held["refresh-token"], &held["access-token"])
    );
    assert!(stage.whole_secret("acme-oauth-grant").await.uid() != before.uid());
    assert!(is_ready(&stage.request("acme").await));
    assert_eq!(stage.exchanges(), 1, "it was written back from memory");

    stage.age_token("acme-oauth-grant").await;
    assert!(
        is_ready(&stage.request("acme").await),
        "and what was written back lives"
    );
    assert_eq!(stage.exchanges(), 2);
    stage.close().await;
}

/// Claims that a foreign Secret keeps the grant from its place, and is left alone.
async fn is_name_taken(stage: &Stage, theirs: &Secret) {
    stage.until_reason("acme", "Authorized", "SecretNameTaken").await;
    let taken = stage.request("acme").await;
    let told = ["Secret acme-oauth-grant", "not the operator's", "Rename or delete"];
    claim(&taken, "Ready", "False", "SecretNameTaken", &told);
    claim_absent(&taken, "Stalled");
    claim_absent(&taken, "Reconciling");
    assert_eq!(stage.whole_secret("acme-oauth-grant").await, *theirs, "it is untouched");
}

async fn name_taken(plane: Arc<Plane>) {
    let stage = Stage::open(&plane, "grant-name").await;
    let put_theirs = async || {
        let data = [("password", "somebody else's")];
        stage.put_secret(&stage.namespace, "acme-oauth-grant", &data).await;
        stage.whole_secret("acme-oauth-grant").await
    };
    let theirs = put_theirs().await;
    stage.connect("acme-oauth").await;
    stage.integrate("acme", "acme-oauth", json!({})).await;
    is_name_taken(&stage, &theirs).await;
    assert!(
        stage.sandbox.requests().is_empty(),
        "nothing is spent without a place for it"
    );
    stage.delete::<Secret>("acme-oauth-grant").await;
    stage.until_ready("acme").await;

    // The operator looks away while the grant is deleted and its name taken.
    let held = stage.secret("acme-oauth-grant").await.unwrap();
    let operator = stage.operators.last().unwrap();
    operator.freeze();
    let theirs = put_theirs().await;
    operator.resume();
    is_name_taken(&stage, &theirs).await;
    stage.delete::<Secret>("acme-oauth-grant").await;
    stage.until_ready("acme").await;
    let back = stage.secret("acme-oauth-grant").await.unwrap();
    assert_eq!(back["refresh-token"], held["refresh-token"], "written back from memory");
    assert_eq!(stage.exchanges(), 1);
    stage.close().await;
}

async fn deleted_while_stopped(plane: Arc<Plane>) {
    let mut stage = connected(&plane, "grant-lost", Setup::default()).await;
    let app = stage.secret("acme-oauth").await.unwrap();
    stage.kill_operators().await;
    stage
        .patch_secret("acme-oauth", json!({"data": {"refresh-token": null}}))
        .await;
    stage.delete::<Secret>("acme-oauth-grant").await;
    stage.start_operator();
    let lost = stage.request("acme").await;
    claim(
        &lost,
        "Authorized",
        "False",
        "NotConnected",
        &["Secret acme-oauth has no refresh-token", "jira-operator connect"],
    );
    claim(&lost, "Stalled", "True", "NotConnected", &[]);
    assert_eq!(stage.exchanges(), 1);

    let tokens = stage.sandbox.mint(&app["client-id"], None).unwrap();
    stage
        .patch_secret(
            "acme-oauth",
            json!({"stringData": {"refresh-token": tokens.refresh_token}}),
        )
        .await;
    stage.until_ready("acme").await;
    assert_eq!(stage.exchanges(), 2);
    stage.close().await;
}

/// What is said of a copy: the remedy, and nothing of where the original is.
fn is_shared_elsewhere(object: &JiraIntegration, stage: &Stage) {
    claim(
        object,
        "Authorized",
        "False",
        "GrantSharedElsewhere",
        &["Connect this one anew", "jira-operator connect"],
    );
    claim(object, "Stalled", "True", "GrantSharedElsewhere", &[]);
    let status = serde_json::to_string(&object.status).unwrap();
    for namespace in std::iter::once(&stage.namespace).chain(&stage.further) {
        assert!(!status.contains(namespace.as_str()), "no namespace is named: {status}");
    }
}

async fn restored_elsewhere(plane: Arc<Plane>) {
    let setup = Setup {
        further_namespaces: 1,
        ..Setup::default()
    };
    let stage = connected(&plane, "restored", setup).await;
    let elsewhere = stage.further[0].clone();
    for name in ["acme-oauth", "acme-oauth-grant"] {
        stage.restore_secret(&stage.whole_secret(name).await, &elsewhere).await;
    }
    stage.integrate_in(&elsewhere, "acme", "acme-oauth", json!({})).await;
    stage
        .until_in(&elsewhere, "acme", "one with a reason", |o| {
            o.status.as_ref().is_some_and(|s| !s.conditions.is_empty())
        })
        .await;
    is_shared_elsewhere(&stage.request_in(&elsewhere, "acme").await, &stage);
    assert_eq!(stage.exchanges(), 1, "the copy is never spent");

    // The original is refreshed; the copy, whose token has run out as well, still is not.
    stage.age_token("acme-oauth-grant").await;
    is_shared_elsewhere(&stage.request_in(&elsewhere, "acme").await, &stage);
    assert!(is_ready(&stage.request("acme").await));
    assert_eq!(stage.exchanges(), 2);

    let app = stage.sandbox.create_app().unwrap();
    let tokens = stage.sandbox.mint(&app.client_id, None).unwrap();
    stage
        .put_credentials(&elsewhere, "acme-oauth", &app, Some(&tokens.refresh_token))
        .await;
    stage.until_in(&elsewhere, "acme", "Ready", is_ready).await;
    assert!(is_ready(&stage.request("acme").await), "both go on, each with its own");
    stage.close().await;
}

async fn restored_in_place(plane: Arc<Plane>) {
    let mut stage = connected(&plane, "backup", Setup::default()).await;
    let backup = stage.whole_secret("acme-oauth-grant").await;
    stage.kill_operators().await;
    stage.delete::<Secret>("acme-oauth-grant").await;
    stage.restore_secret(&backup, &stage.namespace).await;
    stage.start_operator();
    is_shared_elsewhere(&stage.request("acme").await, &stage);
    assert_eq!(
        stage.exchanges(),
        1,
        "whether the original lives somewhere cannot be known"
    );

    let app = stage.secret("acme-oauth").await.unwrap();
    let tokens = stage.sandbox.mint(&app["client-id"], None).unwrap();
    stage
        .patch_secret(
            "acme-oauth",
            json!({"stringData": {"refresh-token": tokens.refresh_token}}),
        )
        .await;
    stage.until_ready("acme").await;
    stage.close().await;
}

async fn one_token_twice(plane: Arc<Plane>) {
    let setup = Setup {
        further_namespaces: 1,
        ..Setup::default()
    };
    let stage = connected(&plane, "twice", setup).await;
    let younger = stage.further[0].clone();
    stage
        .restore_secret(&stage.whole_secret("acme-oauth").await, &younger)
        .await;
    stage.integrate_in(&younger, "acme", "acme-oauth", json!({})).await;
    stage
        .until_in(&younger, "acme", "one with a reason", |o| {
            o.status.as_ref().is_some_and(|s| !s.conditions.is_empty())
        })
        .await;
    is_shared_elsewhere(&stage.request_in(&younger, "acme").await, &stage);
    assert_eq!(stage.exchanges(), 1);
    stage.age_token("acme-oauth-grant").await;
    assert!(is_ready(&stage.request("acme").await), "the older goes on");
    is_shared_elsewhere(&stage.request_in(&younger, "acme").await, &stage);

    let app = stage.secret("acme-oauth").await.unwrap();
    let client = stage.sandbox.app(Some(&app["client-id"])).unwrap();
    let tokens = stage.sandbox.mint(&client.client_id, None).unwrap();
    stage
        .put_credentials(&younger, "acme-oauth", &client, Some(&tokens.refresh_token))
        .await;
    stage.until_in(&younger, "acme", "Ready", is_ready).await;
    assert_eq!(stage.exchanges(), 3);
    stage.close().await;
}

async fn unused_grant(plane: Arc<Plane>) {
    let mut stage = connected(&plane, "unused", Setup::default()).await;
    let app = stage.secret("acme-oauth").await.unwrap();
    let since = |secret: &Secret| secret.annotations().get(UNUSED_SINCE).cloned();
    // Housekeeping runs at the start and each minute; a new start saves the wait.
    stage.delete::<JiraIntegration>("acme").await;
    stage.kill_operators().await;
    stage.start_operator();
    let marked = stage
        .until_whole_secret("acme-oauth-grant", "marked as unused", |s| since(s).is_some())
        .await;
    let at: Timestamp = since(&marked).unwrap().parse().expect("a time");
    assert!(Timestamp::now().duration_since(at) < SignedDuration::from_mins(5));

    stage.integrate("acme", "acme-oauth", json!({})).await;
    stage.until_ready("acme").await;
    stage.kill_operators().await;
    stage.start_operator();
    stage
        .until_whole_secret("acme-oauth-grant", "named again", |s| since(s).is_none())
        .await;
    assert!(is_ready(&stage.request("acme").await));
    assert_eq!(stage.exchanges(), 1, "nothing was lost meanwhile");

    stage.delete::<JiraIntegration>("acme").await;
    let yesterday = Timestamp::now() - SignedDuration::from_hours(25);
    let aged = json!({"metadata": {"annotations": {UNUSED_SINCE: yesterday.to_string()}}});
    stage.patch_secret("acme-oauth-grant", aged).await;
    stage.until_secret_gone("acme-oauth-grant").await;
    assert!(stage.secret("acme-oauth").await.is_some(), "the person's Secret stays");

    // What was removed is not written back from memory.
    stage
        .patch_secret("acme-oauth", json!({"data": {"refresh-token": null}}))
        .await;
    stage.integrate("acme", "acme-oauth", json!({})).await;
    stage.until_reason("acme", "Authorized", "NotConnected").await;
    let tokens = stage.sandbox.mint(&app["client-id"], None).unwrap();
    let connected = json!({"stringData": {"refresh-token": tokens.refresh_token}});
    stage.patch_secret("acme-oauth", connected).await;
    stage.until_ready("acme").await;
    assert_eq!(stage.exchanges(), 2);
    stage.close().await;
}
