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

use tokio::signal::unix::{SignalKind, signal};

use client::Clients;
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
        [own::ROW, name] => own::serve(name).await,
        // Cargo says `--bench` when benches are to run, and says nothing when they are run as tests.
        words if !words.contains(&"--bench") => {
            println!("benches are run by `cargo bench --bench sync`");
            Ok(())
        }
        words => bench(words).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sync: {error}");
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
    let mut grounds = BTreeMap::new();
    let mut clients = Clients::default();
    let mut results = Vec::new();
    for row in rows {
        let result = run(row, &mut grounds, &mut clients)
            .await
            .map_err(|error| error.to_string());
        match &result {
            Ok(measured) => println!("{}: {}", row.name(), table::brief(measured)),
            Err(error) => println!("{}: {error}", row.name()),
        }
        results.push(result);
    }
    results
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
