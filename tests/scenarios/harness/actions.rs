//! The hands of people and other tools on a cluster: Secrets changed, deleted and copied, specs of
//! other namespaces, and waiting for what comes of it.

use std::{fmt::Debug, path::Path, sync::Arc, time::Duration};

use devkit::sandbox::{AppCredentials, Command, FaultAction, FaultRule, When};
use futures::StreamExt;
use jira_operator::api::{integration::JiraIntegration, names::REQUESTED_AT};
use k8s_openapi::api::{core::v1::Secret, events::v1::Event};
use kube::{
    Api, Resource, ResourceExt,
    api::{DeleteParams, ObjectMeta, Patch, PatchParams, PostParams},
    core::NamespaceResourceScope,
    runtime::{WatchStreamExt, wait::await_condition, watcher},
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{Harness, Setup, observe::PATIENCE};
use crate::cluster::Cluster;

/// How often something is asked for that cannot be watched.
const ASK_AGAIN: Duration = Duration::from_millis(200);

/// A harness where the dedicated account connected and the integration `acme` is Ready.
pub async fn connected(cluster: &Arc<Cluster>, name: &str, spec: Value) -> Harness {
    connected_with_app(cluster, name, Setup::default(), spec).await.0
}

/// The same with its OAuth app.
pub async fn connected_with_app(
    cluster: &Arc<Cluster>,
    name: &str,
    setup: Setup,
    spec: Value,
) -> (Harness, AppCredentials) {
    let (harness, app) = opened(cluster, name, setup).await;
    harness.integrate("acme", "acme-oauth", spec).await;
    harness.until_ready("acme").await;
    (harness, app)
}

/// A harness with the credentials of the dedicated account, and no integration yet.
pub async fn opened(cluster: &Arc<Cluster>, name: &str, setup: Setup) -> (Harness, AppCredentials) {
    let harness = Harness::set_up(cluster, name, setup).await;
    let app = harness.connect("acme-oauth").await;
    (harness, app)
}

/// A spec that names these projects.
pub fn named(keys: &[&str]) -> Value {
    let projects: Vec<Value> = keys.iter().map(|key| json!({"key": key})).collect();
    json!({"projects": projects})
}

/// Waits until a program that runs on its own has written a file, and reads it.
pub async fn written(file: &Path) -> String {
    let read = async {
        loop {
            match tokio::fs::read_to_string(file).await {
                Ok(text) => break text,
                Err(_) => tokio::time::sleep(ASK_AGAIN).await,
            }
        }
    };
    let found = tokio::time::timeout(PATIENCE, read).await;
    found.unwrap_or_else(|_| panic!("{} is not written", file.display()))
}

impl Harness {
    /// Objects of a kind in the namespace.
    pub fn all<K>(&self) -> Api<K>
    where
        K: Resource<Scope = NamespaceResourceScope>,
        K::DynamicType: Default,
    {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// A Secret with its metadata.
    pub async fn whole_secret(&self, name: &str) -> Secret {
        self.secrets()
            .get(name)
            .await
            .unwrap_or_else(|e| panic!("Secret {name}: {e}"))
    }

    /// Changes a Secret as `kubectl patch` does.
    pub async fn patch_secret(&self, name: &str, patch: Value) {
        let patched = self
            .secrets()
            .patch(name, &PatchParams::default(), &Patch::Merge(patch))
            .await;
        patched.unwrap_or_else(|e| panic!("Secret {name}: {e}"));
    }

    /// Deletes an object of the namespace.
    pub async fn delete<K>(&self, name: &str)
    where
        K: Resource<Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned,
        K::DynamicType: Default,
    {
        let deleted = self.all::<K>().delete(name, &DeleteParams::default()).await;
        deleted.unwrap_or_else(|e| panic!("{name}: {e}"));
    }

    /// Waits until an object of the namespace is as it should be; `None` is its absence.
    pub async fn until_object<K>(&self, name: &str, what: &str, test: impl Fn(Option<&K>) -> bool + Send) -> Option<K>
    where
        K: Resource<Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned + Send + 'static,
        K::DynamicType: Default,
    {
        let found = tokio::time::timeout(PATIENCE, await_condition(self.all::<K>(), name, test)).await;
        let found = found.unwrap_or_else(|_| {
            panic!(
                "{name} never became {what}\nthe operator's log ends with\n{}",
                self.log_tail()
            )
        });
        found.expect("the watch goes on")
    }

    /// Waits until a Secret with its metadata is as it should be.
    pub async fn until_whole_secret(
        &self,
        name: &str,
        what: &str,
        test: impl Fn(&Secret) -> bool + Send + Sync,
    ) -> Secret {
        self.until_object(name, what, |secret| secret.is_some_and(&test))
            .await
            .expect("it exists")
    }

    /// Waits until a Secret is gone.
    pub async fn until_secret_gone(&self, name: &str) {
        self.until_object::<Secret>(name, "absent", |secret| secret.is_none())
            .await;
    }

    /// Waits until an object has an event with this reason, and returns it.
    pub async fn until_event(&self, object: &str, reason: &str) -> Event {
        let events = watcher(self.all::<Event>(), watcher::Config::default())
            .default_backoff()
            .applied_objects();
        let mut events = events.boxed();
        let search = async {
            loop {
                let event = events.next().await.expect("the watch goes on");
                let event = event.expect("the watch goes on");
                let about = event.regarding.as_ref().and_then(|r| r.name.as_deref());
                if about == Some(object) && event.reason.as_deref() == Some(reason) {
                    return event;
                }
            }
        };
        let found = tokio::time::timeout(PATIENCE, search).await;
        found.unwrap_or_else(|_| {
            panic!(
                "{object} never had an event {reason}\nthe operator's log ends with\n{}",
                self.log_tail()
            )
        })
    }

    /// Waits until the message of a condition says something, and returns the object.
    pub async fn until_message(&self, name: &str, type_: &str, part: &str) -> JiraIntegration {
        self.until(name, &format!("one whose {type_} says \"{part}\""), |object| {
            let conditions = object
                .status
                .as_ref()
                .map(|s| s.conditions.as_slice())
                .unwrap_or_default();
            conditions.iter().any(|c| c.type_ == type_ && c.message.contains(part))
        })
        .await
    }

    /// Asks for a full reconciliation in a namespace, and waits until it is answered.
    pub async fn request_in(&self, namespace: &str, name: &str) -> JiraIntegration {
        let value = format!("{}", jiff::Timestamp::now());
        let patch = json!({"metadata": {"annotations": {REQUESTED_AT: value}}});
        let api: Api<JiraIntegration> = Api::namespaced(self.client.clone(), namespace);
        api.patch(name, &PatchParams::default(), &Patch::Merge(patch))
            .await
            .expect("the annotation is set");
        self.until_in(namespace, name, "answered", |object| {
            object
                .status
                .as_ref()
                .and_then(|s| s.last_handled_reconcile_at.as_ref())
                == Some(&value)
        })
        .await
    }

    /// Restores a Secret from a backup: the same content as another object, in this namespace.
    pub async fn restore_secret(&self, backup: &Secret, namespace: &str) {
        let copy = Secret {
            metadata: ObjectMeta {
                name: Some(backup.name_any()),
                labels: backup.metadata.labels.clone(),
                annotations: backup.metadata.annotations.clone(),
                ..ObjectMeta::default()
            },
            data: backup.data.clone(),
            type_: backup.type_.clone(),
            ..Secret::default()
        };
        let api: Api<Secret> = Api::namespaced(self.client.clone(), namespace);
        api.create(&PostParams::default(), &copy).await.expect("the copy");
    }

    /// An app whose grant reaches these sites and has these scopes, where given, and its credentials in a Secret.
    pub async fn connect_to(&self, secret: &str, sites: Option<&[&str]>, scopes: Option<&[&str]>) -> AppCredentials {
        let app = self.sandbox.create_app().expect("an app");
        let owned = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect();
        let command = Command::MintGrant {
            client_id: Some(app.client_id.clone()),
            account: None,
            sites: sites.map(owned),
            scopes: scopes.map(owned),
            online: false,
        };
        let tokens = self.sandbox.mint_as(command).expect("a grant");
        self.put_credentials(&self.namespace, secret, &app, Some(&tokens.refresh_token))
            .await;
        app
    }

    /// Whether acme's token Secret has an access token.
    pub async fn is_published(&self) -> bool {
        let data = self.secret("acme-jira-token").await.unwrap_or_default();
        data.contains_key("access-token")
    }

    /// Makes the stored access token one that ran out, and waits until it is replaced.
    pub async fn age_token(&self, grant: &str) {
        let before = self.secret(grant).await.expect("the grant Secret")["access-token"].clone();
        self.run_out(grant).await;
        self.until_secret(grant, "refreshed", |data| {
            data.get("access-token").is_some_and(|token| *token != before)
        })
        .await;
    }

    /// Makes the stored access token one that ran out.
    pub async fn run_out(&self, grant: &str) {
        let past = |hours| (jiff::Timestamp::now() - jiff::SignedDuration::from_hours(hours)).to_string();
        let times = json!({"stringData": {"refreshed-at": past(2), "expires-at": past(1)}});
        self.patch_secret(grant, times).await;
    }

    /// Brings the operator to refresh the grant of acme, whose answer Atlassian holds: by this fault.
    pub async fn hold_refresh(&self) -> u64 {
        let refreshes = FaultRule::token_endpoint(When::After, FaultAction::Hold).times(1);
        let held = self.sandbox.fault(refreshes);
        self.run_out("acme-oauth-grant").await;
        self.ask("acme").await;
        assert!(self.sandbox.wait_for_hits(held, 1).await);
        held
    }

    /// Waits until the operator that was started last answers as it should on one of its paths.
    pub async fn until_served(&self, path: &str, test: impl Fn(u16, &str) -> bool) -> String {
        let operator = self.operators.last().expect("an operator runs");
        let ask = async {
            loop {
                if let Some((status, text)) = operator.try_get(path).await
                    && test(status, &text)
                {
                    return text;
                }
                tokio::time::sleep(ASK_AGAIN).await;
            }
        };
        let found = tokio::time::timeout(PATIENCE, ask).await;
        found.unwrap_or_else(|_| {
            panic!(
                "{path} never answered as it should\nthe operator's log ends with\n{}",
                self.log_tail()
            )
        })
    }

    /// `kubectl` in the namespace.
    pub async fn kubectl(&self, arguments: &[&str]) -> Result<String, String> {
        self.cluster
            .kubectl(&[&["-n", self.namespace.as_str()], arguments].concat())
            .await
    }

    /// `kubectl apply` of an object into the namespace.
    pub async fn apply(&self, manifest: &Value) -> Result<String, String> {
        let mut manifest = manifest.clone();
        manifest["metadata"]["namespace"] = json!(self.namespace);
        self.cluster.apply(&manifest.to_string()).await
    }

    /// `kubectl apply` that is to be refused: what kubectl says.
    pub async fn apply_refused(&self, manifest: &Value) -> String {
        match self.apply(manifest).await {
            Ok(said) => panic!("it was accepted: {said}\n{manifest:#}"),
            Err(said) => said,
        }
    }
}
