//! Rows of our own, each in a process of its own: this program, called by another word.

use tokio::process::Command;

use crate::measured::Measured;
use crate::plan::{Row, Who, rows};
use crate::shared::process::ask;
use crate::shared::remote::{Failure, Place, Remote};
use crate::{engine, operator};

/// The word by which this program becomes a row.
pub const ROW: &str = "row";

/// Runs a row in its process.
pub async fn run(row: &Row, remote: &Remote) -> Result<Measured, Failure> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args([ROW, &row.name()]);
    ask(command, &serde_json::to_string(&remote.place)?).await
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
