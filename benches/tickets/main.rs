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

use tokio::signal::unix::{SignalKind, signal};

use measured::Measured;
use plan::{Row, Who};
use shared::ground::{self, Ground};
use shared::remote::{Failure, Remote};

#[tokio::main]
async fn main() -> ExitCode {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        [ground::SERVE, issues] => ground::serve(issues).await,
        // Cargo says `--bench` when benches are to run, and says nothing when they are run as tests.
        words if !words.contains(&"--bench") => {
            println!("benches are run by `cargo bench --bench tickets`");
            Ok(())
        }
        words => bench(words).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tickets: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the rows that the filters name and prints the table, unless it is interrupted.
async fn bench(words: &[&str]) -> Result<(), Failure> {
    let filters: Vec<&str> = words.iter().filter(|word| !word.starts_with("--")).copied().collect();
    let wanted = |row: &Row| filters.is_empty() || filters.iter().any(|filter| row.name().contains(filter));
    let rows: Vec<Row> = plan::rows().into_iter().filter(wanted).collect();
    if rows.is_empty() {
        let names: Vec<String> = plan::rows().iter().map(Row::name).collect();
        return Err(format!("no row is called so; there are\n  {}", names.join("\n  ")).into());
    }
    let mut terminate = signal(SignalKind::terminate())?;
    let results = tokio::select! {
        results = run_all(&rows) => results,
        _ = tokio::signal::ctrl_c() => return Err("interrupted; everything that was started is stopped".into()),
        _ = terminate.recv() => return Err("terminated; everything that was started is stopped".into()),
    };
    println!("\n{}", table::render(&rows, &results));
    Ok(())
}

/// All rows one after the other. One that fails says why in its place.
async fn run_all(rows: &[Row]) -> Vec<Result<Measured, String>> {
    let mut results = Vec::new();
    for row in rows {
        let result = run(row).await.map_err(|error| error.to_string());
        match &result {
            Ok(measured) => println!("{}: {}", row.name(), table::brief(measured)),
            Err(error) => println!("{}: {error}", row.name()),
        }
        results.push(result);
    }
    results
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
