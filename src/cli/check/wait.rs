//! `--wait`: checks again after a change, or after a while, until all is fine or the time is over.

use std::{future::Future, time::Duration};

use futures::StreamExt;
use kube::api::{WatchEvent, WatchParams};
use tokio::time::{Instant, sleep_until, timeout_at};

use super::selection::IntegrationSelection;
use crate::cli::context::{CheckReport, CliError, ClusterContext};

/// Longest time between two checks, for what no watch reports.
const AGAIN: Duration = Duration::from_secs(15);
/// Shortest time between two checks.
const REST: Duration = Duration::from_secs(1);

/// Checks until all is fine or the time is over, and gives the last that was seen. An error ends it
/// only when the time is over.
pub async fn until_fine<L, F, C, G>(wait: Duration, look: L, changed: C) -> Result<CheckReport, CliError>
where
    L: Fn() -> F,
    F: Future<Output = Result<CheckReport, CliError>>,
    C: Fn() -> G,
    G: Future<Output = ()>,
{
    let end = Instant::now() + wait;
    loop {
        let begun = Instant::now();
        let last = look().await;
        let fine = last.as_ref().is_ok_and(|seen| seen.exit_code() == 0);
        if fine || Instant::now() >= end {
            return last;
        }
        let again = end.min(begun + AGAIN);
        // Without a change it is checked again all the same.
        let _ = timeout_at(again, changed()).await;
        sleep_until(end.min(begun + REST)).await;
    }
}

/// Ends when one of the integrations was changed after this version. Where they may not be watched, it
/// never does.
pub async fn any_change(cluster: &ClusterContext, which: &IntegrationSelection, version: &str) {
    let mut params = WatchParams::default();
    params.label_selector.clone_from(&which.selector);
    params.field_selector = which.fields();
    if let Ok(stream) = which.api(cluster).watch(&params, version).await {
        let mut stream = stream.boxed();
        while let Some(Ok(event)) = stream.next().await {
            if !matches!(event, WatchEvent::Bookmark(_)) {
                return;
            }
        }
    }
    futures::future::pending::<()>().await;
}
