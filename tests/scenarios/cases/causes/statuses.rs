//! A mapping that names statuses which no workflow has: mistyped, by another id, in another project,
//! in another language.

use serde_json::{Value, json};

use super::{Row, jira, row};
use crate::harness::problem::{Change, expect};

/// Statuses that are waited in, in some projects or in all.
fn waiting(statuses: &[&str], projects: &[&str]) -> Change {
    rules(json!([{"phase": "Waiting", "statuses": statuses, "projects": projects}]))
}

fn rules(rules: Value) -> Change {
    Change::Spec(json!({"statusMapping": rules}))
}

/// It names statuses that there are not, which holds nothing back.
fn unknown(breaks: Change, named: &'static [&'static str], fixes: Change) -> Row {
    let says = expect("acme", "StatusMappingValid", "UnknownStatuses", named);
    row(breaks, &[says], fixes).stays_ready(&[])
}

fn fine(change: Change) -> Row {
    row(change, &[], jira([])).shows(("acme", "StatusMappingValid", "True", "MappingMatchesWorkflows", &[]))
}

/// SUP gives a status another name.
fn rename(status: &str, name: &str) -> Change {
    jira([json!({"command": "renameStatus", "project": "SUP", "status": status, "name": name})])
}

pub(super) fn rows() -> Vec<Row> {
    let escalated = json!({"phase": "Waiting", "statuses": ["Escalated"]});
    let urgent = |projects: Value| json!({"phase": "Urgent", "statuses": ["escalated"], "projects": projects});
    vec![
        // Other case, and ids, are no slips.
        fine(waiting(&["waiting FOR customer", "id:10012", "Done"], &[])),
        fine(waiting(&["In Review"], &["ENG"])),
        // Ready has no room for both, and says where to read on.
        unknown(
            waiting(&["Waiting for custmer", "id:99999"], &[]),
            &[
                "spec.statusMapping[0] names \"Waiting for custmer\", which no workflow has (nearest: \"Waiting for customer\").",
                "spec.statusMapping[0] names \"id:99999\"",
            ],
            waiting(&["Waiting for customer", "id:10011"], &[]),
        )
        .stays_ready(&["names \"Waiting for custmer\""])
        .proves("status-unknown"),
        // It exists, but not in the project that the rule is for.
        unknown(
            waiting(&["In Review"], &["SUP"]),
            &["names \"In Review\", which no workflow of SUP has"],
            waiting(&["Escalated"], &["SUP"]),
        ),
        unknown(
            rename("Escalated", "Escalated!"),
            &["\"Escalated\", which no workflow of SUP has (nearest: \"Escalated!\")"],
            rename("Escalated!", "Escalated"),
        ),
        row(
            rules(json!([escalated, urgent(json!([]))])),
            &[expect(
                "acme",
                "StatusMappingValid",
                "AmbiguousMapping",
                &["spec.statusMapping[0] and [1] give \"escalated\" different phases"],
            )],
            rules(json!([escalated, urgent(json!(["SUP"]))])),
        )
        .stays_ready(&[]),
        // Ids are the same in every language. The site's language changes for good, so this row is the last.
        unknown(
            jira([json!({"command": "setLanguage", "language": "de"})]),
            &["names \"Waiting for customer\"", "name the status by its id, as id:10001"],
            waiting(&["warten auf kunden", "id:10012"], &[]),
        )
        .after(waiting(&["Waiting for customer", "id:10012"], &[]))
        .leaves_out(&["id:10012"]),
    ]
}
