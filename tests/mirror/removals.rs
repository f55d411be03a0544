//! What became of issues that a list no longer has: each fate distinguished from the others, and none invented.

use jira_operator::api::integration::{MirrorMode, RemovedIssues};
use serde_json::json;

use super::site::Site;

/// A complete list, and the lookup of what it lacked.
async fn sweep_and_look(site: &mut Site) {
    site.pass_each(2, 360, true).await;
}

#[tokio::test]
async fn deleted_hidden_refused_moved_and_archived_are_told_apart() {
    let mut site = Site::mirroring(9).await;
    site.command(json!({"command": "deleteIssue", "issue": "ENG-1"}));
    site.command(json!({"command": "hideIssue", "issue": "ENG-2", "hidden": true}));
    site.command(json!({"command": "archiveIssue", "issue": "ENG-3", "archived": true}));
    site.command(json!({"command": "archiveIssue", "issue": "ENG-4", "archived": true}));
    site.command(json!({"command": "hideIssue", "issue": "ENG-5", "hidden": true}));
    let refused = format!("/rest/api/3/issue/{}", site.id_of_hidden("ENG-5"));
    let body = json!({"errorMessages": ["You do not have the permission to see the specified issue."]}).to_string();
    site.command(
        json!({"command": "addFault", "rule": {"path": refused, "action": {"kind": "status", "code": 403, "body": body}}}),
    );
    sweep_and_look(&mut site).await;
    let removed = site.state.objects.removed;
    let reported = RemovedIssues {
        gone: 2,
        archived: 2,
        hidden: 1,
        ..RemovedIssues::default()
    };
    assert_eq!(removed, reported);
    assert_eq!(site.mirrored(), site.expected());

    let mark = site.sandbox.mark();
    site.pass_after(3700, false).await;
    let calls = site.sandbox.requests_since(mark);
    assert!(
        !calls.iter().any(|call| call.path.contains("/issue/1")),
        "nothing is looked up again"
    );

    site.command(json!({"command": "archiveIssue", "issue": "ENG-3", "archived": false}));
    sweep_and_look(&mut site).await;
    assert_eq!(site.mirrored(), site.expected());
}

/// As a portal customer sees a service project: searches find nothing, and nothing is refused.
#[tokio::test]
async fn a_project_that_shows_nothing_any_more_keeps_its_issues() {
    let mut site = Site::new(MirrorMode::All).await;
    site.command(json!({"command": "addIssues", "project": "SUP", "count": 5}));
    site.pass(true).await.unwrap();
    let (before, known) = (site.mirrored().len(), site.standing());
    site.command(json!({"command": "setPortalLens", "inPermissionsCheck": true}));
    site.command(json!({"command": "removeAgentLicence"}));
    site.command(json!({"command": "setProjectPrivate", "project": "SUP", "private": true}));
    let nothing = json!({"issues": [], "isLast": true}).to_string();
    site.command(json!({"command": "addFault", "rule": {
        "path": "/search/jql", "action": {"kind": "status", "code": 200, "body": nothing}}}));
    for _ in 0..3 {
        site.advance(3700);
        site.pass_over(&known, true, false).await.unwrap();
    }
    assert_eq!(site.memory.kept.lock().unwrap().len(), before);
    assert_eq!(site.state.objects.removed, RemovedIssues::default());
}

