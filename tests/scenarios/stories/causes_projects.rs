//! Projects that do not appear, although they are there: a slip in the key, or no more than the
//! customer portal to be seen.

use std::sync::Arc;

use devkit::sandbox::Command;
use serde_json::{Value, json};

use super::{Story, story};
use crate::{
    ledger,
    plane::Plane,
    stage::{
        Stage,
        claim::{claim, claim_absent, project_condition},
        look::has,
        trouble::Change,
    },
};

/// An account on the site that is in no project.
const PAT: &str = "pat@acme.example";

pub fn stories() -> Vec<Story> {
    vec![
        story("causes::the_key_is_mistyped", mistyped),
        story("causes::a_named_project_is_seen_through_its_portal", portal_named),
        story("causes::a_listed_project_is_seen_through_its_portal", portal_listed),
    ]
}

/// A stage where Pat connected.
async fn as_pat(plane: &Arc<Plane>, name: &str, spec: Value) -> Stage {
    let stage = Stage::open(plane, name).await;
    let app = stage.sandbox.create_app().unwrap();
    let tokens = stage.sandbox.mint(&app.client_id, Some(PAT)).unwrap();
    stage
        .put_credentials(&stage.namespace, "acme-oauth", &app, Some(&tokens.refresh_token))
        .await;
    stage.integrate("acme", "acme-oauth", spec).await;
    stage
}

/// Makes an agent of Pat, in every project.
fn let_in() -> Change {
    let licence = Command::GrantProductAccess {
        site: None,
        account: Some(PAT.into()),
        agent: true,
    };
    let role = Command::AddToGroup {
        site: None,
        group: "integrations".into(),
        account: Some(PAT.into()),
    };
    Change::Jira(vec![licence, role])
}

fn named(keys: &[&str]) -> Value {
    let projects: Vec<Value> = keys.iter().map(|key| json!({"key": key})).collect();
    json!({"projects": projects})
}

async fn mistyped(plane: Arc<Plane>) {
    let stage = Stage::open(&plane, "slip").await;
    stage.connect("acme-oauth").await;
    // The last one is like the key of a project in the trash, which nobody is to be led to.
    stage
        .integrate("acme", "acme-oauth", named(&["SPU", "ENG", "BINS"]))
        .await;
    let blocked = stage.until_reason("acme", "Ready", "SomeProjectsBlocked").await;
    assert!(
        blocked.message.contains("SPU (ProjectNotVisible)"),
        "{}",
        blocked.message
    );
    let said = ["no project SPU", "mistyped", "Did you mean SUP?", "correct the key"];
    stage
        .claim_project("acme-spu", "Accessible", "False", "ProjectNotVisible", &said)
        .await;
    let other = stage.project("acme-bins").await;
    let message = &project_condition(&other, "Accessible").message;
    assert!(!message.contains("Did you mean"), "{message}");
    stage.until_events("acme-spu", &["ProjectNotVisible"]).await;
    stage.until_events("acme", &["SomeProjectsBlocked"]).await;

    stage.change("acme", named(&["SUP", "ENG"])).await;
    stage.until_ready("acme").await;
    stage.until_project_gone("acme-spu").await;
    stage.claim_project("acme-sup", "Ready", "True", "Usable", &[]).await;
    ledger::caused("project-key-mistyped");
    stage.close().await;
}

/// The list of desks has it, and no list of projects.
async fn portal_named(plane: Arc<Plane>) {
    let stage = as_pat(&plane, "portal-named", named(&["SUP"])).await;
    stage
        .until_reason("acme", "ProjectsAccessible", "AllProjectsBlocked")
        .await;
    let said = [
        "SUP",
        "customer portal only",
        "no role of the project",
        "Add the account",
    ];
    stage
        .claim_project("acme-sup", "Accessible", "False", "ProjectNotVisible", &said)
        .await;
    let blocked = stage.integration("acme").await;
    claim(
        &blocked,
        "Ready",
        "False",
        "AllProjectsBlocked",
        &["SUP (ProjectNotVisible)"],
    );
    claim_absent(&blocked, "ServiceDesksReady");
    stage.until_events("acme-sup", &["ProjectNotVisible"]).await;

    stage.make(let_in()).await;
    claim(&stage.request("acme").await, "Ready", "True", "Connected", &[]);
    stage.claim_project("acme-sup", "Ready", "True", "Usable", &[]).await;
    stage
        .until_events("acme-sup", &["ProjectNotVisible", "ProjectVisible"])
        .await;
    ledger::caused("portal-only-named");
    stage.close().await;
}

/// Jira lists the project and says that it may be browsed, and means the portal.
async fn portal_listed(plane: Arc<Plane>) {
    let stage = as_pat(&plane, "portal-listed", json!({"mode": "Observe"})).await;
    stage.until_ready("acme").await;
    assert!(!stage.project_reasons().await.contains_key("acme-sup"));
    let lens = |on| Command::SetPortalLens {
        in_permissions_check: on,
        in_project_search: on,
    };
    stage.jira(lens(true));
    stage.request("acme").await;
    seen_through_portals(&stage).await;
    ledger::caused("portal-only-observe");

    stage.change("acme", json!({"mode": "Enforce"})).await;
    stage.request("acme").await;
    seen_through_portals(&stage).await;
    stage.until_events("acme-sup", &["BrowseDenied"]).await;
    ledger::caused("portal-only-enforce");

    stage.make(let_in()).await;
    let healed = stage.request("acme").await;
    claim(&healed, "ServiceDesksReady", "True", "AllServiceDesksReady", &["All 2"]);
    stage.claim_project("acme-sup", "Ready", "True", "Usable", &[]).await;
    stage
        .until_events("acme-sup", &["BrowseDenied", "ProjectVisible"])
        .await;
    stage.close().await;
}

async fn seen_through_portals(stage: &Stage) {
    let said = ["SUP", "customer portal only", "by a role of the project"];
    stage
        .claim_project("acme-sup", "Accessible", "False", "BrowseDenied", &said)
        .await;
    for skipped in ["Permitted", "ServiceDeskReady"] {
        stage
            .claim_project("acme-sup", skipped, "Unknown", "SkippedAfterAccessible", &[])
            .await;
    }
    let now = stage.integration("acme").await;
    assert!(!has(&now, "ProjectsAccessible", "AllProjectsAccessible"));
    claim(
        &now,
        "ServiceDesksReady",
        "Unknown",
        "SkippedAfterAccessible",
        &["Not looked at", "SUP"],
    );
}
