//! Measures how soon a ticket that is applied has its key, and what that costs, beside a client that people use today.
//!
//! `cargo bench --bench tickets [-- FILTER…]`; a filter is a part of a row's name. Each row has a sandbox of Jira Cloud of
//! its own. `docs/benchmarks.md` says what the columns mean.

mod client;
mod keys;
mod measured;
mod operator;
mod plan;
#[path = "../shared/mod.rs"]
mod shared;
mod table;

use std::process::ExitCode;

use measured::Measured;
use plan::{Row, Who};
use shared::frame::{self, Plan, Task};
use shared::ground::Ground;
use shared::remote::{Failure, Remote};

#[tokio::main]
async fn main() -> ExitCode {
    frame::end("tickets", work().await)
}

async fn work() -> Result<(), Failure> {
    let plan = Plan::of(plan::rows(), Row::name, table::brief, table::render);
    match frame::begin("tickets", None).await? {
        Task::Rows(filters) => plan.run(&filters, async |row: &Row| run(row).await).await,
        Task::Own(word) => Err(format!("{word} is no task of this bench").into()),
        Task::Nothing => Ok(()),
    }
}

async fn run(row: &Row) -> Result<Measured, Failure> {
    let ground = Ground::start(0).await?;
    let remote = Remote::new(ground.place.clone());
    remote
        .command(serde_json::json!({"command": "setLatency", "milliseconds": row.delay}))
        .await?;
    let measured = match row.who {
        Who::Operator(kind) => operator::run(row, kind, &remote).await,
        Who::JiraJs { in_flight } => client::run(row, in_flight, &remote).await,
    }?;
    created_exactly(row.tickets, &remote).await?;
    let refused = measured.spent.refused;
    if matches!(row.who, Who::Operator(_)) && refused > 0 {
        return Err(format!("Jira had to refuse {refused} calls of the operator, which keeps below its limits").into());
    }
    Ok(measured)
}

/// A row that creates one twice, or leaves one out, has failed.
async fn created_exactly(tickets: u32, remote: &Remote) -> Result<(), Failure> {
    let ledger = remote
        .command(serde_json::json!({"command": "describeLedger", "byApp": true}))
        .await?;
    let effects = ledger.get("effects").and_then(|effects| effects.as_array());
    let is_creation = |effect: &&serde_json::Value| effect.get("operation").is_some_and(|what| what == "create");
    let created = effects.into_iter().flatten().filter(is_creation).count();
    if created == usize::try_from(tickets)? {
        return Ok(());
    }
    Err(format!("{created} tickets were created, and {tickets} applied").into())
}
