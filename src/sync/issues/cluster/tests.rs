//! Objects whose place another one took, behind kube's own client.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
};

use axum::{
    body::Body,
    http::{Method, Request, Response, StatusCode},
};
use http_body_util::BodyExt;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use serde_json::{Value, json};

use super::*;

const NAME: &str = "acme-eng-1";

/// An API server with nothing but `JiraIssue` objects.
#[derive(Clone, Default)]
struct Server(Arc<Mutex<(BTreeMap<String, Value>, u64)>>);

impl Server {
    fn mirror(&self) -> ClusterMirror {
        let server = self.clone();
        let service = tower::service_fn(move |request: Request<kube::client::Body>| {
            let server = server.clone();
            async move {
                let (head, body) = request.into_parts();
                let body = body.collect().await.unwrap().to_bytes();
                let sent = serde_json::from_slice(&body).unwrap_or_default();
                let (code, answer) = server.answer(&head.method, head.uri.path(), sent);
                let answer = Response::builder()
                    .status(StatusCode::from_u16(code).unwrap())
                    .body(Body::from(answer.to_string()));
                Ok::<_, Infallible>(answer.unwrap())
            }
        });
        let owner = Owner {
            namespace: "ns".into(),
            name: "acme".into(),
            uid: "u1".into(),
            reference: OwnerReference {
                uid: "u1".into(),
                name: "acme".into(),
                ..OwnerReference::default()
            },
        };
        ClusterMirror::new(&Client::new(service, "ns"), &owner)
    }

    fn get(&self, name: &str) -> Option<Value> {
        self.0.lock().unwrap().0.get(name).cloned()
    }

    fn put(&self, name: &str, mut object: Value) -> Value {
        let mut state = self.0.lock().unwrap();
        state.1 += 1;
        object["metadata"]["resourceVersion"] = json!(state.1.to_string());
        state.0.insert(name.to_owned(), object.clone());
        object
    }

    fn answer(&self, method: &Method, path: &str, sent: Value) -> (u16, Value) {
        let (_, name) = path.split_once("/jiraissues").unwrap();
        let name = name.trim_start_matches('/').trim_end_matches("/status");
        let name = if name.is_empty() {
            sent["metadata"]["name"].as_str().unwrap().to_owned()
        } else {
            name.to_owned()
        };
        let found = self.get(&name);
        let wanted = match *method {
            Method::PATCH => &sent["metadata"]["resourceVersion"],
            _ => &sent["preconditions"]["resourceVersion"],
        };
        let is_other = |found: &Value| wanted.is_string() && *wanted != found["metadata"]["resourceVersion"];
        match (method.as_str(), found) {
            ("POST", Some(_)) => refusal(409, "AlreadyExists"),
            ("POST", None) => (201, self.put(&name, sent)),
            (_, None) => refusal(404, "NotFound"),
            ("GET", Some(found)) => (200, found),
            (_, Some(found)) if is_other(&found) => refusal(409, "Conflict"),
            ("PATCH", Some(mut found)) => {
                found["status"] = sent["status"].clone();
                (200, self.put(&name, found))
            }
            (_, Some(found)) => {
                self.0.lock().unwrap().0.remove(&name);
                (200, found)
            }
        }
    }
}

fn refusal(code: u16, reason: &str) -> (u16, Value) {
    let details = json!({"name": NAME, "kind": "jiraissues"});
    let status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": reason, "reason": reason, "code": code, "details": details});
    (code, status)
}

fn issue(summary: &str) -> MirroredIssue {
    let status: JiraIssueStatus = serde_json::from_value(json!({
        "id": "7", "key": "ENG-1", "url": "", "project": "ENG", "projectId": "10", "type": "Task", "summary": summary,
        "status": "To Do", "statusId": "1", "category": "new", "phase": "Open", "created": "", "updated": "", "hash": ""
    }))
    .unwrap();
    MirroredIssue {
        id: 7,
        project_id: "10".into(),
        updated: 0,
        is_open: true,
        digest: 0,
        status,
    }
}

async fn mirrored(server: &Server) -> (ClusterMirror, IndexEntry) {
    let mirror = server.mirror();
    let stored = mirror.put(&issue("first"), None).await.unwrap();
    (mirror, IndexEntry::of(&issue("first"), stored))
}

/// Nobody has looked at the cluster since.
#[tokio::test]
async fn what_took_the_place_of_an_object_is_neither_written_nor_deleted() {
    let server = Server::default();
    let (mirror, known) = mirrored(&server).await;
    let metadata = json!({"name": NAME, "namespace": "ns", "uid": "theirs"});
    let theirs = json!({"apiVersion": "jira-operator.dev/v1alpha1", "kind": "JiraIssue", "metadata": metadata,
        "spec": {"integration": "acme"}});
    let theirs = server.put(NAME, theirs);
    let stored = mirror.put(&issue("changed"), Some(&known.stored)).await.unwrap();
    assert!(stored.object.starts_with("acme-eng-1-"), "{}", stored.object);
    assert_eq!(server.get(&stored.object).unwrap()["status"]["summary"], "changed");
    assert_eq!(server.get(NAME), Some(theirs.clone()));
    mirror.remove(&known).await.unwrap();
    assert_eq!(server.get(NAME), Some(theirs));
}

/// A person's label makes another version of it, and no other object.
#[tokio::test]
async fn an_object_that_a_person_labelled_is_its_issues_all_the_same() {
    let server = Server::default();
    let (mirror, known) = mirrored(&server).await;
    let labelled = || {
        let mut object = server.get(NAME).unwrap();
        object["metadata"]["labels"]["team"] = json!("theirs");
        server.put(NAME, object);
    };
    labelled();
    let stored = mirror.put(&issue("changed"), Some(&known.stored)).await.unwrap();
    assert_eq!(stored.object, NAME);
    let object = server.get(NAME).unwrap();
    assert_eq!(object["status"]["summary"], "changed");
    assert_eq!(object["metadata"]["labels"]["team"], "theirs");
    labelled();
    mirror.remove(&IndexEntry::of(&issue("changed"), stored)).await.unwrap();
    assert!(server.get(NAME).is_none());
}
