//! What a mirror costs where there are many issues, counted in calls and points: what there is no room for
//! is neither listed nor fetched.

use jira_operator::{
    api::{integration::MirrorMode, reason::Reason},
    sync::issues::{StoredIssues, SyncPhase, mirror_finding::finding},
};
use serde_json::json;

use super::{setup::MONTH, site::Site};

fn add(site: &Site, project: &str, count: u32, labels: &[&str]) {
    site.command(
        json!({"command": "addIssues", "project": project, "count": count, "spreadSeconds": MONTH,
        "set": {"labels": labels}}),
    );
}

/// Calls and points of a reconciliation.
async fn price(site: &mut Site, requested: bool) -> (u32, u64) {
    let (calls, points) = (site.jira.calls(), site.jira.points());
    site.pass(requested).await.unwrap();
    (site.jira.calls() - calls, site.jira.points() - points)
}

/// Told by the first issue that differs, not by all that there are.
fn assert_equal(site: &Site) {
    let (mirrored, expected) = (site.mirrored(), site.expected());
    let surplus = mirrored.iter().find(|(id, issue)| expected.get(id) != Some(issue));
    let lacking = expected.iter().find(|(id, issue)| mirrored.get(id) != Some(issue));
    assert_eq!(
        (surplus, lacking),
        (None, None),
        "{} of {}",
        mirrored.len(),
        expected.len()
    );
}

fn about(site: &Site) -> bool {
    site.state.projects.all_counts().any(|counts| counts.about)
}

/// 6,000 issues, and room for 500: the price is that of 500.
#[tokio::test]
async fn what_has_no_room_is_neither_fetched_nor_listed() {
    let mut site = Site::with_issues(6_000, MONTH).await;
    site.max = 500;
    let projects = u64::try_from(site.standing().projects.len()).unwrap();
    let (calls, points) = price(&mut site, false).await;
    // Each project has two numbers, at two points.
    assert!(points <= 640 + 4 * projects, "{points} points");
    assert!(u64::from(calls) <= 12 + 2 * projects, "{calls} calls");
    assert_equal(&site);
    assert!(site.state.objects.is_truncated && about(&site) && site.state.projects.matching() > 6_000);

    // An hour later: the ids of what is mirrored, a fifth of its contents, and the numbers.
    site.advance(3_700);
    let (_, points) = price(&mut site, false).await;
    assert!(points <= 500 + 120 + 4 * projects, "{points} points");
    let (calls, _) = price(&mut site, false).await;
    assert_eq!(calls, 1, "a pass on which nothing changed");

    // Deleted, and found to be so; what was updated next before has its place.
    let newest = *site.mirrored().keys().max().unwrap();
    site.command(json!({"command": "deleteIssues", "ids": [newest]}));
    site.pass_each(3, 3_700, false).await;
    assert_equal(&site);
    assert_eq!((site.state.objects.removed.gone, site.mirrored().len()), (1, 500));

    // With room for all, all come, and are counted one by one.
    let done: Vec<u64> = {
        let kept = site.mirrored();
        let all = site.sandbox.readable_issues(None);
        all.keys().copied().filter(|id| !kept.contains_key(id)).collect()
    };
    site.command(json!({"command": "deleteIssues", "ids": &done[400..]}));
    site.max = 1_000;
    site.pass_each(3, 3_700, true).await;
    assert_equal(&site);
    assert!(!site.state.objects.is_truncated && !about(&site));
    assert_eq!(site.state.projects.matching(), site.expected().len());
}

/// Killed while it fills, and begun anew: what is there is not fetched again.
#[tokio::test]
async fn a_kill_while_the_newest_come_in_fetches_none_twice() {
    let mut site = Site::with_issues(2_000, MONTH).await;
    site.max = 500;
    site.command(
        json!({"command": "addFault", "rule": {"path": "/search/jql", "body": "\"summary\"", "skip": 2,
        "action": {"kind": "status", "code": 503}}}),
    );
    site.pass(false).await.unwrap_err();
    let there = site.memory.kept.lock().unwrap().len();
    assert_eq!(there, 200);
    site.command(json!({"command": "clearFaults"}));
    site.restart();
    site.pass(false).await.unwrap();
    // What was updated at the same moment as the last comes again.
    assert!(site.last.filled <= 500 - there + 100, "{} fetched", site.last.filled);
    assert_equal(&site);
}

