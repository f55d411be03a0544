//! The harness of a scenario: a namespace with the chart's RBAC, a sandbox of Jira Cloud, an
//! operator between them, and eyes on what a user would see.

pub mod actions;
pub mod assertions;
pub mod browser;
pub mod checking;
pub mod clock;
pub mod commands;
pub mod conformance;
pub mod declaration;
pub mod directory;
pub mod fleet;
pub mod issues;
pub mod observe;
pub mod operator;
pub mod problem;
pub mod random_history;
mod setup;
pub mod terminal;
pub mod ticket_history;
pub mod tickets;
pub mod visitor;
pub mod written_issues;

use std::{
    fs,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering},
    },
};

use devkit::{
    proxy::Proxy,
    sandbox::{AppCredentials, Command, Sandbox},
};
use jira_operator::api::integration::JiraIntegration;
use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::{
    Api, Client,
    api::{ObjectMeta, PostParams},
};
use serde_json::{Value, json};

pub use self::setup::Setup;

use self::{
    clock::Clock,
    conformance::Conformance,
    operator::{Operator, Start},
};
use crate::cluster::{Cluster, RELEASE};

/// The site that scenarios use unless they say otherwise.
pub const SITE: &str = "https://acme.atlassian.net";
/// Seconds after which a ticket that is not found was not created.
pub const CREATION_SETTLE: u32 = 15;
/// The dedicated account.
pub const BOT: &str = "jira-bot@acme.example";

/// See the module.
pub struct Harness {
    pub cluster: Arc<Cluster>,
    pub namespace: String,
    pub further: Vec<String>,
    pub client: Client,
    pub sandbox: Arc<Sandbox>,
    pub proxy: Option<Proxy>,
    pub operators: Vec<Operator>,
    checks: Vec<Conformance>,
    folder: PathBuf,
    kubeconfig: PathBuf,
    setup: Setup,
    /// What the operator takes for the time, where the scenario sets it.
    pub clock: Option<Clock>,
    /// Where the pages are, with the port that every operator of this harness uses.
    pub pages: String,
}

impl Harness {
    /// Sets the harness with an operator that watches its namespace.
    pub async fn open(cluster: &Arc<Cluster>, name: &str) -> Self {
        Self::set_up(cluster, name, Setup::default()).await
    }

    /// Sets the harness.
    pub async fn set_up(cluster: &Arc<Cluster>, name: &str, setup: Setup) -> Self {
        let client = cluster.control.client();
        let namespace = create_namespace(&client, name).await;
        let mut further = Vec::new();
        for _ in 0..setup.further_namespaces {
            further.push(create_namespace(&client, name).await);
        }
        let watched: Vec<&str> = std::iter::once(&namespace)
            .chain(&further)
            .map(String::as_str)
            .collect();
        cluster.install_chart(&watched, setup.cluster_wide).await;
        let token = cluster
            .control
            .service_account_token(&namespace, RELEASE)
            .await
            .expect("a token for the operator");
        let folder = cluster.control.folder().join("scenarios").join(&namespace);
        fs::create_dir_all(&folder).expect("a folder for logs");
        let kubeconfig = folder.join("operator.kubeconfig");
        let proxy = if setup.proxied {
            Some(Proxy::start(&cluster.control).await.expect("a proxy"))
        } else {
            None
        };
        let server = proxy.as_ref().map(|p| p.url().to_owned());
        cluster
            .control
            .kubeconfig_for(&kubeconfig, &token, Some(&namespace), server.as_deref())
            .expect("a kubeconfig for the operator");
        let checks = watched.iter().map(|ns| Conformance::begin(&client, ns)).collect();
        let sandbox = match setup.jira_since {
            Some(since) => Sandbox::start_at(since).await,
            None => Sandbox::start().await,
        };
        let sandbox = Arc::new(sandbox.expect("a sandbox"));
        let clock = setup.by_clock.then(|| Clock::begin(&folder));
        let mut harness = Self {
            clock,
            cluster: Arc::clone(cluster),
            namespace,
            further,
            client,
            sandbox,
            proxy,
            operators: Vec::new(),
            checks,
            folder,
            kubeconfig,
            setup,
            pages: format!("http://localhost:{}", free_port()),
        };
        if !harness.setup.without_operator {
            harness.start_operator();
        }
        harness
    }

