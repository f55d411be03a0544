//! What is measured of a row.

use devkit::sandbox::Spent;

/// What a row took.
pub struct Measured {
    /// From apply, or call, to the key, for each ticket, in seconds, shortest first.
    pub latencies: Vec<f64>,
    /// From the first to the last of all.
    pub seconds: f64,
    /// Calls to Jira.
    pub spent: Spent,
    /// Memory of the process before it began, in KiB.
    pub idle_kib: u64,
    /// The most it had, in KiB.
    pub peak_kib: u64,
    /// What it had at the end, in KiB.
    pub end_kib: u64,
    /// Writes to the Kubernetes API server, where there is one.
    pub writes: Option<u64>,
}

impl Measured {
    /// The latency that this share of the tickets, in hundredths, does not exceed.
    pub fn within(&self, hundredths: usize) -> f64 {
        let place = (self.latencies.len() * hundredths).div_ceil(100).max(1);
        self.latencies.get(place - 1).copied().unwrap_or_default()
    }
}
