//! Pages that misbehave, each kind alone: of changes, and of the ids that a listing gives.

use jira_operator::api::integration::MirrorMode;
use serde_json::json;

use super::site::Site;

async fn with_issues(count: u32) -> Site {
    let site = Site::new(MirrorMode::All).await;
    site.command(json!({"command": "addIssues", "project": "ENG", "count": count, "spreadSeconds": 2_592_000}));
    site
}

fn calls_of_pass(site: &Site, mark: devkit::sandbox::Mark) -> usize {
    site.sandbox.requests_since(mark).len()
}

/// More issues of one moment than any number of pages that bring nothing new: seven pages of them.
#[tokio::test]
async fn a_bulk_change_of_hundreds_at_one_moment_comes_whole() {
    let mut site = with_issues(5).await;
    site.pass(false).await.unwrap();
    // A page ends among them, with few of them on it.
    site.advance(100);
    site.command(json!({"command": "addIssues", "project": "ENG", "count": 95, "spreadSeconds": 60}));
    site.command(json!({"command": "addIssues", "project": "OPS", "count": 700}));
    site.pass(false).await.unwrap();
    assert_eq!(site.mirrored(), site.expected());
    // Once nothing can be late any more they are not fetched again.
    for _ in 0..3 {
        site.advance(700);
        site.pass(false).await.unwrap();
    }
    let mark = site.sandbox.mark();
    site.advance(60);
    site.pass(false).await.unwrap();
    assert_eq!(calls_of_pass(&site, mark), 1, "a pass on which nothing changed");
    site.advance(1);
    site.command(json!({"command": "changeIssues", "project": "OPS"}));
    site.pass(false).await.unwrap();
    assert_eq!(site.mirrored(), site.expected());
}
