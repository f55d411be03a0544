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

use super::{Story, story};
use crate::{
    plane::Plane,
    stage::{
        BOT, Setup, Stage,
        claim::claim,
        directory::{BY_ID, LIST, asked, is_complete, trouble, users, wanted},
        hands::connected,
        look::is_ready,
    },
};

pub fn stories() -> Vec<Story> {
    vec![
        story("directory::nobody_leaves_by_a_failure", failures),
        story("directory::nobody_leaves_by_a_false_answer", false_answers),
        story("directory::the_cluster_refuses", refused),
    ]
}

/// A failing list, a lost permission, text that is none, and a removed object.
async fn failures(plane: Arc<Plane>) {
    let stage = connected(&plane, "directory-failures", wanted()).await;
    stage.until_listed().await;
    let people = stage.people().await;

    let refused = FaultAction::Html { code: 502 };
    let _ = stage.sandbox.fault(FaultRule::path(LIST, When::Before, refused));
    stage.request("acme").await;
    let told = stage
        .until("acme", "one that tells of trouble", |o| {
            users(o).is_some_and(|u| u.trouble.is_some())
        })
        .await;
    stage.until_event("acme", "DirectoryOutdated").await;
    assert!(is_ready(&told), "it holds nothing back");
    claim(&told, "Synced", "True", "SyncSucceeded", &[]);
    assert_eq!(stage.people().await, people);
    stage.jira(Command::ClearFaults);
    stage.list_again().await;
    let healed = stage
        .until("acme", "one without trouble", |o| {
            users(o).is_some_and(|u| u.trouble.is_none() && is_complete(u))
        })
        .await;
    assert!(is_ready(&healed));

    let may_browse = |held| Command::SetGlobalPermission {
        site: None,
        account: Some(BOT.into()),
        permission: "USER_PICKER".into(),
        held,
    };
    stage.jira(may_browse(false));
    let mark = stage.sandbox.mark();
    let denied = stage.request("acme").await;
    claim(&denied, "DirectoryReadable", "False", "UserBrowsingDenied", &[]);
    assert_eq!(asked(&stage, mark, LIST), 0);
    assert_eq!(stage.people().await, people, "it keeps what it has");
    stage.jira(may_browse(true));

    let api: Api<ConfigMap> = stage.all();
    let spoiled = json!({"data": {"users.json": "{spoiled"}});
    let (params, patch) = (kube::api::PatchParams::default(), kube::api::Patch::Merge(spoiled));
    api.patch("acme-users-0", &params, &patch).await.unwrap();
    stage.list_again().await;
    assert_eq!(stage.people().await, people, "what a person spoiled is mended");
    stage.delete::<ConfigMap>("acme-users-0").await;
    stage.list_again().await;
    assert_eq!(stage.people().await, people, "what a person removed is made anew");
    stage.close().await;
}

/// Jira answers what cannot be: a list without anybody, one that goes round in circles, and people
/// unknown by their ids.
async fn false_answers(plane: Arc<Plane>) {
    let stage = connected(&plane, "directory-false", wanted()).await;
    let before = stage.until_listed().await;
    let people = stage.people().await;
    let answer = |path: &str, body: &str| {
        let action = FaultAction::Status {
            code: 200,
            headers: BTreeMap::default(),
            body: body.into(),
        };
        let _ = stage.sandbox.fault(FaultRule::path(path, When::Before, action));
    };

    answer(LIST, "[]");
    let mark = stage.sandbox.mark();
    let empty = stage.list_again().await;
    assert_eq!(
        asked(&stage, mark, BY_ID),
        1,
        "whom the list left out was asked for by id"
    );
    assert_eq!(stage.people().await, people);
    assert_eq!(empty.active, before.active);

    answer(BY_ID, r#"{"isLast": true, "values": []}"#);
    stage.request("acme").await;
    let says = |part: &'static str| move |o: &JiraIntegration| trouble(o).is_some_and(|told| told.contains(part));
    stage
        .until("acme", "one that mistrusts this", says("own account"))
        .await;
    assert_eq!(stage.people().await, people);

    stage.jira(Command::ClearFaults);
    answer(LIST, r#"[{"accountId": "1", "accountType": "app"}]"#);
    stage.request("acme").await;
    stage.until("acme", "one that sees the circle", says("circles")).await;
    assert_eq!(stage.people().await, people);

    stage.jira(Command::ClearFaults);
    stage.request("acme").await;
    stage
        .until("acme", "one without trouble", |o| trouble(o).is_none())
        .await;
    stage.until_listed().await;
    assert_eq!(stage.people().await, people);
    stage.close().await;
}

/// A namespace that takes no more `ConfigMap`s: nothing else suffers, and Jira is not asked for the
/// whole list again and again.
async fn refused(plane: Arc<Plane>) {
    let setup = Setup {
        proxied: true,
        ..Setup::default()
    };
    let stage = Stage::set_up(&plane, "directory-refused", setup).await;
    let start = stage.sandbox.mark();
    let action = Action::Refuse {
        status: StatusCode::FORBIDDEN,
        reason: "Forbidden".into(),
        message: "exceeded quota: few-configmaps".into(),
    };
    let rule = Rule::new(action).method(Method::POST).path_contains("/configmaps");
    let rule = stage.proxy.as_ref().unwrap().add(rule);
    // The chart's default: no right to ConfigMaps at all.
    let message = r#"configmaps is forbidden: User "system:serviceaccount:a:b" cannot list resource "configmaps" in API group "" in the namespace "a""#;
    let action = Action::Refuse {
        status: StatusCode::FORBIDDEN,
        reason: "Forbidden".into(),
        message: message.into(),
    };
    let forbidden = stage
        .proxy
        .as_ref()
        .unwrap()
        .add(Rule::new(action).path_contains("/configmaps"));
    stage.connect("acme-oauth").await;
    stage.integrate("acme", "acme-oauth", wanted()).await;
    let says_right = |o: &JiraIntegration| trouble(o).is_some_and(|t| t.contains("userDirectory.enabled"));
    let told = stage
        .until("acme", "one that tells which right is lacking", says_right)
        .await;
    assert!(is_ready(&told), "it holds nothing back");
    assert_eq!(asked(&stage, start, LIST), 0, "nothing is read that cannot be kept");
    forbidden.remove();
    stage.request("acme").await;
    let says =
        |o: &JiraIntegration| trouble(o).is_some_and(|t| t.contains("acme-users-0") && t.contains("few-configmaps"));
    let told = stage.until("acme", "one that tells what was refused", says).await;
    assert!(is_ready(&told));
    claim(&told, "Synced", "True", "SyncSucceeded", &[]);
    assert_eq!(
        users(&told).and_then(|users| users.next_offset),
        Some(0),
        "what was read is read again"
    );
    rule.remove();
    let status = stage.list_again().await;
    assert!(status.trouble.is_none() && status.config_maps == 1, "{status:?}");
    assert!(stage.people().await.contains_key("Dana Developer"));
    stage.close().await;
}
