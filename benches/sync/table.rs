//! The table, as Markdown whose columns are aligned, so that it is read as well without being rendered.

use crate::measured::Measured;
use crate::plan::{Client, Row, SIDE_BY_SIDE, Task, Who};
use crate::shared::markdown::{self, grouped};

const HEAD: [&str; 12] = [
    "Who and what",
    "Delay",
    "Bursts",
    "Issues",
    "Wall",
    "Issues/s",
    "Calls",
    "Refused",
    "Points, POST flat",
    "Points, POST per object",
    "RSS idle → peak",
    "Writes",
];

/// All rows, what went wrong, and how we compare.
pub fn render(rows: &[Row], results: &[Result<Measured, String>]) -> String {
    let mut lines = aligned(rows, results);
    for (row, result) in rows.iter().zip(results) {
        if let Err(why) = result {
            lines.extend([String::new(), format!("{}: {why}", row.name())]);
        }
    }
    let compared = comparison(rows, results);
    if !compared.is_empty() {
        lines.push(String::new());
    }
    lines.extend(compared);
    lines.join("\n")
}

fn aligned(rows: &[Row], results: &[Result<Measured, String>]) -> Vec<String> {
    markdown::aligned(&HEAD, rows.iter().zip(results).map(|(row, result)| cells(row, result)))
}

fn cells(row: &Row, result: &Result<Measured, String>) -> Vec<String> {
    let bursts = if row.has_bursts() { "on" } else { "off" };
    let mut cells = vec![title(row), format!("{} ms", row.delay), bursts.to_owned()];
    if let Ok(measured) = result {
        cells.extend(figures(measured));
    } else {
        cells.push("see below".to_owned());
        cells.resize(HEAD.len(), "–".to_owned());
    }
    cells
}

fn figures(measured: &Measured) -> [String; 9] {
    let spent = &measured.spent;
    [
        grouped(measured.issues),
        format!("{:.2} s", measured.seconds),
        grouped(rate(measured)),
        grouped(spent.calls + spent.refused),
        grouped(spent.refused),
        grouped(spent.flat),
        grouped(spent.per_object),
        format!("{} → {} MiB", measured.idle_kib / 1024, measured.peak_kib / 1024),
        measured.writes.map_or_else(|| "–".to_owned(), grouped),
    ]
}

fn title(row: &Row) -> String {
    let issues = grouped(u64::from(row.issues));
    match row.who {
        Who::Engine(Task::First) => format!("first sync of {issues}"),
        Who::Engine(Task::Newest) => format!("newest 5,000 of {issues}"),
        Who::Engine(Task::Idle) => format!("idle pass over {issues}"),
        Who::Engine(Task::Changed) => format!("1 % of {issues} changed"),
        Who::Engine(Task::Storm) => format!("first sync of {issues}, 429 for 5 s in the middle"),
        Who::Engine(Task::Forbidden) => format!("first sync of {issues}, one project of ten forbidden"),
        Who::Operator => format!("whole operator, {issues} mirrored"),
        Who::Client { client, in_flight } => format!("{}, {issues}, {in_flight} in flight", client.name()),
    }
}

/// What is printed as soon as a row is done.
pub fn brief(measured: &Measured) -> String {
    format!(
        "{} issues in {:.2} s, {} issues/s, {} calls",
        grouped(measured.issues),
        measured.seconds,
        grouped(rate(measured)),
        grouped(measured.spent.calls + measured.spent.refused)
    )
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss
)] // Whole issues a second.
fn rate(measured: &Measured) -> u64 {
    (measured.issues as f64 / measured.seconds.max(0.001)) as u64
}

/// How our first synchronisation compares with the fastest client, for each size and delay that both were measured at.
fn comparison(rows: &[Row], results: &[Result<Measured, String>]) -> Vec<String> {
    let rate_of = |wanted: &Row| {
        let mut pairs = rows.iter().zip(results);
        pairs.find_map(|(row, result)| result.as_ref().ok().filter(|_| row == wanted).map(rate))
    };
    let mut lines = Vec::new();
    for row in rows.iter().filter(|row| row.who == Who::Engine(Task::First)) {
        let Some(ours) = rate_of(row) else { continue };
        for (in_flight, how) in [(1, "one request in flight"), (SIDE_BY_SIDE, "ten in flight")] {
            let theirs = [Client::JiraJs, Client::Dlt].into_iter().filter_map(|client| {
                let who = Who::Client { client, in_flight };
                Some((rate_of(&Row { who, ..*row })?, client.name()))
            });
            if let Some((fastest, name)) = theirs.max() {
                lines.push(format!(
                    "First sync of {} at {} ms: {} times as fast as {name}, the fastest with {how}.",
                    grouped(u64::from(row.issues)),
                    row.delay,
                    times(ours, fastest)
                ));
            }
        }
    }
    lines
}

#[allow(clippy::cast_precision_loss)] // Far below 2^52.
fn times(ours: u64, theirs: u64) -> String {
    format!("{:.2}", ours as f64 / theirs.max(1) as f64)
}
