//! What many stories begin with, and count.

use devkit::sandbox::Mark;
use jira_operator::api::integration::MirrorMode;
use serde_json::json;

use super::site::Site;

/// Seconds of a month.
pub const MONTH: u64 = 2_592_000;

impl Site {
    /// A site whose project ENG has so many issues more, changed one after the other in the last so many seconds. All
    /// issues are to be mirrored, and none is yet.
    pub async fn with_issues(count: u32, seconds: u64) -> Self {
        let site = Self::new(MirrorMode::All).await;
        site.command(json!({"command": "addIssues", "project": "ENG", "count": count, "spreadSeconds": seconds}));
        site
    }

    /// The same, with issues of one moment that are all mirrored.
    pub async fn mirroring(count: u32) -> Self {
        let mut site = Self::with_issues(count, 0).await;
        site.pass(true).await.unwrap();
        site
    }

    /// So much time goes by that what changed until now is asked for no more.
    pub async fn settle(&mut self) {
        for _ in 0..2 {
            self.advance(700);
            self.pass(false).await.unwrap();
        }
    }

    /// How often Jira was called since a place in the log of requests.
    pub fn calls_since(&self, mark: Mark) -> usize {
        self.sandbox.requests_since(mark).len()
    }

    /// Id of the project with this key.
    pub fn project(&self, key: &str) -> String {
        let standing = self.standing();
        let found = standing.projects.into_iter().find(|(_, found)| found.key == key);
        found.unwrap().0
    }
}
