//! Projects that come in, and what must not be lost while they do.

use jira_operator::{api::integration::MirrorMode, sync::issues::SyncPhase};
use serde_json::json;

use super::site::Site;

/// Lets the pages of a first synchronisation fail after so many, and what is fetched by id, until it is
/// taken away.
fn hold_fetches_back(site: &Site, skip: u32) {
    site.command(json!({"command": "addFault", "rule": {
        "path": "/search/jql", "body": "ORDER BY created", "skip": skip, "action": {"kind": "status", "code": 503}}}));
    site.command(json!({"command": "addFault", "rule": {
        "path": "/issue/bulkfetch", "action": {"kind": "status", "code": 503}}}));
}

/// OPS is being filled, and half of it is there; meanwhile it changes, and the others go on.
async fn half_filled() -> Site {
    let mut site = Site::new(MirrorMode::All).await;
    let ops = site.project("OPS");
    site.excluded.insert(ops.clone());
    site.pass(true).await.unwrap();
    site.command(json!({"command": "addIssues", "project": "OPS", "count": 150, "spreadSeconds": 150}));
    site.excluded.clear();
    site.advance(60);
    hold_fetches_back(&site, 1);
    site.pass(true).await.unwrap_err();
    let there: Vec<String> = {
        let kept = site.memory.kept.lock().unwrap();
        kept.values().map(|kept| kept.status.key.clone()).collect()
    };
    let first = there.into_iter().find(|key| key.starts_with("OPS-")).unwrap();
    site.advance(60);
    site.command(json!({"command": "updateIssue", "issue": first, "summary": "changed while the rest was fetched"}));
    site
}

#[tokio::test]
async fn a_change_in_a_project_that_takes_long_to_fill_is_not_lost() {
    for killed in [false, true] {
        let mut site = half_filled().await;
        for round in 0..4 {
            site.advance(900);
            let edit = format!("round {round}");
            site.command(json!({"command": "updateIssue", "issue": "ENG-1", "summary": edit}));
            site.pass(false).await.unwrap_err();
            if killed {
                site.restart();
            }
        }
        site.command(json!({"command": "clearFaults"}));
        site.pass_each(3, 1, false).await;
        assert_eq!(site.mirrored(), site.expected(), "killed: {killed}");
        assert!(site.state.projects.phases().all(|phase| phase == SyncPhase::Live));
    }
}

/// Where everything is mirrored nobody has counted what is open: the checkpoint is written all the same.
#[tokio::test]
async fn a_kill_while_everything_comes_in_fetches_nothing_twice() {
    for mode in [MirrorMode::All, MirrorMode::Open] {
        let mut site = Site::new(mode).await;
        site.command(json!({"command": "addIssues", "project": "ENG", "count": 450, "spreadSeconds": 600}));
        hold_fetches_back(&site, 3);
        site.pass(true).await.unwrap_err();
        let there = site.memory.kept.lock().unwrap().len();
        assert!(there >= 200, "{there}");
        site.command(json!({"command": "clearFaults"}));
        site.restart();
        site.pass(false).await.unwrap();
        assert_eq!(site.last.filled, site.expected().len() - there, "only the rest");
        site.pass_after(1, false).await;
        assert_eq!(site.mirrored(), site.expected());
    }
}

/// Other settings while the first synchronisation is under way: what came in under the former ones
/// is mirrored anew, whether or not the process was killed in between.
#[tokio::test]
async fn other_settings_in_the_middle_of_a_fill_count_for_everything() {
    for killed in [false, true] {
        let mut site = Site::new(MirrorMode::Open).await;
        site.command(json!({"command": "addIssues", "project": "ENG", "count": 450, "varied": true}));
        hold_fetches_back(&site, 2);
        site.pass(true).await.unwrap_err();
        site.command(json!({"command": "clearFaults"}));
        site.mode = MirrorMode::All;
        if killed {
            site.restart();
        }
        site.pass_each(2, 1, false).await;
        assert_eq!(site.mirrored(), site.expected(), "killed: {killed}");
    }
}

