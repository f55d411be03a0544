//! A cluster and a token endpoint for the tests of this room: Secrets in memory behind kube's own client, writes
//! that fail as they are told to, and refresh tokens that rotate.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    convert::Infallible,
    sync::{Arc, Mutex, MutexGuard},
};

use axum::{
    Form, Router,
    body::Body,
    extract::State,
    http::{Method, Request, Response, StatusCode},
    routing::post,
};
use http_body_util::{BodyExt, Collected};
use kube::Client;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{
    credentials::Credentials,
    grants::Grants,
    store::{GrantKey, GrantStore},
};
use crate::{
    api::names,
    atlassian::{
        endpoints::{Endpoints, http_client},
        oauth::{OAuthApp, TokenEndpoint},
        secret::Secret,
    },
};

/// What happens to a request.
#[derive(Clone, Copy)]
pub enum Fault {
    /// It is answered with this status and takes no effect.
    Refuse(u16),
    /// It takes effect, and is answered with a conflict: what a client sees that sent it again after a lost answer.
    Conflict,
}

struct Rule {
    method: Method,
    path: String,
    fault: Fault,
    times: usize,
}

#[derive(Default)]
struct Stored {
    secrets: BTreeMap<(String, String), Value>,
    version: u64,
    rules: Vec<Rule>,
    requests: Vec<String>,
    overtaking: Option<(String, usize, Value)>,
}

/// The cluster.
#[derive(Clone, Default)]
pub struct Cluster(Arc<Mutex<Stored>>);

impl Cluster {
    fn state(&self) -> MutexGuard<'_, Stored> {
        self.0.lock().unwrap()
    }

    pub fn client(&self) -> Client {
        let cluster = self.clone();
        let service = tower::service_fn(move |request: Request<kube::client::Body>| {
            let cluster = cluster.clone();
            async move {
                let (head, body) = request.into_parts();
                let body = body.collect().await.map(Collected::to_bytes).unwrap_or_default();
                let (code, answer) = cluster.answer(&head.method, &head.uri.to_string(), &body);
                let status = StatusCode::from_u16(code).unwrap();
                let answer = Response::builder().status(status).body(Body::from(answer.to_string()));
                Ok::<_, Infallible>(answer.unwrap())
            }
        });
        Client::new(service, "ns")
    }

    /// So many requests of this method whose path has this part fail so.
    pub fn fail(&self, method: Method, path: &str, fault: Fault, times: usize) {
        let path = path.to_owned();
        self.state().rules.push(Rule {
            method,
            path,
            fault,
            times,
        });
    }

    /// After so many writes of the Secret this stands there instead of what the next one brings: somebody was faster.
    pub fn overtake(&self, path: &str, after: usize, theirs: Value) {
        self.state().overtaking = Some((path.to_owned(), after, theirs));
    }

    /// The data of a Secret as text.
    pub fn data(&self, namespace: &str, name: &str) -> Option<BTreeMap<String, String>> {
        let secret = self.object(namespace, name)?;
        let secret: k8s_openapi::api::core::v1::Secret = serde_json::from_value(secret).unwrap();
        let text = |value: k8s_openapi::ByteString| String::from_utf8(value.0).unwrap();
        let data = secret.data.unwrap_or_default().into_iter();
        Some(data.map(|(key, value)| (key, text(value))).collect())
    }

    /// A Secret as it is stored.
    pub fn object(&self, namespace: &str, name: &str) -> Option<Value> {
        self.state().secrets.get(&key(namespace, name)).cloned()
    }

    /// Puts a Secret there as it is, as a restore or `kubectl replace` does.
    pub fn put(&self, namespace: &str, name: &str, mut object: Value) {
        let mut state = self.state();
        state.version += 1;
        object["metadata"]["resourceVersion"] = json!(state.version.to_string());
        state.secrets.insert(key(namespace, name), object);
    }

    pub fn delete(&self, namespace: &str, name: &str) -> Value {
        self.state().secrets.remove(&key(namespace, name)).expect("it is there")
    }

    /// The person's Secret with a refresh token.
    pub fn supply(&self, namespace: &str, token: &str) {
        let value = |text: &str| serde_json::to_value(k8s_openapi::ByteString(text.as_bytes().to_vec())).unwrap();
        let data = json!({"client-id": value("id"), "client-secret": value("s"), "refresh-token": value(token)});
        let metadata = json!({"name": "acme", "namespace": namespace, "uid": format!("person-{namespace}")});
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data});
        self.put(namespace, "acme", secret);
    }

    /// What was asked, as method and path.
    pub fn requests(&self) -> Vec<String> {
        self.state().requests.clone()
    }

    fn answer(&self, method: &Method, uri: &str, body: &[u8]) -> (u16, Value) {
        let mut state = self.state();
        let path = uri.split('?').next().unwrap_or_default().to_owned();
        state.requests.push(format!("{method} {path}"));
        if *method == Method::PUT {
            state.be_overtaken(&path);
        }
        let rule = state
            .rules
            .iter_mut()
            .find(|rule| rule.times > 0 && rule.method == *method && path.contains(&rule.path));
        let fault = rule.map(|rule| {
            rule.times -= 1;
            rule.fault
        });
        if let Some(Fault::Refuse(code)) = fault {
            return refusal(code, &format!("a policy forbids {path}"));
        }
        let answer = state.act(method, &path, uri, body);
        match fault {
            Some(Fault::Conflict) => refusal(409, "the object has been modified"),
            _ => answer,
        }
    }
}