/// Twenty projects with a jql each, and little room: of each list no more is fetched than finds room.
#[tokio::test]
async fn many_lists_compete_for_little_room() {
    let mut site = Site::new(MirrorMode::All).await;
    site.command(json!({"command": "createProjects", "count": 20, "prefix": "N"}));
    for number in 1..=20 {
        let key = format!("N{number}");
        add(&site, &key, 100, &["k8s"]);
        site.jql.insert(key, "labels = k8s".into());
    }
    site.max = 100;
    let projects = u64::try_from(site.standing().projects.len()).unwrap();
    let (_, points) = price(&mut site, false).await;
    assert!(points <= 500 + 7 * projects, "{points} points");
    assert!(site.last.filled <= 400, "{} fetched", site.last.filled);
    assert_equal(&site);
    site.advance(3_700);
    let (_, points) = price(&mut site, false).await;
    assert!(points <= 250 + 7 * projects, "{points} points");
    // Those of the same moment as the oldest that is mirrored: one of a project.
    assert!(site.last.filled < 20, "{} fetched", site.last.filled);
}

/// Jira counts none, and there are more than have room: that shows while they come in.
#[tokio::test]
async fn a_wrong_estimate_does_not_fetch_everything() {
    let mut site = Site::with_issues(3_000, MONTH).await;
    site.max = 200;
    site.command(
        json!({"command": "addFault", "rule": {"path": "/approximate-count", "times": 1,
        "action": {"kind": "status", "code": 200, "body": "{\"count\": 0}"}}}),
    );
    let before = site.jira.points();
    site.pass(false).await.unwrap();
    // What was given up is not called done: neither by the projects, which every pass here checks, nor of the whole.
    assert!(site.state.projects.phases().any(SyncPhase::is_initial) && site.last.unfinished);
    let found = finding(&site.spec(), &site.state, &site.last, site.max);
    assert_eq!(found.map(|finding| finding.reason), Some(Reason::MirrorTruncated));
    for _ in 0..2 {
        site.pass(false).await.unwrap();
    }
    assert!(!site.state.projects.phases().any(SyncPhase::is_initial));
    let points = site.jira.points() - before;
    assert!(points <= 1_000, "{points} points");
    assert_equal(&site);
    assert!(site.state.objects.is_truncated);
}

/// Where nothing is mirrored, few are counted one by one, and many by Jira.
#[tokio::test]
async fn many_issues_are_counted_without_being_listed() {
    let mut site = Site::new(MirrorMode::None).await;
    site.pass(false).await.unwrap();
    assert!(!about(&site));
    add(&site, "ENG", 9_000, &[]);
    site.advance(3_700);
    let projects = u64::try_from(site.standing().projects.len()).unwrap();
    let (_, points) = price(&mut site, false).await;
    assert!(points <= 4 + 2 * projects, "{points} points");
    let open = site.state.projects.all_counts().filter_map(|counts| counts.open).max();
    assert!(about(&site) && open.is_some_and(|open| open > 5_000), "{open:?}");
}

/// A listing of several pages, in slices that are over after each.
#[tokio::test]
async fn a_listing_goes_on_from_page_to_page() {
    let mut site = Site::with_issues(10_500, MONTH).await;
    site.max = 20_000;
    site.pass(false).await.unwrap();
    let gone = *site.mirrored().keys().next().unwrap();
    site.command(json!({"command": "deleteIssues", "ids": [gone]}));
    site.advance(3_700);
    let (standing, swept) = (site.standing(), site.state.listing.last_sweep());
    let mut slices = 0;
    loop {
        let calls = site.jira.calls();
        let is_slice = slices > 0;
        site.pass_until(&standing, false, is_slice, &|| true).await.unwrap();
        let most = if is_slice { 1 } else { 2 };
        assert!(site.jira.calls() - calls <= most, "slice {slices}");
        slices += 1;
        if !site.state.listing.is_open() {
            break;
        }
    }
    assert!(
        slices >= 3 && site.state.listing.last_sweep() > swept,
        "{slices} slices"
    );
    site.pass_each(2, 400, false).await;
    assert_eq!(site.state.objects.removed.gone, 1);
    assert_equal(&site);
}

/// The name of a status changes, which touches no issue: within a day of listings each issue says so.
#[tokio::test]
async fn a_renamed_status_shows_within_a_day() {
    let mut site = Site::with_issues(300, MONTH).await;
    site.pass(true).await.unwrap();
    let named = |site: &Site, name: &str| {
        let kept = site.memory.kept.lock().unwrap();
        kept.values().filter(|kept| kept.status.status == name).count()
    };
    let before = named(&site, "To Do");
    assert!(before > 0);
    site.command(json!({"command": "renameStatus", "project": "ENG", "status": "To Do", "name": "Backlog"}));
    let mut hours = 0;
    while named(&site, "Backlog") < before {
        site.advance(3_700);
        let (calls, _) = price(&mut site, false).await;
        // Where the reconciliation has written by then, its share is left to the next slice, here the next hour.
        assert!(
            calls <= 4,
            "changes, the list, and at most two shares of the contents: {calls}"
        );
        hours += 1;
        assert!(hours <= 24, "{} of {before} are renamed", named(&site, "Backlog"));
    }
    assert!(site.state.verify.queued().is_empty());
    assert_eq!(site.memory.writes.lock().unwrap().changed, before);
}

