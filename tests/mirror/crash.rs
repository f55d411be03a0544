//! The process is killed: after every page that Jira answers, after writes, between the two writes
//! that make an object.

use std::{sync::atomic::Ordering, time::Duration};

use serde_json::json;

use super::{memory_mirror::Writes, site::Site};

/// Seconds of a day.
const DAY: u64 = 86_400;

/// A reconciliation that gets so many answers of Jira, and then is killed.
async fn killed_after_answers(site: &mut Site, answers: usize) {
    let rule = json!({"path": "/rest/api/3/", "skip": answers, "action": {"kind": "hold"}});
    site.command(json!({"command": "addFault", "rule": rule}));
    let standing = site.standing();
    let pass = site.pass_over(&standing, false, false);
    let _ = tokio::time::timeout(Duration::from_millis(300), pass).await;
    site.command(json!({"command": "clearFaults"}));
    site.restart();
}

async fn assert_whole(site: &mut Site, what: &str) {
    site.pass_each(2, 1, false).await;
    assert_eq!(site.mirrored(), site.expected(), "{what}");
    let raw = site.memory.raw.load(Ordering::SeqCst);
    let writes = *site.memory.writes.lock().unwrap();
    let exact = 2 * writes.created + writes.changed + writes.removed;
    assert_eq!(raw, exact, "{what}: {writes:?}");
    assert!(site.memory.half_made.lock().unwrap().is_empty(), "{what}");
}

/// A first synchronisation of eight answers: where changes begin, the list, and six pages of issues.
#[tokio::test]
async fn a_crash_after_any_page_of_the_first_synchronisation_does_no_harm() {
    let mut undisturbed = Site::with_issues(560, DAY).await;
    let mark = undisturbed.sandbox.mark();
    undisturbed.pass(false).await.unwrap();
    let answers = undisturbed.sandbox.requests_since(mark).len();
    assert!(answers >= 8, "{answers}");
    for after in 0..=answers {
        let mut site = Site::with_issues(560, DAY).await;
        killed_after_answers(&mut site, after).await;
        assert_whole(&mut site, &format!("killed after page {after} of {answers}")).await;
        let writes = *site.memory.writes.lock().unwrap();
        let all = site.expected().len();
        assert_eq!((writes.created, writes.changed, writes.removed), (all, 0, 0));
    }
}

/// Changes of several pages, and a kill after each.
#[tokio::test]
async fn a_crash_after_any_page_of_changes_loses_none() {
    let mut site = Site::with_issues(400, DAY).await;
    site.pass(false).await.unwrap();
    for after in 0..=5 {
        for n in 0..4 {
            site.advance(1);
            let edit = json!({"labels": [format!("{after}-{n}")]});
            let ids: Vec<u64> = site.expected().keys().copied().skip(n * 90).take(90).collect();
            site.command(json!({"command": "changeIssues", "ids": ids, "set": edit}));
        }
        let before = *site.memory.writes.lock().unwrap();
        killed_after_answers(&mut site, after).await;
        assert_whole(&mut site, &format!("killed after page {after} of changes")).await;
        let writes = *site.memory.writes.lock().unwrap();
        assert_eq!(writes.changed - before.changed, 360, "one for each change");
        assert_eq!((writes.created, writes.removed), (before.created, before.removed));
    }
}

/// Killed after every tenth write and the one that follows it, which is the second of two.
#[tokio::test]
async fn a_crash_after_any_write_does_no_harm() {
    for tens in (0..120).step_by(10) {
        for writes in [tens, tens + 1] {
            let mut site = Site::with_issues(60, DAY).await;
            site.killed_after(writes).await;
            assert_whole(&mut site, &format!("killed after {writes} writes")).await;
            let writes = *site.memory.writes.lock().unwrap();
            assert_eq!(
                (writes.created, writes.changed, writes.removed),
                (site.expected().len(), 0, 0)
            );
        }
    }
}