impl Stored {
    fn act(&mut self, method: &Method, path: &str, uri: &str, body: &[u8]) -> (u16, Value) {
        let mut parts = path.trim_start_matches("/api/v1/").split('/');
        let namespace = (parts.next() == Some("namespaces")).then(|| parts.next().unwrap_or_default());
        let name = if namespace.is_some() { parts.nth(1) } else { None };
        let sent: Value = serde_json::from_slice(body).unwrap_or_default();
        match (method.as_str(), namespace, name) {
            ("GET", Some(namespace), Some(name)) => match self.secrets.get(&key(namespace, name)) {
                Some(found) => (200, found.clone()),
                None => refusal(404, "not found"),
            },
            ("GET", namespace, None) => self.list(namespace, uri),
            ("POST", Some(namespace), None) => {
                let name = sent["metadata"]["name"].as_str().unwrap_or_default().to_owned();
                if self.secrets.contains_key(&key(namespace, &name)) {
                    return refusal(409, "already exists");
                }
                let number = self.version + 1;
                let mut created = sent;
                created["metadata"]["namespace"] = json!(namespace);
                created["metadata"]["uid"] = json!(format!("u{number:04}"));
                let created_at = jiff::Timestamp::from_second(i64::try_from(number).unwrap() * 60).unwrap();
                created["metadata"]["creationTimestamp"] = json!(created_at.to_string());
                (201, self.store(namespace, &name, created))
            }
            ("PUT", Some(namespace), Some(name)) => match self.secrets.get(&key(namespace, name)) {
                None => refusal(404, "not found"),
                Some(found) if found["metadata"]["resourceVersion"] != sent["metadata"]["resourceVersion"] => {
                    refusal(409, "the object has been modified")
                }
                Some(_) => (200, self.store(namespace, name, sent)),
            },
            _ => refusal(405, "not known here"),
        }
    }

    fn be_overtaken(&mut self, path: &str) {
        match &mut self.overtaking {
            Some((of, after, _)) if path.contains(of.as_str()) && *after > 0 => *after -= 1,
            Some((of, _, theirs)) if path.contains(of.as_str()) => {
                let (theirs, name) = (std::mem::take(theirs), of.clone());
                self.overtaking = None;
                let namespace = theirs["metadata"]["namespace"].as_str().unwrap_or_default().to_owned();
                self.store(&namespace, &name, theirs);
            }
            _ => {}
        }
    }

    fn store(&mut self, namespace: &str, name: &str, mut object: Value) -> Value {
        self.version += 1;
        object["metadata"]["resourceVersion"] = json!(self.version.to_string());
        self.secrets.insert(key(namespace, name), object.clone());
        object
    }

