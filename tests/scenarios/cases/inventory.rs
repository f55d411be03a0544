//! What projects are made of: issue types, statuses and their phases, request types.

use std::sync::Arc;

use jira_operator::api::{integration::JiraIntegration, project::JiraProject};
use serde_json::json;

use super::{Scenario, scenario};
use crate::{cluster::Cluster, harness::Harness};

pub fn scenarios() -> Vec<Scenario> {
    vec![scenario("inventory::types_statuses_and_phases", phases)]
}

/// The phase of a status in an issue type.
fn phase(project: &JiraProject, issue_type: &str, status: &str) -> Option<String> {
    let types = &project.status.as_ref()?.issue_types;
    let kind = types.iter().find(|kind| kind.name == issue_type)?;
    let status = kind.statuses.iter().find(|found| found.name == status)?;
    Some(status.phase.clone())
}

async fn phases(cluster: Arc<Cluster>) {
    let harness = Harness::open(&cluster, "inventory").await;
    harness.connect("acme-oauth").await;
    let rules = json!([
        {"phase": "Anywhere", "statuses": ["in progress"]},
        {"phase": "Here", "statuses": ["In Progress"], "projects": ["ENG"], "issueTypes": ["Bug"]},
    ]);
    let projects = json!([{"key": "ENG"}, {"key": "SUP"}]);
    harness
        .integrate(
            "acme",
            "acme-oauth",
            json!({"projects": projects, "statusMapping": rules}),
        )
        .await;
    harness.until_ready("acme").await;
    let mapped = harness
        .until_project("acme-eng", "mapped", |project| {
            phase(project, "Bug", "In Progress").is_some()
        })
        .await;
    assert_eq!(phase(&mapped, "Bug", "In Progress").as_deref(), Some("Here"));
    assert_eq!(phase(&mapped, "Task", "In Progress").as_deref(), Some("Anywhere"));
    assert_eq!(phase(&mapped, "Task", "Done").as_deref(), Some("Done"));
    let desk = harness.project("acme-sup").await;
    assert!(!desk.status.unwrap().request_types.is_empty());

    // Another mapping needs no call: what the statuses are is known.
    let mark = harness.sandbox.mark();
    harness
        .change(
            "acme",
            json!({"statusMapping": [{"phase": "Doing", "statuses": ["In Progress"]}]}),
        )
        .await;
    harness
        .until_project("acme-eng", "mapped anew", |project| {
            phase(project, "Bug", "In Progress").as_deref() == Some("Doing")
        })
        .await;
    let asked = harness
        .calls_since(mark)
        .into_iter()
        .filter(|call| call.path.ends_with("/project/10000/statuses"));
    assert_eq!(asked.count(), 0);

    let asked = |object: &JiraIntegration| object.status.as_ref()?.sync.as_ref()?.last_inventory_time.clone();
    let before = asked(
        &harness
            .until("acme", "looked through", |object| asked(object).is_some())
            .await,
    );
    harness.request("acme").await;
    harness
        .until("acme", "looked through anew", |object| asked(object) > before)
        .await;
    harness.close().await;
}
