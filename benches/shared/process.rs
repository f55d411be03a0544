//! Other processes: how one is given a task, and what it costs, in memory as the system tells it and in calls as the
//! sandbox counts them.

use std::process::Stdio;
use std::time::Duration;

use devkit::sandbox::Spent;
use serde::de::DeserializeOwned;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::remote::Failure;

/// Longer than the slowest row takes.
const PATIENCE: Duration = Duration::from_mins(10);

/// What was spent between two readings.
pub fn since(now: &Spent, before: &Spent) -> Spent {
    Spent {
        calls: now.calls - before.calls,
        flat: now.flat - before.flat,
        per_object: now.per_object - before.per_object,
        refused: now.refused - before.refused,
    }
}

/// The system's own figure of a process's memory, in KiB: `VmRSS` is what it has now, `VmHWM` the most it had.
pub fn memory(process: &str, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let number = line.and_then(|rest| rest.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// Gives a process its task on standard input, and reads what it measured from the last line that it prints.
pub async fn ask<T: DeserializeOwned>(mut command: Command, task: &str) -> Result<T, Failure> {
    let mut process = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut input = process.stdin.take().ok_or("no standard input")?;
    input.write_all(task.as_bytes()).await?;
    drop(input);
    let output = tokio::time::timeout(PATIENCE, process.wait_with_output()).await;
    let output = output.map_err(|_| format!("it was not done after {PATIENCE:?}"))??;
    let said = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        let last = complaint.lines().rfind(|line| !line.trim().is_empty());
        return Err(format!("{} ({})", last.unwrap_or("it failed without a word"), output.status).into());
    }
    let last = said.lines().last().unwrap_or_default();
    Ok(serde_json::from_str(last).map_err(|error| format!("it printed no measurement but {last:?}: {error}"))?)
}