/// As old as anything can be that comes back out of a backup: what is fetched by id is believed.
#[tokio::test]
async fn contents_that_are_older_than_the_mirror_are_believed_by_id() {
    let mut site = Site::with_issues(20, MONTH).await;
    site.pass(true).await.unwrap();
    let id = site.id_of("ENG-3");
    {
        // The mirror has what Jira has no more.
        let mut index = site.state.objects.index().clone();
        let mut tracked = index.get(id).unwrap().clone();
        tracked.updated += 600_000;
        tracked.digest ^= 1;
        index.insert(id, tracked.clone());
        let orphaned = site.state.objects.orphaned.clone();
        site.state.reload(StoredIssues { index, orphaned });
        let mut kept = site.memory.kept.lock().unwrap();
        let kept = kept.get_mut(&id).unwrap();
        kept.tracked = tracked;
        kept.status.summary = "Of later".into();
    }
    site.pass_after(3_700, false).await;
    assert_equal(&site);
}

/// Each kind of odd page, on each of the first pages of a first synchronisation.
#[tokio::test]
async fn a_first_synchronisation_comes_whole_in_spite_of_odd_pages() {
    let troubles = [
        json!({"kind": "repeatToken"}),
        json!({"kind": "nullToken"}),
        json!({"kind": "omitIsLast"}),
        json!({"kind": "loseToken"}),
        json!({"kind": "claimLast"}),
        json!({"kind": "shortPage", "issues": 1}),
        json!({"kind": "emptyPage"}),
        json!({"kind": "extraPage"}),
        json!({"kind": "warn", "warning": "CLAUSE_RESULT_TRUNCATED", "truncateTo": 3}),
    ];
    for trouble in troubles {
        for page in 1..=3 {
            let mut site = Site::with_issues(250, MONTH).await;
            // Many of one moment.
            site.command(json!({"command": "addIssues", "project": "OPS", "count": 150}));
            let fault = json!({"page": page, "jql": "ORDER BY created", "times": 1, "trouble": trouble});
            site.comes_whole_after(fault, false).await;
        }
    }
}

/// Changed, closed and moved while its project comes in page by page, and known to the index only later.
#[tokio::test]
async fn what_changes_between_two_pages_is_not_lost() {
    let mut site = Site::new(MirrorMode::Open).await;
    site.command(json!({"command": "addIssues", "project": "ENG", "count": 450, "spreadSeconds": 90_000}));
    site.command(
        json!({"command": "addFault", "rule": {"path": "/search/jql", "body": "ORDER BY created", "skip": 2,
        "action": {"kind": "status", "code": 503}}}),
    );
    site.pass(false).await.unwrap_err();
    let there = site.mirrored();
    let of = |site: &Site, is_there: bool| -> Vec<u64> {
        let all = site.expected().into_iter();
        let some = all.filter(|(id, issue)| issue.project == "ENG" && there.contains_key(id) == is_there);
        some.map(|(id, _)| id).take(4).collect()
    };
    let (fetched, waiting) = (of(&site, true), of(&site, false));
    assert!(fetched.len() == 4 && waiting.len() == 4);
    site.command(json!({"command": "setIndexLag", "untilReleased": true}));
    for ids in [&fetched, &waiting] {
        let text: Vec<String> = ids.iter().map(u64::to_string).collect();
        site.advance(1);
        site.command(json!({"command": "updateIssue", "issue": text[0], "summary": "changed meanwhile"}));
        site.command(json!({"command": "updateIssue", "issue": text[1], "status": "Done"}));
        site.command(json!({"command": "moveIssue", "issue": text[2], "project": "OPS"}));
        site.command(json!({"command": "deleteIssue", "issue": text[3]}));
    }
    site.command(json!({"command": "clearFaults"}));
    site.pass(false).await.unwrap();
    site.command(json!({"command": "setIndexLag"}));
    site.command(json!({"command": "releaseIndex"}));
    site.pass_each(2, 400, true).await;
    assert_equal(&site);
}
