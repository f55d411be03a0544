//! The whole operator as a process, between the sandbox and a real API server: from `kubectl apply` of an integration to the
//! last issue mirrored.

use std::time::Instant;

use devkit::control_plane::ControlPlane;
use serde_json::{Value, json};

use crate::measured::Measured;
use crate::plan::Row;
use crate::shared::cluster::{NAMESPACE, Operator, apply, connect, install, kubectl, writes};
use crate::shared::process::{memory, since};
use crate::shared::remote::{Failure, Remote};

/// Runs the row.
pub async fn run(row: &Row, remote: &Remote) -> Result<Measured, Failure> {
    row.set_conditions(remote).await?;
    let control = ControlPlane::start().await?;
    let measured = measure(&control, row, remote).await;
    control.stop().await;
    measured
}

async fn measure(control: &ControlPlane, row: &Row, remote: &Remote) -> Result<Measured, Failure> {
    install(control).await?;
    let app = connect(control, remote).await?;
    let operator = Operator::start(control, &remote.place.url).await?;
    let before = remote.spent(Some(&app)).await?;
    let mut audit = control.audit().tail()?;
    let idle_kib = memory(&operator.pid, "VmRSS");
    let begin = Instant::now();
    apply(control, &integration(row, remote)).await?;
    let mirrored = format!("--for=jsonpath={{.status.sync.issuesTracked}}={}", row.issues);
    let object = "jiraintegration/acme";
    let waited = kubectl(
        control,
        &["wait", "-n", NAMESPACE, &mirrored, "--timeout=300s", object],
        "",
    )
    .await;
    let seconds = begin.elapsed().as_secs_f64();
    if let Err(error) = waited {
        let seen = kubectl(
            control,
            &["get", "-n", NAMESPACE, "-o", "jsonpath={.status}", object],
            "",
        )
        .await?;
        return Err(format!("{error}; the status says {seen}").into());
    }
    let measured = Measured {
        issues: objects(control).await?,
        seconds,
        spent: since(&remote.spent(Some(&app)).await?, &before),
        idle_kib,
        peak_kib: memory(&operator.pid, "VmHWM"),
        writes: Some(writes(&mut audit)?),
    };
    operator.stop().await?;
    Ok(measured)
}

fn integration(row: &Row, remote: &Remote) -> Value {
    let projects: Vec<Value> = remote
        .place
        .projects
        .iter()
        .map(|(_, key)| json!({"key": key}))
        .collect();
    json!({
        "apiVersion": "jira-operator.dev/v1alpha1",
        "kind": "JiraIntegration",
        "metadata": {"name": "acme", "namespace": NAMESPACE},
        "spec": {
            "site": "https://acme.atlassian.net",
            "secretRef": {"name": "acme-oauth"},
            "projects": projects,
            "issues": {"mirror": "All", "maxObjects": row.issues},
        },
    })
}

/// How many issues are in the cluster.
async fn objects(control: &ControlPlane) -> Result<u64, Failure> {
    let names = kubectl(control, &["get", "-n", NAMESPACE, "-o", "name", "jiraissues"], "").await?;
    Ok(u64::try_from(names.lines().count())?)
}
