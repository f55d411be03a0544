//! `--wait`: looks again when something changed, or after a while, until all is fine or the time
//! is over.

use std::{future::Future, time::Duration};

use futures::StreamExt;
use kube::{
    Api, Client,
    api::{WatchEvent, WatchParams},
};
use tokio::time::{Instant, sleep_until, timeout_at};

use super::{cluster::Which, report::Report};
use crate::api::integration::JiraIntegration;

/// Longest time between two looks: what is mended at Atlassian changes nothing in the cluster.
const AGAIN: Duration = Duration::from_secs(15);
/// Shortest time between two looks: Atlassian counts the calls.
const REST: Duration = Duration::from_secs(2);

/// Something that has a report.
pub trait Reported {
    /// The report.
    fn report(&self) -> &Report;
}

/// Looks until all is fine or the time is over, and gives the last that was seen. An error ends it
/// only when the time is over.
///
/// # Errors
/// That of the last look.
pub async fn until_fine<T, L, F, C, G>(wait: Duration, look: L, changed: C) -> Result<T, String>
where
    T: Reported,
    L: Fn() -> F,
    F: Future<Output = Result<T, String>>,
    C: Fn() -> G,
    G: Future<Output = ()>,
{
    let end = Instant::now() + wait;
    loop {
        let begun = Instant::now();
        let last = look().await;
        let fine = last.as_ref().is_ok_and(|seen| seen.report().exit_code() == 0);
        if fine || Instant::now() >= end {
            return last;
        }
        let again = end.min(begun + AGAIN);
        // That nothing changed is no reason not to look again.
        let _ = timeout_at(again, changed()).await;
        sleep_until(end.min(begun + REST)).await;
    }
}

/// Ends when one of the integrations was changed. Where they may not be watched, it never does.
pub async fn any_change(client: Client, which: &Which, namespace: &str) {
    let mut params = WatchParams::default();
    let api: Api<JiraIntegration> = match which {
        Which::All => Api::all(client),
        Which::OfNamespace => Api::namespaced(client, namespace),
        Which::Named(name) => {
            params = params.fields(&format!("metadata.name={name}"));
            Api::namespaced(client, namespace)
        }
    };
    // From the present state: it comes as additions first.
    if let Ok(stream) = api.watch(&params, "0").await {
        let mut stream = stream.boxed();
        while let Some(Ok(event)) = stream.next().await {
            if matches!(event, WatchEvent::Modified(_) | WatchEvent::Deleted(_)) {
                return;
            }
        }
    }
    futures::future::pending::<()>().await;
}
