//! Issues come into the cluster: created, changed, closed, moved, deleted; and what keeps them out.

use std::{collections::BTreeMap, sync::Arc};

use jira_operator::api::{
    issue::{JiraIssue, JiraIssueSpec},
    names::{ORIGIN_LABEL, ORIGIN_MIRROR},
};
use kube::{
    ResourceExt,
    api::{Patch, PatchParams, PostParams},
};
use serde_json::json;

use super::{Story, story};
use crate::{
    plane::Plane,
    stage::{Stage, claim::claim, look::is_ready},
};

pub fn stories() -> Vec<Story> {
    vec![
        story("issues::they_arrive_change_and_leave", life),
        story("issues::more_than_there_may_be_objects", truncated),
        story("issues::a_jql_narrows_them_and_a_wrong_one_is_told", narrowed),
        story("issues::a_project_that_is_hidden_keeps_its_issues", hidden),
        story("issues::slices_go_on_after_a_kill", killed),
        story("issues::none_are_fetched_where_none_are_asked_for", none),
        story("issues::an_issue_of_nulls_and_one_of_emoji", odd),
        story("issues::somebody_deletes_an_object", deleted_object),
    ]
}

async fn life(plane: Arc<Plane>) {
    let stage = Stage::with_grant(&plane, "issues-life").await;
    stage.command(json!({"command": "addIssues", "project": "ENG", "count": 120, "varied": true}));
    let spec = json!({"projects": [{"key": "ENG"}], "issues": {"mirror": "All", "maxObjects": 1000}});
    stage.integrate("acme", "acme-oauth", spec).await;
    stage.until_ready("acme").await;
    let in_jira = || -> Vec<String> {
        let keys = stage.readable_keys().into_iter();
        keys.filter(|key| key.starts_with("ENG-")).collect()
    };
    stage
        .until_mirrored("as Jira", |mirrored| {
            mirrored.keys().cloned().collect::<Vec<_>>() == in_jira()
        })
        .await;
    let first = stage.mirrored().await;

    stage.command(json!({"command": "updateIssue", "issue": "ENG-1", "summary": "Changed in Jira", "status": "Done"}));
    stage.request("acme").await;
    let second = stage.mirrored().await;
    let changed = second["ENG-1"].status.as_ref().unwrap();
    assert_eq!(
        (changed.summary.as_str(), changed.phase.as_str()),
        ("Changed in Jira", "Done")
    );
    let rewritten = second
        .iter()
        .filter(|(key, issue)| first[*key].metadata.resource_version != issue.metadata.resource_version);
    assert_eq!(rewritten.count(), 1, "nothing else is written");

    stage.command(json!({"command": "deleteIssue", "issue": "ENG-2"}));
    let after = stage.request("acme").await;
    stage
        .until_mirrored("without what was deleted", |mirrored| !mirrored.contains_key("ENG-2"))
        .await;
    assert!(is_ready(&after), "{after:#?}");
    let told = stage
        .until("acme", "one removed", |o| {
            let sync = o.status.as_ref().and_then(|status| status.sync.as_ref());
            sync.and_then(|sync| sync.removed)
                .is_some_and(|removed| removed.gone == 1)
        })
        .await;
    claim(&told, "Synced", "True", "SyncSucceeded", &[]);
    stage.close().await;
}

fn conditions_of(project: &jira_operator::api::project::JiraProject) -> Vec<(String, String)> {
    let conditions = project.status.as_ref().map(|status| status.conditions.clone());
    let pairs = conditions.into_iter().flatten();
    pairs.map(|condition| (condition.type_, condition.reason)).collect()
}

fn synced_as(reason: &str) -> (String, String) {
    ("Synced".to_owned(), reason.to_owned())
}

