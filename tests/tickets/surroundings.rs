//! What is around a process of the operator: the API server with an integration that is connected, and Jira.

use std::sync::Arc;

use devkit::sandbox::Sandbox;
use jiff::{SignedDuration, Timestamp};
use jira_operator::{
    atlassian::{
        endpoints::{Endpoints, http_client},
        oauth::TokenEndpoint,
    },
    cluster::{events::Events, server_clock::ServerClock},
    controller::{Admission, Directories, LocalStates, Mirrors, SecretIndex, SharedAccess, context::Context},
    grant::{AccessOptions, GrantKey, GrantStore, Grants},
    sync::{budget::PointPools, issues::Claims},
    telemetry::Metrics,
    tickets::FollowingCosts,
};
use k8s_openapi::{ByteString, api::core::v1::Secret};
use kube::{Api, Client, api::PostParams};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{
    api_server::{ApiServer, Eyes, NAMESPACE},
    stage::SETTLE,
    trace::Trace,
};

/// See the module.
pub struct Surroundings {
    pub api: ApiServer,
    url: url::Url,
}

impl Surroundings {
    /// The dedicated account is connected, and may write tickets in two projects.
    pub async fn around(sandbox: &Sandbox, trace: Trace) -> Self {
        let api = ApiServer::new(trace);
        credentials(&api.client(&Eyes::default()), sandbox).await;
        let (cloud_id, account, projects) = sandbox.state(|world| {
            let site = world.site("acme").unwrap();
            let id = |key: &str| site.project(key).unwrap().id.to_string();
            let account = world.account("jira-bot@acme.example").unwrap().account_id.clone();
            (site.cloud_id.clone(), account, [("ENG", id("ENG")), ("SUP", id("SUP"))])
        });
        api.put("jiraintegrations", "acme", integration(&cloud_id, &account));
        for (key, id) in projects {
            let name = format!("acme-{}", key.to_lowercase());
            api.put("jiraprojects", &name, project(&name, key, &id));
        }
        let around = Self {
            api,
            url: sandbox.url().parse().unwrap(),
        };
        around.connect().await;
        around
    }

    /// Exchanges the refresh token of the person: a process that dies over that is nothing of tickets.
    async fn connect(&self) {
        let ctx = self.context(&Eyes::default());
        let key = GrantKey {
            namespace: NAMESPACE.to_owned(),
            credentials: "acme-oauth".to_owned(),
        };
        let credentials = ctx.grant_store.credentials(&key).await.unwrap().unwrap();
        let options = AccessOptions {
            rejected: None,
            requested: false,
            is_rightful: false,
        };
        ctx.grants.access(&key, credentials, options).await.unwrap();
    }

    /// What a process has at hand that just began.
    pub fn context(&self, eyes: &Eyes) -> Context {
        let client = self.api.client(eyes);
        let store = GrantStore::new(client.clone(), vec![NAMESPACE.to_owned()]);
        let http = http_client().unwrap();
        let endpoints = Arc::new(Endpoints {
            auth: self.url.clone(),
            api: self.url.clone(),
            site: Some(self.url.clone()),
        });
        let endpoint = TokenEndpoint::new(http.clone(), Arc::clone(&endpoints));
        Context {
            links: None,
            events: Events::new(client.clone()),
            client,
            http,
            endpoints,
            site_suffixes: Vec::new(),
            grants: Grants::new(store.clone(), endpoint, Box::new(|_| {})),
            grant_store: store,
            metrics: Arc::new(Metrics::default()),
            local_states: LocalStates::default(),
            mirrors: Mirrors::default(),
            shared_access: SharedAccess::default(),
            pools: PointPools::default(),
            following: FollowingCosts::default(),
            bursts: Arc::default(),
            directories: Directories::default(),
            deletion_delay: SignedDuration::from_mins(10),
            creation_settle: SETTLE,
            claims: Claims::default(),
            server_clock: ServerClock::default(),
            index: Arc::new(SecretIndex::default()),
            admission: Admission::new(1, CancellationToken::new()),
        }
    }
}

/// The Secret of a person who has connected.
async fn credentials(client: &Client, sandbox: &Sandbox) {
    let app = sandbox.app(None).unwrap();
    let tokens = sandbox.mint(&app.client_id, None).unwrap();
    let data = [
        ("client-id", app.client_id),
        ("client-secret", app.client_secret),
        ("refresh-token", tokens.refresh_token),
    ];
    let data = data.map(|(key, value)| (key.to_owned(), ByteString(value.into_bytes())));
    let mut secret = Secret {
        data: Some(data.into()),
        ..Secret::default()
    };
    secret.metadata.name = Some("acme-oauth".to_owned());
    let secrets: Api<Secret> = Api::namespaced(client.clone(), NAMESPACE);
    secrets.create(&PostParams::default(), &secret).await.unwrap();
}

fn is_true(type_: &str) -> Value {
    json!({
        "type": type_, "status": "True", "reason": "Fine", "message": "", "lastTransitionTime": Timestamp::UNIX_EPOCH,
        "observedGeneration": 1,
    })
}

fn integration(cloud_id: &str, account: &str) -> Value {
    let conditions = ["Authorized", "SiteReachable", "ScopesGranted", "AccountEligible"].map(is_true);
    json!({
        "apiVersion": "jira-operator.dev/v1alpha1", "kind": "JiraIntegration",
        "metadata": {"name": "acme", "namespace": NAMESPACE, "uid": "acme", "generation": 1},
        "spec": {
            "site": "https://acme.atlassian.net", "secretRef": {"name": "acme-oauth"}, "tickets": {"maxPerHour": 10_000},
        },
        "status": {
            "conditions": conditions,
            "site": {"cloudId": cloud_id, "name": "acme", "url": "https://acme.atlassian.net"},
            "account": {"accountId": account, "displayName": "Jira Bot", "accountType": "atlassian"},
        },
    })
}

fn project(name: &str, key: &str, id: &str) -> Value {
    let kind = if key == "SUP" { "service_desk" } else { "software" };
    let conditions = ["Accessible", "Permitted"].map(is_true);
    json!({
        "apiVersion": "jira-operator.dev/v1alpha1", "kind": "JiraProject",
        "metadata": {"name": name, "namespace": NAMESPACE, "uid": key, "generation": 1},
        "spec": {"integration": "acme", "key": key},
        "status": {"id": id, "key": key, "type": kind, "lifecycle": "Live", "conditions": conditions},
    })
}
