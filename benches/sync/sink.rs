//! A mirror that keeps nothing: it counts what is put.

use jira_operator::sync::issues::{IndexEntry, Mirror, MirrorError, MirroredIssue, StoredObject};
use tokio::sync::watch;

/// See the module.
pub struct Sink {
    puts: watch::Sender<u64>,
}

impl Sink {
    /// Nothing was put yet.
    pub fn new() -> Self {
        Self {
            puts: watch::Sender::new(0),
        }
    }

    /// How many issues were put so far.
    pub fn puts(&self) -> u64 {
        *self.puts.borrow()
    }

    /// Waits until so many were put.
    pub async fn reaches(&self, count: u64) {
        // The sender lives as long as this waits.
        let _ = self.puts.subscribe().wait_for(|puts| *puts >= count).await;
    }
}

impl Mirror for Sink {
    async fn discard(&self, _object: &StoredObject) -> Result<(), MirrorError> {
        Ok(())
    }

    async fn put(&self, issue: &MirroredIssue, _known: Option<&StoredObject>) -> Result<StoredObject, MirrorError> {
        self.puts.send_modify(|puts| *puts += 1);
        Ok(StoredObject {
            object: format!("acme-{}", issue.status.key.to_lowercase()),
            version: "1".to_owned(),
            ..StoredObject::default()
        })
    }

    async fn remove(&self, _known: &IndexEntry) -> Result<(), MirrorError> {
        Ok(())
    }
}
