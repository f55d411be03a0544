//! The definitions as the operator finds them when it starts: waited for, and compared with its own.

use std::{fmt::Debug, sync::Mutex, time::Duration};

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{
    Api, Client, Resource, ResourceExt,
    api::{GetParams, ListParams},
    core::{NamespaceResourceScope, Request},
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::{
    api::{
        GROUP, VERSION, crd,
        definition::{Difference, INSTALL},
        integration::JiraIntegration,
        issue::JiraIssue,
        project::JiraProject,
    },
    cluster::error::describe,
    diagnose::judge::enumerate,
};

/// Most fields that are named.
const NAMED: usize = 4;
/// Attempts to read what is published, and the pause between them.
const TRIES: u32 = 5;
const AGAIN_AFTER: Duration = Duration::from_secs(2);

/// Start order does not matter: missing CRDs are waited for, and `awaited` says which. False where
/// `stop` comes first.
pub async fn wait(client: &Client, namespaces: &[String], awaited: &Mutex<String>, stop: &CancellationToken) -> bool {
    loop {
        let lacking = futures::join!(
            lacking::<JiraIntegration>(client, namespaces),
            lacking::<JiraProject>(client, namespaces),
            lacking::<JiraIssue>(client, namespaces)
        );
        let lacking: Vec<String> = [lacking.0, lacking.1, lacking.2].into_iter().flatten().collect();
        let text = lacking.join(" and ");
        if !text.is_empty() {
            warn!("waiting for {text}");
        }
        if let Ok(mut awaited) = awaited.lock() {
            *awaited = text;
        }
        if lacking.is_empty() {
            return true;
        }
        tokio::select! {
            () = stop.cancelled() => return false,
            () = tokio::time::sleep(Duration::from_secs(2)) => {}
        }
    }
}

/// What has to happen before a kind can be used. Nothing when it can in one of these namespaces, or in all: one that
/// is gone, or may not be read, keeps no other waiting.
async fn lacking<K>(client: &Client, namespaces: &[String]) -> Option<String>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + DeserializeOwned + Debug,
{
    if namespaces.is_empty() {
        return asked(&Api::<K>::all(client.clone())).await;
    }
    let mut lacking = None;
    for namespace in namespaces {
        lacking = Some(asked(&Api::<K>::namespaced(client.clone(), namespace)).await?);
    }
    lacking
}

async fn asked<K>(api: &Api<K>) -> Option<String>
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug,
{
    let name = format!("{}.{}", K::plural(&()), K::group(&()));
    match api.list_metadata(&ListParams::default().limit(1)).await {
        Ok(_) => None,
        Err(kube::Error::Api(status)) if status.code == 404 => {
            Some(format!("the CustomResourceDefinition {name} ({INSTALL})"))
        }
        Err(error) => Some(format!("an answer about {name}: {}", describe(&error))),
    }
}

/// Says which definitions are of another version than the operator: what an older one does not know is
/// dropped, or the whole status refused. Nothing waits for that to change, because the operator may be the
/// older one on purpose.
pub async fn compare(client: Client) {
    for _ in 0..TRIES {
        match published(&client).await.map(|document| differing(&document)) {
            Ok(Some(differing)) => {
                for (name, difference) in differing {
                    warn!(definition = name, "{}", words(&difference));
                }
                return;
            }
            // They are served a moment before they are published.
            Ok(None) => {}
            // It is a help where it may be read, and no more.
            Err(error) => debug!(error = describe(&error), "the CRDs could not be compared"),
        }
        tokio::time::sleep(AGAIN_AFTER).await;
    }
}

/// The `OpenAPI` document of the kinds: everybody may read it, unlike the CRDs themselves.
async fn published(client: &Client) -> kube::Result<Value> {
    let request = Request::new(format!("/openapi/v3/apis/{GROUP}")).get(VERSION, &GetParams::default());
    client.request(request.map_err(kube::Error::BuildRequest)?).await
}

/// Definitions that are published otherwise than this program knows them. None while one is not published.
fn differing(document: &Value) -> Option<Vec<(String, Difference)>> {
    let published = document.pointer("/components/schemas")?.as_object()?;
    let mut differing = Vec::new();
    for ours in crd::all() {
        let theirs = published.values().find(|schema| is_of(schema, &ours.spec.names.kind))?;
        let difference = Difference::between(&said_in(&schema(&ours)?), &said_in(theirs));
        if difference != Difference::default() {
            differing.push((ours.name_any(), difference));
        }
    }
    Some(differing)
}

fn is_of(schema: &Value, kind: &str) -> bool {
    let kinds = schema.get("x-kubernetes-group-version-kind").and_then(Value::as_array);
    kinds.is_some_and(|kinds| {
        kinds
            .iter()
            .any(|of| of.get("kind").and_then(Value::as_str) == Some(kind))
    })
}

fn schema(crd: &CustomResourceDefinition) -> Option<Value> {
    let version = crd.spec.versions.first()?;
    serde_json::to_value(version.schema.as_ref()?.open_api_v3_schema.as_ref()?).ok()
}

/// The parts of a schema that the definitions write: to the rest the API server adds.
fn said_in(schema: &Value) -> Value {
    let part = |name: &str| {
        schema
            .pointer(&format!("/properties/{name}"))
            .cloned()
            .unwrap_or_default()
    };
    serde_json::json!({"properties": {"spec": part("spec"), "status": part("status")}})
}

fn words(difference: &Difference) -> String {
    let Difference { lacking, more } = difference;
    if lacking.is_empty() {
        let fields = enumerate(more, NAMED);
        return format!("the CRD in the cluster is newer than the operator: it says more of {fields}");
    }
    format!(
        "the CRD in the cluster is older than the operator, or another one: it lacks what the operator knows of {}. \
         What it does not know is lost, or not accepted. Replace it: {INSTALL}",
        enumerate(lacking, NAMED)
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
    use super::*;
    use serde_json::json;

    /// As the API server publishes them: it adds kind and metadata.
    fn document() -> Value {
        let mut schemas = serde_json::Map::new();
        for crd in crd::all() {
            let mut of = schema(&crd).unwrap();
            let kind = &crd.spec.names.kind;
            of["properties"]["metadata"] = json!({"$ref": "#/components/schemas/ObjectMeta"});
            of["x-kubernetes-group-version-kind"] = json!([{"group": GROUP, "kind": kind, "version": VERSION}]);
            schemas.insert(format!("dev.jira-operator.v1alpha1.{kind}"), of);
        }
        json!({"components": {"schemas": schemas}})
    }

    /// One namespace that is gone, or shut, keeps the operator from none of the others.
    #[tokio::test]
    async fn a_namespace_that_may_not_be_looked_into_is_no_missing_definition() {
        let server = tower::service_fn(|request: axum::http::Request<kube::client::Body>| async move {
            let is_shut = request.uri().path().contains("/namespaces/shut/");
            let refused = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
                "message": "no", "reason": "Forbidden", "code": 403});
            let found = json!({"apiVersion": "jira-operator.dev/v1alpha1", "kind": "JiraProjectList", "metadata": {},
                "items": []});
            let (code, body) = if is_shut { (403, refused) } else { (200, found) };
            let answer = axum::http::Response::builder().status(code);
            Ok::<_, std::convert::Infallible>(answer.body(axum::body::Body::from(body.to_string())).unwrap())
        });
        let client = Client::new(server, "open");
        for (namespaces, is_lacking) in [
            (&["shut", "open"][..], false),
            (&["open", "shut"], false),
            (&["shut"], true),
        ] {
            let namespaces: Vec<String> = namespaces.iter().map(ToString::to_string).collect();
            let lacking = lacking::<JiraProject>(&client, &namespaces).await;
            assert_eq!(lacking.is_some(), is_lacking, "{namespaces:?}: {lacking:?}");
        }
    }

    #[test]
    fn definitions_of_another_version_are_told_by_their_fields() {
        assert_eq!(differing(&document()), Some(Vec::new()));
        let mut older = document();
        let counts =
            "/components/schemas/dev.jira-operator.v1alpha1.JiraIntegration/properties/status/properties/projects";
        let counts = older.pointer_mut(counts).unwrap();
        counts["properties"].as_object_mut().unwrap().remove("readable");
        counts["required"] = json!(["blocked", "synced", "visible"]);
        let found = differing(&older).unwrap();
        let [(name, difference)] = found.as_slice() else {
            panic!("{found:?}")
        };
        assert_eq!(name, "jiraintegrations.jira-operator.dev");
        let said = words(difference);
        for part in ["older than the operator", "status.projects.readable", INSTALL] {
            assert!(said.contains(part), "{said}");
        }
        let mut newer = document();
        let spec = "/components/schemas/dev.jira-operator.v1alpha1.JiraIssue/properties/spec/properties";
        newer.pointer_mut(spec).unwrap()["colour"] = json!({"type": "string"});
        let found = differing(&newer).unwrap();
        assert!(words(&found.first().unwrap().1).contains("newer than the operator: it says more of spec.colour"));
        assert_eq!(differing(&json!({"components": {"schemas": {}}})), None);
    }
}
