//! Service desks that cannot be asked, and troubles that nobody asks about: the clock alone brings
//! what is told of them and what mends them.

use std::sync::Arc;

use devkit::sandbox::{Command, FaultAction, FaultRule, Request, RequestTypeChange, When};
use jira_operator::api::integration::JiraIntegration;
use serde_json::json;

use super::{Story, lasting, story};
use crate::{
    plane::Plane,
    stage::{
        claim::{claim, claim_absent},
        hands::connected,
        look::condition,
        trouble::told,
    },
};

pub fn stories() -> Vec<Story> {
    vec![
        story("causes::only_service_management_is_down", desks_down),
        lasting("causes::an_unwell_desk_heals_by_the_clock", by_the_clock),
    ]
}

async fn desks_down(plane: Arc<Plane>) {
    let stage = connected(&plane, "desks-down", json!({})).await;
    let action = FaultAction::Html { code: 503 };
    let rule = FaultRule::path("/rest/servicedeskapi/", When::Before, action);
    let before = stage.project_versions().await;
    let named = ["could not be asked", "HTTP status 503", "tried again by itself"];
    let says = told("acme", "ServiceDesksReady", "SiteUnavailable", &named);
    stage.suffers(Command::AddFault { rule }, &[says]).await;
    let down = stage.integration("acme").await;
    claim(&down, "Ready", "True", "Connected", &["Jira could not be asked"]);
    claim(&down, "Synced", "True", "SyncSucceeded", &[]);
    claim_absent(&down, "Reconciling");
    // Its projects keep their last answer and are not rewritten.
    assert_eq!(stage.project_versions().await, before);
    stage
        .claim_project("acme-sup", "ServiceDeskReady", "True", "ServiceDeskUsable", &[])
        .await;

    // One that is connected meanwhile knows nothing of its desks, and says so.
    stage.integrate("new", "acme-oauth", json!({})).await;
    let new = stage.until_ready("new").await;
    claim(&new, "ServiceDesksReady", "Unknown", "SiteUnavailable", &named);
    stage
        .claim_project(
            "new-sup",
            "ServiceDeskReady",
            "Unknown",
            "NotChecked",
            &["did not answer"],
        )
        .await;

    stage.jira(Command::ClearFaults);
    for name in ["acme", "new"] {
        let up = stage.request(name).await;
        claim(&up, "ServiceDesksReady", "True", "AllServiceDesksReady", &[]);
    }
    assert_eq!(stage.project_versions().await.len(), before.len() * 2);
    stage.claim_project("new-sup", "Ready", "True", "Usable", &[]).await;
    stage.close().await;
}

fn in_portal(shown: bool) -> Command {
    Command::ChangeRequestType(RequestTypeChange {
        site: None,
        project: "SUP".into(),
        request_type: None,
        group_ids: Some(if shown { vec!["1".into()] } else { Vec::new() }),
        restricted: None,
        creatable: Some(shown),
    })
}

fn last_sync(object: &JiraIntegration) -> Option<jiff::Timestamp> {
    let sync = object.status.as_ref()?.sync.as_ref()?;
    sync.last_sync_time.as_ref().map(|time| time.0)
}

/// What was asked, in order.
fn asked(calls: &[Request]) -> Vec<&str> {
    calls.iter().filter_map(|call| call.path.rsplit('/').next()).collect()
}

/// Three passes that nobody asks for: nothing changed, which costs three calls; people may not be
/// looked up any more; all is well.
async fn by_the_clock(plane: Arc<Plane>) {
    let named = json!([{"key": "SUP"}, {"key": "ENG"}, {"key": "OPS"}, {"key": "ITS"}]);
    let stage = connected(&plane, "by-the-clock", json!({"syncInterval": "1m", "projects": named})).await;
    stage.jira(in_portal(false));
    let blocked = stage.request("acme").await;
    claim(
        &blocked,
        "ServiceDesksReady",
        "False",
        "SomeServiceDesksBlocked",
        &["SUP"],
    );
    let (mark, versions) = (stage.sandbox.mark(), stage.project_versions().await);
    let events = stage.event_counts("acme").await;
    let last = last_sync(&blocked);
    let again = stage.until("acme", "looked at again", |o| last_sync(o) != last).await;
    let calls = stage.calls_since(mark);
    assert_eq!(asked(&calls), ["check", "requesttype", "article"]);
    assert_eq!(stage.project_versions().await, versions);
    assert_eq!(stage.event_counts("acme").await, events, "nothing is told twice");
    for condition_before in &blocked.status.as_ref().unwrap().conditions {
        assert_eq!(condition(&again, &condition_before.type_), condition_before);
    }

    stage.jira(Command::SetGlobalPermission {
        site: None,
        account: None,
        permission: "USER_PICKER".into(),
        held: false,
    });
    stage
        .until_reason("acme", "DirectoryReadable", "UserBrowsingDenied")
        .await;
    stage.jira(Command::SetGlobalPermission {
        site: None,
        account: None,
        permission: "USER_PICKER".into(),
        held: true,
    });
    stage.jira(in_portal(true));
    let well = |o: &JiraIntegration| {
        let is = |type_: &str| condition(o, type_).status == "True";
        is("ServiceDesksReady") && is("DirectoryReadable")
    };
    let healed = stage.until("acme", "healed by the clock", well).await;
    claim(&healed, "Ready", "True", "Connected", &[]);
    stage.claim_project("acme-sup", "Ready", "True", "Usable", &[]).await;
    stage
        .until_events("acme-sup", &["RequestTypesHidden", "ServiceDeskUsable"])
        .await;
    stage.close().await;
}
