//! Projects that do not appear, although they are there: a slip in the key, or no more than the
//! customer portal to be seen.

use std::sync::Arc;

use devkit::sandbox::Command;
use serde_json::{Value, json};

use super::{Scenario, scenario};
use crate::{
    cluster::Cluster,
    coverage,
    harness::{
        Harness,
        actions::named,
        assertions::{assert_absent, assert_condition, project_condition},
        observe::has,
        problem::Change,
    },
};

/// An account on the site that is in no project.
const PAT: &str = "pat@acme.example";

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("causes::the_key_is_mistyped", mistyped),
        scenario("causes::a_named_project_is_seen_through_its_portal", portal_named),
        scenario("causes::a_listed_project_is_seen_through_its_portal", portal_listed),
    ]
}

/// A harness where Pat connected.
async fn as_pat(cluster: &Arc<Cluster>, name: &str, spec: Value) -> Harness {
    let harness = Harness::open(cluster, name).await;
    let app = harness.sandbox.create_app().unwrap();
    let tokens = harness.sandbox.mint(&app.client_id, Some(PAT)).unwrap();
    harness
        .put_credentials(&harness.namespace, "acme-oauth", &app, Some(&tokens.refresh_token))
        .await;
    harness.integrate("acme", "acme-oauth", spec).await;
    harness
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

async fn mistyped(cluster: Arc<Cluster>) {
    let harness = Harness::open(&cluster, "slip").await;
    harness.connect("acme-oauth").await;
    // The last one is like the key of a project in the trash, which nobody is to be led to.
    harness
        .integrate("acme", "acme-oauth", named(&["SPU", "ENG", "BINS"]))
        .await;
    let blocked = harness.until_reason("acme", "Ready", "SomeProjectsBlocked").await;
    assert!(
        blocked.message.contains("SPU (ProjectNotVisible)"),
        "{}",
        blocked.message
    );
    let said = ["no project SPU", "mistyped", "Did you mean SUP?", "correct the key"];
    harness
        .assert_project("acme-spu", "Accessible", "False", "ProjectNotVisible", &said)
        .await;
    let other = harness.project("acme-bins").await;
    let message = &project_condition(&other, "Accessible").message;
    assert!(!message.contains("Did you mean"), "{message}");
    harness.until_events("acme-spu", &["ProjectNotVisible"]).await;
    harness.until_events("acme", &["SomeProjectsBlocked"]).await;

    harness.change("acme", named(&["SUP", "ENG"])).await;
    harness.until_ready("acme").await;
    harness.until_project_gone("acme-spu").await;
    harness.assert_project("acme-sup", "Ready", "True", "Usable", &[]).await;
    coverage::caused("project-key-mistyped");
    harness.close().await;
}

/// The list of desks has it, and no list of projects.
async fn portal_named(cluster: Arc<Cluster>) {
    let harness = as_pat(&cluster, "portal-named", named(&["SUP"])).await;
    harness
        .until_reason("acme", "ProjectsAccessible", "AllProjectsBlocked")
        .await;
    let said = [
        "SUP",
        "customer portal only",
        "no role of the project",
        "Add the account",
    ];
    harness
        .assert_project("acme-sup", "Accessible", "False", "ProjectNotVisible", &said)
        .await;
    let blocked = harness.integration("acme").await;
    assert_condition(
        &blocked,
        "Ready",
        "False",
        "AllProjectsBlocked",
        &["SUP (ProjectNotVisible)"],
    );
    assert_absent(&blocked, "ServiceDesksReady");
    harness.until_events("acme-sup", &["ProjectNotVisible"]).await;

    harness.make(let_in()).await;
    assert_condition(&harness.request("acme").await, "Ready", "True", "Connected", &[]);
    harness.assert_project("acme-sup", "Ready", "True", "Usable", &[]).await;
    harness
        .until_events("acme-sup", &["ProjectNotVisible", "ProjectVisible"])
        .await;
    coverage::caused("portal-only-named");
    harness.close().await;
}

/// Jira lists the project and says that it may be browsed, and means the portal.
async fn portal_listed(cluster: Arc<Cluster>) {
    let harness = as_pat(&cluster, "portal-listed", json!({})).await;
    harness.until_ready("acme").await;
    assert!(!harness.project_reasons().await.contains_key("acme-sup"));
    let lens = |on| Command::SetPortalLens {
        in_permissions_check: on,
        in_project_search: on,
    };
    harness.jira(lens(true));
    harness.request("acme").await;
    seen_through_portals(&harness).await;
    coverage::caused("portal-only-reading");

    harness.change("acme", json!({"tickets": {}})).await;
    harness.request("acme").await;
    seen_through_portals(&harness).await;
    harness.until_events("acme-sup", &["BrowseDenied"]).await;
    coverage::caused("portal-only-tickets");

    harness.make(let_in()).await;
    let recovered = harness.request("acme").await;
    assert_condition(
        &recovered,
        "ServiceDesksReady",
        "True",
        "AllServiceDesksReady",
        &["All 2"],
    );
    harness.assert_project("acme-sup", "Ready", "True", "Usable", &[]).await;
    harness
        .until_events("acme-sup", &["BrowseDenied", "ProjectVisible"])
        .await;
    harness.close().await;
}

async fn seen_through_portals(harness: &Harness) {
    let said = ["SUP", "customer portal only", "by a role of the project"];
    harness
        .assert_project("acme-sup", "Accessible", "False", "BrowseDenied", &said)
        .await;
    for skipped in ["Permitted", "ServiceDeskReady"] {
        harness
            .assert_project("acme-sup", skipped, "Unknown", "SkippedAfterAccessible", &[])
            .await;
    }
    let now = harness.integration("acme").await;
    assert!(!has(&now, "ProjectsAccessible", "AllProjectsAccessible"));
    assert_condition(
        &now,
        "ServiceDesksReady",
        "Unknown",
        "SkippedAfterAccessible",
        &["Skipped", "SUP"],
    );
}