/// Those that were updated last are mirrored, and Jira says about how many there are.
async fn truncated(plane: Arc<Plane>) {
    let stage = Stage::with_grant(&plane, "issues-many").await;
    stage.command(json!({"command": "addIssues", "project": "ENG", "count": 50, "spreadSeconds": 5000}));
    let spec = json!({"projects": [{"key": "ENG"}], "issues": {"mirror": "Open", "maxObjects": 10}});
    stage.integrate("acme", "acme-oauth", spec).await;
    stage.until_reason("acme", "Synced", "MirrorTruncated").await;
    let told = stage.integration("acme").await;
    claim(
        &told,
        "Synced",
        "False",
        "MirrorTruncated",
        &["10 of ", "spec.issues.maxObjects"],
    );
    assert!(is_ready(&told), "it holds nothing back");
    let mirrored = stage.mirrored().await;
    assert_eq!(mirrored.len(), 10);
    let open = stage
        .readable_keys()
        .iter()
        .filter(|key| key.starts_with("ENG-"))
        .count();
    let project = stage.project("acme-eng").await;
    assert_eq!(project.status.unwrap().issues.unwrap().open, i64::try_from(open).ok());
    let oldest = mirrored
        .values()
        .map(|issue| issue.status.clone().unwrap().updated)
        .min()
        .unwrap();

    let keys = stage.readable_keys();
    let untouched = keys
        .iter()
        .find(|key| key.starts_with("ENG-") && !mirrored.contains_key(*key))
        .unwrap();
    stage.command(json!({"command": "updateIssue", "issue": untouched, "summary": "Now the newest"}));
    stage.request("acme").await;
    let after = stage.mirrored().await;
    assert!(after.contains_key(untouched.as_str()) && after.len() == 10);
    assert!(
        after
            .values()
            .all(|issue| issue.status.clone().unwrap().updated > oldest),
        "the oldest made room"
    );

    stage
        .change("acme", json!({"issues": {"mirror": "Open", "maxObjects": 500}}))
        .await;
    stage.until_reason("acme", "Synced", "SyncSucceeded").await;
    assert_eq!(stage.mirrored().await.len(), open);
    stage.close().await;
}

async fn narrowed(plane: Arc<Plane>) {
    let stage = Stage::with_grant(&plane, "issues-jql").await;
    stage.command(json!({"command": "addIssues", "project": "ENG", "count": 3, "set": {"labels": ["k8s"]}}));
    let project =
        |jql: &str| json!({"projects": [{"key": "ENG", "jql": jql}, {"key": "OPS"}], "issues": {"mirror": "Open"}});
    stage.integrate("acme", "acme-oauth", project("labels = k8s")).await;
    stage.until_ready("acme").await;
    let of = |mirrored: &std::collections::BTreeMap<String, _>, key: &str| {
        mirrored.keys().filter(|issue| issue.starts_with(key)).count()
    };
    stage
        .until_mirrored("narrowed", |mirrored| of(mirrored, "ENG-") == 3)
        .await;
    let mirrored = stage.mirrored().await;
    let others = of(&mirrored, "OPS-");
    assert!(others > 0);

    let leaving = mirrored.keys().find(|key| key.starts_with("ENG-")).unwrap().clone();
    stage.command(json!({"command": "updateIssue", "issue": leaving, "labels": []}));
    stage.request("acme").await;
    assert!(!stage.mirrored().await.contains_key(&leaving), "it no longer matches");

    for (wrong, words) in [
        ("labels = ", "jql of spec.projects[ENG]"),
        ("a) OR (b", "jql of spec.projects[ENG]"),
        ("labels = k8s ORDER BY created", "ORDER BY"),
    ] {
        stage.change("acme", project(wrong)).await;
        let partial = stage.until_reason("acme", "Synced", "SyncPartial").await;
        assert!(partial.message.contains("one project"), "{}", partial.message);
        // The others did succeed, and the status says when.
        assert!(!partial.message.contains("last succeeded"), "{}", partial.message);
        let told = stage
            .until_project("acme-eng", "told", |project| {
                conditions_of(project).contains(&synced_as("JqlInvalid"))
            })
            .await;
        let synced = told
            .status
            .unwrap()
            .conditions
            .into_iter()
            .find(|c| c.type_ == "Synced")
            .unwrap();
        assert!(synced.message.contains(words), "{}", synced.message);
        assert_eq!(of(&stage.mirrored().await, "OPS-"), others, "the other project goes on");
        stage.change("acme", project("labels = k8s")).await;
        stage.until_reason("acme", "Synced", "SyncSucceeded").await;
        stage
            .until_project("acme-eng", "well", |project| {
                conditions_of(project).contains(&synced_as("SyncSucceeded"))
            })
            .await;
    }
    stage.close().await;
}

