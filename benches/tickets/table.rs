//! The table.

use crate::measured::Measured;
use crate::plan::{Row, Way, Who};
use crate::shared::markdown::{self, grouped};

const HEAD: [&str; 11] = [
    "Who and what",
    "Delay",
    "Tickets",
    "Median",
    "95 %",
    "Wall",
    "Tickets/s",
    "Calls",
    "Refused",
    "RSS idle → peak → end",
    "Writes",
];

/// All rows, and what went wrong.
pub fn render(rows: &[Row], results: &[Result<Measured, String>]) -> String {
    let mut lines = markdown::aligned(&HEAD, rows.iter().zip(results).map(|(row, result)| cells(row, result)));
    for (row, result) in rows.iter().zip(results) {
        if let Err(why) = result {
            lines.extend([String::new(), format!("{}: {why}", row.name())]);
        }
    }
    lines.join("\n")
}

fn cells(row: &Row, result: &Result<Measured, String>) -> Vec<String> {
    let mut cells = vec![title(row), format!("{} ms", row.delay), grouped(u64::from(row.tickets))];
    if let Ok(measured) = result {
        cells.extend(figures(row, measured));
    } else {
        cells.push("see below".to_owned());
        cells.resize(HEAD.len(), "–".to_owned());
    }
    cells
}

fn figures(row: &Row, measured: &Measured) -> [String; 8] {
    let spent = &measured.spent;
    [
        duration(measured.within(50)),
        duration(measured.within(95)),
        duration(measured.seconds),
        format!("{:.1}", f64::from(row.tickets) / measured.seconds.max(0.001)),
        grouped(spent.calls + spent.refused),
        grouped(spent.refused),
        format!(
            "{} → {} → {} MiB",
            measured.idle_kib / 1024,
            measured.peak_kib / 1024,
            measured.end_kib / 1024
        ),
        measured.writes.map_or_else(|| "–".to_owned(), grouped),
    ]
}

fn title(row: &Row) -> String {
    match row.who {
        Who::Operator(Way::Issues) => "operator, issues, one after the other".to_owned(),
        Who::Operator(Way::Requests) => "operator, requests, one after the other".to_owned(),
        Who::Operator(Way::AtOnce) => "operator, issues, all at once".to_owned(),
        Who::Operator(Way::Again) => "operator, the same issues again, into an empty cluster".to_owned(),
        Who::JiraJs { in_flight } => format!("jira.js, issues, {in_flight} in flight"),
    }
}

/// What is printed as soon as a row is done.
pub fn brief(measured: &Measured) -> String {
    format!(
        "median {}, 95 % within {}, all in {}, {} calls, {} refused",
        duration(measured.within(50)),
        duration(measured.within(95)),
        duration(measured.seconds),
        grouped(measured.spent.calls + measured.spent.refused),
        grouped(measured.spent.refused)
    )
}

fn duration(seconds: f64) -> String {
    if seconds < 1.0 {
        format!("{:.0} ms", seconds * 1000.0)
    } else {
        format!("{seconds:.2} s")
    }
}
