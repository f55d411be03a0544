//! jira.js as a process: creates the same tickets.

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::measured::Measured;
use crate::plan::{Row, description, summary};
use crate::shared::packages;
use crate::shared::process::{ask, since};
use crate::shared::remote::{Failure, Remote};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Printed {
    latencies: Vec<f64>,
    seconds: f64,
    idle_kib: u64,
    peak_kib: u64,
    end_kib: u64,
}

/// Runs the row.
pub async fn run(row: &Row, in_flight: usize, remote: &Remote) -> Result<Measured, Failure> {
    let installed = packages::install("jira-js", &["package.json", "create.js"], packages::NPM).await;
    let folder = installed.map_err(|why| format!("not installed: {why}"))?;
    let ticket = |n| -> Value {
        json!({
            "project": {"key": "ENG"}, "issuetype": {"name": "Bug"}, "summary": summary(n),
            "description": description().1, "labels": ["bench"],
        })
    };
    let task = json!({
        "gateway": remote.place.gateway(),
        "token": remote.place.token,
        "inFlight": in_flight,
        "tickets": (0..row.tickets).map(ticket).collect::<Vec<_>>(),
    });
    let before = remote.spent(None).await?;
    let mut command = Command::new("node");
    command.arg("create.js").current_dir(folder);
    let mut printed: Printed = ask(command, &task.to_string()).await?;
    printed.latencies.sort_by(f64::total_cmp);
    Ok(Measured {
        latencies: printed.latencies,
        seconds: printed.seconds,
        spent: since(&remote.spent(None).await?, &before),
        idle_kib: printed.idle_kib,
        peak_kib: printed.peak_kib,
        end_kib: printed.end_kib,
        writes: None,
    })
}
