//! The proxy before the API server: what it lets through, and what each rule does to a write.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::time::Duration;

use axum::http::{Method, StatusCode};
use devkit::control_plane::ControlPlane;
use devkit::proxy::{Action, Proxy, Rule};
use futures::{TryStreamExt, pin_mut};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, PostParams, WatchEvent, WatchParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde_json::json;
use tokio::task::JoinHandle;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(20);

/// A control plane, a proxy before it, and config maps seen from both sides.
struct Scene {
    cluster: ControlPlane,
    proxy: Proxy,
    /// Through the proxy, with a service account's token.
    client: Api<ConfigMap>,
    /// Past the proxy, as the administrator.
    direct: Api<ConfigMap>,
}

#[tokio::test]
async fn the_proxy_does_what_its_rules_say() {
    let scene = Scene::set().await;
    scene.requests_and_watches_pass().await;
    scene.a_held_request_goes_on_when_released().await;
    scene.a_held_request_dies_with_its_client().await;
    scene.a_held_answer_comes_after_the_deed().await;
    scene.a_dropped_request_never_arrives().await;
    scene.a_dropped_answer_leaves_the_deed().await;
    scene.a_replaced_answer_leaves_the_deed().await;
    scene.writes_are_numbered_by_what_they_change().await;
    scene.a_refusal_reads_like_the_api_servers().await;
    scene.what_is_held_can_be_broken_off().await;
    scene.cluster.stop().await;
}

impl Scene {
    async fn set() -> Self {
        let cluster = ControlPlane::start().await.unwrap();
        let proxy = Proxy::start(&cluster).await.unwrap();
        let allow = [
            "create",
            "clusterrolebinding",
            "all",
            "--clusterrole=cluster-admin",
            "--serviceaccount=default:default",
        ];
        assert!(cluster.kubectl().args(allow).status().await.unwrap().success());
        let token = cluster.service_account_token("default", "default").await.unwrap();
        let file = cluster.folder().join("proxied.kubeconfig");
        cluster.kubeconfig_for(&file, &token, None, Some(proxy.url())).unwrap();
        let options = KubeConfigOptions::default();
        let config = Config::from_custom_kubeconfig(Kubeconfig::read_from(&file).unwrap(), &options).await;
        let client = Client::try_from(config.unwrap()).unwrap();
        Self {
            client: Api::default_namespaced(client),
            direct: Api::default_namespaced(cluster.client()),
            cluster,
            proxy,
        }
    }

    /// Creates a config map through the proxy, in a task of its own.
    fn create(&self, name: &str) -> JoinHandle<kube::Result<ConfigMap>> {
        let (client, map) = (self.client.clone(), map(name));
        tokio::spawn(async move { client.create(&PostParams::default(), &map).await })
    }

    async fn exists(&self, name: &str) -> bool {
        self.direct.get_opt(name).await.unwrap().is_some()
    }

    async fn requests_and_watches_pass(&self) {
        let events = self.client.watch(&WatchParams::default(), "0").await.unwrap();
        pin_mut!(events);
        self.create("passed").await.unwrap().unwrap();
        let seen = timeout(PATIENCE, async {
            while let Some(event) = events.try_next().await.unwrap() {
                if matches!(&event, WatchEvent::Added(map) if map.metadata.name.as_deref() == Some("passed")) {
                    return true;
                }
            }
            false
        });
        assert!(seen.await.expect("the watch streams through the proxy"));
        let entries = self.cluster.audit().entries().unwrap();
        let entry = entries
            .iter()
            .find(|entry| entry.verb == "create" && entry.name.as_deref() == Some("passed"));
        assert!(
            entry.unwrap().is_by_service_account("default", "default"),
            "the caller's token goes through"
        );
    }

    async fn a_held_request_goes_on_when_released(&self) {
        let rule = self.proxy.add(
            Rule::new(Action::HoldRequest)
                .method(Method::POST)
                .path_contains("/configmaps"),
        );
        let write = self.create("held");
        rule.wait_for_hits(1, PATIENCE).await.unwrap();
        assert!(!self.exists("held").await);
        rule.release();
        write.await.unwrap().unwrap();
        rule.remove();
    }

