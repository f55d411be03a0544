//! An upgrade: objects that the version before wrote, under its definitions, with its field managers. Under the new ones
//! they stay readable, lose what is no longer said, and are not judged anew for it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use devkit::control_plane::{AuditTail, Stage};
use jiff::{SignedDuration, Timestamp};
use jira_operator::{
    api::{integration::JiraIntegration, names::MANAGER, project::JiraProject},
    atlassian::secret::Secret as Token,
};
use k8s_openapi::api::{core::v1::Secret, events::v1::Event};
use kube::{
    Api, ResourceExt,
    api::{ApiResource, DynamicObject, GroupVersionKind, ListParams, Patch, PatchParams, PostParams},
};
use serde_json::{Value, json};

use super::{Scenario, scenario};
use crate::{
    cluster::{Cluster, RELEASE},
    coverage,
    harness::{Harness, SITE, Setup, observe::condition},
};

/// The definitions of the version before.
const DEFINITIONS: &str = include_str!("../upgrade/crds.yaml");
/// An integration with a mirror and with a directory that cannot be listed, its projects, issues and Secrets, as that
/// version wrote them after two reconciliations: of OPS the account may not edit issues, and a request type of SUP
/// cannot be used. What stands in `${}` is of the run: `now+9` is nine seconds from now, and values of Secrets are
/// not kept.
const OBJECTS: &str = include_str!("../upgrade/objects.json");
/// When the sandbox of that run began, which dates the issues.
const JIRA_SINCE: &str = "2026-11-30T12:52:26.290Z";
/// The sandbox of that run.
const JIRA: [&str; 3] = [
    r#"{"command": "changeRequestType", "project": "SUP", "requestType": "Ask a question", "groupIds": [], "creatable": false}"#,
    r#"{"command": "revokePermission", "project": "OPS", "permission": "EDIT_ISSUES"}"#,
    r#"{"command": "addFault", "rule": {"path": "/rest/api/3/users/search", "action": {"kind": "html", "code": 502}}}"#,
];
/// The audit log may learn of a write after the object shows it.
const AUDITED_WITHIN: Duration = Duration::from_secs(10);
const AUDIT_AGAIN: Duration = Duration::from_millis(50);
/// Fields of statuses that have other names now.
const FORMER: [&str; 3] = ["declaredAs", "trouble", "hinderedBy"];

pub fn scenarios() -> Vec<Scenario> {
    vec![scenario(
        "upgrade::objects_of_the_version_before_are_read_and_not_judged_anew",
        upgrade,
    )]
}

async fn upgrade(cluster: Arc<Cluster>) {
    let own = cluster.another().await;
    own.apply(DEFINITIONS).await.expect("the earlier definitions");
    let setup = Setup {
        without_operator: true,
        jira_since: Some(JIRA_SINCE.parse().expect("a time")),
        ..Setup::default()
    };
    let mut harness = Harness::set_up(&own, "upgrade", setup).await;
    for command in JIRA {
        harness.command(serde_json::from_str(command).expect("a command"));
    }
    restore(&harness).await;
    own.apply_definitions().await.expect("the definitions");

    let (judged, versions) = (judgements(&harness).await, versions(&harness).await);
    let last = last_sync(&harness.integration("acme").await);
    let mark = harness.sandbox.mark();
    harness.start_operator();
    let taken_over = harness
        .until("acme", "one that was synchronised again", |o| last_sync(o) > last)
        .await;
    let calls = harness.calls_since(mark);
    let asked: BTreeSet<&str> = calls
        .iter()
        .filter_map(|call| call.path.split("/rest/api/3/").nth(1))
        .collect();
    let incremental = ["permissions/check", "search/jql", "users/search"];
    assert_eq!(asked, incremental.into(), "what a pass asks where nothing is new");
    assert_eq!(judgements(&harness).await, judged);
    assert_eq!(self::versions(&harness).await, versions, "nothing else is written");
    says_it_by_the_new_names(&taken_over);

    // What the mode asked of the account, tickets ask.
    harness.change("acme", json!({"tickets": {}})).await;
    let looked_through = harness.request("acme").await;
    assert_eq!(judgements(&harness).await, judged, "a full pass finds the same");
    says_it_by_the_new_names(&looked_through);
    let desk = harness.project("acme-sup").await.status.expect("a status");
    let types = desk.request_types;
    let blocked = types
        .iter()
        .find(|kind| kind.name == "Ask a question")
        .expect("the type");
    assert_eq!(blocked.blocked_by, ["Hidden", "NotCreatable"]);
    for object in stored(&harness).await {
        let status = object.data["status"].to_string();
        for name in FORMER {
            assert!(
                !status.contains(&format!("\"{name}\"")),
                "{} still says {name}",
                object.name_any()
            );
        }
    }
    assert_eq!(harness.exchanges(), 1, "no token is spent for it");
    let events = harness.all::<Event>().list(&ListParams::default()).await;
    let events: Vec<_> = events.expect("events").into_iter().map(|event| event.reason).collect();
    assert!(events.is_empty(), "nothing happened: {events:?}");
    fields_are_taken_over(&own, &harness).await;
    parts_are_taken_over(&harness).await;
    harness.close().await;
    coverage::end(own).await;
}