/// Moved from a project that is hidden by now into one that comes into scope: what is mirrored of it as the
/// other's is not taken for what it is.
#[tokio::test]
async fn an_issue_that_moved_into_a_project_that_is_being_filled_is_fetched() {
    let mut site = Site::new(MirrorMode::All).await;
    let ops = site.project("OPS");
    site.command(json!({"command": "addIssues", "project": "ENG", "count": 5}));
    site.excluded.insert(ops);
    site.pass(true).await.unwrap();
    site.advance(60);
    site.command(json!({"command": "moveIssue", "issue": "ENG-1", "project": "OPS"}));
    site.command(json!({"command": "setProjectPrivate", "project": "ENG", "private": true}));
    // The others go on, so that the move lies behind what is followed.
    site.pass(false).await.unwrap();
    site.advance(3600);
    site.command(json!({"command": "addIssues", "project": "SUP", "count": 1}));
    site.pass(false).await.unwrap();
    site.excluded.clear();
    site.pass_each(3, 400, true).await;
    assert_eq!(site.mirrored(), site.expected());
}

/// A person deletes the object of a project: until a full reconciliation has written it again nobody knows
/// whether the project is still in scope.
#[tokio::test]
async fn a_project_without_an_object_keeps_its_issues() {
    let mut site = Site::new(MirrorMode::All).await;
    site.command(json!({"command": "addIssues", "project": "ENG", "count": 5}));
    site.pass(true).await.unwrap();
    let eng = site.project("ENG");
    let mut without = site.standing();
    without.projects.remove(&eng);
    without.diagnosed = false;
    site.advance(60);
    site.command(json!({"command": "moveIssue", "issue": "OPS-1", "project": "ENG"}));
    site.command(json!({"command": "updateIssue", "issue": "ENG-1", "summary": "meanwhile"}));
    site.pass_over(&without, false, false).await.unwrap();
    assert_eq!(site.memory.writes.lock().unwrap().removed, 0);
    site.pass_after(600, false).await;
    assert_eq!(site.mirrored(), site.expected());
    assert_eq!(site.memory.writes.lock().unwrap().removed, 0);
    // A full reconciliation that finds it no longer in scope is believed.
    site.excluded.insert(eng);
    site.pass(false).await.unwrap();
    assert_eq!(site.mirrored(), site.expected());
}

/// A list that may lack issues is asked for again soon, and nothing that it lacks is lost.
#[tokio::test]
async fn a_first_list_with_warnings_is_made_good() {
    let mut site = Site::new(MirrorMode::All).await;
    site.command(json!({"command": "addIssues", "project": "ENG", "count": 150, "spreadSeconds": 600}));
    let warn = json!({"kind": "warn", "truncateTo": 20});
    site.command(json!({"command": "addPageFault", "fault": {
        "jql": "ORDER BY created", "times": 1, "trouble": warn}}));
    site.pass(true).await.unwrap();
    assert!(site.last.incomplete && site.state.listing.last_sweep().is_none());
    assert!(site.mirrored().len() < site.expected().len());
    site.pass_after(660, false).await;
    assert!(!site.last.incomplete && site.state.listing.last_sweep().is_some());
    assert_eq!(site.mirrored(), site.expected());
}

/// Warnings on the first of several pages, and the slice ends after it: the changes that the page
/// lacks come with the next reconciliation.
#[tokio::test]
async fn warnings_are_remembered_over_pages_and_slices() {
    let mut site = Site::new(MirrorMode::All).await;
    site.command(json!({"command": "addIssues", "project": "ENG", "count": 350, "spreadSeconds": 600}));
    site.pass(true).await.unwrap();
    site.advance(3600);
    site.command(json!({"command": "changeIssues", "project": "ENG", "percent": 60}));
    let warned = |site: &Site| {
        let warn = json!({"kind": "warn", "truncateTo": 1});
        site.command(json!({"command": "addPageFault", "fault": {"jql": "updated >=", "times": 1, "trouble": warn}}));
    };
    // In one reconciliation: it is asked again for fewer projects.
    warned(&site);
    site.pass(false).await.unwrap();
    assert_eq!(site.mirrored(), site.expected());
    // A slice after each page: what changed is spread over moments.
    for n in 0..250 {
        site.advance(1);
        site.command(json!({"command": "updateIssue", "issue": format!("ENG-{}", n + 1), "summary": format!("{n}")}));
    }
    warned(&site);
    let standing = site.standing();
    site.pass_until(&standing, false, false, &|| true).await.unwrap();
    assert!(site.last.unfinished);
    while site.last.unfinished {
        site.pass_until(&standing, false, true, &|| true).await.unwrap();
    }
    assert_eq!(site.mirrored(), site.expected());
    // One alone cannot be asked for less: it is asked again with the next reconciliation.
    site.state.scan.limit_group(1);
    let cursor = site.state.scan.cursor();
    site.advance(1);
    site.command(json!({"command": "changeIssues", "project": "ENG"}));
    warned(&site);
    site.pass(false).await.unwrap();
    assert!(site.last.incomplete);
    assert_eq!(
        site.state.scan.cursor(),
        cursor,
        "nothing is passed over that Jira warned of"
    );
    site.pass(false).await.unwrap();
    assert!(site.state.scan.cursor() > cursor);
    assert_eq!(site.mirrored(), site.expected());
}

