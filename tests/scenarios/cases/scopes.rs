//! What the grant lets the operator do: a scope that is missing, or that Jira says is missing.

use std::{collections::BTreeMap, sync::Arc};

use devkit::sandbox::{FaultAction, FaultRule, When};
use serde_json::json;

use super::{Scenario, scenario};
use crate::{
    cluster::Cluster,
    coverage,
    harness::{
        Harness, Setup,
        actions::{connected, connected_with_app},
        assertions::{assert_absent, assert_condition},
        commands::{add_scope, drop_scope},
        observe::has,
    },
};

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("scopes::a_scope_for_writing_is_missing", writing_missing),
        scenario(
            "scopes::without_tickets_no_scope_for_writing_is_needed",
            reading_is_enough,
        ),
        scenario("scopes::the_scope_for_people_is_missing", people_missing),
        scenario("scopes::the_scope_for_projects_is_missing", projects_missing),
        scenario("scopes::jira_refuses_a_call_for_its_scopes", refused_call),
    ]
}

async fn writing_missing(cluster: Arc<Cluster>) {
    let (harness, app) = connected_with_app(&cluster, "no-writing", Setup::default(), json!({"tickets": {}})).await;
    harness.jira(drop_scope(&app.client_id, "write:jira-work"));
    let missing = harness.request("acme").await;
    let named = [
        "write:jira-work (to write issues)",
        "developer console",
        "connect again",
    ];
    assert_condition(&missing, "ScopesGranted", "False", "ScopesMissing", &named);
    let message = &crate::harness::observe::condition(&missing, "ScopesGranted").message;
    assert!(
        !message.contains("read:jira"),
        "only what is missing is named: {message}"
    );
    assert_condition(&missing, "Ready", "False", "ScopesMissing", &["write:jira-work"]);
    assert_condition(&missing, "Stalled", "True", "ScopesMissing", &[]);
    // What does not depend on it goes on.
    assert_condition(&missing, "AccountEligible", "True", "StandardAccount", &[]);
    assert_condition(&missing, "ProjectsAccessible", "True", "AllProjectsAccessible", &[]);
    assert_condition(&missing, "Synced", "True", "SyncSucceeded", &[]);
    assert!(harness.is_published().await);

    harness.jira(add_scope(&app.client_id, "write:jira-work"));
    let recovered = harness.request("acme").await;
    assert_condition(&recovered, "Ready", "True", "Connected", &[]);
    assert_absent(&recovered, "Stalled");
    harness
        .until_events("acme", &["Connected", "ScopesMissing", "AllScopesGranted"])
        .await;
    coverage::caused("scope-missing");
    harness.close().await;
}

/// A grant that was given for reading only, from the first.
async fn reading_is_enough(cluster: Arc<Cluster>) {
    let harness = Harness::open(&cluster, "reading").await;
    let reading = ["read:jira-user", "read:jira-work", "read:servicedesk-request"];
    harness.connect_to("acme-oauth", None, Some(&reading)).await;
    harness
        .integrate("acme", "acme-oauth", json!({"mode": "Observe"}))
        .await;
    let ready = harness.until_ready("acme").await;
    let said = ["Tickets would take write:jira-work and write:servicedesk-request as well."];
    assert_condition(&ready, "ScopesGranted", "True", "AllScopesGranted", &said);
    let scopes = ready.status.unwrap().scopes;
    assert_eq!(
        scopes,
        [
            "offline_access",
            "read:jira-user",
            "read:jira-work",
            "read:servicedesk-request"
        ]
    );

    harness.change("acme", json!({"tickets": {"projects": ["ENG"]}})).await;
    let missing = harness.until_reason("acme", "Ready", "ScopesMissing").await;
    assert!(missing.message.contains("write:jira-work"), "{}", missing.message);
    assert!(!missing.message.contains("write:servicedesk"), "{}", missing.message);
    harness.change("acme", json!({"tickets": null})).await;
    harness.until_ready("acme").await;
    assert_eq!(harness.exchanges(), 1);
    harness.close().await;
}

async fn people_missing(cluster: Arc<Cluster>) {
    let (harness, app) = connected_with_app(&cluster, "no-people", Setup::default(), json!({})).await;
    let before = harness.project_versions().await;
    harness.jira(drop_scope(&app.client_id, "read:jira-user"));
    let missing = harness.request("acme").await;
    assert_condition(
        &missing,
        "ScopesGranted",
        "False",
        "ScopesMissing",
        &["read:jira-user (to recognise the account and look people up)"],
    );
    for skipped in ["AccountEligible", "ProjectsAccessible", "Synced"] {
        assert_condition(
            &missing,
            skipped,
            "Unknown",
            "SkippedAfterScopesGranted",
            &["ScopesGranted"],
        );
    }
    assert_eq!(harness.project_versions().await, before);
    harness.jira(add_scope(&app.client_id, "read:jira-user"));
    assert_condition(&harness.request("acme").await, "Ready", "True", "Connected", &[]);
    harness.close().await;
}

async fn projects_missing(cluster: Arc<Cluster>) {
    let (harness, app) = connected_with_app(&cluster, "no-work", Setup::default(), json!({})).await;
    let before = harness.project_versions().await;
    harness.jira(drop_scope(&app.client_id, "read:jira-work"));
    let missing = harness.request("acme").await;
    assert_condition(
        &missing,
        "ScopesGranted",
        "False",
        "ScopesMissing",
        &["read:jira-work (to read projects)"],
    );
    assert_condition(&missing, "AccountEligible", "True", "StandardAccount", &[]);
    for skipped in ["ProjectsAccessible", "Synced"] {
        assert_condition(
            &missing,
            skipped,
            "Unknown",
            "SkippedAfterScopesGranted",
            &["ScopesGranted"],
        );
    }
    assert_eq!(harness.project_versions().await, before);
    harness.jira(add_scope(&app.client_id, "read:jira-work"));
    assert_condition(&harness.request("acme").await, "Ready", "True", "Connected", &[]);
    harness.close().await;
}

/// The lists have every scope, and yet a call is answered that it is not covered. No refresh
/// can cure that, so none is spent.
async fn refused_call(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "scope-refused", json!({})).await;
    let exchanges = harness.exchanges();
    let body = json!({"code": 401, "message": "Unauthorized; scope does not match"}).to_string();
    for (path, asked) in [
        ("/rest/api/3/myself", "GET /rest/api/3/myself"),
        ("/rest/api/3/project/search", "GET /rest/api/3/project/search"),
        ("/rest/api/3/permissions/check", "POST /rest/api/3/permissions/check"),
    ] {
        let answer = FaultAction::Status {
            code: 401,
            headers: BTreeMap::new(),
            body: body.clone(),
        };
        let fault = harness.sandbox.fault(FaultRule::path(path, When::Before, answer));
        let refused = harness.request("acme").await;
        assert_condition(
            &refused,
            "ScopesGranted",
            "False",
            "ScopesMissing",
            &[asked, "developer console"],
        );
        assert_condition(&refused, "Ready", "False", "ScopesMissing", &[asked]);
        assert!(
            !has(&refused, "AccountEligible", "NoProductAccess"),
            "{path} was taken for a refused account"
        );
        harness.sandbox.release(fault).unwrap();
        assert_condition(&harness.request("acme").await, "Ready", "True", "Connected", &[]);
    }
    assert_eq!(harness.exchanges(), exchanges, "a rotation was burnt");
    harness.close().await;
}
