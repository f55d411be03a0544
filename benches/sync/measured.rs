//! What is measured of a row, and the parts of it that the system tells.

use std::time::Instant;

use devkit::sandbox::Spent;
use serde::{Deserialize, Serialize};

use crate::shared::process::{memory, since};
use crate::shared::remote::{Failure, Remote};

/// What a row took.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Measured {
    /// Issues that were fetched.
    pub issues: u64,
    /// From the first request to the last issue.
    pub seconds: f64,
    /// Calls to Jira, and their price.
    pub spent: Spent,
    /// Memory of the process before it began, in KiB.
    pub idle_kib: u64,
    /// The most it had, in KiB.
    pub peak_kib: u64,
    /// Writes to the Kubernetes API server, where there is one.
    pub writes: Option<u64>,
}

/// Measures one part of a process's life.
pub struct Meter<'a> {
    remote: &'a Remote,
    before: Spent,
    idle_kib: u64,
    begin: Instant,
}

impl<'a> Meter<'a> {
    /// Begins now, and forgets what was before.
    pub async fn start(remote: &'a Remote) -> Result<Self, Failure> {
        let before = remote.spent(None).await?;
        forget_peak();
        Ok(Self {
            remote,
            before,
            idle_kib: memory("self", "VmRSS"),
            begin: Instant::now(),
        })
    }

    /// Ends now.
    pub async fn stop(self, issues: u64) -> Result<Measured, Failure> {
        let seconds = self.begin.elapsed().as_secs_f64();
        let peak_kib = memory("self", "VmHWM");
        let spent = since(&self.remote.spent(None).await?, &self.before);
        Ok(Measured {
            issues,
            seconds,
            spent,
            idle_kib: self.idle_kib,
            peak_kib,
            writes: None,
        })
    }
}

/// Lets the system measure the most memory anew. Where it cannot, the figure includes what was before.
fn forget_peak() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}
