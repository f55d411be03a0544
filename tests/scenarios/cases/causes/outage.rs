//! Service desks that cannot be asked, and problems that nobody asks about: the clock alone brings
//! what is said of them and what fixes them.

use std::sync::Arc;

use devkit::sandbox::{Command, FaultAction, FaultRule, Request, When};
use jira_operator::api::integration::JiraIntegration;
use serde_json::json;

use super::{jira, people::browsing};
use crate::{
    cluster::Cluster,
    harness::{
        actions::connected,
        assertions::{assert_absent, assert_condition},
        observe::condition,
        problem::{Change, expect},
    },
};

pub(super) async fn desks_down(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "desks-down", json!({})).await;
    let action = FaultAction::Html { code: 503 };
    let rule = FaultRule::path("/rest/servicedeskapi/", When::Before, action);
    let before = harness.project_versions().await;
    let named = ["could not be asked", "HTTP status 503", "tried again by itself"];
    let says = expect("acme", "ServiceDesksReady", "SiteUnavailable", &named);
    harness.broken_by(Command::AddFault { rule }, &[says]).await;
    let down = harness.integration("acme").await;
    assert_condition(&down, "Ready", "True", "Connected", &["Jira could not be asked"]);
    assert_condition(&down, "Synced", "True", "SyncSucceeded", &[]);
    assert_absent(&down, "Reconciling");
    // Its projects keep their last answer and are not rewritten.
    assert_eq!(harness.project_versions().await, before);
    harness
        .assert_project("acme-sup", "ServiceDeskReady", "True", "ServiceDeskUsable", &[])
        .await;

    // One that is connected meanwhile knows nothing of its desks, and says so.
    harness.integrate("new", "acme-oauth", json!({})).await;
    let new = harness.until_ready("new").await;
    assert_condition(&new, "ServiceDesksReady", "Unknown", "SiteUnavailable", &named);
    harness
        .assert_project(
            "new-sup",
            "ServiceDeskReady",
            "Unknown",
            "NotChecked",
            &["did not answer"],
        )
        .await;

    harness.jira(Command::ClearFaults);
    for name in ["acme", "new"] {
        let up = harness.request(name).await;
        assert_condition(&up, "ServiceDesksReady", "True", "AllServiceDesksReady", &[]);
    }
    assert_eq!(harness.project_versions().await.len(), before.len() * 2);
    harness.assert_project("new-sup", "Ready", "True", "Usable", &[]).await;
    harness.close().await;
}

fn in_portal(shown: bool) -> Change {
    let groups = if shown { vec!["1"] } else { Vec::new() };
    jira([json!({"command": "changeRequestType", "project": "SUP", "groupIds": groups, "creatable": shown})])
}

fn last_sync(object: &JiraIntegration) -> Option<jiff::Timestamp> {
    let sync = object.status.as_ref()?.sync.as_ref()?;
    sync.last_sync_time.as_ref().map(|time| time.0)
}

/// What was asked, in order.
fn asked(calls: &[Request]) -> Vec<&str> {
    calls.iter().filter_map(|call| call.path.rsplit('/').next()).collect()
}

/// Three reconciliations that nobody asks for: nothing changed, which costs three calls; people may not be
/// looked up any more; all is well.
pub(super) async fn by_the_clock(cluster: Arc<Cluster>) {
    let named = json!([{"key": "SUP"}, {"key": "ENG"}, {"key": "OPS"}, {"key": "ITS"}]);
    let harness = connected(
        &cluster,
        "by-the-clock",
        json!({"syncInterval": "1m", "projects": named}),
    )
    .await;
    harness.make(in_portal(false)).await;
    let blocked = harness.request("acme").await;
    assert_condition(
        &blocked,
        "ServiceDesksReady",
        "False",
        "SomeServiceDesksBlocked",
        &["SUP"],
    );
    let (mark, versions) = (harness.sandbox.mark(), harness.project_versions().await);
    let events = harness.event_counts("acme").await;
    let last = last_sync(&blocked);
    let again = harness.until("acme", "looked at again", |o| last_sync(o) != last).await;
    let calls = harness.calls_since(mark);
    assert_eq!(asked(&calls), ["check", "requesttype", "article"]);
    assert_eq!(harness.project_versions().await, versions);
    assert_eq!(harness.event_counts("acme").await, events, "nothing is told twice");
    for condition_before in &blocked.status.as_ref().unwrap().conditions {
        assert_eq!(condition(&again, &condition_before.type_), condition_before);
    }

    harness.make(jira([browsing(false)])).await;
    harness
        .until_reason("acme", "DirectoryReadable", "UserBrowsingDenied")
        .await;
    harness.make(jira([browsing(true)])).await;
    harness.make(in_portal(true)).await;
    let well = |o: &JiraIntegration| {
        let is = |type_: &str| condition(o, type_).status == "True";
        is("ServiceDesksReady") && is("DirectoryReadable")
    };
    let recovered = harness.until("acme", "recovered by the clock", well).await;
    assert_condition(&recovered, "Ready", "True", "Connected", &[]);
    harness.assert_project("acme-sup", "Ready", "True", "Usable", &[]).await;
    harness
        .until_events("acme-sup", &["RequestTypesHidden", "ServiceDeskUsable"])
        .await;
    harness.close().await;
}
