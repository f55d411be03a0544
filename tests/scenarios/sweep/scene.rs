//! Where a scenario is played: a harness whose operator is killed and started again, with everything numbered that it writes.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use devkit::{
    proxy::{Proxy, Write},
    sandbox::{Mark, Request},
};
use kube::runtime::wait::await_condition;
use serde_json::Value;
use tokio::sync::{Mutex, Notify};

use super::{
    point::Shape,
    state::{self, State},
    watch::Watch,
};
use crate::{
    cluster::Cluster,
    harness::{BOT, Harness, Setup, operator::Operator, terminal::Ran},
};

/// Longest wait for a point that is reached; a trial ends before.
pub const LONG: Duration = Duration::from_mins(10);
/// How long nothing may be written, seen or asked for until an undisturbed scenario counts as over.
const QUIET: Duration = Duration::from_millis(1500);

/// See the module.
pub struct Scene {
    pub harness: Harness,
    /// What a person's commands go by to the API server.
    pub terminal: Proxy,
    pub watch: Watch,
    /// In which of the ways Jira behaves that Atlassian does not document.
    pub way: u64,
    operator: Mutex<Option<Operator>>,
    command_dies: Notify,
    /// Where the numbering began: writes of the operator and of commands, and the sandbox's log of requests.
    begun: std::sync::Mutex<(usize, usize, Option<Mark>)>,
}

impl Scene {
    /// Sets it, with an operator that runs.
    pub async fn set(cluster: &Arc<Cluster>, name: &str, setup: Setup, way: u64) -> Self {
        let setup = Setup {
            proxied: true,
            without_operator: true,
            ..setup
        };
        let harness = Harness::set_up(cluster, &format!("sweep-{name}"), setup).await;
        let terminal = Proxy::start(&cluster.control).await.expect("a proxy");
        let watch = Watch::begin(&harness);
        let scene = Self {
            operator: Mutex::new(Some(harness.launch())),
            harness,
            terminal,
            watch,
            way,
            command_dies: Notify::new(),
            begun: std::sync::Mutex::default(),
        };
        scene.watch.follow(&scene.harness).await;
        scene
    }

    /// What most scenarios declare.
    pub fn spec() -> Value {
        serde_json::json!({"account": {"email": BOT}, "syncInterval": "1m"})
    }

    /// The dedicated account connected, and acme is Ready.
    pub async fn connected(&self) {
        self.connected_with(Self::spec()).await;
    }

    /// The same of an integration with this spec.
    pub async fn connected_with(&self, spec: Value) {
        self.harness.connect("acme-oauth").await;
        self.harness.integrate("acme", "acme-oauth", spec).await;
        self.harness.until_ready("acme").await;
    }

    /// The app whose credentials the integration has.
    pub async fn client_id(&self) -> String {
        let secret = self.harness.secret("acme-oauth").await.expect("the credentials");
        secret["client-id"].clone()
    }

    /// Waits until workloads have the access token that the grant holds.
    pub async fn until_published(&self) {
        let grant = self.harness.secret("acme-oauth-grant").await.expect("the grant");
        let token = grant.get("access-token").cloned();
        let published = |data: &BTreeMap<String, String>| data.get("access-token") == token.as_ref();
        self.harness
            .until_secret("acme-jira-token", "the present one", published)
            .await;
    }

    /// SIGKILL, without warning.
    pub async fn kill_operator(&self) {
        if let Some(operator) = self.operator.lock().await.take() {
            operator.kill().await;
        }
    }

    /// Starts it again.
    pub async fn start_operator(&self) {
        *self.operator.lock().await = Some(self.harness.launch());
    }

    /// SIGKILL for the command that runs.
    pub fn kill_command(&self) {
        self.command_dies.notify_one();
    }