/// A project that lags behind is not taken for caught up on a page with warnings.
#[tokio::test]
async fn a_project_behind_stays_behind_while_jira_warns() {
    let mut site = Site::new(MirrorMode::All).await;
    site.command(json!({"command": "addIssues", "project": "ENG", "count": 20}));
    site.pass(true).await.unwrap();
    let private = |private: bool| json!({"command": "setProjectPrivate", "project": "ENG", "private": private});
    site.command(private(true));
    site.pass(false).await.unwrap();
    site.advance(60);
    site.command(json!({"command": "changeIssues", "project": "ENG"}));
    for n in 0..3 {
        site.advance(1200);
        site.command(json!({"command": "updateIssue", "issue": "OPS-1", "summary": format!("{n}")}));
        site.pass(false).await.unwrap();
    }
    site.command(private(false));
    let eng = site.project("ENG");
    let jql = format!("project in ({eng}) AND updated");
    site.command(json!({"command": "addPageFault", "fault": {
        "jql": jql, "times": 1, "trouble": {"kind": "warn", "truncateTo": 1}}}));
    site.pass(false).await.unwrap();
    assert!(matches!(site.state.projects.phase(&eng), SyncPhase::CatchingUp(_)));
    site.pass(false).await.unwrap();
    assert_eq!(site.state.projects.phase(&eng), SyncPhase::Live);
    assert_eq!(site.mirrored(), site.expected());
}

/// On a site without an issue there is no time to follow changes from; that is no time before all others.
/// Jira cuts the list of everything for good: it is asked for again, less and less often.
#[tokio::test]
async fn a_list_that_is_always_cut_is_repeated_less_and_less_often() {
    let mut site = Site::mirroring(30).await;
    let warn = json!({"kind": "warn", "truncateTo": 20});
    site.command(json!({"command": "addPageFault", "fault": {"jql": "ORDER BY updated DESC, key", "trouble": warn}}));
    let mark = site.sandbox.mark();
    site.pass_each(36, 600, false).await;
    let calls = site.sandbox.requests_since(mark);
    let is_list = |body: &String| body.contains("ORDER BY updated DESC, key");
    let lists = calls
        .iter()
        .filter(|call| call.body.as_ref().is_some_and(is_list))
        .count();
    assert!((5..=12).contains(&lists), "{lists} lists in six hours");
    assert_eq!(site.memory.writes.lock().unwrap().removed, 0);
}

/// Jira cuts what it reports changes for good: what it leaves out is fetched when everything is fetched anew.
#[tokio::test]
async fn changes_that_are_always_cut_are_fetched_anew_in_the_end() {
    let mut site = Site::mirroring(5).await;
    let warn = json!({"kind": "warn", "truncateTo": 0});
    site.command(json!({"command": "addPageFault", "fault": {"jql": "AND updated >=", "trouble": warn}}));
    site.advance(60);
    site.command(json!({"command": "changeIssues", "project": "ENG"}));
    let before = site.state.scan.cursor();
    site.pass_each(9, 600, false).await;
    assert_eq!(site.mirrored(), site.expected());
    assert!(
        site.state.scan.cursor() > before,
        "what is older is not asked for again and again"
    );
}

#[tokio::test]
async fn a_site_without_issues_has_no_cursor() {
    let mut site = Site::new(MirrorMode::All).await;
    site.command(json!({"command": "deleteIssues"}));
    site.pass_each(3, 700, false).await;
    assert_eq!(site.state.scan.cursor(), None);
    site.command(json!({"command": "addIssues", "project": "ENG", "count": 3}));
    site.pass(false).await.unwrap();
    assert_eq!((site.mirrored().len(), site.mirrored()), (3, site.expected()));
}
