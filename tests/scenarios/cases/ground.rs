//! The cluster itself gives way under the grant: a namespace goes while a token is exchanged, and
//! the API server is restarted and frozen while tokens are refreshed.

use std::{fs, sync::Arc, time::Duration};

use devkit::sandbox::{FaultAction, FaultRule, When};
use k8s_openapi::api::core::v1::Namespace;
use kube::{Api, api::DeleteParams};

use super::{Scenario, waiting};
use crate::{
    cluster::Cluster,
    harness::{
        Harness, Setup,
        fleet::{Fleet, release, until_hit},
        observe::is_ready,
    },
};

pub fn scenarios() -> Vec<Scenario> {
    vec![
        waiting(
            "outage::a_namespace_is_deleted_while_tokens_are_exchanged",
            namespace_goes,
        ),
        waiting(
            "outage::the_api_server_is_restarted_and_frozen_for_a_minute",
            api_server_goes,
        ),
    ]
}

async fn end(own: Arc<Cluster>) {
    crate::coverage::end(own).await;
}

/// The namespace goes completely, the operator says nothing of it, and the others go on.
async fn namespace_goes(cluster: Arc<Cluster>) {
    let own = cluster.another().await;
    let setup = Setup {
        further_namespaces: 1,
        cluster_wide: true,
        ..Setup::default()
    };
    let harness = Harness::set_up(&own, "going", setup).await;
    let home = Fleet::launch(&harness, &harness.namespace, 2, 20).await;
    let (new, old) = (8, 4);
    let leaving = Fleet::prepare(&harness, &harness.further[0], new + old, 20).await;
    for n in 0..old {
        leaving.integrate(&harness, n).await;
        harness
            .until_in(&leaving.namespace, &Fleet::name(n), "Ready", is_ready)
            .await;
    }
    let held = leaving.fault(&harness, &FaultRule::token_endpoint(When::After, FaultAction::Hold));
    for n in old..old + new {
        leaving.integrate(&harness, n).await;
    }
    until_hit(&harness, &held).await;
    let namespaces: Api<Namespace> = Api::all(harness.client.clone());
    namespaces
        .delete(&leaving.namespace, &DeleteParams::default())
        .await
        .expect("it is being deleted");
    let gone = format!("ns/{}", leaving.namespace);
    let going = ["wait", "--for=delete", &gone, "--timeout=90s"];
    let (gone, ()) = futures::join!(own.kubectl(&going), async { release(&harness, &held) });
    gone.expect("the namespace goes completely");

    let spent = leaving.exchanges(&harness).len();
    home.assert_alive(&harness).await;
    home.assert_alive(&harness).await;
    assert_eq!(
        leaving.exchanges(&harness).len(),
        spent,
        "nothing is exchanged for what is gone"
    );
    assert_eq!(harness.operators[0].get("/healthz").await.0, 200);
    let log = fs::read_to_string(harness.log()).expect("the operator logs");
    let complaints: Vec<&str> = log
        .lines()
        .filter(|l| l.contains(" WARN ") || l.contains("ERROR"))
        .collect();
    assert!(
        complaints.len() <= 2,
        "the operator complains:\n{}",
        complaints.join("\n")
    );
    harness.close().await;
    end(own).await;
}

/// Refreshes go on while the API server is restarted, and wait for it while it is frozen. It is
/// never restarted itself, and in the end everything is as it was.
async fn api_server_goes(cluster: Arc<Cluster>) {
    let own = cluster.another().await;
    let harness = Harness::open(&own, "ground").await;
    let fleet = Fleet::launch(&harness, &harness.namespace, 8, 20).await;
    fleet.until_ready(&harness).await;
    own.control.restart_api_server().await.expect("it comes back");
    fleet.assert_alive(&harness).await;

    own.control.freeze_api_server().expect("it freezes");
    // The length of the outage is the point of it.
    tokio::time::sleep(Duration::from_mins(1)).await;
    own.control.thaw_api_server().expect("it goes on");
    fleet.assert_alive(&harness).await;
    harness.request("acme-0").await;
    harness.until_ready("acme-0").await;
    assert_eq!(harness.operators[0].get("/healthz").await.0, 200);
    harness.close().await;
    end(own).await;
}