    /// Types a command in the namespace; nothing comes of one that was killed.
    pub async fn types(&self, kubeconfig: &std::path::Path, arguments: &[&str]) -> Option<Ran> {
        let arguments = [arguments, &["-n", &self.harness.namespace]].concat();
        let running = self.harness.types(&arguments).with(kubeconfig).start();
        tokio::select! {
            ran = self.harness.ended(running) => Some(ran),
            () = self.command_dies.notified() => None,
        }
    }

    /// From here on writes are numbered.
    pub fn begin(&self) {
        let (operator, terminal) = self.written();
        let mark = Some(self.harness.sandbox.mark());
        *self.begun.lock().expect("nobody panics with it") = (operator.len(), terminal.len(), mark);
    }

    fn written(&self) -> (Vec<Write>, Vec<Write>) {
        let operator = self.harness.proxy.as_ref().map(Proxy::writes).unwrap_or_default();
        (operator, self.terminal.writes())
    }

    /// What was written since, in order for each who is written to.
    pub fn writes(&self) -> Vec<Shape> {
        let (operator, terminal) = self.written();
        let begun = *self.begun.lock().expect("nobody panics with it");
        let mark = begun.2.expect("the numbering began");
        let calls = self.harness.sandbox.requests_since(mark).into_iter();
        let calls = calls.filter(Request::is_write);
        let to_atlassian = calls.map(|call| Shape::Atlassian(format!("{} {}", call.method, call.path)));
        let operator = operator[begun.0..].iter().map(Shape::cluster);
        let terminal = terminal[begun.1..].iter().map(Shape::terminal);
        operator.chain(terminal).chain(to_atlassian).collect()
    }

    /// Whether a fault at the sandbox met a request.
    pub fn was_faulty(&self, fault: u64) -> bool {
        let requests = self.harness.sandbox.requests();
        requests.iter().any(|request| request.faults.contains(&fault))
    }

    /// Everything as it is now.
    pub fn state(&self) -> State {
        state::of(self)
    }

    /// Waits until it is as expected. What differs, where it does not become so in time.
    pub async fn until(&self, expected: &State, within: Duration) -> Result<(), String> {
        let mut changes = self.watch.changes();
        let became = async {
            loop {
                changes.borrow_and_update();
                if self.state() == *expected {
                    return;
                }
                // Grants at Atlassian change without an object that does.
                let _ = tokio::time::timeout(Duration::from_secs(1), changes.changed()).await;
            }
        };
        match tokio::time::timeout(within, became).await {
            Ok(()) => Ok(()),
            Err(_) => Err(state::difference(expected, &self.state())),
        }
    }

    /// Waits until nothing happens any more of its own accord.
    pub async fn until_quiet(&self) {
        let mut changes = self.watch.changes();
        loop {
            changes.borrow_and_update();
            let before = (self.written(), self.harness.sandbox.mark());
            let moved = tokio::time::timeout(QUIET, changes.changed()).await.is_ok();
            if !moved && before == (self.written(), self.harness.sandbox.mark()) {
                return;
            }
        }
    }

    /// Asks for a full reconciliation, and waits until it is answered.
    pub async fn request(&self, name: &str) -> Result<(), String> {
        let request = self.harness.ask(name).await;
        let answered = await_condition(self.harness.integrations(), name, |object: Option<&_>| {
            let object: Option<&jira_operator::api::integration::JiraIntegration> = object;
            let status = object.and_then(|o| o.status.as_ref());
            status.and_then(|s| s.last_handled_reconcile_at.as_deref()) == Some(&request)
        });
        match tokio::time::timeout(Duration::from_mins(2), answered).await {
            Ok(answered) => answered.map(|_| ()).map_err(|error| error.to_string()),
            Err(_) => Err("a request for a full pass was not answered".to_owned()),
        }
    }

    /// The end: what was seen on the way that must never be.
    pub async fn close(self) -> Vec<String> {
        self.watch.follow(&self.harness).await;
        self.kill_operator().await;
        let mut violations = self.watch.end();
        violations.extend(self.harness.sandbox.state(state::spent_too_late));
        self.harness.close().await;
        violations
    }
}
