//! A cluster at work: RBAC, audit log, controllers, and an API server that is restarted and frozen.

use std::path::Path;
use std::time::Duration;

use devkit::control_plane::ControlPlane;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Secret, ServiceAccount};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, ApiResource, DeleteParams, DynamicObject, GroupVersionKind, ListParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::runtime::wait::{await_condition, conditions};
use kube::{Client, Config};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use crate::observe::{PATIENCE, create_namespace, object, processes_with};

#[tokio::test]
async fn a_cluster_at_work() {
    let cluster = ControlPlane::start().await.unwrap();
    let client = cluster.client();
    create_namespace(&client, "work").await;

    service_accounts_are_bound_by_rbac_and_audited(&cluster).await;
    owned_objects_are_collected(&client).await;
    a_new_kind_is_known_after_a_restart_of_the_controllers(&cluster).await;
    data_outlive_a_restart(&cluster).await;
    frozen_it_answers_nobody(&cluster).await;

    let namespaces: Api<Namespace> = Api::all(client.clone());
    let uid = namespaces.get("work").await.unwrap().metadata.uid.unwrap();
    namespaces.delete("work", &DeleteParams::default()).await.unwrap();
    let gone = await_condition(namespaces, "work", conditions::is_deleted(&uid));
    timeout(PATIENCE, gone)
        .await
        .expect("the namespace is deleted")
        .unwrap();

    let folder = cluster.folder().to_owned();
    assert_eq!(processes_with(&folder.to_string_lossy()).len(), 3);
    cluster.stop().await;
    assert!(processes_with(&folder.to_string_lossy()).is_empty());
    assert!(!folder.exists());
}

async fn service_accounts_are_bound_by_rbac_and_audited(cluster: &ControlPlane) {
    let accounts: Api<ServiceAccount> = Api::namespaced(cluster.client(), "work");
    let account = object(json!({ "metadata": { "name": "operator" } }));
    accounts.create(&PostParams::default(), &account).await.unwrap();
    let token = cluster.service_account_token("work", "operator").await.unwrap();
    let file = cluster.folder().join("operator.kubeconfig");
    cluster.kubeconfig_for(&file, &token, Some("work"), None).unwrap();

    let mut tail = cluster.audit().tail().unwrap();
    let secrets: Api<Secret> = Api::default_namespaced(client_of(&file).await);
    let refusal = secrets.list(&ListParams::default()).await.unwrap_err();
    assert!(matches!(refusal, kube::Error::Api(status) if status.code == 403));
    let entries = tail.read().unwrap();
    let entry = entries
        .iter()
        .find(|entry| entry.is_by_service_account("work", "operator"))
        .unwrap();
    assert_eq!(
        (entry.verb.as_str(), entry.resource.as_deref()),
        ("list", Some("secrets"))
    );
    assert_eq!((entry.code, entry.allowed()), (Some(403), Some(false)));

    let version = cluster
        .kubectl()
        .args(["version", "-o", "json"])
        .output()
        .await
        .unwrap();
    let version: Value = serde_json::from_slice(&version.stdout).unwrap();
    assert_eq!(
        version["serverVersion"]["gitVersion"],
        version["clientVersion"]["gitVersion"]
    );
}

async fn owned_objects_are_collected(client: &Client) {
    let maps: Api<ConfigMap> = Api::namespaced(client.clone(), "work");
    let owner = object(json!({ "metadata": { "name": "owner" } }));
    let owner = maps.create(&PostParams::default(), &owner).await.unwrap();
    let part = object(json!({ "metadata": { "name": "part", "ownerReferences": [
        { "apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner.metadata.uid },
    ] } }));
    let part = maps.create(&PostParams::default(), &part).await.unwrap();
    maps.delete("owner", &DeleteParams::default()).await.unwrap();
    let uid = part.metadata.uid.unwrap();
    let gone = await_condition(maps, "part", conditions::is_deleted(&uid));
    timeout(PATIENCE, gone)
        .await
        .expect("the owned object is collected")
        .unwrap();
}

async fn a_new_kind_is_known_after_a_restart_of_the_controllers(cluster: &ControlPlane) {
    let crds: Api<CustomResourceDefinition> = Api::all(cluster.client());
    let crd = object(json!({ "metadata": { "name": "boxes.example.com" }, "spec": {
        "group": "example.com",
        "scope": "Namespaced",
        "names": { "kind": "Box", "plural": "boxes", "singular": "box" },
        "versions": [{ "name": "v1", "served": true, "storage": true,
            "schema": { "openAPIV3Schema": { "type": "object" } } }],
    } }));
    crds.create(&PostParams::default(), &crd).await.unwrap();
    let served = await_condition(crds, "boxes.example.com", conditions::is_crd_established());
    timeout(PATIENCE, served)
        .await
        .expect("the CRD is established")
        .unwrap();
    let began = Instant::now();
    cluster.restart_controller_manager().await.unwrap();
    println!("controllers restarted in {:?}", began.elapsed());

    let kind = ApiResource::from_gvk(&GroupVersionKind::gvk("example.com", "v1", "Box"));
    let boxes: Api<DynamicObject> = Api::namespaced_with(cluster.client(), "work", &kind);
    let owner = DynamicObject::new("owner", &kind);
    let owner = boxes.create(&PostParams::default(), &owner).await.unwrap();
    let maps: Api<ConfigMap> = Api::namespaced(cluster.client(), "work");
    let part = object(json!({ "metadata": { "name": "content", "ownerReferences": [
        { "apiVersion": "example.com/v1", "kind": "Box", "name": "owner", "uid": owner.metadata.uid },
    ] } }));
    let part = maps.create(&PostParams::default(), &part).await.unwrap();
    boxes.delete("owner", &DeleteParams::default()).await.unwrap();
    let uid = part.metadata.uid.unwrap();
    let gone = await_condition(maps, "content", conditions::is_deleted(&uid));
    let soon = Duration::from_secs(10); // Much sooner than the 30 s of the collector's own look-out.
    timeout(soon, gone)
        .await
        .expect("what the box owned is collected")
        .unwrap();
}

async fn data_outlive_a_restart(cluster: &ControlPlane) {
    let maps: Api<ConfigMap> = Api::namespaced(cluster.client(), "work");
    let map = object(json!({ "metadata": { "name": "kept" }, "data": { "a": "b" } }));
    let before = maps.create(&PostParams::default(), &map).await.unwrap();
    let began = Instant::now();
    cluster.restart_api_server().await.unwrap();
    println!("API server restarted in {:?}", began.elapsed());
    let after = maps.get("kept").await.unwrap();
    assert_eq!(after.metadata.uid, before.metadata.uid);
}

async fn frozen_it_answers_nobody(cluster: &ControlPlane) {
    let namespaces: Api<Namespace> = Api::all(cluster.client());
    cluster.freeze_api_server().unwrap();
    let asked = timeout(Duration::from_millis(500), namespaces.get("work")).await;
    assert!(asked.is_err(), "a frozen API server does not answer");
    cluster.thaw_api_server().unwrap();
    timeout(PATIENCE, namespaces.get("work"))
        .await
        .expect("a thawed one does")
        .unwrap();
}

async fn client_of(kubeconfig: &Path) -> Client {
    let kubeconfig = Kubeconfig::read_from(kubeconfig).unwrap();
    let options = KubeConfigOptions::default();
    let config = Config::from_custom_kubeconfig(kubeconfig, &options).await;
    Client::try_from(config.unwrap()).unwrap()
}
