//! A cluster that refuses single objects: for a quota, by an admission policy, because a name is taken.

use std::sync::atomic::Ordering;

use jira_operator::sync::issues::SyncPhase;
use serde_json::json;

use super::site::Site;

fn refuse(site: &Site, keys: &[&str], code: u16) -> Vec<u64> {
    let ids: Vec<u64> = keys.iter().map(|key| site.id_of(key)).collect();
    let mut refused = site.memory.refused.lock().unwrap();
    refused.extend(ids.iter().map(|id| (*id, code)));
    ids
}

/// All but these are as they should be.
fn assert_equal_but(site: &Site, but: &[u64], what: &str) {
    let (mut mirrored, mut expected) = (site.mirrored(), site.expected());
    for id in but {
        mirrored.remove(id);
        expected.remove(id);
    }
    assert_eq!(mirrored, expected, "{what}");
}

/// Changed, refused, and refused to be removed: changes, new issues and deletions of the others go on.
#[tokio::test]
async fn an_object_that_the_cluster_refuses_stops_no_other() {
    for code in [400, 403, 409, 413, 422] {
        let mut site = Site::with_issues(30, 600).await;
        site.pass(true).await.unwrap();
        let refused = refuse(&site, &["ENG-1", "ENG-2"], code);
        site.advance(60);
        site.command(json!({"command": "updateIssue", "issue": "ENG-1", "summary": "refused"}));
        for round in 0..4 {
            site.advance(1);
            site.command(json!({"command": "updateIssue", "issue": "ENG-9", "summary": format!("round {round}")}));
            site.command(json!({"command": "addIssues", "project": "OPS", "count": 1}));
            let gone = if round == 0 {
                "ENG-2"
            } else {
                &format!("ENG-{}", 20 + round)
            };
            site.command(json!({"command": "deleteIssue", "issue": gone}));
            site.pass_after(360, true).await;
        }
        site.pass_after(360, false).await;
        assert_equal_but(&site, &refused, &format!("{code}"));
        let (count, _, words) = site.state.objects.deferred.refused().unwrap();
        assert!(count == 2 && words.contains("exceeded quota"), "{count}: {words}");
        let before = site.memory.refusals.load(Ordering::SeqCst);
        assert!(before <= 10, "{before} tries");
        site.memory.refused.lock().unwrap().clear();
        site.pass_each(2, 3700, false).await;
        assert_equal_but(&site, &[], "it takes them");
        assert!(site.state.objects.deferred.refused().is_none());
    }
}

/// More objects than a quota has room for: the rest is synchronised all the same, and the cluster is not asked for
/// each of them again and again.
#[tokio::test]
async fn a_first_synchronisation_ends_although_the_cluster_refuses_most() {
    let mut site = Site::with_issues(450, 600).await;
    let keys: Vec<String> = (1..=400).map(|n| format!("ENG-{n}")).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let refused = refuse(&site, &keys, 403);
    site.pass(true).await.unwrap();
    assert!(site.state.projects.phases().all(|phase| phase == SyncPhase::Live));
    assert_eq!(site.state.objects.deferred.refused().unwrap().0, 400);
    for minute in 1..=10 {
        site.advance(60);
        site.command(json!({"command": "updateIssue", "issue": "OPS-1", "summary": format!("{minute}")}));
        site.pass(false).await.unwrap();
        assert_equal_but(&site, &refused, "the others");
    }
    let asked = site.memory.refusals.load(Ordering::SeqCst);
    assert!(asked <= 500, "{asked} refusals");
    site.memory.refused.lock().unwrap().clear();
    site.pass_each(2, 3700, false).await;
    assert_equal_but(&site, &[], "it takes them");
}

/// Where there is not room for all, what the cluster refuses takes nobody's place.
#[tokio::test]
async fn an_object_that_the_cluster_refuses_pushes_none_out() {
    let mut site = Site::with_issues(30, 600).await;
    site.max = 20;
    site.pass(true).await.unwrap();
    let before = site.mirrored();
    site.advance(60);
    let issues = site.sandbox.readable_issues(None).into_iter();
    let (key, _) = issues
        .filter(|(id, _)| !before.contains_key(id))
        .map(|(_, issue)| issue)
        .next()
        .unwrap();
    refuse(&site, &[&key], 403);
    site.command(json!({"command": "updateIssue", "issue": key, "summary": "newest"}));
    for _ in 0..3 {
        site.pass(true).await.unwrap();
        assert_eq!(site.mirrored(), before);
        site.advance(3700);
    }
    assert_eq!(site.memory.writes.lock().unwrap().removed, 0);
}

/// What concerns all objects ends the reconciliation, and is no refusal of one.
#[tokio::test]
async fn a_cluster_that_fails_is_no_object_that_is_refused() {
    for code in [401, 429, 500, 503] {
        let mut site = Site::with_issues(5, 600).await;
        site.pass(true).await.unwrap();
        refuse(&site, &["ENG-1"], code);
        site.advance(60);
        site.command(json!({"command": "updateIssue", "issue": "ENG-1", "summary": "later"}));
        site.pass(false).await.unwrap_err();
        assert!(site.state.objects.deferred.refused().is_none());
        site.memory.refused.lock().unwrap().clear();
        site.pass(false).await.unwrap();
        assert_equal_but(&site, &[], "it is asked for again");
    }
}
