//! What goes wrong with the directory of people: it holds nothing back, and nobody leaves by it.

use std::{collections::BTreeMap, sync::Arc};

use axum::http::{Method, StatusCode};
use devkit::{
    proxy::{Action, Rule},
    sandbox::{Command, FaultAction, FaultRule, When},
};
use jira_operator::api::integration::JiraIntegration;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use serde_json::json;

use super::{Scenario, scenario};
use crate::{
    cluster::Cluster,
    harness::{
        BOT, Harness, Setup,
        actions::connected,
        assertions::assert_condition,
        directory::{BY_ID, LIST, asked, is_complete, trouble, users, wanted},
        observe::is_ready,
    },
};

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("directory::nobody_leaves_by_a_failure", failures),
        scenario("directory::nobody_leaves_by_a_false_answer", false_answers),
        scenario("directory::the_cluster_refuses", refused),
    ]
}

/// A failing list, a lost permission, text that is none, and a removed object.
async fn failures(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "directory-failures", wanted()).await;
    harness.until_listed().await;
    let people = harness.people().await;

    let refused = FaultAction::Html { code: 502 };
    let _ = harness.sandbox.fault(FaultRule::path(LIST, When::Before, refused));
    harness.request("acme").await;
    let reported = harness
        .until("acme", "one that tells of trouble", |o| {
            users(o).is_some_and(|u| u.last_error.is_some())
        })
        .await;
    harness.until_event("acme", "DirectoryOutdated").await;
    assert!(is_ready(&reported), "it holds nothing back");
    assert_condition(&reported, "Synced", "True", "SyncSucceeded", &[]);
    assert_eq!(harness.people().await, people);
    harness.jira(Command::ClearFaults);
    harness.list_again().await;
    let recovered = harness
        .until("acme", "one without trouble", |o| {
            users(o).is_some_and(|u| u.last_error.is_none() && is_complete(u))
        })
        .await;
    assert!(is_ready(&recovered));

    let may_browse = |held| Command::SetGlobalPermission {
        site: None,
        account: Some(BOT.into()),
        permission: "USER_PICKER".into(),
        held,
    };
    harness.jira(may_browse(false));
    let mark = harness.sandbox.mark();
    let denied = harness.request("acme").await;
    assert_condition(&denied, "DirectoryReadable", "False", "UserBrowsingDenied", &[]);
    assert_eq!(asked(&harness, mark, LIST), 0);
    assert_eq!(harness.people().await, people, "it keeps what it has");
    harness.jira(may_browse(true));

    let api: Api<ConfigMap> = harness.all();
    let spoiled = json!({"data": {"users.json": "{spoiled"}});
    let (params, patch) = (kube::api::PatchParams::default(), kube::api::Patch::Merge(spoiled));
    api.patch("acme-users-0", &params, &patch).await.unwrap();
    harness.list_again().await;
    assert_eq!(harness.people().await, people, "what a person spoiled is fixed");
    harness.delete::<ConfigMap>("acme-users-0").await;
    harness.list_again().await;
    assert_eq!(harness.people().await, people, "what a person removed is made anew");
    harness.close().await;
}

/// Jira answers what cannot be: a list without anybody, one that goes round in circles, and people
/// unknown by their ids.
async fn false_answers(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "directory-false", wanted()).await;
    let before = harness.until_listed().await;
    let people = harness.people().await;
    let answer = |path: &str, body: &str| {
        let action = FaultAction::Status {
            code: 200,
            headers: BTreeMap::default(),
            body: body.into(),
        };
        let _ = harness.sandbox.fault(FaultRule::path(path, When::Before, action));
    };

    answer(LIST, "[]");
    let mark = harness.sandbox.mark();
    let empty = harness.list_again().await;
    assert_eq!(
        asked(&harness, mark, BY_ID),
        1,
        "whom the list left out was asked for by id"
    );
    assert_eq!(harness.people().await, people);
    assert_eq!(empty.active, before.active);

    answer(BY_ID, r#"{"isLast": true, "values": []}"#);
    harness.request("acme").await;
    let says =
        |part: &'static str| move |o: &JiraIntegration| trouble(o).is_some_and(|reported| reported.contains(part));
    harness
        .until("acme", "one that mistrusts this", says("own account"))
        .await;
    assert_eq!(harness.people().await, people);

    harness.jira(Command::ClearFaults);
    answer(LIST, r#"[{"accountId": "1", "accountType": "app"}]"#);
    harness.request("acme").await;
    harness.until("acme", "one that sees the circle", says("circles")).await;
    assert_eq!(harness.people().await, people);

    harness.jira(Command::ClearFaults);
    harness.request("acme").await;
    harness
        .until("acme", "one without trouble", |o| trouble(o).is_none())
        .await;
    harness.until_listed().await;
    assert_eq!(harness.people().await, people);
    harness.close().await;
}

/// A namespace that takes no more `ConfigMap`s: nothing else suffers, and Jira is not asked for the
/// whole list again and again.
async fn refused(cluster: Arc<Cluster>) {
    let setup = Setup::proxied(true);
    let harness = Harness::set_up(&cluster, "directory-refused", setup).await;
    let start = harness.sandbox.mark();
    let action = Action::Refuse {
        status: StatusCode::FORBIDDEN,
        reason: "Forbidden".into(),
        message: "exceeded quota: few-configmaps".into(),
    };
    let rule = Rule::new(action).method(Method::POST).path_contains("/configmaps");
    let rule = harness.proxy.as_ref().unwrap().add(rule);
    // The chart's default: no right to ConfigMaps at all.
    let message = r#"configmaps is forbidden: User "system:serviceaccount:a:b" cannot list resource "configmaps" in API group "" in the namespace "a""#;
    let action = Action::Refuse {
        status: StatusCode::FORBIDDEN,
        reason: "Forbidden".into(),
        message: message.into(),
    };
    let forbidden = harness
        .proxy
        .as_ref()
        .unwrap()
        .add(Rule::new(action).path_contains("/configmaps"));
    harness.connect("acme-oauth").await;
    harness.integrate("acme", "acme-oauth", wanted()).await;
    let says_right = |o: &JiraIntegration| trouble(o).is_some_and(|t| t.contains("userDirectory.enabled"));
    let reported = harness
        .until("acme", "one that tells which right is lacking", says_right)
        .await;
    assert!(is_ready(&reported), "it holds nothing back");
    assert_eq!(asked(&harness, start, LIST), 0, "nothing is read that cannot be kept");
    forbidden.remove();
    harness.request("acme").await;
    let says =
        |o: &JiraIntegration| trouble(o).is_some_and(|t| t.contains("acme-users-0") && t.contains("few-configmaps"));
    let reported = harness.until("acme", "one that tells what was refused", says).await;
    assert!(is_ready(&reported));
    assert_condition(&reported, "Synced", "True", "SyncSucceeded", &[]);
    assert_eq!(
        users(&reported).and_then(|users| users.next_offset),
        Some(0),
        "what was read is read again"
    );
    rule.remove();
    let status = harness.list_again().await;
    assert!(status.last_error.is_none() && status.config_maps == 1, "{status:?}");
    assert!(harness.people().await.contains_key("Dana Developer"));
    harness.close().await;
}
