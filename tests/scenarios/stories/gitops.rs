//! Credentials that another controller writes, from Git or from a vault: the operator reads them and
//! leaves them as they are.

use std::sync::Arc;

use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::{
    Api, ResourceExt,
    api::{ObjectMeta, Patch, PatchParams, PostParams},
};
use serde_json::{Value, json};

use super::{Story, story};
use crate::{
    plane::Plane,
    stage::{
        Stage,
        browser::Choice,
        claim::claim,
        look::{PATIENCE, is_ready},
    },
};

/// Under which name the other controller writes.
const CONTROLLER: &str = "external-secrets";

pub fn stories() -> Vec<Story> {
    vec![
        story(
            "gitops::a_secret_of_another_controller_is_read_and_never_written",
            owned,
        ),
        story("gitops::a_restored_cluster_is_connected_anew", restored),
    ]
}

/// The other controller applies its Secret, as it does again and again.
async fn apply(stage: &Stage, owner: &ConfigMap, data: Value) -> Secret {
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
    let applied = stage
        .secrets()
        .patch("acme-oauth", &params, &Patch::Apply(secret))
        .await;
    applied.expect("the other controller's Secret")
}

/// What stands for the other controller's own object.
async fn owner(stage: &Stage) -> ConfigMap {
    let owner = ConfigMap {
        metadata: ObjectMeta {
            name: Some("acme-oauth".to_owned()),
            ..ObjectMeta::default()
        },
        ..ConfigMap::default()
    };
    let api: Api<ConfigMap> = stage.all();
    api.create(&PostParams::default(), &owner).await.expect("the owner")
}

async fn owned(plane: Arc<Plane>) {
    let stage = Stage::open(&plane, "owned").await;
    let app = stage.sandbox.create_app().unwrap();
    let owner = owner(&stage).await;
    let data =
        |token: &str| json!({"client-id": app.client_id, "client-secret": app.client_secret, "refresh-token": token});
    let mint = || stage.sandbox.mint(&app.client_id, None).unwrap().refresh_token;
    let bootstrap = mint();
    let first = apply(&stage, &owner, data(&bootstrap)).await;
    for (name, key) in [("acme", "SUP"), ("second", "ENG")] {
        stage
            .integrate(name, "acme-oauth", json!({"projects": [{"key": key}]}))
            .await;
        stage.until_ready(name).await;
    }
    assert_eq!(stage.exchanges(), 1, "one grant for both");
    stage.age_token("acme-oauth-grant").await;
    assert!(is_ready(&stage.request("acme").await));
    assert_eq!(
        stage.whole_secret("acme-oauth").await,
        first,
        "it is read and never written"
    );

    // The vault still has what was spent long ago, and brings it again.
    let again = apply(&stage, &owner, data(&bootstrap)).await;
    assert_eq!(again.resource_version(), first.resource_version());
    assert!(is_ready(&stage.request("acme").await));
    let spent = stage.exchanges();
    assert_eq!(spent, 2);

    // Somebody connects anew and puts the token into the vault.
    let mark = stage.sandbox.mark();
    let rotated = apply(&stage, &owner, data(&mint())).await;
    let exchanged = |more: &[devkit::sandbox::Request]| more.iter().any(|r| r.path == "/oauth/token");
    let adopted = tokio::time::timeout(PATIENCE, stage.sandbox.wait_for_requests(mark, exchanged));
    adopted.await.expect("the new token is adopted");
    for name in ["acme", "second"] {
        assert!(is_ready(&stage.request(name).await));
    }
    assert_eq!(stage.exchanges(), 3, "adopted once, for both");
    assert_eq!(stage.whole_secret("acme-oauth").await, rotated);
    let writers: Vec<_> = rotated
        .managed_fields()
        .iter()
        .filter_map(|f| f.manager.clone())
        .collect();
    assert_eq!(writers, [CONTROLLER]);
    stage.close().await;
}

/// Everything comes back from a backup, under other uids. The copy of the grant is not spent, for the
/// original may live; a consent from the terminal makes a grant that is at home here.
async fn restored(plane: Arc<Plane>) {
    let mut stage = Stage::open(&plane, "restored").await;
    let app = stage.connect("acme-oauth").await;
    let port = stage.callback_on_free_port(&app.client_id);
    stage.integrate("acme", "acme-oauth", json!({})).await;
    stage.until_ready("acme").await;
    stage.kill_operators().await;
    for name in ["acme-oauth", "acme-oauth-grant"] {
        let backup = stage.whole_secret(name).await;
        stage.delete::<Secret>(name).await;
        stage.restore_secret(&backup, &stage.namespace).await;
    }
    stage.start_operator();
    stage.until_reason("acme", "Authorized", "GrantSharedElsewhere").await;
    let found = stage.request("acme").await;
    claim(&found, "Ready", "False", "GrantSharedElsewhere", &["onnect"]);
    assert_eq!(stage.exchanges(), 1, "a copy is never spent");

    let mut connect = stage.connects(port, &[]).start();
    let link = connect.link().await;
    stage.follow(&link, Choice::default()).await.claim(200, &["Connected"]);
    stage.ended(connect).await.claim(0, &["Connected as Jira Bot"]);
    stage.until_ready("acme").await;
    stage.age_token("acme-oauth-grant").await;
    assert!(is_ready(&stage.request("acme").await), "the new grant rotates here");
    assert_eq!(stage.exchanges(), 3);
    stage.close().await;
}