/// What the version before wrote belongs to another field manager. Once it is no longer said it goes, by one write more
/// than later changes take.
async fn fields_are_taken_over(cluster: &Cluster, harness: &Harness) {
    let (issue, project) = (("JiraIssue", "acme-eng-1"), ("JiraProject", "acme-eng"));
    let field = |status: &Value, name: &str| status.get(name).cloned();
    let earlier = Patch::Merge(json!({"status": {"missingSince": "2026-11-30T12:00:00Z"}}));
    let (api, params) = (api(harness, project.0), PatchParams::default());
    api.patch_status(project.1, &params, &earlier)
        .await
        .expect("it is written");
    assert!(field(&status(harness, issue).await, "reporter").is_some());

    let mut audit = cluster.control.audit().tail().expect("the audit log can be read");
    harness.command(json!({"command": "updateIssue", "issue": "ENG-1", "reporter": ""}));
    harness.command(json!({"command": "revokePermission", "project": "ENG", "permission": "EDIT_ISSUES"}));
    harness.request("acme").await;
    assert_eq!(field(&status(harness, project).await, "missingSince"), None);
    assert_eq!(field(&status(harness, issue).await, "reporter"), None);
    assert_eq!(writes(harness, &mut audit, [issue, project], 4).await, [2, 2]);

    harness.command(json!({"command": "updateIssue", "issue": "ENG-1", "priority": ""}));
    harness.command(json!({"command": "grantPermission", "project": "ENG", "permission": "EDIT_ISSUES"}));
    harness.request("acme").await;
    assert_eq!(field(&status(harness, issue).await, "priority"), None);
    assert_eq!(
        writes(harness, &mut audit, [issue, project], 3).await,
        [2, 1],
        "priority was the version's before too"
    );

    harness.command(json!({"command": "updateIssue", "issue": "ENG-1", "priority": "High"}));
    harness.request("acme").await;
    harness.command(json!({"command": "updateIssue", "issue": "ENG-1", "priority": ""}));
    harness.request("acme").await;
    assert_eq!(field(&status(harness, issue).await, "priority"), None);
    assert_eq!(
        writes(harness, &mut audit, [issue, project], 2).await,
        [2, 0],
        "one write for each change"
    );
}

/// Where the version before still owns a part of something that goes, what is left of it would lack what it needs.
async fn parts_are_taken_over(harness: &Harness) {
    let (ops, eng) = (("JiraProject", "acme-ops"), ("JiraProject", "acme-eng"));
    let stalled = |status: &Value| {
        let all = status["conditions"].as_array().cloned().unwrap_or_default();
        all.into_iter().find(|condition| condition["type"] == "Stalled")
    };
    let before = stalled(&status(harness, ops).await).expect("it was stalled before");
    // Its message changes, and its type stays the former manager's; then it goes.
    harness.command(json!({"command": "revokePermission", "project": "OPS", "permission": "CREATE_ISSUES"}));
    harness.request("acme").await;
    let changed = stalled(&status(harness, ops).await).expect("it is stalled");
    assert_ne!(changed["message"], before["message"]);
    for permission in ["CREATE_ISSUES", "EDIT_ISSUES"] {
        harness.command(json!({"command": "grantPermission", "project": "OPS", "permission": permission}));
    }
    // The counts of a project change, and it is archived.
    harness.command(json!({"command": "addIssues", "project": "ENG", "count": 1}));
    let after = harness.request("acme").await;
    assert_eq!(
        stalled(&status(harness, ops).await),
        None,
        "{:?}\n{}",
        condition(&after, "Synced"),
        harness.log_tail()
    );
    harness.assert_project("acme-ops", "Ready", "True", "Usable", &[]).await;
    harness.command(json!({"command": "archiveProject", "project": "ENG"}));
    harness.request("acme").await;
    harness
        .assert_project("acme-eng", "Ready", "False", "ProjectArchived", &[])
        .await;
    assert_eq!(status(harness, eng).await.get("issues"), None);
}