/// Losing access to a project is no deletion of its issues.
async fn hidden(plane: Arc<Plane>) {
    let stage = Stage::with_grant(&plane, "issues-hidden").await;
    stage.command(json!({"command": "addIssues", "project": "ENG", "count": 5}));
    let spec = json!({"projects": [{"key": "ENG"}, {"key": "OPS"}], "issues": {"mirror": "Open"}});
    stage.integrate("acme", "acme-oauth", spec).await;
    stage.until_ready("acme").await;
    let before = stage.mirrored().await;
    let private = |private: bool| json!({"command": "setProjectPrivate", "project": "ENG", "private": private});
    stage.command(private(true));
    stage.request("acme").await;
    stage.request("acme").await;
    assert_eq!(stage.mirrored().await.len(), before.len(), "they stay");
    stage.command(json!({"command": "updateIssue", "issue": "ENG-1", "summary": "Changed while hidden"}));
    stage.command(private(false));
    stage.request("acme").await;
    stage.request("acme").await;
    let after = stage.mirrored().await;
    assert_eq!(after["ENG-1"].status.as_ref().unwrap().summary, "Changed while hidden");

    stage.command(json!({"command": "archiveProject", "project": "ENG"}));
    stage.request("acme").await;
    stage
        .until_mirrored("without the archived project", |mirrored| {
            !mirrored.keys().any(|key| key.starts_with("ENG-"))
        })
        .await;
    let told = stage.integration("acme").await.status.unwrap().sync.unwrap();
    assert!(told.removed.unwrap().archived >= 5);
    stage.close().await;
}

/// The process is killed while the first synchronisation is under way; what is in the cluster is
/// not fetched again.
async fn killed(plane: Arc<Plane>) {
    let mut stage = Stage::with_grant(&plane, "issues-killed").await;
    stage.command(json!({"command": "addIssues", "project": "ENG", "count": 500}));
    let fault = |skip: u32| {
        json!({"command": "addFault", "rule": {
        "path": "/search/jql", "body": "ORDER BY created", "skip": skip, "action": {"kind": "hold"}}})
    };
    stage.command(fault(2));
    let spec = json!({"projects": [{"key": "ENG"}], "issues": {"mirror": "Open", "maxObjects": 1000}});
    stage.integrate("acme", "acme-oauth", spec).await;
    stage.until_mirrored("begun", |mirrored| mirrored.len() >= 103).await;
    stage.kill_operators().await;
    stage.command(json!({"command": "clearFaults"}));
    let there = stage.mirrored().await.len();
    let mark = stage.sandbox.mark();
    stage.start_operator();
    let all = stage
        .readable_keys()
        .iter()
        .filter(|key| key.starts_with("ENG-"))
        .count();
    stage.until_mirrored("complete", |mirrored| mirrored.len() == all).await;
    assert!(there >= 103 && there < all, "{there} of {all} were there");
    let is_page = |body: &String| body.contains("ORDER BY created");
    let fetches = stage
        .calls_since(mark)
        .into_iter()
        .filter(|call| call.path.ends_with("bulkfetch") || call.body.as_ref().is_some_and(is_page));
    assert!(fetches.count() <= 8, "each issue at most once more");
    stage.close().await;
}

async fn none(plane: Arc<Plane>) {
    let stage = Stage::with_grant(&plane, "issues-none").await;
    stage.command(json!({"command": "addIssues", "project": "ENG", "count": 7}));
    let spec = json!({"projects": [{"key": "ENG"}], "issues": {"mirror": "None"}});
    stage.integrate("acme", "acme-oauth", spec).await;
    stage.until_ready("acme").await;
    let open = stage
        .readable_keys()
        .iter()
        .filter(|key| key.starts_with("ENG-"))
        .count();
    stage
        .until_project("acme-eng", "counted", |project| {
            let issues = project.status.as_ref().and_then(|status| status.issues.as_ref());
            issues.is_some_and(|issues| issues.open == i64::try_from(open).ok())
        })
        .await;
    assert!(stage.mirrored().await.is_empty());

    stage.change("acme", json!({"issues": {"mirror": "Open"}})).await;
    stage
        .until_mirrored("mirrored", |mirrored| mirrored.len() == open)
        .await;
    stage.change("acme", json!({"issues": {"mirror": "None"}})).await;
    stage
        .until_mirrored("let go", std::collections::BTreeMap::is_empty)
        .await;
    stage.close().await;
}

async fn odd(plane: Arc<Plane>) {
    let stage = Stage::with_grant(&plane, "issues-odd").await;
    let long: String = "\u{202e}\u{1f9d1}\u{200d}\u{1f680}שלום "
        .chars()
        .cycle()
        .take(255)
        .collect();
    stage.command(json!({"command": "createProject", "key": "LONGKEYTEN", "template": "software"}));
    stage.command(json!({"command": "createProject", "key": "A_B", "template": "software"}));
    stage.command(json!({"command": "addIssues", "project": "LONGKEYTEN", "count": 1, "set": {"summary": long}}));
    stage.command(json!({"command": "addIssues", "project": "A_B", "count": 1}));
    stage.command(json!({"command": "updateIssue", "issue": "A_B-1",
        "nulls": ["priority", "assignee", "reporter", "labels", "resolutiondate", "status", "issuetype"]}));
    let spec = json!({"projects": [{"key": "LONGKEYTEN"}, {"key": "A_B"}], "issues": {"mirror": "All"}});
    stage.integrate("acme", "acme-oauth", spec).await;
    stage.until_ready("acme").await;
    stage
        .until_mirrored("both", |mirrored| {
            mirrored.contains_key("LONGKEYTEN-1") && mirrored.contains_key("A_B-1")
        })
        .await;
    let mirrored = stage.mirrored().await;
    assert_eq!(mirrored["A_B-1"].metadata.name.as_deref(), Some("acme-a-b-1"));
    let bare = mirrored["A_B-1"].status.clone().unwrap();
    assert_eq!((bare.phase.as_str(), bare.priority), ("Unknown", None));
    assert!(
        mirrored["LONGKEYTEN-1"]
            .status
            .clone()
            .unwrap()
            .summary
            .contains('\u{1f9d1}')
    );
    stage.close().await;
}

