//! Scenarios: the operator as its users run it, on a real API server, under exactly the chart's
//! RBAC, against the sandbox of Jira Cloud. At the end it is checked over all of them that every
//! reason was met, every RBAC rule was used, and no call was refused.

// A scenario that finds something else than it expects ends with a panic; that is its report.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, clippy::missing_panics_doc, clippy::missing_errors_doc)]
// Manifests are taken by value where they are written in place; names of kinds are prose here.
// A scenario holds a command of the sandbox while it waits, and those are large.
#![allow(
    clippy::needless_pass_by_value,
    clippy::doc_markdown,
    clippy::single_match_else,
    clippy::large_futures
)]

mod causes;
mod chart;
mod coverage;
// Some of what can be said of a reconciliation is for the engine alone.
mod cases;
mod cluster;
mod harness;
#[allow(dead_code)]
#[path = "../model/mod.rs"]
mod model;
mod sweep;

use std::{
    process::ExitCode,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use libtest_mimic::{Arguments, Failed, Trial};
use tokio::{runtime::Runtime, sync::Semaphore};

use crate::cluster::Cluster;

/// Most scenarios that run at once of those that work most of their time.
const AT_ONCE: usize = 4;
/// Most scenarios that run at once, beside these, of those that wait most of their time.
const WAITING_AT_ONCE: usize = 5;
/// Longest time for one scenario.
const LONGEST: Duration = Duration::from_mins(8);
/// Longest time for one of those that run by hand.
const LONGEST_BY_HAND: Duration = Duration::from_mins(40);
/// What the names of those begin with that run by hand, with `LONG=1` in the environment: they prove at full length
/// what others prove in short.
const BY_HAND: &str = "long::";
/// How many of the slowest scenarios are named at the end of a whole run.
const SLOWEST: usize = 15;

/// How long each scenario took.
static TOOK: Mutex<Vec<(Duration, &str)>> = Mutex::new(Vec::new());

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // A thread of its own for each that waits, so that they begin first and hold up nobody.
    let most = cases::all().iter().filter(|scenario| scenario.waits).count() + AT_ONCE;
    let threads = arguments.test_threads.unwrap_or(most);
    arguments.test_threads = Some(threads.min(most));
    let runtime = Arc::new(Runtime::new().expect("a runtime"));
    if arguments.list {
        libtest_mimic::run(&arguments, trials(&runtime, None)).exit();
    }
    let cluster = match runtime.block_on(Cluster::start()) {
        Ok(cluster) => Arc::new(cluster),
        Err(error) => {
            eprintln!("the scenarios need a control plane: {error}");
            return ExitCode::FAILURE;
        }
    };
    let interrupted = runtime.spawn(cluster::stop_on_signal(Arc::downgrade(&cluster)));
    let conclusion = libtest_mimic::run(&arguments, trials(&runtime, Some(&cluster)));
    let whole = arguments.filter.is_none() && arguments.skip.is_empty() && !conclusion.has_failed();
    let complete = runtime.block_on(coverage::report_all(&cluster, whole));
    name_the_slowest();
    interrupted.abort();
    match Arc::try_unwrap(cluster) {
        Ok(cluster) => runtime.block_on(cluster.stop()),
        Err(shared) => drop(shared),
    }
    if complete && !conclusion.has_failed() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn trials(runtime: &Arc<Runtime>, cluster: Option<&Arc<Cluster>>) -> Vec<Trial> {
    let (working, waiting) = (Semaphore::new(AT_ONCE), Semaphore::new(WAITING_AT_ONCE));
    let (working, waiting) = (Arc::new(working), Arc::new(waiting));
    let all_lengths = std::env::var_os("LONG").is_some_and(|value| !value.is_empty());
    let mut scenarios = cases::all();
    scenarios.sort_by_key(|scenario| !scenario.waits);
    scenarios
        .into_iter()
        .filter(|scenario| all_lengths || !scenario.name.starts_with(BY_HAND))
        .chain(sweep::scenarios())
        .map(|scenario| {
            let usual = if scenario.name.starts_with(BY_HAND) {
                LONGEST_BY_HAND
            } else {
                LONGEST
            };
            let longest = scenario.longest.unwrap_or(usual);
            let (runtime, cluster) = (Arc::clone(runtime), cluster.cloned());
            let permits = Arc::clone(if scenario.waits { &waiting } else { &working });
            Trial::test(scenario.name, move || {
                let cluster = cluster.expect("scenarios run on a control plane");
                let _permit = runtime.block_on(permits.acquire_owned());
                let begun = Instant::now();
                let ended = runtime.block_on(async {
                    let run = (scenario.run)(cluster);
                    tokio::time::timeout(longest, run)
                        .await
                        .map_err(|_| Failed::from("it did not end in time"))
                });
                let mut took = TOOK.lock().unwrap_or_else(PoisonError::into_inner);
                took.push((begun.elapsed(), scenario.name));
                ended
            })
        })
        .collect()
}

/// Time is dear in this suite: says where it went.
fn name_the_slowest() {
    let mut took = TOOK.lock().unwrap_or_else(PoisonError::into_inner).clone();
    took.sort_by(|one, other| other.cmp(one));
    let all: Duration = took.iter().map(|(time, _)| *time).sum();
    println!(
        "{} scenarios took {:.0} s, one by one; the slowest:",
        took.len(),
        all.as_secs_f64()
    );
    for (time, name) in took.iter().take(SLOWEST) {
        println!("{:6.1} s  {name}", time.as_secs_f64());
    }
}
