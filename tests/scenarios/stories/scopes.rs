//! What the grant lets the operator do: a scope that is missing, or that Jira says is missing.

use std::{collections::BTreeMap, sync::Arc};

use devkit::sandbox::{Command, FaultAction, FaultRule, When};
use serde_json::json;

use super::{Story, story};
use crate::{
    ledger,
    plane::Plane,
    stage::{
        Stage,
        claim::{claim, claim_absent},
        look::has,
    },
};

pub fn stories() -> Vec<Story> {
    vec![
        story("scopes::a_scope_for_writing_is_missing", writing_missing),
        story("scopes::observing_needs_no_scope_for_writing", observing_is_enough),
        story("scopes::the_scope_for_people_is_missing", people_missing),
        story("scopes::the_scope_for_projects_is_missing", projects_missing),
        story("scopes::jira_refuses_a_call_for_its_scopes", refused_call),
    ]
}

async fn connected(plane: &Arc<Plane>, name: &str) -> (Stage, String) {
    let stage = Stage::open(plane, name).await;
    let app = stage.connect("acme-oauth").await;
    stage.integrate("acme", "acme-oauth", json!({})).await;
    stage.until_ready("acme").await;
    (stage, app.client_id)
}

fn drop_scope(client_id: &str, scope: &str) -> Command {
    Command::DropScope {
        client_id: Some(client_id.to_owned()),
        scope: scope.to_owned(),
    }
}

fn add_scope(client_id: &str, scope: &str) -> Command {
    Command::AddScope {
        client_id: Some(client_id.to_owned()),
        scope: scope.to_owned(),
    }
}

async fn writing_missing(plane: Arc<Plane>) {
    let (stage, app) = connected(&plane, "no-writing").await;
    stage.jira(drop_scope(&app, "write:jira-work"));
    let missing = stage.request("acme").await;
    let named = [
        "write:jira-work (to write issues)",
        "developer console",
        "connect again",
    ];
    claim(&missing, "ScopesGranted", "False", "ScopesMissing", &named);
    let message = &crate::stage::look::condition(&missing, "ScopesGranted").message;
    assert!(
        !message.contains("read:jira"),
        "only what is missing is named: {message}"
    );
    claim(&missing, "Ready", "False", "ScopesMissing", &["write:jira-work"]);
    claim(&missing, "Stalled", "True", "ScopesMissing", &[]);
    // What does not depend on it goes on.
    claim(&missing, "AccountEligible", "True", "StandardAccount", &[]);
    claim(&missing, "ProjectsAccessible", "True", "AllProjectsAccessible", &[]);
    claim(&missing, "Synced", "True", "SyncSucceeded", &[]);
    assert!(
        stage
            .secret("acme-jira-token")
            .await
            .unwrap()
            .contains_key("access-token")
    );

    stage.jira(add_scope(&app, "write:jira-work"));
    let healed = stage.request("acme").await;
    claim(&healed, "Ready", "True", "Connected", &[]);
    claim_absent(&healed, "Stalled");
    stage
        .until_events("acme", &["Connected", "ScopesMissing", "AllScopesGranted"])
        .await;
    ledger::caused("scope-missing");
    stage.close().await;
}

/// A grant that was given for reading only, from the first.
async fn observing_is_enough(plane: Arc<Plane>) {
    let stage = Stage::open(&plane, "observing").await;
    let app = stage.sandbox.create_app().unwrap();
    let command = Command::MintGrant {
        client_id: Some(app.client_id.clone()),
        account: None,
        sites: None,
        scopes: Some(
            ["read:jira-user", "read:jira-work", "read:servicedesk-request"]
                .map(str::to_owned)
                .into(),
        ),
        online: false,
    };
    let tokens = stage.sandbox.mint_as(command).unwrap();
    let namespace = &stage.namespace;
    stage
        .put_credentials(namespace, "acme-oauth", &app, Some(&tokens.refresh_token))
        .await;
    stage.integrate("acme", "acme-oauth", json!({"mode": "Observe"})).await;
    let ready = stage.until_ready("acme").await;
    claim(&ready, "ScopesGranted", "True", "AllScopesGranted", &[]);
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
    assert_eq!(
        stage.project("acme-eng").await.status.unwrap().permissions,
        ["BROWSE_PROJECTS"]
    );

    stage.change("acme", json!({"mode": "Enforce"})).await;
    let missing = stage.until_reason("acme", "Ready", "ScopesMissing").await;
    assert!(missing.message.contains("write:jira-work"), "{}", missing.message);
    stage.change("acme", json!({"mode": "Observe"})).await;
    stage.until_ready("acme").await;
    assert_eq!(stage.exchanges(), 1);
    stage.close().await;
}

async fn people_missing(plane: Arc<Plane>) {
    let (stage, app) = connected(&plane, "no-people").await;
    let before = stage.project_versions().await;
    stage.jira(drop_scope(&app, "read:jira-user"));
    let missing = stage.request("acme").await;
    claim(
        &missing,
        "ScopesGranted",
        "False",
        "ScopesMissing",
        &["read:jira-user (to recognise the account and look people up)"],
    );
    for skipped in ["AccountEligible", "ProjectsAccessible", "Synced"] {
        claim(
            &missing,
            skipped,
            "Unknown",
            "SkippedAfterScopesGranted",
            &["ScopesGranted"],
        );
    }
    assert_eq!(stage.project_versions().await, before);
    stage.jira(add_scope(&app, "read:jira-user"));
    claim(&stage.request("acme").await, "Ready", "True", "Connected", &[]);
    stage.close().await;
}

async fn projects_missing(plane: Arc<Plane>) {
    let (stage, app) = connected(&plane, "no-work").await;
    let before = stage.project_versions().await;
    stage.jira(drop_scope(&app, "read:jira-work"));
    let missing = stage.request("acme").await;
    claim(
        &missing,
        "ScopesGranted",
        "False",
        "ScopesMissing",
        &["read:jira-work (to read projects)"],
    );
    claim(&missing, "AccountEligible", "True", "StandardAccount", &[]);
    for skipped in ["ProjectsAccessible", "Synced"] {
        claim(
            &missing,
            skipped,
            "Unknown",
            "SkippedAfterScopesGranted",
            &["ScopesGranted"],
        );
    }
    assert_eq!(stage.project_versions().await, before);
    stage.jira(add_scope(&app, "read:jira-work"));
    claim(&stage.request("acme").await, "Ready", "True", "Connected", &[]);
    stage.close().await;
}

/// The lists have every scope, and yet a call is answered that it is not covered. No refresh
/// can cure that, so none is spent.
async fn refused_call(plane: Arc<Plane>) {
    let (stage, _) = connected(&plane, "scope-refused").await;
    let exchanges = stage.exchanges();
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
        let fault = stage.sandbox.fault(FaultRule::path(path, When::Before, answer));
        let refused = stage.request("acme").await;
        claim(
            &refused,
            "ScopesGranted",
            "False",
            "ScopesMissing",
            &[asked, "developer console"],
        );
        claim(&refused, "Ready", "False", "ScopesMissing", &[asked]);
        assert!(
            !has(&refused, "AccountEligible", "NoProductAccess"),
            "{path} was taken for a refused account"
        );
        stage.sandbox.release(fault).unwrap();
        claim(&stage.request("acme").await, "Ready", "True", "Connected", &[]);
    }
    assert_eq!(stage.exchanges(), exchanges, "a rotation was burnt");
    stage.close().await;
}
