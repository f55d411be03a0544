//! What an operator takes for the time, where a scenario sets it: libfaketime answers its questions for it. Needs the
//! library's path in `FAKETIME_LIB`.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use jira_operator::api::integration::JiraIntegration;

use super::Harness;

/// Names where the library is.
const LIBRARY: &str = "FAKETIME_LIB";
/// How often a process is woken while a reconciliation is awaited.
const WAKES_EVERY: Duration = Duration::from_millis(50);

/// Whether clocks can be set.
pub fn can_be_set() -> bool {
    library().is_some()
}

fn library() -> Option<String> {
    std::env::var(LIBRARY).ok().filter(|path| !path.is_empty())
}

/// See the module.
pub struct Clock {
    /// By how many seconds it is ahead, for the library to read.
    file: PathBuf,
    ahead: AtomicI64,
}

impl Clock {
    /// One that is right.
    pub fn begin(folder: &Path) -> Self {
        let clock = Self {
            file: folder.join("clock"),
            ahead: AtomicI64::new(0),
        };
        clock.advance(0);
        clock
    }

    /// Time goes by, of which a process learns when something wakes it.
    pub fn advance(&self, seconds: i64) {
        let ahead = self.ahead.fetch_add(seconds, Ordering::Relaxed) + seconds;
        // Replaced in one step: it is read at any time.
        let new = self.file.with_extension("new");
        fs::write(&new, format!("+{ahead}")).expect("the clock can be written");
        fs::rename(&new, &self.file).expect("the clock can be set");
    }

    /// The time by it.
    pub fn now(&self) -> Timestamp {
        Timestamp::now() + SignedDuration::from_secs(self.ahead.load(Ordering::Relaxed))
    }

    /// What makes a process go by it.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let library = library().expect("FAKETIME_LIB names the library");
        assert!(
            Path::new(&library).exists(),
            "FAKETIME_LIB={library}: there is no such file"
        );
        vec![
            ("LD_PRELOAD", library),
            ("FAKETIME_TIMESTAMP_FILE", self.file.display().to_string()),
            ("FAKETIME_NO_CACHE", "1".to_owned()),
        ]
    }
}

impl Harness {
    /// A process that sleeps until a time checks its clock when it is spoken to, not when the clock is set.
    pub async fn wake(&self) {
        for operator in &self.operators {
            operator.try_get("/healthz").await;
        }
        tokio::time::sleep(WAKES_EVERY).await;
    }
}

/// When the next reconciliation is due.
pub fn next_sync(object: &JiraIntegration) -> Option<Timestamp> {
    let sync = object.status.as_ref()?.sync.as_ref()?;
    sync.next_sync_time.as_ref().map(|time| time.0)
}

/// Whether the next reconciliation is due by then.
pub fn is_next_before(object: &JiraIntegration, time: Timestamp) -> bool {
    next_sync(object).is_none_or(|next| next <= time)
}

/// Whether a first synchronisation is under way.
pub fn is_under_way(object: &JiraIntegration) -> bool {
    let sync = object.status.as_ref().and_then(|status| status.sync.as_ref());
    sync.is_some_and(|sync| sync.progress.is_some())
}