/// A crash between the two writes that make an object, and the issue is deleted before the next reconciliation:
/// nothing but the object itself reports it.
#[tokio::test]
async fn an_object_that_was_left_half_made_does_not_stay() {
    let mut site = Site::with_issues(1, DAY).await;
    site.pass(true).await.unwrap();
    site.advance(1);
    site.command(json!({"command": "addIssues", "project": "OPS", "count": 1, "set": {"labels": ["short-lived"]}}));
    site.killed_after(1).await;
    assert_eq!(site.memory.half_made.lock().unwrap().len(), 1);
    let newest = *site.expected().keys().max().unwrap();
    site.command(json!({"command": "deleteIssues", "ids": [newest]}));
    site.pass(false).await.unwrap();
    site.pass_after(3700, false).await;
    assert!(site.memory.half_made.lock().unwrap().is_empty());
    assert_eq!(site.mirrored(), site.expected());
}

/// A person wrote what cannot be read over a status: of which issue it is may still be reported, or not even
/// that. Its issue has one object all the time, under the name that it had.
#[tokio::test]
async fn an_object_that_cannot_be_read_is_written_anew_in_its_place() {
    for tells_its_issue in [true, false] {
        let mut site = Site::with_issues(3, DAY).await;
        site.pass(true).await.unwrap();
        let whole = site.expected();
        let issue = *whole.keys().max().unwrap();
        // An issue keeps the object that was made for it under another key.
        let kept = site.memory.kept.lock().unwrap().remove(&issue).unwrap();
        let own = kept.tracked.stored.object;
        let name = if tells_its_issue { "acme-old-1".to_owned() } else { own };
        let reported = tells_its_issue.then_some(issue);
        site.memory.half_made.lock().unwrap().insert(name.clone(), reported);
        *site.memory.writes.lock().unwrap() = Writes::default();
        site.restart();
        site.pass(true).await.unwrap();
        assert_eq!(site.mirrored(), whole);
        let object = site.memory.kept.lock().unwrap()[&issue].tracked.stored.object.clone();
        assert_eq!(object, name);
        assert_eq!(site.memory.writes.lock().unwrap().discarded, 0);
        assert!(site.memory.half_made.lock().unwrap().is_empty());
    }
}

/// What the cluster refuses to write anew stays as it is, and is not taken away for being unreadable.
#[tokio::test]
async fn an_object_that_can_neither_be_read_nor_written_stays() {
    let mut site = Site::with_issues(3, DAY).await;
    site.pass(true).await.unwrap();
    let issue = *site.expected().keys().max().unwrap();
    let kept = site.memory.kept.lock().unwrap().remove(&issue).unwrap();
    let name = kept.tracked.stored.object;
    site.memory.half_made.lock().unwrap().insert(name.clone(), Some(issue));
    site.memory.refused.lock().unwrap().insert(issue, 422);
    site.restart();
    site.pass(true).await.unwrap();
    site.pass_after(3700, false).await;
    assert!(site.memory.half_made.lock().unwrap().contains_key(&name));
    site.memory.refused.lock().unwrap().clear();
    site.pass_each(3, 3700, false).await;
    assert_eq!(site.mirrored(), site.expected());
    assert!(site.memory.half_made.lock().unwrap().is_empty());
}

/// The object of an issue in a project that the account cannot browse now stays, however little can be read of it.
#[tokio::test]
async fn an_object_that_cannot_be_read_waits_for_its_project() {
    let mut site = Site::with_issues(3, DAY).await;
    site.pass(true).await.unwrap();
    let whole = site.expected();
    let issue = *whole.keys().max().unwrap();
    let kept = site.memory.kept.lock().unwrap().remove(&issue).unwrap();
    let (name, project) = (kept.tracked.stored.object, kept.tracked.project_id);
    site.memory.half_made.lock().unwrap().insert(name.clone(), Some(issue));
    let hide = |site: &Site, private: bool| {
        site.command(json!({"command": "setProjectPrivate", "project": project, "private": private}));
    };
    hide(&site, true);
    site.restart();
    site.pass(true).await.unwrap();
    site.pass_after(90_000, true).await;
    assert!(site.memory.half_made.lock().unwrap().contains_key(&name));
    hide(&site, false);
    site.pass(true).await.unwrap();
    assert_eq!(site.mirrored(), whole);
    assert!(site.memory.half_made.lock().unwrap().is_empty());
}
