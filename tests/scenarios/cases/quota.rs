//! Points: counted, forecast, and made to last.

use std::sync::Arc;

use serde_json::json;

use super::{Scenario, scenario, waiting};
use crate::{
    cluster::Cluster,
    harness::{Harness, assertions::assert_condition, observe::is_ready},
};

pub fn scenarios() -> Vec<Scenario> {
    vec![
        waiting(
            "quota::the_interval_is_stretched_before_the_points_are_spent",
            stretched,
        ),
        scenario(
            "quota::a_mirror_that_is_filled_leaves_points_to_tickets",
            left_to_tickets,
        ),
    ]
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

/// There are more issues than the points of the hour reach for, and tickets are written.
async fn left_to_tickets(cluster: Arc<Cluster>) {
    const POINTS: u64 = 2_000;
    let harness = Harness::open(&cluster, "quota-left").await;
    let app = harness.connect("acme-oauth").await;
    harness.command(json!({"command": "addIssues", "project": "ENG", "count": 3_000}));
    // They are not among those that a look-up for a ticket has to read.
    harness.command(json!({"command": "advanceClock", "seconds": 1200}));
    harness.command(json!({"command": "setQuota", "points": POINTS, "postReads": "perObject"}));
    let spec = json!({
        "projects": [{"key": "ENG"}], "tickets": {}, "syncInterval": "1h", "issues": {"mirror": "All", "maxObjects": 5_000},
    });
    harness.integrate("acme", "acme-oauth", spec).await;
    let told = harness
        .until_message("acme", "Reconciling", "the hour's points is left to tickets")
        .await;
    assert_condition(&told, "Reconciling", "True", "Synchronising", &["are to come"]);
    assert!(is_ready(&told), "it holds nothing back");
    let spent = || harness.sandbox.spent(Some(&app.client_id)).per_object;
    let before = spent();
    assert!(before > POINTS / 2 && before < POINTS, "{before}");
    for n in 0..5 {
        let bug = json!({"project": "ENG", "type": "Bug", "summary": format!("Left {n}")});
        harness.apply_ticket(&format!("left-{n}"), bug).await;
    }
    for n in 0..5 {
        harness.until_created(&format!("left-{n}")).await;
    }
    println!(
        "of {POINTS} points the mirror spent {before}, five tickets {}",
        spent() - before
    );
    let refused = harness
        .sandbox
        .requests()
        .into_iter()
        .filter(|call| call.status == Some(429));
    assert_eq!(refused.count(), 0, "Jira had to refuse");
    harness.close().await;
}