    /// Starts an operator, beside any that runs already.
    pub fn start_operator(&mut self) {
        let operator = self.launch();
        self.operators.push(operator);
    }

    /// Starts an operator that its caller keeps.
    pub fn launch(&self) -> Operator {
        let mut arguments = Vec::new();
        if !self.setup.cluster_wide {
            for namespace in std::iter::once(&self.namespace).chain(&self.further) {
                arguments.extend(["--watch-namespace".to_owned(), namespace.clone()]);
            }
        }
        if let Some(seconds) = self.setup.deletion_delay {
            arguments.extend(["--deletion-delay".to_owned(), seconds.to_string()]);
        }
        // A lost creation is settled within the patience of a scenario.
        let settle = self.setup.creation_settle.unwrap_or(CREATION_SETTLE);
        arguments.extend(["--creation-settle".to_owned(), settle.to_string()]);
        if let Some(number) = self.setup.concurrent_reconciles {
            arguments.extend(["--concurrent-reconciles".to_owned(), number.to_string()]);
        }
        if self.setup.pages {
            let listen = self.pages.replace("http://localhost", "127.0.0.1");
            arguments.extend(["--connect-listen".to_owned(), listen]);
            arguments.extend(["--public-url".to_owned(), self.pages.clone()]);
        }
        let log = self.folder.join("operator.log");
        Operator::start(&Start {
            kubeconfig: &self.kubeconfig,
            atlassian: self.sandbox.url(),
            arguments: &arguments,
            log: &log,
            level: self.setup.level,
            clock: self.clock.as_ref(),
        })
    }

    /// Kills every operator without warning.
    pub async fn kill_operators(&mut self) {
        for operator in self.operators.drain(..) {
            operator.kill().await;
        }
    }

    /// A harness with a grant, whose missing issues are looked up at once.
    pub async fn with_grant(cluster: &Arc<Cluster>, namespace: &str) -> Self {
        let setup = Setup {
            deletion_delay: Some(0),
            ..Setup::default()
        };
        let harness = Self::set_up(cluster, namespace, setup).await;
        harness.connect("acme-oauth").await;
        harness
    }

    /// An OAuth app with a grant of the dedicated account, and its credentials in a Secret.
    pub async fn connect(&self, secret: &str) -> AppCredentials {
        let app = self.sandbox.create_app().expect("an app");
        let tokens = self.sandbox.mint(&app.client_id, None).expect("a grant");
        self.put_credentials(&self.namespace, secret, &app, Some(&tokens.refresh_token))
            .await;
        app
    }

    /// Puts an app's credentials into a Secret, which is created or replaced.
    pub async fn put_credentials(
        &self,
        namespace: &str,
        name: &str,
        app: &AppCredentials,
        refresh_token: Option<&str>,
    ) {
        let mut data = vec![
            ("client-id", app.client_id.as_str()),
            ("client-secret", app.client_secret.as_str()),
        ];
        data.extend(refresh_token.map(|token| ("refresh-token", token)));
        self.put_secret(namespace, name, &data).await;
    }

    /// Creates a Secret, or replaces its data.
    pub async fn put_secret(&self, namespace: &str, name: &str, data: &[(&str, &str)]) {
        let api: Api<Secret> = Api::namespaced(self.client.clone(), namespace);
        let string_data = data.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let secret = Secret {
            metadata: ObjectMeta {
                name: Some(name.to_owned()),
                ..ObjectMeta::default()
            },
            string_data: Some(string_data),
            ..Secret::default()
        };
        let params = PostParams::default();
        // Replaced in one step, as kubectl does it: at no time is it absent.
        match api.create(&params, &secret).await {
            Err(kube::Error::Api(status)) if status.code == 409 => api.replace(name, &params, &secret).await,
            created => created,
        }
        .expect("a Secret");
    }

