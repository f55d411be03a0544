//! Points: counted, forecast, and made to last.

use std::sync::Arc;

use serde_json::json;

use super::{Scenario, waiting};
use crate::{
    cluster::Cluster,
    harness::{Harness, assertions::assert_condition, observe::is_ready},
};

pub fn scenarios() -> Vec<Scenario> {
    vec![waiting(
        "quota::the_interval_is_stretched_before_the_points_are_spent",
        stretched,
    )]
}

/// Two integrations of one app have one pool between them.
async fn stretched(cluster: Arc<Cluster>) {
    let harness = Harness::open(&cluster, "quota-stretched").await;
    let app = harness.connect("acme-oauth").await;
    harness.command(json!({"command": "setQuota", "points": 1000}));
    for name in ["acme", "other"] {
        harness
            .integrate(name, "acme-oauth", json!({"syncInterval": "1m"}))
            .await;
    }
    let reported = harness.until_reason("acme", "Synced", "IntervalStretched").await;
    assert!(reported.message.contains("instead of 1m"), "{}", reported.message);
    let object = harness.integration("acme").await;
    assert_condition(&object, "Synced", "False", "IntervalStretched", &["spec.syncInterval"]);
    assert!(is_ready(&object), "it holds nothing back");
    let status = object.status.unwrap();
    let sync = status.sync.unwrap();
    let apart = sync
        .next_sync_time
        .unwrap()
        .0
        .duration_since(sync.last_sync_time.unwrap().0);
    assert!(apart.as_secs() > 90, "{apart}");

    // What is estimated is never less than what is charged.
    let spent = harness.sandbox.spent(Some(&app.client_id)).per_object;
    let api = status.api.unwrap();
    let estimated = u64::try_from(api.points_last_sync.unwrap()).unwrap();
    assert!(estimated > 0 && estimated <= spent * 3 / 2, "{estimated} of {spent}");
    assert!(api.points_per_hour.unwrap() <= 1000);

    harness.command(json!({"command": "setQuota", "points": 65000}));
    harness.request("other").await;
    harness.request("acme").await;
    harness.until_reason("acme", "Synced", "SyncSucceeded").await;
    harness.close().await;
}
