//! Credentials that another controller writes, from Git or from a vault: the operator reads them and
//! leaves them as they are.

use std::sync::Arc;

use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::{
    Api, ResourceExt,
    api::{ObjectMeta, Patch, PatchParams, PostParams},
};
use serde_json::{Value, json};

use super::{Scenario, scenario};
use crate::{
    cluster::Cluster,
    harness::{
        Harness,
        assertions::assert_condition,
        browser::Choice,
        observe::{PATIENCE, is_ready},
    },
};

/// Under which name the other controller writes.
const CONTROLLER: &str = "external-secrets";

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario(
            "gitops::a_secret_of_another_controller_is_read_and_never_written",
            owned,
        ),
        scenario("gitops::a_restored_cluster_is_connected_anew", restored),
    ]
}

/// The other controller applies its Secret, as it does again and again.
async fn apply(harness: &Harness, owner: &ConfigMap, data: Value) -> Secret {
    let owners = json!([{
        "apiVersion": "v1", "kind": "ConfigMap", "name": owner.name_any(), "uid": owner.uid(),
        "controller": true, "blockOwnerDeletion": true,
    }]);
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {
            "name": "acme-oauth", "ownerReferences": owners,
            "labels": {"reconcile.external-secrets.io/managed": "true"},
            "annotations": {"reconcile.external-secrets.io/data-hash": "1"},
        },
        "stringData": data,
    });
    let params = PatchParams::apply(CONTROLLER).force();
    let applied = harness
        .secrets()
        .patch("acme-oauth", &params, &Patch::Apply(secret))
        .await;
    applied.expect("the other controller's Secret")
}

/// What stands for the other controller's own object.
async fn owner(harness: &Harness) -> ConfigMap {
    let owner = ConfigMap {
        metadata: ObjectMeta {
            name: Some("acme-oauth".to_owned()),
            ..ObjectMeta::default()
        },
        ..ConfigMap::default()
    };
    let api: Api<ConfigMap> = harness.all();
    api.create(&PostParams::default(), &owner).await.expect("the owner")
}

async fn owned(cluster: Arc<Cluster>) {
    let harness = Harness::open(&cluster, "owned").await;
    let app = harness.sandbox.create_app().unwrap();
    let owner = owner(&harness).await;
    let data =
        |token: &str| json!({"client-id": app.client_id, "client-secret": app.client_secret, "refresh-token": token});
    let mint = || harness.sandbox.mint(&app.client_id, None).unwrap().refresh_token;
    let bootstrap = mint();
    let first = apply(&harness, &owner, data(&bootstrap)).await;
    for (name, key) in [("acme", "SUP"), ("second", "ENG")] {
        harness
            .integrate(name, "acme-oauth", json!({"projects": [{"key": key}]}))
            .await;
        harness.until_ready(name).await;
    }
    assert_eq!(harness.exchanges(), 1, "one grant for both");
    harness.age_token("acme-oauth-grant").await;
    assert!(is_ready(&harness.request("acme").await));
    assert_eq!(
        harness.whole_secret("acme-oauth").await,
        first,
        "it is read and never written"
    );

    // The vault still has what was spent long ago, and brings it again.
    let again = apply(&harness, &owner, data(&bootstrap)).await;
    assert_eq!(again.resource_version(), first.resource_version());
    assert!(is_ready(&harness.request("acme").await));
    let spent = harness.exchanges();
    assert_eq!(spent, 2);

    // A person connects anew and puts the token into the vault.
    let mark = harness.sandbox.mark();
    let rotated = apply(&harness, &owner, data(&mint())).await;
    let exchanged = |more: &[devkit::sandbox::Request]| more.iter().any(|r| r.path == "/oauth/token");
    let adopted = tokio::time::timeout(PATIENCE, harness.sandbox.wait_for_requests(mark, exchanged));
    adopted.await.expect("the new token is adopted");
    for name in ["acme", "second"] {
        assert!(is_ready(&harness.request(name).await));
    }
    assert_eq!(harness.exchanges(), 3, "adopted once, for both");
    assert_eq!(harness.whole_secret("acme-oauth").await, rotated);
    let writers: Vec<_> = rotated
        .managed_fields()
        .iter()
        .filter_map(|f| f.manager.clone())
        .collect();
    assert_eq!(writers, [CONTROLLER]);
    harness.close().await;
}

/// Everything comes back from a backup, under other uids. The copy of the grant is not spent, for the
/// original may live; a consent from the terminal makes a grant that is at home here.
async fn restored(cluster: Arc<Cluster>) {
    let mut harness = Harness::open(&cluster, "restored").await;
    let app = harness.connect("acme-oauth").await;
    let port = harness.callback_on_free_port(&app.client_id);
    harness.integrate("acme", "acme-oauth", json!({})).await;
    harness.until_ready("acme").await;
    harness.kill_operators().await;
    for name in ["acme-oauth", "acme-oauth-grant"] {
        let backup = harness.whole_secret(name).await;
        harness.delete::<Secret>(name).await;
        harness.restore_secret(&backup, &harness.namespace).await;
    }
    harness.start_operator();
    harness.until_reason("acme", "Authorized", "GrantSharedElsewhere").await;
    let found = harness.request("acme").await;
    assert_condition(&found, "Ready", "False", "GrantSharedElsewhere", &["onnect"]);
    assert_eq!(harness.exchanges(), 1, "a copy is never spent");

    let mut connect = harness.connects(port, &[]).start();
    let link = connect.link().await;
    harness
        .follow(&link, Choice::default())
        .await
        .assert_says(200, &["Connected"]);
    harness.ended(connect).await.assert_exit(0, &["Connected as Jira Bot"]);
    harness.until_ready("acme").await;
    harness.age_token("acme-oauth-grant").await;
    assert!(is_ready(&harness.request("acme").await), "the new grant rotates here");
    assert_eq!(harness.exchanges(), 3);
    harness.close().await;
}
