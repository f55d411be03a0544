//! Suspended and observing integrations: no call, and no write, that was not asked for.

use std::sync::Arc;

use devkit::sandbox::Command;
use jiff::{SignedDuration, Timestamp};
use jira_operator::api::integration::JiraIntegration;
use kube::api::{Patch, PatchParams};
use serde_json::json;

use super::{Scenario, scenario};
use crate::{
    cluster::Cluster,
    harness::{
        Harness, Setup,
        actions::opened,
        assertions::{assert_absent, assert_condition},
        observe::{condition, is_ready, observed},
    },
};

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("suspend::a_suspended_integration_makes_no_call", no_call),
        scenario(
            "suspend::a_new_one_that_is_suspended_spends_nothing",
            suspended_from_the_start,
        ),
        scenario("suspend::a_warning_before_the_grant_dies_of_it", idle_expiry),
        scenario("suspend::observing_needs_the_reading_scopes_only", observing),
    ]
}

async fn no_call(cluster: Arc<Cluster>) {
    let harness = Harness::open(&cluster, "suspend").await;
    let app = harness.connect("acme-oauth").await;
    let clock = harness.connect("clock-oauth").await;
    for client in [&app.client_id, &clock.client_id] {
        harness.jira(Command::SetExpiresIn {
            seconds: 4,
            client_id: Some(client.clone()),
        });
    }
    harness.integrate("acme", "acme-oauth", json!({})).await;
    harness.integrate("clock", "clock-oauth", json!({})).await;
    let before = harness.until_ready("acme").await;
    harness.until_ready("clock").await;

    harness.change("acme", json!({"suspend": true})).await;
    let suspended = harness.until_message("acme", "Ready", "Suspended since").await;
    let mark = harness.sandbox.mark();
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
    harness.ask("acme").await;
    // The other integration, whose tokens last as long, shows how much time went by.
    let refreshes = |requests: &[devkit::sandbox::Request]| {
        requests
            .iter()
            .filter(|r| r.client_id.as_ref() == Some(&clock.client_id))
            .count()
    };
    harness
        .sandbox
        .wait_for_requests(mark, |requests| refreshes(requests) >= 4)
        .await;
    let own = harness
        .sandbox
        .requests_since(mark)
        .into_iter()
        .find(|r| r.client_id.as_ref() != Some(&clock.client_id));
    assert!(own.is_none(), "it asked for {own:?}");
    let published = harness.secret("acme-jira-token").await.unwrap();
    let expires: Timestamp = published["expires-at"].parse().unwrap();
    assert!(expires < Timestamp::now(), "its token is left to expire");
    let asked = harness.integration("acme").await;
    assert!(
        asked.status.unwrap().last_handled_reconcile_at.is_none(),
        "a request does not override it"
    );

    harness.change("acme", json!({"suspend": false})).await;
    let answered = |o: &JiraIntegration| {
        o.status
            .as_ref()
            .is_some_and(|status| status.last_handled_reconcile_at.is_some())
    };
    let resumed = harness
        .until("acme", "resumed", |o| observed(o) && is_ready(o) && answered(o))
        .await;
    assert!(!condition(&resumed, "Ready").message.contains("Suspended"));
    let status = resumed.status.as_ref().unwrap();
    assert!(status.suspended_since.is_none());
    harness
        .until_secret("acme-jira-token", "refreshed", |data| {
            data["access-token"] != published["access-token"]
        })
        .await;
    harness.close().await;
}

async fn suspended_from_the_start(cluster: Arc<Cluster>) {
    let (harness, _) = opened(&cluster, "asleep", Setup::default()).await;
    harness.integrate("acme", "acme-oauth", json!({"suspend": true})).await;
    let found = harness.until_message("acme", "Ready", "Suspended since").await;
    assert_condition(&found, "Ready", "Unknown", "NotChecked", &["not checked yet"]);
    for type_ in [
        "Authorized",
        "SiteReachable",
        "ScopesGranted",
        "AccountEligible",
        "ProjectsAccessible",
        "Synced",
    ] {
        assert_condition(&found, type_, "Unknown", "NotChecked", &[]);
    }
    assert_absent(&found, "Stalled");
    assert_absent(&found, "Reconciling");
    assert!(observed(&found), "the spec was taken note of");
    assert!(
        harness.sandbox.requests().is_empty() && harness.secret("acme-oauth-grant").await.is_none(),
        "nothing is spent"
    );
    assert!(harness.secret("acme-jira-token").await.is_none());

    harness.change("acme", json!({"suspend": false})).await;
    harness.until_ready("acme").await;
    assert_eq!(harness.exchanges(), 1);
    harness.close().await;
}

