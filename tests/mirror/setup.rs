//! What many tests begin with, and count.

use devkit::sandbox::Mark;
use jira_operator::api::integration::MirrorMode;
use serde_json::{Value, json};

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
        self.pass_each(2, 700, false).await;
    }

    /// A reconciliation that succeeds, so many seconds later.
    pub async fn pass_after(&mut self, seconds: i64, requested: bool) {
        self.advance(seconds);
        self.pass(requested).await.unwrap();
    }

    /// So many of them, one after the other.
    pub async fn pass_each(&mut self, times: usize, seconds: i64, requested: bool) {
        for _ in 0..times {
            self.pass_after(seconds, requested).await;
        }
    }

    /// After a faulty page everything is mirrored, each issue is created once and none removed.
    pub async fn comes_whole_after(&mut self, fault: Value, requested: bool) {
        self.command(json!({"command": "addPageFault", "fault": fault}));
        let first = self.pass(requested).await;
        self.command(json!({"command": "clearPageFaults"}));
        self.settle().await;
        assert_eq!(self.mirrored(), self.expected(), "{fault}, {first:?}");
        let writes = *self.memory.writes.lock().unwrap();
        assert_eq!((writes.created, writes.removed), (self.expected().len(), 0), "{fault}");
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
