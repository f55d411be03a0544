//! Pages that misbehave, each kind alone: of changes, and of the ids that a listing gives.

use serde_json::json;

use super::{setup::MONTH, site::Site};

/// More issues of one moment than any number of pages that bring nothing new: seven pages of them.
#[tokio::test]
async fn a_bulk_change_of_hundreds_at_one_moment_comes_whole() {
    let mut site = Site::with_issues(5, MONTH).await;
    site.pass(false).await.unwrap();
    // A page ends among them, with few of them on it.
    site.advance(100);
    site.command(json!({"command": "addIssues", "project": "ENG", "count": 95, "spreadSeconds": 60}));
    site.command(json!({"command": "addIssues", "project": "OPS", "count": 700}));
    site.pass(false).await.unwrap();
    assert_eq!(site.mirrored(), site.expected());
    // Once nothing can be late any more they are not fetched again.
    site.pass_each(3, 700, false).await;
    let mark = site.sandbox.mark();
    site.pass_after(60, false).await;
    assert_eq!(site.calls_since(mark), 1, "a pass on which nothing changed");
    site.advance(1);
    site.command(json!({"command": "changeIssues", "project": "OPS"}));
    site.pass(false).await.unwrap();
    assert_eq!(site.mirrored(), site.expected());
}

/// Each kind of page alone, on each page of a list and of changes: nothing is lost and nothing is removed,
/// and after at most one further reconciliation all is there.
async fn comes_whole_in_spite_of(trouble: serde_json::Value) {
    for page in 1..=3 {
        let mut site = Site::with_issues(5, MONTH).await;
        site.pass(true).await.unwrap();
        site.advance(100);
        // Three pages by token, because many are of one moment, and one that is gone on from by time.
        site.command(json!({"command": "addIssues", "project": "ENG", "count": 50, "spreadSeconds": 90}));
        site.command(json!({"command": "addIssues", "project": "OPS", "count": 280}));
        let fault = json!({"page": page, "times": 1, "trouble": trouble});
        site.comes_whole_after(fault, true).await;
    }
}

#[tokio::test]
async fn a_repeated_token_leads_to_no_endless_walk() {
    comes_whole_in_spite_of(json!({"kind": "repeatToken"})).await;
    // For ever, it fails after few calls.
    let mut site = Site::with_issues(5, MONTH).await;
    site.pass(true).await.unwrap();
    site.advance(100);
    site.command(json!({"command": "addIssues", "project": "OPS", "count": 280}));
    site.command(json!({"command": "addPageFault", "fault": {"trouble": {"kind": "repeatToken"}}}));
    let mark = site.sandbox.mark();
    site.pass(false).await.unwrap_err();
    assert!(site.calls_since(mark) <= 10);
    assert_eq!(site.memory.writes.lock().unwrap().removed, 0);
}

#[tokio::test]
async fn the_last_page_without_a_token_is_the_last() {
    comes_whole_in_spite_of(json!({"kind": "nullToken"})).await;
    comes_whole_in_spite_of(json!({"kind": "omitIsLast"})).await;
}

#[tokio::test]
async fn a_token_lost_in_the_middle_leaves_nothing_out() {
    comes_whole_in_spite_of(json!({"kind": "loseToken"})).await;
}

#[tokio::test]
async fn a_page_that_claims_to_be_the_last_and_has_a_token_is_not() {
    comes_whole_in_spite_of(json!({"kind": "claimLast"})).await;
}

#[tokio::test]
async fn a_short_page_is_not_the_last() {
    comes_whole_in_spite_of(json!({"kind": "shortPage", "issues": 1})).await;
    comes_whole_in_spite_of(json!({"kind": "shortPage", "issues": 7})).await;
}

#[tokio::test]
async fn an_empty_page_in_the_middle_is_not_the_end() {
    comes_whole_in_spite_of(json!({"kind": "emptyPage"})).await;
}

#[tokio::test]
async fn an_empty_page_after_the_last_is_none() {
    comes_whole_in_spite_of(json!({"kind": "extraPage"})).await;
}

/// 200, and a warning that clauses were cut off, on each of several pages in turn.
#[tokio::test]
async fn truncation_warnings_on_any_page_lose_and_remove_nothing() {
    comes_whole_in_spite_of(json!({"kind": "warn"})).await;
    let cut = json!({"kind": "warn", "warning": "CLAUSE_RESULT_TRUNCATED", "truncateTo": 3});
    comes_whole_in_spite_of(cut).await;
}
