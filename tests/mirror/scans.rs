//! Scans of changes that take several slices, and times that are none of Jira's present.

use std::sync::atomic::{AtomicUsize, Ordering};

use jira_operator::{
    api::integration::MirrorMode,
    sync::issues::{ScanState, SyncPhase},
};
use serde_json::json;

use super::{project_status::Standing, site::Site};

/// A reconciliation whose slices take so many pages each, and ten seconds; and those that follow.
async fn in_slices(site: &mut Site, standing: &Standing, pages: usize) {
    for slice in 0.. {
        let asked = AtomicUsize::new(1);
        let is_over = || asked.fetch_add(1, Ordering::SeqCst) >= pages;
        site.pass_until(standing, false, slice > 0, &is_over).await.unwrap();
        if !site.state.is_scan_open() {
            return;
        }
        assert!(slice < 100, "the slices have no end");
        site.advance(10);
    }
}

/// A site on which nothing changed for 50 minutes.
async fn quiet() -> Site {
    let mut site = Site::mirroring(5).await;
    site.pass_after(3000, false).await;
    site
}

/// ENG is hidden for one reconciliation, so that it lags behind. What was known of the projects before.
async fn lagging() -> (Site, Standing) {
    let mut site = Site::mirroring(5).await;
    let known = site.standing();
    hide(&site, true);
    site.advance(60);
    site.pass_over(&known, false, false).await.unwrap();
    (site, known)
}

fn hide(site: &Site, private: bool) {
    site.command(json!({"command": "setProjectPrivate", "project": "ENG", "private": private}));
}

/// A burst on a site that is quiet otherwise, read in many slices: it is read as often as it may be late, and no more.
#[tokio::test]
async fn a_burst_that_takes_many_slices_is_not_read_again_and_again() {
    let mut site = quiet().await;
    site.command(json!({"command": "addIssues", "project": "ENG", "count": 1500, "spreadSeconds": 60}));
    let mark = site.sandbox.mark();
    for _ in 0..20 {
        let standing = site.standing();
        in_slices(&mut site, &standing, 2).await;
        site.advance(120);
    }
    assert_eq!(site.mirrored(), site.expected());
    let calls = site.calls_since(mark);
    assert!(calls <= 5 * 16 + 40, "{calls} calls for 15 pages");
}

/// The same of a project that lags behind: it joins the others.
#[tokio::test]
async fn a_project_that_lags_behind_by_a_burst_catches_up() {
    let (mut site, known) = lagging().await;
    assert!(
        site.state
            .projects
            .phases()
            .any(|phase| matches!(phase, SyncPhase::CatchingUp(_)))
    );
    hide(&site, false);
    site.command(json!({"command": "addIssues", "project": "ENG", "count": 1500, "spreadSeconds": 60}));
    let mark = site.sandbox.mark();
    for _ in 0..20 {
        in_slices(&mut site, &known, 2).await;
        site.advance(120);
    }
    assert!(
        site.state.projects.phases().all(|phase| phase == SyncPhase::Live),
        "{:?}",
        site.state.projects
    );
    assert_eq!(site.mirrored(), site.expected());
    let calls = site.calls_since(mark);
    assert!(calls <= 5 * 16 + 40, "{calls} calls for 15 pages");
}

/// A scan waits for Jira's quota between two of its slices. What was late in the index meanwhile, and in time all the
/// same, comes with the next one.
#[tokio::test]
async fn a_change_that_came_late_while_a_round_waited_is_not_lost() {
    let mut site = quiet().await;
    site.command(json!({"command": "setIndexLag", "untilReleased": true}));
    site.command(json!({"command": "updateIssue", "issue": "ENG-1", "summary": "late"}));
    site.command(json!({"command": "setIndexLag"}));

    site.advance(300);
    site.command(json!({"command": "addIssues", "project": "OPS", "count": 250, "spreadSeconds": 249}));
    site.pass(false).await.unwrap();
    site.advance(60);
    let standing = site.standing();
    site.pass_until(&standing, false, false, &|| true).await.unwrap();
    assert!(site.last.unfinished);
    site.advance(180);
    site.command(json!({"command": "releaseIndex"}));
    site.advance(500);
    site.pass_over(&standing, false, true).await.unwrap();
    assert!(!site.last.unfinished);
    site.pass_after(60, false).await;
    assert_eq!(site.mirrored(), site.expected());
}

/// What a slice read before Jira failed is not read again.
#[tokio::test]
async fn a_failure_in_a_round_loses_nothing_that_was_read() {
    let mut site = quiet().await;
    site.command(json!({"command": "addIssues", "project": "ENG", "count": 900, "spreadSeconds": 60}));
    site.command(json!({"command": "addFault", "rule": {
        "path": "/search/jql", "skip": 7, "times": 1, "action": {"kind": "status", "code": 503}}}));
    site.pass(false).await.unwrap_err();
    let mark = site.sandbox.mark();
    site.pass(false).await.unwrap();
    assert!(site.calls_since(mark) <= 4);
    assert_eq!(site.mirrored(), site.expected());
}