async fn idle_expiry(cluster: Arc<Cluster>) {
    let mut harness = Harness::set_up(
        &cluster,
        "idle",
        Setup {
            without_operator: true,
            ..Setup::default()
        },
    )
    .await;
    for (name, days) in [("soon", 10), ("later", 20)] {
        harness.integrate(name, "acme-oauth", json!({"suspend": true})).await;
        let now = Timestamp::from_second(Timestamp::now().as_second()).unwrap();
        let at = |days: i64| (now + SignedDuration::from_hours(24 * days)).to_string();
        let token = json!({"secretName": "t", "expiresAt": at(days - 90), "refreshedAt": at(days - 90), "grantIdleExpiresAt": at(days)});
        let patch = Patch::Merge(json!({"status": {"token": token}}));
        harness
            .integrations()
            .patch_status(name, &PatchParams::default(), &patch)
            .await
            .expect("the status is set");
    }
    harness.start_operator();
    let warning = harness.until_event("soon", "GrantIdleExpiry").await;
    assert_eq!(warning.type_.as_deref(), Some("Warning"));
    let note = warning.note.unwrap_or_default();
    let day = (Timestamp::now() + SignedDuration::from_hours(240))
        .strftime("%Y-%m-%d")
        .to_string();
    assert!(note.contains(&day) && note.contains("Resume the integration"), "{note}");

    // A second reconciliation over each: the one is not warned again, the other not at all.
    for name in ["soon", "later"] {
        harness.change(name, json!({"mode": "Observe"})).await;
        harness
            .until(name, "observed", |o| observed(o) && o.metadata.generation == Some(2))
            .await;
    }
    harness.change("soon", json!({"suspend": false})).await;
    harness.until_reason("soon", "Authorized", "CredentialsNotFound").await;
    assert_eq!(harness.events("later").await, Vec::<String>::new());
    let warned = harness.event_counts("soon").await;
    let times = warned
        .iter()
        .filter(|(reason, _)| reason == "GrantIdleExpiry")
        .map(|(_, times)| times);
    assert_eq!(times.sum::<i32>(), 1, "it is said once");
    assert!(harness.sandbox.requests().is_empty());
    harness.close().await;
}

/// Credentials with a grant that was given the reading scopes only.
async fn connect_for_reading(harness: &Harness) {
    let app = harness.sandbox.create_app().unwrap();
    let reading = [
        "read:jira-user",
        "read:jira-work",
        "read:servicedesk-request",
        "offline_access",
    ]
    .map(str::to_owned);
    let tokens = harness.sandbox.mint_as(Command::MintGrant {
        client_id: Some(app.client_id.clone()),
        account: None,
        sites: None,
        scopes: Some(reading.into()),
        online: false,
    });
    let token = tokens.unwrap().refresh_token;
    harness
        .put_credentials(&harness.namespace, "acme-oauth", &app, Some(&token))
        .await;
}

/// Takes a permission in project ENG from the account.
fn revoke(harness: &Harness, permission: &str) {
    harness.jira(Command::RevokePermission {
        site: None,
        project: "ENG".into(),
        permission: permission.into(),
        account: None,
        holder: None,
    });
}

async fn observing(cluster: Arc<Cluster>) {
    let harness = Harness::open(&cluster, "observe").await;
    connect_for_reading(&harness).await;
    let spec = json!({"projects": [{"key": "SUP"}, {"key": "ENG"}], "tickets": {}});
    harness.integrate("acme", "acme-oauth", spec).await;
    harness.until_reason("acme", "ScopesGranted", "ScopesMissing").await;
    let writing = harness.request("acme").await;
    let reported = ["write:jira-work (to write issues)", "developer console"];
    assert_condition(&writing, "ScopesGranted", "False", "ScopesMissing", &reported);
    assert_condition(&writing, "Ready", "False", "ScopesMissing", &[]);

    harness.change("acme", json!({"tickets": null})).await;
    let ready = harness.until_ready("acme").await;
    assert_condition(&ready, "ScopesGranted", "True", "AllScopesGranted", &[]);
    for permission in ["CREATE_ISSUES", "EDIT_ISSUES", "ADD_COMMENTS", "TRANSITION_ISSUES"] {
        revoke(&harness, permission);
    }
    let lacking = harness.request("acme").await;
    assert!(is_ready(&lacking), "nor are the permissions for writing needed");
    assert_eq!(harness.project_reasons().await["acme-eng"], "Usable");
    let mut writes = harness.sandbox.requests();
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

    revoke(&harness, "BROWSE_PROJECTS");
    let blocked = harness.request("acme").await;
    assert_condition(&blocked, "ProjectsAccessible", "False", "SomeProjectsBlocked", &["ENG"]);
    harness.jira(Command::GrantPermission {
        site: None,
        project: "ENG".into(),
        permission: "BROWSE_PROJECTS".into(),
        account: None,
        holder: None,
    });
    assert!(is_ready(&harness.request("acme").await));
    harness.close().await;
}