/// The account reads the project that it moved to, and nobody asked for that one. The check that comes when it was
/// missing for long enough knows too little to tell; a later one does.
#[tokio::test]
async fn an_issue_that_moved_out_of_scope_goes_once_the_scope_is_known() {
    let mut site = Site::mirroring(5).await;
    let ops = site.project("OPS");
    site.excluded.insert(ops.clone());
    site.pass(true).await.unwrap();
    assert!(
        site.state.projects.filter(&ops).is_none(),
        "nothing is remembered of it"
    );
    let id = site.id_of("ENG-1");
    site.command(json!({"command": "moveIssue", "issue": "ENG-1", "project": "OPS"}));
    site.advance(60);
    let mut unsure = site.standing();
    unsure.diagnosed = false;
    site.pass_over(&unsure, true, false).await.unwrap();
    for slice in [true, false] {
        site.advance(300);
        site.pass_over(&unsure, false, slice).await.unwrap();
        assert!(site.memory.kept.lock().unwrap().contains_key(&id), "nothing tells yet");
        assert!(site.last.look_at.is_none(), "until then nothing is looked up again");
    }
    site.pass_after(60, false).await;
    assert_eq!(site.state.objects.removed.moved, 1);
    assert_eq!(site.mirrored(), site.expected());
}

/// A slice has not checked permissions, so it lists nothing but what is new.
#[tokio::test]
async fn a_slice_does_not_sweep() {
    let mut site = Site::mirroring(5).await;
    site.advance(7200);
    let (standing, mark) = (site.standing(), site.sandbox.mark());
    site.pass_over(&standing, false, true).await.unwrap();
    assert!(site.sandbox.requests_since(mark).is_empty());
    site.pass_over(&standing, false, false).await.unwrap();
    let calls = site.sandbox.requests_since(mark).len();
    assert_eq!(
        calls, 3,
        "changes, the list, and some whose contents are looked at again"
    );
}

/// An endpoint that Atlassian took away says nothing about an issue.
#[tokio::test]
async fn an_endpoint_that_is_gone_is_no_issue_that_is_gone() {
    let mut site = Site::mirroring(5).await;
    site.command(json!({"command": "hideIssue", "issue": "ENG-1", "hidden": true}));
    site.command(json!({"command": "addFault", "rule": {
        "path": "/rest/api/3/issue/1", "action": {"kind": "status", "code": 410}}}));
    site.pass_after(360, true).await;
    site.advance(360);
    site.pass(true).await.unwrap_err();
    assert_eq!(site.memory.writes.lock().unwrap().removed, 0);
}

/// Jira refuses the query for all, and names nobody: the others come in all the same.
#[tokio::test]
async fn a_first_synchronisation_goes_round_a_project_that_jira_does_not_name() {
    let mut site = Site::new(MirrorMode::All).await;
    site.command(json!({"command": "addIssues", "project": "ENG", "count": 5}));
    let ops = site.project("OPS");
    let refusal = json!({"kind": "refuse", "message": "The query cannot be answered."});
    for jql in [format!("{ops},"), format!(", {ops}"), format!("({ops})")] {
        site.command(json!({"command": "addPageFault", "fault": {"jql": jql, "trouble": refusal}}));
    }
    site.pass(true).await.unwrap();
    assert_eq!(site.last.failed_projects.len(), 1, "{:?}", site.last.failed_projects);
    assert!(site.mirrored().len() > 5);
    site.command(json!({"command": "clearPageFaults"}));
    site.pass_each(2, 1, false).await;
    assert_eq!(site.mirrored(), site.expected());
}

/// What Jira refuses to list is asked for less and less often, and by no slice.
#[tokio::test]
async fn a_project_that_jira_refuses_is_listed_less_and_less_often() {
    let mut site = Site::new(MirrorMode::All).await;
    let standing = site.standing();
    let ops = site.project("OPS");
    let refusal = json!({"kind": "refuse", "message": format!("The value '{ops}' does not exist.")});
    for jql in [format!("{ops},"), format!(", {ops}"), format!("({ops})")] {
        site.command(json!({"command": "addPageFault", "fault": {"jql": jql, "trouble": refusal}}));
    }
    site.pass(true).await.unwrap();
    let mark = site.sandbox.mark();
    for minute in 0..30 {
        site.advance(60);
        site.pass_over(&standing, false, minute % 2 == 1).await.unwrap();
    }
    let calls = site.sandbox.requests_since(mark);
    let is_alone = |body: &String| body.contains(&format!("({ops})"));
    let asked = calls
        .iter()
        .filter(|call| call.path.ends_with("/search/jql") && call.body.as_ref().is_some_and(is_alone));
    let asked = asked.count();
    assert!((1..=4).contains(&asked), "asked {asked} times in half an hour");
}