/// A project with a scan under way is refused: it is asked for again with the next reconciliation, not at once for
/// ever.
#[tokio::test]
async fn a_round_of_a_project_that_is_refused_ends() {
    let (mut site, known) = lagging().await;
    hide(&site, false);
    site.command(json!({"command": "addIssues", "project": "ENG", "count": 500, "spreadSeconds": 50}));
    site.pass_until(&known, false, false, &|| true).await.unwrap();
    assert!(site.last.unfinished);
    hide(&site, true);
    site.advance(10);
    site.pass_over(&known, false, true).await.unwrap();
    assert!(!site.last.unfinished, "nothing can be gone on with at once");
    let mark = site.sandbox.mark();
    site.advance(10);
    site.pass_over(&known, false, true).await.unwrap();
    assert_eq!(site.calls_since(mark), 0, "a slice asks for nothing that was refused");
    hide(&site, false);
    site.pass_each(3, 60, false).await;
    assert_eq!(site.mirrored(), site.expected());
}

/// An import may give an issue a date that is still to come.
#[tokio::test]
async fn an_issue_of_the_future_hides_no_change() {
    let dated = json!({"command": "dateIssue", "issue": "ENG-1", "seconds": 28_800});
    for from_the_first in [true, false] {
        let mut site = Site::new(MirrorMode::All).await;
        site.command(json!({"command": "addIssues", "project": "ENG", "count": 20}));
        if from_the_first {
            site.command(dated.clone());
        }
        site.pass(true).await.unwrap();
        if !from_the_first {
            site.command(dated.clone());
        }
        for round in 0..3 {
            site.advance(700);
            site.command(json!({"command": "updateIssue", "issue": "ENG-2", "summary": format!("round {round}")}));
            if round == 2 {
                // Whoever touches it gives it a time of the present again, which is not older than it was.
                site.command(json!({"command": "updateIssue", "issue": "ENG-1", "summary": "touched"}));
            }
            site.pass(false).await.unwrap();
            let now = site.now().as_millisecond();
            assert!(site.state.scan.cursor() < Some(now + 1000), "it is none of Jira's past");
            assert_eq!(site.mirrored(), site.expected(), "round {round}, {from_the_first}");
            if round == 1 {
                site.restart();
            }
        }
    }
}

/// A cursor that an earlier version took from such an issue: everything is fetched anew, and what changed comes.
#[tokio::test]
async fn a_cursor_of_the_future_is_not_believed() {
    let mut site = Site::mirroring(20).await;
    site.advance(60);
    site.command(json!({"command": "changeIssues", "project": "ENG"}));
    let later = site.now() + jiff::SignedDuration::from_hours(8);
    site.state.scan = ScanState::at(Some(later.as_millisecond()), false);
    site.pass_each(2, 60, false).await;
    assert_eq!(site.mirrored(), site.expected());
}

/// Jira cuts what it answers for several projects at once: they are asked for in smaller groups.
#[tokio::test]
async fn a_query_that_jira_cuts_is_asked_by_fewer_projects() {
    let mut site = Site::mirroring(5).await;
    site.advance(60);
    site.command(json!({"command": "changeIssues", "project": "ENG"}));
    site.command(json!({"command": "changeIssues", "project": "OPS"}));
    // Any query for more than one.
    for id in site.standing().projects.keys() {
        site.command(json!({"command": "addPageFault", "fault": {
            "jql": format!("{id}, "), "trouble": {"kind": "warn", "truncateTo": 0}}}));
    }
    site.pass(false).await.unwrap();
    assert_eq!(site.mirrored(), site.expected());
    let mark = site.sandbox.mark();
    site.pass_after(60, false).await;
    let projects = site.standing().projects.len();
    assert!(site.calls_since(mark) <= projects, "nothing is asked for in vain");
}

/// After a long pause with more changes than it is worth to read, everything is listed and fetched instead.
#[tokio::test]
async fn what_changed_in_a_long_pause_is_not_read_change_by_change() {
    let mut site = Site::mirroring(50).await;
    site.max = 100;
    site.pass(true).await.unwrap();
    site.advance(86_400);
    site.command(json!({"command": "addIssues", "project": "ENG", "count": 30_000, "spreadSeconds": 80_000}));
    let mark = site.sandbox.mark();
    site.pass_each(2, 60, false).await;
    assert_eq!(site.mirrored(), site.expected());
    let calls = site.calls_since(mark);
    assert!(calls < 260, "{calls} calls");
}