async fn deleted_object(plane: Arc<Plane>) {
    let stage = Stage::with_grant(&plane, "issues-object").await;
    let spec = json!({"projects": [{"key": "ENG"}], "issues": {"mirror": "Open"}});
    stage.integrate("acme", "acme-oauth", spec).await;
    stage.until_ready("acme").await;
    stage
        .until_mirrored("there", |mirrored| mirrored.contains_key("ENG-1"))
        .await;
    stage.delete::<JiraIssue>("acme-eng-1").await;
    stage.request("acme").await;
    stage
        .until_mirrored("there again", |mirrored| mirrored.contains_key("ENG-1"))
        .await;
    replaced_object(&stage).await;
    stage.close().await;
}

/// A person puts an object in the place of one: it is neither written nor deleted, and the issue has another one.
async fn replaced_object(stage: &Stage) {
    stage.delete::<JiraIssue>("acme-eng-2").await;
    let mut theirs = JiraIssue::new(
        "acme-eng-2",
        JiraIssueSpec {
            integration: "acme".into(),
        },
    );
    theirs.metadata.labels = Some([(ORIGIN_LABEL.to_owned(), "person".to_owned())].into());
    let theirs = stage.issues().create(&PostParams::default(), &theirs).await.unwrap();
    stage.request("acme").await;
    let elsewhere = |mirrored: &BTreeMap<String, JiraIssue>| {
        let found = mirrored.get("ENG-2").map(ResourceExt::name_any);
        found.is_some_and(|name| name.starts_with("acme-eng-2-"))
    };
    stage.until_mirrored("under another name", elsewhere).await;
    stage.command(json!({"command": "deleteIssue", "issue": "ENG-2"}));
    stage.request("acme").await;
    stage
        .until_mirrored("gone", |mirrored| !mirrored.contains_key("ENG-2"))
        .await;
    let after = stage.issues().get("acme-eng-2").await.unwrap();
    assert_eq!(after.resource_version(), theirs.resource_version());
    // A label of ours that somebody took away comes back: without it nothing is found after a restart.
    let unlabelled = json!({"metadata": {"labels": {ORIGIN_LABEL: null}}});
    let patched = stage
        .issues()
        .patch("acme-eng-1", &PatchParams::default(), &Patch::Merge(unlabelled))
        .await;
    patched.unwrap();
    stage.request("acme").await;
    let labelled = |mirrored: &BTreeMap<String, JiraIssue>| {
        let label = mirrored.get("ENG-1").and_then(|issue| issue.labels().get(ORIGIN_LABEL));
        label.is_some_and(|label| label == ORIGIN_MIRROR)
    };
    stage.until_mirrored("labelled again", labelled).await;
    surplus_object(stage).await;
}

/// Two objects hold one issue, as two operators may leave them behind: the surplus one goes.
async fn surplus_object(stage: &Stage) {
    let first = stage.issues().get("acme-eng-1").await.unwrap();
    let mut second = JiraIssue::new("acme-eng-1-again", first.spec.clone());
    second.metadata.labels.clone_from(&first.metadata.labels);
    second
        .metadata
        .owner_references
        .clone_from(&first.metadata.owner_references);
    stage.issues().create(&PostParams::default(), &second).await.unwrap();
    let held = Patch::Merge(json!({"status": first.status}));
    let params = PatchParams::default();
    stage
        .issues()
        .patch_status("acme-eng-1-again", &params, &held)
        .await
        .unwrap();
    stage.request("acme").await;
    stage
        .until_object::<JiraIssue>("acme-eng-1-again", "removed", |found| found.is_none())
        .await;
    assert_eq!(stage.issues().get("acme-eng-1").await.unwrap().uid(), first.uid());
}