/// Counts follow the mirror on each reconciliation, not only when everything is listed.
#[tokio::test]
async fn counts_are_those_of_the_mirror_at_this_moment() {
    let mut site = Site::mirroring(9).await;
    let eng = site.project("ENG");
    let counted = |site: &Site| {
        let issues = &site.written.issues[&eng];
        (issues.open.unwrap(), issues.matching.unwrap())
    };
    let (open, matching) = counted(&site);
    site.advance(60);
    site.command(json!({"command": "addIssues", "project": "ENG", "count": 3}));
    site.command(json!({"command": "updateIssue", "issue": "ENG-1", "status": "Done"}));
    site.pass(false).await.unwrap();
    assert_eq!(counted(&site), (open + 2, matching + 3));
}

/// When there is no room for all any more, everything is counted on the next reconciliation.
#[tokio::test]
async fn no_room_for_all_is_reported_at_once() {
    let mut site = Site::mirroring(3).await;
    site.max = site.mirrored().len() + 1;
    site.advance(60);
    site.command(json!({"command": "addIssues", "project": "ENG", "count": 3, "spreadSeconds": 3}));
    for _ in 0..2 {
        site.pass(false).await.unwrap();
        site.advance(60);
    }
    assert_eq!(site.state.projects.matching(), site.max + 2);
    assert_eq!(site.mirrored(), site.expected());
}

/// Between a renaming and the next full reconciliation a project has its old key here, and its counts.
#[tokio::test]
async fn a_renamed_project_is_counted_before_it_is_known_as_renamed() {
    let mut site = Site::mirroring(5).await;
    let old = site.standing();
    let matching = |site: &Site| {
        let counts = site.state.projects.all_counts();
        counts.map(|counts| counts.matching).collect::<Vec<_>>()
    };
    let before = matching(&site);
    site.command(json!({"command": "renameProjectKey", "project": "ENG", "key": "ENGINE"}));
    site.advance(3700);
    site.pass_over(&old, true, false).await.unwrap();
    assert_eq!(matching(&site), before);
    site.pass(true).await.unwrap();
    assert_eq!(site.mirrored(), site.expected(), "under its new key");
    assert_eq!(site.memory.writes.lock().unwrap().removed, 0);
}

/// One issue in a form that nobody knows, among others.
#[tokio::test]
async fn an_odd_issue_keeps_none_of_the_others_out() {
    let mut site = Site::mirroring(3).await;
    let page = json!({"isLast": true, "issues": [
        {"id": "1", "key": "ENG-77", "fields": {"summary": "no project"}},
        "odd",
        {"id": site.id_of("ENG-1").to_string(), "key": "ENG-1", "fields": {
            "summary": "readable", "labels": [null, "k8s"], "priority": "High", "updated": "2030-01-01T00:00:00.000+0000",
            "project": {"id": site.standing().projects.iter().find(|(_, p)| p.key == "ENG").unwrap().0, "key": "ENG"}}}]});
    site.command(
        json!({"command": "addFault", "rule": {"path": "/search/jql", "times": 1,
        "action": {"kind": "status", "code": 200, "body": page.to_string()}}}),
    );
    site.pass(false).await.unwrap();
    assert_eq!(site.last.malformed, 2);
    let id = site.id_of("ENG-1");
    let kept = site.memory.kept.lock().unwrap()[&id].clone();
    assert_eq!(
        (kept.status.summary.as_str(), kept.status.labels.len()),
        ("readable", 1)
    );
    assert_eq!(site.memory.writes.lock().unwrap().removed, 0);
}
