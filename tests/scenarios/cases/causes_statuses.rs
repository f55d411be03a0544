//! A mapping that names statuses which no workflow has: mistyped, by another id, in another project,
//! in another language.

use std::sync::Arc;

use devkit::sandbox::Command;
use serde_json::{Value, json};

use super::{Scenario, scenario};
use crate::{
    cluster::Cluster,
    coverage,
    harness::{
        Harness,
        actions::connected,
        assertions::assert_condition,
        problem::{Change, Problem, expect},
    },
};

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("causes::a_status_is_mistyped_or_renamed", unknown),
        scenario("causes::statuses_have_names_in_another_language", localised),
        scenario("causes::a_status_has_two_phases", ambiguous),
    ]
}

/// Statuses that are waited in, in some projects or in all.
fn waiting(statuses: &[&str], projects: &[&str]) -> Change {
    Change::Spec(mapping(statuses, projects))
}

fn mapping(statuses: &[&str], projects: &[&str]) -> Value {
    json!({"statusMapping": [{"phase": "Waiting", "statuses": statuses, "projects": projects}]})
}

async fn unhealthy(harness: &Harness, change: impl Into<Change>, named: &[&str]) -> Problem {
    let says = expect("acme", "StatusMappingValid", "UnknownStatuses", named);
    let problem = harness.broken_by(change, &[says]).await;
    // It holds nothing back.
    assert_condition(&problem.integration, "Ready", "True", "Connected", &[]);
    problem
}

async fn is_fine(harness: &Harness, change: Change) {
    let fine = harness.broken_by(change, &[]).await;
    assert_condition(
        &fine.integration,
        "StatusMappingValid",
        "True",
        "MappingMatchesWorkflows",
        &[],
    );
}

async fn unknown(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "statuses", json!({})).await;
    // Other case, and ids, are no slips.
    is_fine(&harness, waiting(&["waiting FOR customer", "id:10012", "Done"], &[])).await;
    is_fine(&harness, waiting(&["In Review"], &["ENG"])).await;

    let named = [
        "spec.statusMapping[0] names \"Waiting for custmer\", which no workflow has (nearest: \"Waiting for customer\").",
        "spec.statusMapping[0] names \"id:99999\"",
    ];
    let problem = unhealthy(&harness, waiting(&["Waiting for custmer", "id:99999"], &[]), &named).await;
    // Ready has no room for both, and says where to read on.
    let elsewhere = ["names \"Waiting for custmer\""];
    assert_condition(&problem.integration, "Ready", "True", "Connected", &elsewhere);
    harness
        .fixed_by(problem, waiting(&["Waiting for customer", "id:10011"], &[]))
        .await;
    coverage::caused("status-unknown");

    // It exists, but not in the project that the rule is for.
    let named = ["names \"In Review\", which no workflow of SUP has"];
    let problem = unhealthy(&harness, waiting(&["In Review"], &["SUP"]), &named).await;
    harness.fixed_by(problem, waiting(&["Escalated"], &["SUP"])).await;

    let rename = |status: &str, name: &str| Command::RenameStatus {
        site: None,
        project: Some("SUP".into()),
        status: status.into(),
        name: name.into(),
    };
    let named = ["\"Escalated\", which no workflow of SUP has (nearest: \"Escalated!\")"];
    let problem = unhealthy(&harness, rename("Escalated", "Escalated!"), &named).await;
    harness.fixed_by(problem, rename("Escalated!", "Escalated")).await;
    harness.close().await;
}

async fn localised(cluster: Arc<Cluster>) {
    let spec = mapping(&["Waiting for customer", "id:10012"], &[]);
    let harness = connected(&cluster, "language", spec).await;
    let (site, language) = (None, "de".to_owned());
    let named = [
        "names \"Waiting for customer\"",
        "name the status by its id, as id:10001",
    ];
    let problem = unhealthy(&harness, Command::SetLanguage { site, language }, &named).await;
    let message = &crate::harness::observe::condition(&problem.integration, "StatusMappingValid").message;
    assert!(
        !message.contains("id:10012"),
        "ids are the same in every language: {message}"
    );
    harness
        .fixed_by(problem, waiting(&["warten auf kunden", "id:10012"], &[]))
        .await;
    harness.close().await;
}

async fn ambiguous(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "two-phases", json!({})).await;
    let rules = |second: Value| {
        let first = json!({"phase": "Waiting", "statuses": ["Escalated"]});
        Change::Spec(json!({"statusMapping": [first, second]}))
    };
    let named = ["spec.statusMapping[0] and [1] give \"escalated\" different phases"];
    let says = expect("acme", "StatusMappingValid", "AmbiguousMapping", &named);
    let both = rules(json!({"phase": "Urgent", "statuses": ["escalated"]}));
    let problem = harness.broken_by(both, &[says]).await;
    // It holds nothing back.
    assert_condition(&problem.integration, "Ready", "True", "Connected", &[]);
    let narrower = rules(json!({"phase": "Urgent", "statuses": ["escalated"], "projects": ["SUP"]}));
    harness.fixed_by(problem, narrower).await;

    let twice = json!([{"phase": "Waiting", "statuses": ["Escalated", "Escalated"]}]);
    let mut manifest = crate::harness::manifest("other", "acme-oauth", json!({}));
    manifest["spec"]["statusMapping"] = twice;
    let said = harness.apply_refused(&manifest).await;
    assert!(said.contains("must not name a status twice"), "{said}");
    harness.close().await;
}
