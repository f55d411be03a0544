//! What was read by id and let go of is not brought back by a search whose index is late.

use jira_operator::api::integration::MirrorMode;
use serde_json::{Value, json};

use super::{memory_mirror::Writes, site::Site};

/// A site that is mirrored, and whose index is late from now on.
async fn with_a_late_index(mode: MirrorMode) -> Site {
    let mut site = Site::new(mode).await;
    site.excluded.insert(site.project("OPS"));
    site.command(json!({"command": "addIssues", "project": "ENG", "count": 5}));
    site.pass(true).await.unwrap();
    site.command(json!({"command": "setIndexLag", "seconds": 60}));
    site.advance(10);
    site
}

fn writes(site: &Site) -> Writes {
    *site.memory.writes.lock().unwrap()
}

/// Two reconciliations that a person asks for while the index is late, and one after.
async fn leaves_once(site: &mut Site, command: Value) {
    let before = writes(site);
    site.command(command.clone());
    for _ in 0..2 {
        site.pass_after(5, true).await;
        let left = Writes {
            removed: before.removed + 1,
            ..before
        };
        assert_eq!(writes(site), left, "{command}");
    }
    site.pass_after(60, false).await;
    assert_eq!(writes(site).created, before.created, "{command}");
    assert_eq!(site.mirrored(), site.expected(), "{command}");
}

#[tokio::test]
async fn an_issue_that_was_closed_goes_once() {
    let mut site = with_a_late_index(MirrorMode::Open).await;
    leaves_once(
        &mut site,
        json!({"command": "updateIssue", "issue": "ENG-1", "status": "Done"}),
    )
    .await;
}

#[tokio::test]
async fn an_issue_that_moved_out_of_scope_goes_once() {
    let mut site = with_a_late_index(MirrorMode::All).await;
    leaves_once(
        &mut site,
        json!({"command": "moveIssue", "issue": "ENG-1", "project": "OPS"}),
    )
    .await;
}

/// What happens to it after it was read is seen all the same, and so is what a person declares.
#[tokio::test]
async fn an_issue_that_went_comes_back_when_it_belongs_again() {
    let mut site = with_a_late_index(MirrorMode::Open).await;
    let (id, before) = (site.id_of("ENG-1"), writes(&site));
    leaves_once(
        &mut site,
        json!({"command": "updateIssue", "issue": "ENG-1", "status": "Done"}),
    )
    .await;
    site.command(json!({"command": "setIndexLag"}));
    site.command(json!({"command": "updateIssue", "issue": "ENG-1", "status": "To Do"}));
    site.pass_after(1, false).await;
    assert_eq!(writes(&site).created, before.created + 1, "reopened");

    site.advance(1);
    site.command(json!({"command": "updateIssue", "issue": "ENG-1", "status": "Done"}));
    site.pass(true).await.unwrap();
    assert!(!site.mirrored().contains_key(&id));
    site.mode = MirrorMode::All;
    site.pass(true).await.unwrap();
    assert_eq!(site.mirrored(), site.expected(), "closed ones belong now");
}
