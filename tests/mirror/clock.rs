//! The operator's clock is not Jira's.

use jiff::SignedDuration;
use jira_operator::api::integration::MirrorMode;
use serde_json::json;

use super::site::Site;

/// The operator's clock an hour ahead of Jira's and of nobody's, an hour behind, and set right in between.
#[tokio::test]
async fn a_clock_that_is_off_by_an_hour_loses_and_removes_nothing() {
    for hours in [1, -1] {
        let mut site = Site::new(MirrorMode::All).await;
        site.command(json!({"command": "addIssues", "project": "ENG", "count": 120, "spreadSeconds": 2_592_000}));
        site.skew = SignedDuration::from_hours(hours);
        for round in 0..6 {
            site.command(json!({"command": "changeIssues", "project": "ENG", "percent": 10}));
            site.command(json!({"command": "addIssues", "project": "OPS", "count": 2}));
            site.pass_after(500, false).await;
            assert_eq!(site.mirrored(), site.expected(), "{hours} h, round {round}");
            if round == 3 {
                site.skew = SignedDuration::ZERO;
                site.restart();
            }
        }
        assert_eq!(site.memory.writes.lock().unwrap().removed, 0);
    }
}
