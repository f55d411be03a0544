//! A site that answers as it is scripted: as usual, but for the calls that go wrong.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::sync::{Arc, Mutex};

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, Uri},
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::atlassian::{
    client::AtlassianClient,
    endpoints::{Endpoints, http_client},
    secret::Secret,
};

/// What a call is answered with instead of what it asks for.
#[derive(Clone, Copy)]
pub enum SiteFault {
    /// 401.
    Refused,
    /// 401, for the scopes.
    Scopes,
    /// 429, for the hourly quota.
    Quota,
    /// 503.
    Down,
    /// 404.
    NotFound,
    /// Something else than usual.
    Other(&'static str),
    /// What is usual.
    Nothing,
}

use SiteFault::{Down, NotFound, Nothing, Other, Quota, Refused, Scopes};

/// The calls that go wrong, each once, by the end of their paths.
pub type Faults = &'static [(&'static str, SiteFault)];

/// A Jira site.
#[derive(Clone)]
pub struct ScriptedSite {
    faults: Arc<Mutex<Vec<(&'static str, SiteFault)>>>,
    calls: Arc<Mutex<Vec<String>>>,
}

impl ScriptedSite {
    /// A site of which these calls go wrong, and the way to it.
    pub async fn with(faults: Faults) -> (Self, AtlassianClient) {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let site = Self {
            faults: Arc::new(Mutex::new(faults.to_vec())),
            calls: Arc::default(),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: url::Url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let router = Router::new().fallback(Self::answer).with_state(site.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let endpoints = Endpoints {
            auth: address.clone(),
            api: address.clone(),
            site: Some(address),
        };
        let client = AtlassianClient::new(http_client().unwrap(), Arc::new(endpoints), Secret::new("a".into()));
        (site, client)
    }

    #[allow(clippy::unused_async)] // It is a handler.
    async fn answer(State(site): State<Self>, uri: Uri, body: String) -> (StatusCode, HeaderMap, Json<Value>) {
        let call = uri.path().rsplit('/').next().unwrap_or_default();
        // The two questions about the site are asked at once.
        if call != "tenant_info" {
            site.calls.lock().unwrap().push(call.to_owned());
        }
        let mut faults = site.faults.lock().unwrap();
        let fault = faults.iter().position(|(of, _)| *of == call);
        let fault = fault.map(|index| faults.remove(index).1);
        let mut headers = HeaderMap::new();
        let (code, body) = match fault {
            None | Some(Nothing) => (200, usual(call, &body)),
            Some(Other(body)) => (200, serde_json::from_str(body).unwrap()),
            Some(Refused) => (401, json!({"message": "Unauthorized"})),
            Some(Scopes) => (401, json!({"message": "Unauthorized; scope does not match"})),
            Some(Down) => (503, json!({})),
            Some(NotFound) => (404, json!({})),
            Some(Quota) => {
                let reason = HeaderValue::from_static("jira-quota-global-based");
                headers.insert("ratelimit-reason", reason);
                (429, json!({}))
            }
        };
        (StatusCode::from_u16(code).unwrap(), headers, Json(body))
    }

    /// The calls in their order, by the end of their paths.
    pub fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }
}

/// What is answered where nothing goes wrong: one service project, in which everything asked about is held.
fn usual(call: &str, body: &str) -> Value {
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    let held = |asked: &Value| -> Vec<Value> {
        let permissions = asked["permissions"].as_array().cloned().unwrap_or_default();
        let of_one = permissions.into_iter();
        of_one
            .map(|permission| json!({"permission": permission, "projects": asked["projects"]}))
            .collect()
    };
    match call {
        "tenant_info" => json!({"cloudId": "c1"}),
        "accessible-resources" => {
            json!([{"id": "c1", "url": "https://acme.atlassian.net", "name": "Acme", "scopes": []}])
        }
        "myself" => json!({"accountId": "bot", "accountType": "atlassian", "displayName": "Bot"}),
        "search" => json!({"isLast": true, "values": [
            {"id": "1", "key": "SUP", "name": "Support", "projectTypeKey": "service_desk"}
        ]}),
        "check" => json!({
            "globalPermissions": body["globalPermissions"],
            "projectPermissions": body["projectPermissions"].as_array().into_iter().flatten().flat_map(held).collect::<Vec<_>>(),
        }),
        "requesttype" => json!({"isLastPage": true, "values": [
            {"id": "1", "name": "Ask", "groupIds": ["1"], "canCreateRequest": true, "fields": {"requestTypeFields": []}}
        ]}),
        "bulk" => json!({"isLast": true, "values": [{"accountId": "ann", "active": true}]}),
        _ => json!({}),
    }
}
