//! A mapping that names statuses which no workflow has: mistyped, by another id, in another project,
//! in another language.

use std::sync::Arc;

use devkit::sandbox::Command;
use serde_json::{Value, json};

use super::{Story, story};
use crate::{
    ledger,
    plane::Plane,
    stage::{
        Stage,
        claim::claim,
        hands::connected,
        trouble::{Change, Trouble, told},
    },
};

pub fn stories() -> Vec<Story> {
    vec![
        story("causes::a_status_is_mistyped_or_renamed", unknown),
        story("causes::statuses_have_names_in_another_language", localised),
        story("causes::a_status_has_two_phases", ambiguous),
    ]
}

/// Statuses that are waited in, in some projects or in all.
fn waiting(statuses: &[&str], projects: &[&str]) -> Change {
    Change::Spec(mapping(statuses, projects))
}

fn mapping(statuses: &[&str], projects: &[&str]) -> Value {
    json!({"statusMapping": [{"phase": "Waiting", "statuses": statuses, "projects": projects}]})
}

async fn unwell(stage: &Stage, change: impl Into<Change>, named: &[&str]) -> Trouble {
    let says = told("acme", "StatusMappingValid", "UnknownStatuses", named);
    let trouble = stage.suffers(change, &[says]).await;
    // It holds nothing back.
    claim(&trouble.integration, "Ready", "True", "Connected", &[]);
    trouble
}

async fn is_fine(stage: &Stage, change: Change) {
    let fine = stage.suffers(change, &[]).await;
    claim(
        &fine.integration,
        "StatusMappingValid",
        "True",
        "MappingMatchesWorkflows",
        &[],
    );
}

async fn unknown(plane: Arc<Plane>) {
    let stage = connected(&plane, "statuses", json!({})).await;
    // Other case, and ids, are no slips.
    is_fine(&stage, waiting(&["waiting FOR customer", "id:10012", "Done"], &[])).await;
    is_fine(&stage, waiting(&["In Review"], &["ENG"])).await;

    let named = [
        "spec.statusMapping[0] names \"Waiting for custmer\", which no workflow has (nearest: \"Waiting for customer\").",
        "spec.statusMapping[0] names \"id:99999\"",
    ];
    let trouble = unwell(&stage, waiting(&["Waiting for custmer", "id:99999"], &[]), &named).await;
    // Ready has no room for both, and says where to read on.
    let elsewhere = ["names \"Waiting for custmer\""];
    claim(&trouble.integration, "Ready", "True", "Connected", &elsewhere);
    stage
        .heals(trouble, waiting(&["Waiting for customer", "id:10011"], &[]))
        .await;
    ledger::caused("status-unknown");

    // It exists, but not in the project that the rule is for.
    let named = ["names \"In Review\", which no workflow of SUP has"];
    let trouble = unwell(&stage, waiting(&["In Review"], &["SUP"]), &named).await;
    stage.heals(trouble, waiting(&["Escalated"], &["SUP"])).await;

    let rename = |status: &str, name: &str| Command::RenameStatus {
        site: None,
        project: Some("SUP".into()),
        status: status.into(),
        name: name.into(),
    };
    let named = ["\"Escalated\", which no workflow of SUP has (nearest: \"Escalated!\")"];
    let trouble = unwell(&stage, rename("Escalated", "Escalated!"), &named).await;
    stage.heals(trouble, rename("Escalated!", "Escalated")).await;
    stage.close().await;
}

async fn localised(plane: Arc<Plane>) {
    let spec = mapping(&["Waiting for customer", "id:10012"], &[]);
    let stage = connected(&plane, "language", spec).await;
    let (site, language) = (None, "de".to_owned());
    let named = [
        "names \"Waiting for customer\"",
        "name the status by its id, as id:10001",
    ];
    let trouble = unwell(&stage, Command::SetLanguage { site, language }, &named).await;
    let message = &crate::stage::look::condition(&trouble.integration, "StatusMappingValid").message;
    assert!(
        !message.contains("id:10012"),
        "ids are the same in every language: {message}"
    );
    stage
        .heals(trouble, waiting(&["warten auf kunden", "id:10012"], &[]))
        .await;
    stage.close().await;
}

async fn ambiguous(plane: Arc<Plane>) {
    let stage = connected(&plane, "two-phases", json!({})).await;
    let rules = |second: Value| {
        let first = json!({"phase": "Waiting", "statuses": ["Escalated"]});
        Change::Spec(json!({"statusMapping": [first, second]}))
    };
    let named = ["spec.statusMapping[0] and [1] give \"escalated\" different phases"];
    let says = told("acme", "StatusMappingValid", "AmbiguousMapping", &named);
    let both = rules(json!({"phase": "Urgent", "statuses": ["escalated"]}));
    let trouble = stage.suffers(both, &[says]).await;
    // It holds nothing back.
    claim(&trouble.integration, "Ready", "True", "Connected", &[]);
    let narrower = rules(json!({"phase": "Urgent", "statuses": ["escalated"], "projects": ["SUP"]}));
    stage.heals(trouble, narrower).await;

    let twice = json!([{"phase": "Waiting", "statuses": ["Escalated", "Escalated"]}]);
    let mut manifest = crate::stage::manifest("other", "acme-oauth", json!({}));
    manifest["spec"]["statusMapping"] = twice;
    let said = stage.apply_refused(&manifest).await;
    assert!(said.contains("must not name a status twice"), "{said}");
    stage.close().await;
}
