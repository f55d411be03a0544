//! Scenarios: the operator as its users run it, on a real API server, under exactly the chart's
//! RBAC, against the sandbox of Jira Cloud. At the end it is checked over all of them that every
//! reason was met, every RBAC rule was used, and no call was refused.

// A scenario that finds something else than it tells of ends with a panic; that is its report.
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
mod ledger;
// Some of what can be said of a pass is for the engine alone.
#[allow(dead_code)]
#[path = "../model/mod.rs"]
mod model;
mod plane;
mod stage;
mod stories;

use std::{process::ExitCode, sync::Arc, time::Duration};

use libtest_mimic::{Arguments, Failed, Trial};
use tokio::runtime::Runtime;

use crate::plane::Plane;

/// Most scenarios that run at once.
const AT_ONCE: usize = 4;
/// Longest time for one scenario.
const LONGEST: Duration = Duration::from_mins(8);

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    let at_once = arguments.test_threads.unwrap_or(AT_ONCE);
    arguments.test_threads = Some(at_once.min(AT_ONCE));
    let runtime = Arc::new(Runtime::new().expect("a runtime"));
    if arguments.list {
        libtest_mimic::run(&arguments, trials(&runtime, None)).exit();
    }
    let plane = match runtime.block_on(Plane::start()) {
        Ok(plane) => Arc::new(plane),
        Err(error) => {
            eprintln!("the scenarios need a control plane: {error}");
            return ExitCode::FAILURE;
        }
    };
    let interrupted = runtime.spawn(plane::stop_on_signal(Arc::downgrade(&plane)));
    let conclusion = libtest_mimic::run(&arguments, trials(&runtime, Some(&plane)));
    let whole = arguments.filter.is_none() && arguments.skip.is_empty() && !conclusion.has_failed();
    let complete = runtime.block_on(ledger::verdict(&plane, whole));
    interrupted.abort();
    match Arc::try_unwrap(plane) {
        Ok(plane) => runtime.block_on(plane.stop()),
        Err(shared) => drop(shared),
    }
    if complete && !conclusion.has_failed() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn trials(runtime: &Arc<Runtime>, plane: Option<&Arc<Plane>>) -> Vec<Trial> {
    stories::all()
        .into_iter()
        .map(|story| {
            let (runtime, plane) = (Arc::clone(runtime), plane.cloned());
            Trial::test(story.name, move || {
                let plane = plane.expect("scenarios run on a control plane");
                runtime.block_on(async {
                    let told = (story.tell)(plane);
                    tokio::time::timeout(LONGEST, told)
                        .await
                        .map_err(|_| Failed::from("it did not end in time"))
                })
            })
        })
        .collect()
}
