//! New names, which touch no issue's time: how soon they show.

use jira_operator::api::{integration::MirrorMode, issue::JiraIssueStatus};
use serde_json::{Value, json};

use super::site::Site;

async fn with_issues(count: u32) -> Site {
    let mut site = Site::new(MirrorMode::All).await;
    site.command(
        json!({"command": "addIssues", "project": "ENG", "count": count, "varied": true,
        "spreadSeconds": 86_400}),
    );
    site.mapping = serde_json::from_value(json!([{"phase": "Backlog", "statuses": ["To Do"]}])).unwrap();
    site.pass(true).await.unwrap();
    site.settle().await;
    assert_eq!(site.mirrored(), site.expected());
    site
}

fn says(site: &Site, what: impl Fn(&JiraIssueStatus) -> bool) -> usize {
    site.mirrored().values().filter(|status| what(status)).count()
}

/// A status and a type, whose names a requested reconciliation asks for first: all issues say so after that
/// reconciliation.
#[tokio::test]
async fn a_status_and_a_type_show_within_a_requested_pass() {
    let mut site = with_issues(150).await;
    let waiting = says(&site, |status| status.phase == "Backlog");
    assert!(waiting > 0);
    site.command(json!({"command": "renameStatus", "project": "ENG", "status": "To Do", "name": "Later"}));
    site.command(json!({"command": "renameIssueType", "project": "ENG", "issueType": "Bug", "name": "Defect"}));
    site.pass(true).await.unwrap();
    assert_eq!(site.mirrored(), site.expected());
    assert_eq!(says(&site, |status| status.status == "Later"), waiting);
    assert!(says(&site, |status| status.issue_type == "Defect") > 0);
    assert_eq!(
        says(&site, |status| status.phase == "Backlog"),
        0,
        "no rule names it any more"
    );
}

/// A priority and a person: with the listing of the next hour where so few are mirrored, and nothing else is written.
#[tokio::test]
async fn a_priority_and_a_person_show_within_the_hour_where_few_are_mirrored() {
    let mut site = with_issues(60).await;
    let reporter = site
        .mirrored()
        .into_values()
        .find_map(|status| status.reporter)
        .unwrap();
    let renamed: [Value; 2] = [
        json!({"command": "renamePriority", "priority": "High", "name": "Urgent"}),
        json!({"command": "renameAccount", "account": reporter.account_id, "displayName": "Somebody Else"}),
    ];
    for command in renamed {
        site.command(command.clone());
        let before = *site.memory.writes.lock().unwrap();
        let other = site
            .expected()
            .into_iter()
            .filter(|(id, status)| site.mirrored()[id] != *status)
            .count();
        assert!(other > 0, "{command}");
        site.pass_after(60, false).await;
        assert_eq!(*site.memory.writes.lock().unwrap(), before, "no search tells of it");
        site.pass_after(3700, false).await;
        assert_eq!(site.mirrored(), site.expected(), "{command}");
        let after = *site.memory.writes.lock().unwrap();
        assert_eq!((after.changed, after.created), (before.changed + other, before.created));
    }
    // An address is not mirrored, whoever may see it.
    let before = *site.memory.writes.lock().unwrap();
    site.command(json!({"command": "hideEmail", "account": reporter.account_id, "hidden": true}));
    site.pass_after(3700, true).await;
    assert_eq!(*site.memory.writes.lock().unwrap(), before);
}
