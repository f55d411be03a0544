//! The frame of a bench: what its arguments ask for, its rows one after the other, and its end by a signal.

use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};

use super::ground;
use super::remote::Failure;

/// What the process is to do.
pub enum Task {
    /// Run the rows whose names contain one of these.
    Rows(Vec<String>),
    /// Something of this bench's own, with this.
    Own(String),
    /// Nothing more: it was a sandbox, or cargo wants tests and no benches.
    Nothing,
}

/// Begins a bench. By `own` it calls itself for something else than a sandbox.
pub async fn begin(bench: &str, own: Option<&str>) -> Result<Task, Failure> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        [ground::SERVE, issues] => ground::serve(issues).await?,
        [word, argument] if Some(*word) == own => return Ok(Task::Own((*argument).to_owned())),
        // Cargo says `--bench` when benches are to run, and says nothing when they are run as tests.
        words if !words.contains(&"--bench") => println!("benches are run by `cargo bench --bench {bench}`"),
        _ => {
            let filters = arguments.into_iter().filter(|word| !word.starts_with("--"));
            return Ok(Task::Rows(filters.collect()));
        }
    }
    Ok(Task::Nothing)
}

/// How the process ends.
pub fn end(bench: &str, done: Result<(), Failure>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{bench}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Makes the table of rows and of what is measured of them, or of what went wrong.
type Render<R, M> = fn(&[R], &[Result<M, String>]) -> String;

/// The rows of a bench, and how they are told.
pub struct Plan<R, M> {
    rows: Vec<R>,
    name: fn(&R) -> String,
    brief: fn(&M) -> String,
    table: Render<R, M>,
}

impl<R, M> Plan<R, M> {
    /// All rows, what one is called, unlike every other, what is printed as soon as one is done, and what at the end.
    pub fn of(rows: Vec<R>, name: fn(&R) -> String, brief: fn(&M) -> String, table: Render<R, M>) -> Self {
        Self {
            rows,
            name,
            brief,
            table,
        }
    }

    /// Runs the rows whose names contain one of these and prints the table, unless it is interrupted.
    pub async fn run(self, filters: &[String], run: impl AsyncFnMut(&R) -> Result<M, Failure>) -> Result<(), Failure> {
        let plan = self.only(filters)?;
        let mut terminate = signal(SignalKind::terminate())?;
        let results = tokio::select! {
            results = plan.run_all(run) => results,
            _ = tokio::signal::ctrl_c() => return Err("interrupted; everything that was started is stopped".into()),
            _ = terminate.recv() => return Err("terminated; everything that was started is stopped".into()),
        };
        println!("\n{}", (plan.table)(&plan.rows, &results));
        Ok(())
    }

    fn only(mut self, filters: &[String]) -> Result<Self, Failure> {
        let names: Vec<String> = self.rows.iter().map(self.name).collect();
        let wanted = |name: &str| filters.is_empty() || filters.iter().any(|filter| name.contains(filter));
        if !names.iter().any(|name| wanted(name)) {
            return Err(format!("no row is called so; there are\n  {}", names.join("\n  ")).into());
        }
        self.rows.retain(|row| wanted(&(self.name)(row)));
        Ok(self)
    }

    /// One after the other. One that fails says why in its place.
    async fn run_all(&self, mut run: impl AsyncFnMut(&R) -> Result<M, Failure>) -> Vec<Result<M, String>> {
        let mut results = Vec::new();
        for row in &self.rows {
            let result = run(row).await.map_err(|error| error.to_string());
            let name = (self.name)(row);
            match &result {
                Ok(measured) => println!("{name}: {}", (self.brief)(measured)),
                Err(error) => println!("{name}: {error}"),
            }
            results.push(result);
        }
        results
    }
}