    fn list(&self, namespace: Option<&str>, uri: &str) -> (u16, Value) {
        let parameter = |name: &str| {
            let (_, rest) = uri.split_once(&format!("{name}="))?;
            rest.split('&').next()?.parse::<usize>().ok()
        };
        let limit = parameter("limit").unwrap_or(usize::MAX);
        let from = parameter("continue").unwrap_or(0);
        let is_grant = |object: &&Value| object["metadata"]["labels"][names::COMPONENT_LABEL] == names::COMPONENT_GRANT;
        let within = |object: &&Value| namespace.is_none_or(|namespace| object["metadata"]["namespace"] == namespace);
        let all: Vec<&Value> = self.secrets.values().filter(is_grant).filter(within).collect();
        let of = |object: &&Value| json!({"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata", "metadata": object["metadata"]});
        let items: Vec<Value> = all.iter().skip(from).take(limit).map(of).collect();
        let next = from.saturating_add(limit);
        let more = Some(next).filter(|next| *next < all.len());
        let more = more.map(|next| next.to_string()).unwrap_or_default();
        let metadata = json!({"resourceVersion": self.version.to_string(), "continue": more});
        (
            200,
            json!({"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadataList", "metadata": metadata, "items": items}),
        )
    }
}

fn key(namespace: &str, name: &str) -> (String, String) {
    (namespace.to_owned(), name.to_owned())
}

fn refusal(code: u16, message: &str) -> (u16, Value) {
    let reason = match code {
        404 => "NotFound",
        409 => "Conflict",
        403 => "Forbidden",
        _ => "InternalError",
    };
    let status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message, "reason": reason, "code": code});
    (code, status)
}

/// Atlassian's token endpoint.
#[derive(Clone, Default)]
pub struct Atlassian(Arc<Mutex<Asked>>);

#[derive(Default)]
struct Asked {
    spent: Vec<String>,
    answers: VecDeque<(u16, Value)>,
}

impl Atlassian {
    /// The refresh tokens and codes that were posted.
    pub fn spent(&self) -> Vec<String> {
        self.0.lock().unwrap().spent.clone()
    }

    /// The next exchange is answered so.
    pub fn answers(&self, status: u16, body: Value) {
        self.0.lock().unwrap().answers.push_back((status, body));
    }

    #[allow(clippy::unused_async)] // It is a handler.
    async fn exchange(
        State(own): State<Self>,
        Form(form): Form<HashMap<String, String>>,
    ) -> (StatusCode, axum::Json<Value>) {
        let mut asked = own.0.lock().unwrap();
        let token = form.get("refresh_token").or_else(|| form.get("code"));
        asked.spent.extend(token.cloned());
        let number = asked.spent.len();
        let tokens = json!({"access_token": format!("access-{number}"), "refresh_token": format!("refresh-{number}"), "expires_in": 3600, "token_type": "bearer"});
        let (status, body) = asked.answers.pop_front().unwrap_or((200, tokens));
        (StatusCode::from_u16(status).unwrap(), axum::Json(body))
    }

    async fn serve(&self) -> TokenEndpoint {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: url::Url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let router = Router::new()
            .route("/oauth/token", post(Self::exchange))
            .with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let endpoints = Endpoints {
            auth: address.clone(),
            api: address,
            site: None,
        };
        TokenEndpoint::new(http_client().unwrap(), Arc::new(endpoints))
    }
}

/// A cluster, Atlassian, and processes between them.
#[derive(Clone, Default)]
pub struct World {
    pub cluster: Cluster,
    pub atlassian: Atlassian,
}

impl World {
    /// A process that watches these namespaces.
    pub async fn process(&self, namespaces: &[&str]) -> Arc<Grants> {
        let namespaces = namespaces.iter().map(|name| (*name).to_owned()).collect();
        let store = GrantStore::new(self.cluster.client(), namespaces);
        Grants::new(store, self.atlassian.serve().await, Box::new(|_| ()))
    }
}

/// The grant of the credentials `acme` in a namespace.
pub fn grant(namespace: &str) -> GrantKey {
    GrantKey {
        namespace: namespace.to_owned(),
        credentials: "acme".to_owned(),
    }
}

/// The credentials as a reconciliation reads them.
pub fn credentials(refresh_token: Option<&str>) -> Credentials {
    Credentials {
        app: OAuthApp {
            client_id: "id".into(),
            client_secret: Secret::new("s".into()),
        },
        refresh_token: refresh_token.map(|token| Secret::new(token.into())),
    }
}