async fn status(harness: &Harness, (kind, name): (&str, &str)) -> Value {
    let object = api(harness, kind).get(name).await.expect("the object");
    object.data["status"].clone()
}

/// How often the operator wrote the status of these objects since it was asked last; so many writes are waited for.
async fn writes(harness: &Harness, audit: &mut AuditTail, objects: [(&str, &str); 2], all: usize) -> [usize; 2] {
    let mut counts = [0; 2];
    let counted = async {
        while counts.iter().sum::<usize>() < all {
            let entries = audit.read().expect("the audit log can be read").into_iter();
            let of_operator = entries.filter(|e| e.is_by_service_account(&harness.namespace, RELEASE) && e.is_write());
            for entry in of_operator.filter(|e| e.stage == Stage::ResponseComplete) {
                let is_it = |(_, name): &(&str, &str)| entry.name.as_deref() == Some(name);
                if let Some(index) = objects.iter().position(is_it) {
                    counts[index] += 1;
                }
            }
            tokio::time::sleep(AUDIT_AGAIN).await;
        }
    };
    let _ = tokio::time::timeout(AUDITED_WITHIN, counted).await;
    counts
}

fn says_it_by_the_new_names(integration: &JiraIntegration) {
    let status = integration.status.clone().expect("a status");
    let site = status.site.expect("the site");
    assert_eq!((site.spec_site.as_deref(), site.declared_as), (Some(SITE), None));
    let account = status.account.expect("the account");
    assert_eq!(account.spec_email.as_deref(), Some(crate::harness::BOT));
    let users = status.users.expect("the directory");
    assert!(users.last_error.is_some_and(|said| said.contains("502")) && users.trouble.is_none());
}

/// Applies the objects and writes their statuses.
async fn restore(harness: &Harness) {
    let mut values = secret_values(harness).await;
    let objects: Vec<Value> = serde_json::from_str(OBJECTS).expect("objects");
    for object in objects {
        let mut filled: DynamicObject = filled(&object, &values);
        let api = api(harness, filled.types.as_ref().expect("a kind").kind.as_str());
        let status = filled.data.as_object_mut().and_then(|data| data.remove("status"));
        let written = api
            .create(&PostParams::default(), &filled)
            .await
            .expect("it is created");
        let (name, uid) = (written.name_any(), written.uid().expect("a uid"));
        if name == "acme" {
            values.insert("integration-uid", uid);
        } else if name == "acme-oauth-grant" {
            values.insert("grant-uid", uid);
            let whole: Value = self::filled(&object, &values);
            let patched = api.patch(&name, &PatchParams::default(), &Patch::Merge(whole)).await;
            patched.expect("the grant knows its Secret");
        }
        let Some(status) = status else { continue };
        let written = if name == "acme" {
            let whole =
                json!({"apiVersion": "jira-operator.dev/v1alpha1", "kind": "JiraIntegration", "status": status});
            let params = PatchParams::apply(MANAGER).force();
            api.patch_status(&name, &params, &Patch::Apply(whole)).await
        } else {
            let whole = json!({"status": status});
            api.patch_status(&name, &PatchParams::default(), &Patch::Merge(whole))
                .await
        };
        written.expect("its status is written");
    }
}