    async fn a_held_request_dies_with_its_client(&self) {
        let rule = self.proxy.add(Rule::new(Action::HoldRequest).writes());
        let write = self.create("orphaned");
        rule.wait_for_hits(1, PATIENCE).await.unwrap();
        write.abort();
        assert!(write.await.unwrap_err().is_cancelled());
        rule.remove();
        // Whatever had been forwarded would have arrived before this one.
        self.create("after").await.unwrap().unwrap();
        assert!(!self.exists("orphaned").await);
    }

    async fn a_held_answer_comes_after_the_deed(&self) {
        let rule = self.proxy.add(Rule::new(Action::HoldAnswer).writes());
        let mut tail = self.cluster.audit().tail().unwrap();
        let write = self.create("done");
        rule.wait_for_hits(1, PATIENCE).await.unwrap();
        let arrived = async {
            while !tail
                .read()
                .unwrap()
                .iter()
                .any(|entry| entry.name.as_deref() == Some("done"))
            {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(PATIENCE, arrived)
            .await
            .expect("the write reaches the API server");
        assert!(self.exists("done").await);
        assert!(!write.is_finished());
        rule.release();
        write.await.unwrap().unwrap();
        rule.remove();
    }

    async fn a_dropped_request_never_arrives(&self) {
        let rule = self.proxy.add(Rule::new(Action::DropRequest).writes().times(1));
        self.create("dropped")
            .await
            .unwrap()
            .expect_err("the connection is closed");
        assert!(!self.exists("dropped").await);
        self.create("dropped")
            .await
            .unwrap()
            .expect("only the first is dropped");
        assert_eq!(rule.hits(), 1);
        rule.remove();
    }

    async fn a_dropped_answer_leaves_the_deed(&self) {
        let rule = self.proxy.add(
            Rule::new(Action::DropAnswer).when(|method, path| method == Method::POST && path.contains("configmaps")),
        );
        self.create("unanswered")
            .await
            .unwrap()
            .expect_err("the connection is closed");
        assert!(self.exists("unanswered").await);
        rule.remove();
    }

    async fn a_replaced_answer_leaves_the_deed(&self) {
        let action = Action::ReplaceAnswer {
            status: StatusCode::GATEWAY_TIMEOUT,
            reason: "Timeout".to_owned(),
            message: "it took too long".to_owned(),
        };
        let rule = self.proxy.add(Rule::new(action).writes().times(1));
        let Err(kube::Error::Api(status)) = self.create("late").await.unwrap() else {
            panic!("it is reported as failed");
        };
        // The client tries again by itself, and then it is there already.
        assert!([409, 504].contains(&status.code), "{status:?}");
        rule.wait_for_deeds(1, PATIENCE).await.unwrap();
        assert!(self.exists("late").await);
        rule.remove();
    }

    async fn writes_are_numbered_by_what_they_change(&self) {
        let before = self.proxy.writes().len();
        let second = Rule::new(Action::DropRequest).when_write(|write| write.resource == "configmaps");
        let rule = self.proxy.add(second.skip(1).times(1));
        self.create("first").await.unwrap().unwrap();
        self.client.get("first").await.unwrap();
        self.create("second").await.unwrap().expect_err("the second is dropped");
        self.create("third").await.unwrap().unwrap();
        let writes: Vec<String> = self.proxy.writes()[before..].iter().map(ToString::to_string).collect();
        let expected = [
            "create configmaps/first",
            "create configmaps/second",
            "create configmaps/third",
        ];
        assert_eq!(writes, expected);
        rule.remove();
    }

    async fn a_refusal_reads_like_the_api_servers(&self) {
        let action = Action::Refuse {
            status: StatusCode::CONFLICT,
            reason: "Conflict".to_owned(),
            message: "the object has been modified".to_owned(),
        };
        let rule = self.proxy.add(Rule::new(action).writes());
        let Err(kube::Error::Api(status)) = self.create("refused").await.unwrap() else {
            panic!("it is refused");
        };
        assert!(status.is_conflict());
        assert_eq!(
            (status.code, status.message.as_str()),
            (409, "the object has been modified")
        );
        rule.remove();
    }

    async fn what_is_held_can_be_broken_off(&self) {
        let rule = self.proxy.add(Rule::new(Action::HoldRequest).writes());
        let write = self.create("broken");
        rule.wait_for_hits(1, PATIENCE).await.unwrap();
        rule.break_off();
        write.await.unwrap().expect_err("the connection is closed");
        assert!(!self.exists("broken").await);
        rule.remove();
    }
}

fn map(name: &str) -> ConfigMap {
    serde_json::from_value(json!({ "metadata": { "name": name } })).unwrap()
}
