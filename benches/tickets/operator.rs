//! The operator as a process, between the sandbox and a real API server: from the apply of a ticket to its key in the
//! status.

use std::time::Instant;

use devkit::control_plane::ControlPlane;
use futures::{StreamExt, TryStreamExt, stream};
use jira_operator::api::issue::JiraIssue;
use kube::Api;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams};
use serde_json::{Value, json};

use crate::keys::Keys;
use crate::measured::Measured;
use crate::plan::{Row, Way, description, summary};
use crate::shared::cluster::{NAMESPACE, Operator, apply, connect, install, kubectl, writes};
use crate::shared::process::{memory, since};
use crate::shared::remote::{Failure, Remote};

/// How many objects are applied side by side where all are applied at once.
const SIDE_BY_SIDE: usize = 32;
/// Longer than Jira's index lags.
const LATER_SECONDS: u32 = 1200;

/// Runs the row.
pub async fn run(row: &Row, way: Way, remote: &Remote) -> Result<Measured, Failure> {
    let control = ControlPlane::start().await?;
    let measured = measure(&control, row, way, remote).await;
    control.stop().await;
    measured
}

async fn measure(control: &ControlPlane, row: &Row, way: Way, remote: &Remote) -> Result<Measured, Failure> {
    install(control).await?;
    let app = connect(control, remote).await?;
    let mut operator = Operator::start(control, &remote.place.url).await?;
    apply(control, &integration()).await?;
    until_ready(control).await?;
    let objects: Api<JiraIssue> = Api::namespaced(control.client(), NAMESPACE);
    if way == Way::Again {
        create(row, way, &objects).await?;
        operator.stop().await?;
        objects
            .delete_collection(&DeleteParams::default(), &ListParams::default())
            .await?;
        remote
            .command(json!({"command": "advanceClock", "seconds": LATER_SECONDS}))
            .await?;
        operator = Operator::start(control, &remote.place.url).await?;
        until_looked_through(control).await?;
    }
    let before = remote.spent(Some(&app)).await?;
    let mut audit = control.audit().tail()?;
    let idle_kib = memory(&operator.pid, "VmRSS");
    let (latencies, seconds) = create(row, way, &objects).await?;
    let measured = Measured {
        latencies,
        seconds,
        spent: since(&remote.spent(Some(&app)).await?, &before),
        idle_kib,
        peak_kib: memory(&operator.pid, "VmHWM"),
        end_kib: memory(&operator.pid, "VmRSS"),
        writes: Some(writes(&mut audit)?),
    };
    operator.stop().await?;
    Ok(measured)
}

/// Applies all tickets and waits for their keys. How long each took, shortest first, and all together.
async fn create(row: &Row, way: Way, objects: &Api<JiraIssue>) -> Result<(Vec<f64>, f64), Failure> {
    let keys = Keys::watch(objects.clone());
    let begin = Instant::now();
    // At once: none waits for the key of another.
    let (in_flight, waits) = match way {
        Way::Issues | Way::Requests => (1, true),
        Way::AtOnce | Way::Again => (SIDE_BY_SIDE, false),
    };
    let one = |n| {
        let (objects, keys) = (&objects, &keys);
        async move {
            let name = format!("ticket-{n}");
            let applied = Instant::now();
            let params = PatchParams::apply("bench");
            objects
                .patch(&name, &params, &Patch::Apply(ticket(&name, n, way)))
                .await?;
            let at = if waits { Some(keys.of(&name).await?) } else { None };
            Ok::<_, Failure>((name, applied, at))
        }
    };
    let applied: Vec<_> = stream::iter(0..row.tickets)
        .map(one)
        .buffer_unordered(in_flight)
        .try_collect()
        .await?;
    let (mut latencies, mut last) = (Vec::new(), begin);
    for (name, applied, at) in applied {
        let at = match at {
            Some(at) => at,
            None => keys.of(&name).await?,
        };
        latencies.push(at.duration_since(applied).as_secs_f64());
        last = last.max(at);
    }
    latencies.sort_by(f64::total_cmp);
    Ok((latencies, last.duration_since(begin).as_secs_f64()))
}

async fn until_ready(control: &ControlPlane) -> Result<(), Failure> {
    for object in ["jiraintegration/acme", "jiraproject/acme-eng", "jiraproject/acme-sup"] {
        for what in ["create", "condition=Ready"] {
            let wait = format!("--for={what}");
            kubectl(control, &["wait", "-n", NAMESPACE, &wait, "--timeout=60s", object], "").await?;
        }
    }
    Ok(())
}

/// Waits until an operator that just started has looked its integration through, so that this is no part of what follows.
async fn until_looked_through(control: &ControlPlane) -> Result<(), Failure> {
    let (object, request) = ("jiraintegration/acme", "again");
    let asked = format!("jira-operator.dev/requestedAt={request}");
    kubectl(control, &["annotate", "-n", NAMESPACE, object, &asked], "").await?;
    let handled = format!("--for=jsonpath={{.status.lastHandledReconcileAt}}={request}");
    kubectl(
        control,
        &["wait", "-n", NAMESPACE, &handled, "--timeout=60s", object],
        "",
    )
    .await?;
    until_ready(control).await
}

fn integration() -> Value {
    json!({
        "apiVersion": "jira-operator.dev/v1alpha1",
        "kind": "JiraIntegration",
        "metadata": {"name": "acme", "namespace": NAMESPACE},
        "spec": {
            "site": "https://acme.atlassian.net",
            "secretRef": {"name": "acme-oauth"},
            "projects": [{"key": "ENG"}, {"key": "SUP"}],
            "syncInterval": "1h",
            "tickets": {"maxPerHour": 10_000},
        },
    })
}

fn ticket(name: &str, n: u32, way: Way) -> Value {
    let (text, _) = description();
    let mut spec = json!({"integration": "acme", "summary": summary(n), "description": text, "labels": ["bench"]});
    if let Some(spec) = spec.as_object_mut() {
        let (project, kind, of) = match way {
            Way::Requests => ("SUP", "requestType", "Ask a question"),
            Way::Issues | Way::AtOnce | Way::Again => ("ENG", "type", "Bug"),
        };
        spec.insert("project".to_owned(), project.into());
        spec.insert(kind.to_owned(), of.into());
    }
    json!({
        "apiVersion": "jira-operator.dev/v1alpha1",
        "kind": "JiraIssue",
        "metadata": {"name": name},
        "spec": spec,
    })
}