    /// Creates an integration; `spec` adds to or replaces what most scenarios have.
    pub async fn integrate(&self, name: &str, secret: &str, spec: Value) {
        self.integrate_in(&self.namespace, name, secret, spec).await;
    }

    /// Creates an integration in a namespace.
    pub async fn integrate_in(&self, namespace: &str, name: &str, secret: &str, spec: Value) {
        let api: Api<JiraIntegration> = Api::namespaced(self.client.clone(), namespace);
        let integration = serde_json::from_value(manifest(name, secret, spec)).expect("an integration");
        api.create(&PostParams::default(), &integration)
            .await
            .expect("the integration is accepted");
    }

    /// Changes the sandbox.
    pub fn jira(&self, command: Command) {
        self.sandbox.command(command).expect("the sandbox does it");
    }

    /// Ends the scenario: conditions were valid all the time, and no secret showed anywhere.
    pub async fn close(mut self) {
        let mut violations = Vec::new();
        for namespace in std::iter::once(&self.namespace).chain(&self.further) {
            violations.extend(conformance::desks_disagree(&self.client, namespace).await);
        }
        for operator in self.operators.drain(..) {
            operator.kill().await;
        }
        let mut shown = fs::read_to_string(self.folder.join("operator.log")).unwrap_or_default();
        assert!(!shown.contains("panicked at"), "the operator panicked:\n{shown}");
        for check in self.checks.drain(..) {
            let (found, statuses) = check.end();
            violations.extend(found);
            shown.push_str(&statuses);
        }
        assert!(
            violations.is_empty(),
            "conditions broke the conventions:\n{}",
            violations.join("\n")
        );
        for namespace in std::iter::once(&self.namespace).chain(&self.further) {
            shown.push_str(&observe::events_as_text(&self.client, namespace).await);
        }
        let leaked = self
            .sandbox
            .secrets()
            .iter()
            .filter(|secret| shown.contains(secret.as_str()))
            .count();
        assert_eq!(leaked, 0, "{leaked} secrets show in logs, status or events");
    }

    /// The last lines of the operator's log.
    pub fn log_tail(&self) -> String {
        let log = fs::read_to_string(self.folder.join("operator.log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(25)..].join("\n")
    }

    /// Where the operator logs.
    pub fn log(&self) -> PathBuf {
        self.folder.join("operator.log")
    }
}

/// A port of this machine that nobody has, and that no connection gets by chance before it is listened on: those are
/// given ports from 32768 on.
pub fn free_port() -> u16 {
    static LAST: AtomicU16 = AtomicU16::new(0);
    let first = u16::try_from(std::process::id() % 8_000).expect("it is small");
    let mut ports = (0..8_000).map(|_| 20_000 + (first + LAST.fetch_add(1, Ordering::Relaxed)) % 8_000);
    let is_free = |port: &u16| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok();
    ports.find(is_free).expect("a free port")
}

async fn create_namespace(client: &Client, base: &str) -> String {
    let name = Cluster::unique(base);
    let namespace = Namespace {
        metadata: ObjectMeta {
            name: Some(name.clone()),
            ..ObjectMeta::default()
        },
        ..Namespace::default()
    };
    Api::all(client.clone())
        .create(&PostParams::default(), &namespace)
        .await
        .expect("a namespace");
    name
}

/// The manifest of an integration; `spec` adds to or replaces what most scenarios have.
pub fn manifest(name: &str, secret: &str, spec: Value) -> Value {
    let mut manifest = json!({
        "apiVersion": "jira-operator.dev/v1alpha1",
        "kind": "JiraIntegration",
        "metadata": {"name": name},
        "spec": {"site": SITE, "secretRef": {"name": secret}},
    });
    if let Value::Object(fields) = spec {
        for (key, value) in fields {
            manifest["spec"][key] = value;
        }
    }
    manifest
}