/// What is put into the objects, and the Secret of a person with the token that was adopted.
async fn secret_values(harness: &Harness) -> BTreeMap<&'static str, String> {
    let app = harness.connect("acme-oauth").await;
    let adopted = harness.secret("acme-oauth").await.expect("the credentials")["refresh-token"].clone();
    let exchange = json!({
        "grant_type": "refresh_token", "client_id": app.client_id, "client_secret": app.client_secret,
        "refresh_token": adopted,
    });
    let url = format!("{}/oauth/token", harness.sandbox.url());
    let answer = reqwest::Client::new().post(url).json(&exchange).send().await;
    let tokens: Value = answer.expect("an answer").json().await.expect("tokens");
    let text = |key: &str| tokens[key].as_str().expect("a token").to_owned();
    BTreeMap::from([
        ("namespace", harness.namespace.clone()),
        ("sandbox", harness.sandbox.url().to_owned()),
        ("client-id", app.client_id),
        ("access-token", text("access_token")),
        ("refresh-token", text("refresh_token")),
        ("adopted-hash", Token::new(adopted).hash().as_str().to_owned()),
    ])
}

/// The object with its values put in.
fn filled<T: serde::de::DeserializeOwned>(object: &Value, values: &BTreeMap<&str, String>) -> T {
    let text = object.to_string();
    let mut parts = text.split("${");
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once('}').expect("a name");
        match name.strip_prefix("now") {
            Some(seconds) => {
                let seconds = seconds.parse().expect("seconds");
                let at = Timestamp::now() + SignedDuration::from_secs(seconds);
                filled.push_str(&at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
            }
            None => filled.push_str(values.get(name).map_or("", String::as_str)),
        }
        filled.push_str(rest);
    }
    serde_json::from_str(&filled).expect("an object")
}

fn api(harness: &Harness, kind: &str) -> Api<DynamicObject> {
    let (group, version) = match kind {
        "Secret" => ("", "v1"),
        _ => ("jira-operator.dev", "v1alpha1"),
    };
    let kind = GroupVersionKind::gvk(group, version, kind);
    let plural = format!("{}s", kind.kind.to_lowercase());
    let resource = ApiResource::from_gvk_with_plural(&kind, &plural);
    Api::namespaced_with(harness.client.clone(), &harness.namespace, &resource)
}

/// All objects of ours, as they are stored.
async fn stored(harness: &Harness) -> Vec<DynamicObject> {
    let mut all = Vec::new();
    for kind in ["JiraIntegration", "JiraProject", "JiraIssue"] {
        all.extend(api(harness, kind).list(&ListParams::default()).await.expect("objects"));
    }
    all
}

fn last_sync(object: &JiraIntegration) -> Option<Timestamp> {
    let sync = object.status.as_ref()?.sync.as_ref()?;
    sync.last_sync_time.as_ref().map(|time| time.0)
}

/// What conditions say, and since when.
async fn judgements(harness: &Harness) -> BTreeMap<String, Vec<(String, String, String, Timestamp)>> {
    let params = ListParams::default();
    let integrations = harness.integrations().list(&params).await.expect("integrations");
    let projects = harness.projects().list(&params).await.expect("projects");
    let of_integration = |i: JiraIntegration| (i.name_any(), i.status.unwrap_or_default().conditions);
    let of_project = |p: JiraProject| (p.name_any(), p.status.unwrap_or_default().conditions);
    let all = integrations.into_iter().map(of_integration);
    let all = all.chain(projects.into_iter().map(of_project));
    all.map(|(name, conditions)| {
        let judged = conditions.into_iter();
        let judged = judged.map(|c| (c.type_, c.status, c.reason, c.last_transition_time.0));
        (name, judged.collect())
    })
    .collect()
}

/// Versions of what an incremental reconciliation has no reason to write: projects, issues and Secrets.
async fn versions(harness: &Harness) -> BTreeMap<String, String> {
    let secrets = harness.all::<Secret>().list(&ListParams::default()).await;
    let secrets = secrets
        .expect("Secrets")
        .into_iter()
        .map(|s| (s.name_any(), s.resource_version()));
    let objects = stored(harness).await.into_iter();
    let objects = objects.filter(|o| o.types.as_ref().is_none_or(|t| t.kind != "JiraIntegration"));
    let objects = objects.map(|o| (o.name_any(), o.resource_version()));
    let all = secrets.chain(objects).filter(|(name, _)| name != "acme");
    all.map(|(name, version)| (name, version.unwrap_or_default())).collect()
}
