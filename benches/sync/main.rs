//! Measures how fast issues come into the cluster, and what that costs, beside clients that people use today.
//!
//! `cargo bench --bench sync [-- FILTER…]`; a filter is a part of a row's name. Everything talks to a sandbox of Jira Cloud
//! that is a process of its own, and every row is one, so that its memory is its own. `docs/benchmarks.md` says what the
//! columns mean.

mod client;
mod engine;
mod measured;
mod operator;
mod own;
mod plan;
#[path = "../shared/mod.rs"]
mod shared;
mod sink;
mod table;

use std::collections::BTreeMap;
use std::process::ExitCode;

use client::Clients;
use measured::Measured;
use plan::{Row, Who};
use shared::frame::{self, Plan, Task};
use shared::ground::Ground;
use shared::remote::{Failure, Remote};

#[tokio::main]
async fn main() -> ExitCode {
    frame::end("sync", work().await)
}

async fn work() -> Result<(), Failure> {
    let plan = Plan::of(plan::rows(), Row::name, table::brief, table::render);
    match frame::begin("sync", Some(own::ROW)).await? {
        Task::Rows(filters) => {
            let (mut grounds, mut clients) = (BTreeMap::new(), Clients::default());
            let run = async |row: &Row| run(row, &mut grounds, &mut clients).await;
            plan.run(&filters, run).await
        }
        Task::Own(name) => own::serve(&name).await,
        Task::Nothing => Ok(()),
    }
}

/// Runs a row as often as it wants; the middle one counts.
async fn run(row: &Row, grounds: &mut BTreeMap<u32, Ground>, clients: &mut Clients) -> Result<Measured, Failure> {
    let ground = match grounds.remove(&row.issues) {
        Some(ground) => ground,
        None => Ground::start(row.issues).await?,
    };
    let ground = grounds.entry(row.issues).or_insert(ground);
    let remote = Remote::new(ground.place.clone());
    let mut runs = Vec::new();
    for _ in 0..row.times() {
        runs.push(match row.who {
            Who::Client { client, in_flight } => {
                row.set_conditions(&remote).await?;
                clients.run(client, in_flight, &remote).await?
            }
            Who::Engine(_) | Who::Operator => own::run(row, &remote).await?,
        });
    }
    runs.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
    let middle = runs.len() / 2;
    runs.into_iter().nth(middle).ok_or_else(|| "it was never run".into())
}
