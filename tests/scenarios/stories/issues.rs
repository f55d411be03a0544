//! Issues come into the cluster: created, changed, closed, moved, deleted; and what keeps them out.

use std::sync::Arc;

use serde_json::json;

use super::{Story, story};
use crate::{
    plane::Plane,
    stage::{Setup, Stage, claim::claim, look::is_ready},
};

pub fn stories() -> Vec<Story> {
    vec![story("issues::they_arrive_change_and_leave", life)]
}

/// A stage whose missing issues are looked up at once.
async fn stage(plane: &Arc<Plane>, name: &str) -> Stage {
    let setup = Setup {
        deletion_delay: Some(0),
        ..Setup::default()
    };
    let stage = Stage::set_up(plane, name, setup).await;
    stage.connect("acme-oauth").await;
    stage
}

async fn life(plane: Arc<Plane>) {
    let stage = stage(&plane, "issues-life").await;
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
