//! Suspended and observing integrations: no call, and no write, that was not asked for.

use std::sync::Arc;

use devkit::sandbox::Command;
use jiff::{SignedDuration, Timestamp};
use jira_operator::api::integration::JiraIntegration;
use kube::api::{Patch, PatchParams};
use serde_json::json;

use super::{Story, story};
use crate::{
    plane::Plane,
    stage::{
        Setup, Stage,
        claim::{claim, claim_absent},
        look::{condition, is_ready, observed},
    },
};

pub fn stories() -> Vec<Story> {
    vec![
        story("suspend::a_suspended_integration_makes_no_call", no_call),
        story(
            "suspend::a_new_one_that_is_suspended_spends_nothing",
            suspended_from_the_start,
        ),
        story("suspend::a_warning_before_the_grant_dies_of_it", idle_expiry),
        story("suspend::observing_needs_the_reading_scopes_only", observing),
    ]
}

async fn no_call(plane: Arc<Plane>) {
    let stage = Stage::open(&plane, "suspend").await;
    let app = stage.connect("acme-oauth").await;
    let clock = stage.connect("clock-oauth").await;
    for client in [&app.client_id, &clock.client_id] {
        stage.jira(Command::SetExpiresIn {
            seconds: 4,
            client_id: Some(client.clone()),
        });
    }
    stage.integrate("acme", "acme-oauth", json!({})).await;
    stage.integrate("clock", "clock-oauth", json!({})).await;
    let before = stage.until_ready("acme").await;
    stage.until_ready("clock").await;

    stage.change("acme", json!({"suspend": true})).await;
    let suspended = stage.until_message("acme", "Ready", "Suspended since").await;
    let mark = stage.sandbox.mark();
    assert!(suspended.status.as_ref().unwrap().suspended_since.is_some());
    for type_ in [
        "Authorized",
        "SiteReachable",
        "ScopesGranted",
        "AccountEligible",
        "ProjectsAccessible",
        "Synced",
        "Ready",
    ] {
        let (was, is) = (condition(&before, type_), condition(&suspended, type_));
        assert_eq!(
            (&was.status, &was.reason, &was.last_transition_time),
            (&is.status, &is.reason, &is.last_transition_time)
        );
    }
    stage.ask("acme").await;
    // The other integration, whose tokens last as long, tells how much time went by.
    let refreshes = |requests: &[devkit::sandbox::Request]| {
        requests
            .iter()
            .filter(|r| r.client_id.as_ref() == Some(&clock.client_id))
            .count()
    };
    stage
        .sandbox
        .wait_for_requests(mark, |requests| refreshes(requests) >= 4)
        .await;
    let own = stage
        .sandbox
        .requests_since(mark)
        .into_iter()
        .find(|r| r.client_id.as_ref() != Some(&clock.client_id));
    assert!(own.is_none(), "it asked for {own:?}");
    let published = stage.secret("acme-jira-token").await.unwrap();
    let expires: Timestamp = published["expires-at"].parse().unwrap();
    assert!(expires < Timestamp::now(), "its token is left to expire");
    let asked = stage.integration("acme").await;
    assert!(
        asked.status.unwrap().last_handled_reconcile_at.is_none(),
        "a request does not override it"
    );

    stage.change("acme", json!({"suspend": false})).await;
    let answered = |o: &JiraIntegration| {
        o.status
            .as_ref()
            .is_some_and(|status| status.last_handled_reconcile_at.is_some())
    };
    let resumed = stage
        .until("acme", "resumed", |o| observed(o) && is_ready(o) && answered(o))
        .await;
    assert!(!condition(&resumed, "Ready").message.contains("Suspended"));
    let status = resumed.status.as_ref().unwrap();
    assert!(status.suspended_since.is_none());
    stage
        .until_secret("acme-jira-token", "refreshed", |data| {
            data["access-token"] != published["access-token"]
        })
        .await;
    stage.close().await;
}

async fn suspended_from_the_start(plane: Arc<Plane>) {
    let stage = Stage::open(&plane, "asleep").await;
    stage.connect("acme-oauth").await;
    stage.integrate("acme", "acme-oauth", json!({"suspend": true})).await;
    let found = stage.until_message("acme", "Ready", "Suspended since").await;
    claim(&found, "Ready", "Unknown", "NotChecked", &["not looked at yet"]);
    for type_ in [
        "Authorized",
        "SiteReachable",
        "ScopesGranted",
        "AccountEligible",
        "ProjectsAccessible",
        "Synced",
    ] {
        claim(&found, type_, "Unknown", "NotChecked", &[]);
    }
    claim_absent(&found, "Stalled");
    claim_absent(&found, "Reconciling");
    assert!(observed(&found), "the spec was taken note of");
    assert!(
        stage.sandbox.requests().is_empty() && stage.secret("acme-oauth-grant").await.is_none(),
        "nothing is spent"
    );
    assert!(stage.secret("acme-jira-token").await.is_none());

    stage.change("acme", json!({"suspend": false})).await;
    stage.until_ready("acme").await;
    assert_eq!(stage.exchanges(), 1);
    stage.close().await;
}

