//! Rows of our own, each in a process of its own: this program, called by another word.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::measured::Measured;
use crate::plan::{Row, Who, rows};
use crate::remote::{Failure, Place, Remote};
use crate::{engine, operator};

/// The word by which this program becomes a row.
pub const ROW: &str = "row";

/// Longer than the slowest row takes.
const PATIENCE: Duration = Duration::from_mins(10);

/// Runs a row in its process.
pub async fn run(row: &Row, remote: &Remote) -> Result<Measured, Failure> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args([ROW, &row.name()]);
    ask(command, &serde_json::to_string(&remote.place)?).await
}

/// Gives a process its task on standard input, and reads what it measured from the last line that it prints.
pub async fn ask(mut command: Command, task: &str) -> Result<Measured, Failure> {
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

/// Is a row: reads the place from standard input, does its work and prints what it measured.
pub async fn serve(name: &str) -> Result<(), Failure> {
    let text = std::io::read_to_string(std::io::stdin())?;
    let remote = Remote::new(serde_json::from_str::<Place>(&text)?);
    let row = rows().into_iter().find(|row| row.name() == name);
    let row = row.ok_or_else(|| format!("there is no row {name}"))?;
    let measured = match row.who {
        Who::Engine(task) => engine::run(task, &row, &remote).await?,
        Who::Operator => operator::run(&row, &remote).await?,
        Who::Client { .. } => return Err(format!("{name} is a client's").into()),
    };
    println!("{}", serde_json::to_string(&measured)?);
    Ok(())
}