async fn idle_expiry(plane: Arc<Plane>) {
    let mut stage = Stage::set_up(
        &plane,
        "idle",
        Setup {
            without_operator: true,
            ..Setup::default()
        },
    )
    .await;
    for (name, days) in [("soon", 10), ("later", 20)] {
        stage.integrate(name, "acme-oauth", json!({"suspend": true})).await;
        let now = Timestamp::from_second(Timestamp::now().as_second()).unwrap();
        let at = |days: i64| (now + SignedDuration::from_hours(24 * days)).to_string();
        let token = json!({"secretName": "t", "expiresAt": at(days - 90), "refreshedAt": at(days - 90), "grantIdleExpiresAt": at(days)});
        let patch = Patch::Merge(json!({"status": {"token": token}}));
        stage
            .integrations()
            .patch_status(name, &PatchParams::default(), &patch)
            .await
            .expect("the status is set");
    }
    stage.start_operator();
    let warning = stage.until_event("soon", "GrantIdleExpiry").await;
    assert_eq!(warning.type_.as_deref(), Some("Warning"));
    let note = warning.note.unwrap_or_default();
    let day = (Timestamp::now() + SignedDuration::from_hours(240))
        .strftime("%Y-%m-%d")
        .to_string();
    assert!(note.contains(&day) && note.contains("Resume the integration"), "{note}");

    // A second pass over each: the one is not warned again, the other not at all.
    for name in ["soon", "later"] {
        stage.change(name, json!({"mode": "Observe"})).await;
        stage
            .until(name, "observed", |o| observed(o) && o.metadata.generation == Some(2))
            .await;
    }
    stage.change("soon", json!({"suspend": false})).await;
    stage.until_reason("soon", "Authorized", "CredentialsNotFound").await;
    assert_eq!(stage.events("later").await, Vec::<String>::new());
    let warned = stage.event_counts("soon").await;
    let times = warned
        .iter()
        .filter(|(reason, _)| reason == "GrantIdleExpiry")
        .map(|(_, times)| times);
    assert_eq!(times.sum::<i32>(), 1, "it is said once");
    assert!(stage.sandbox.requests().is_empty());
    stage.close().await;
}

/// Credentials with a grant that was given the reading scopes only.
async fn connect_for_reading(stage: &Stage) {
    let app = stage.sandbox.create_app().unwrap();
    let reading = [
        "read:jira-user",
        "read:jira-work",
        "read:servicedesk-request",
        "offline_access",
    ]
    .map(str::to_owned);
    let tokens = stage.sandbox.mint_as(Command::MintGrant {
        client_id: Some(app.client_id.clone()),
        account: None,
        sites: None,
        scopes: Some(reading.into()),
        online: false,
    });
    let token = tokens.unwrap().refresh_token;
    stage
        .put_credentials(&stage.namespace, "acme-oauth", &app, Some(&token))
        .await;
}

/// Takes a permission in project ENG from the account.
fn revoke(stage: &Stage, permission: &str) {
    stage.jira(Command::RevokePermission {
        site: None,
        project: "ENG".into(),
        permission: permission.into(),
        account: None,
        holder: None,
    });
}

async fn observing(plane: Arc<Plane>) {
    let stage = Stage::open(&plane, "observe").await;
    connect_for_reading(&stage).await;
    let spec = json!({"projects": [{"key": "SUP"}, {"key": "ENG"}]});
    stage.integrate("acme", "acme-oauth", spec).await;
    stage.until_reason("acme", "ScopesGranted", "ScopesMissing").await;
    let enforcing = stage.request("acme").await;
    let told = ["write:jira-work (to write issues)", "developer console"];
    claim(&enforcing, "ScopesGranted", "False", "ScopesMissing", &told);
    claim(&enforcing, "Ready", "False", "ScopesMissing", &[]);

    stage.change("acme", json!({"mode": "Observe"})).await;
    let ready = stage.until_ready("acme").await;
    claim(&ready, "ScopesGranted", "True", "AllScopesGranted", &[]);
    for permission in ["CREATE_ISSUES", "EDIT_ISSUES", "ADD_COMMENTS", "TRANSITION_ISSUES"] {
        revoke(&stage, permission);
    }
    let lacking = stage.request("acme").await;
    assert!(is_ready(&lacking), "nor are the permissions for writing needed");
    assert_eq!(stage.project_reasons().await["acme-eng"], "Usable");
    let mut writes = stage.sandbox.requests();
    // Questions too long for an address are no writes.
    let questions = [
        "/permissions/check",
        "/search/jql",
        "/search/approximate-count",
        "/oauth/token",
    ];
    let asks = |path: &str| questions.iter().any(|question| path.ends_with(question));
    writes.retain(|r| r.method != "GET" && !asks(&r.path));
    assert!(writes.is_empty(), "{writes:?}");

    revoke(&stage, "BROWSE_PROJECTS");
    let blocked = stage.request("acme").await;
    claim(&blocked, "ProjectsAccessible", "False", "SomeProjectsBlocked", &["ENG"]);
    stage.jira(Command::GrantPermission {
        site: None,
        project: "ENG".into(),
        permission: "BROWSE_PROJECTS".into(),
        account: None,
        holder: None,
    });
    assert!(is_ready(&stage.request("acme").await));
    stage.close().await;
}
