//! The cluster itself gives way under the grant: a namespace goes while a token is exchanged, and
//! the API server is restarted and frozen while tokens are refreshed.

use std::{fs, sync::Arc, time::Duration};

use devkit::sandbox::{FaultAction, FaultRule, When};
use k8s_openapi::api::core::v1::Namespace;
use kube::{Api, api::DeleteParams};

use super::{Story, lasting};
use crate::{
    plane::Plane,
    stage::{
        Setup, Stage,
        fleet::{Fleet, release, until_hit},
        look::is_ready,
    },
};

pub fn stories() -> Vec<Story> {
    vec![
        lasting(
            "outage::a_namespace_is_deleted_while_tokens_are_exchanged",
            namespace_goes,
        ),
        lasting(
            "outage::the_api_server_is_restarted_and_frozen_for_a_minute",
            api_server_goes,
        ),
    ]
}

async fn end(own: Arc<Plane>) {
    crate::ledger::close(&own.control).await;
    Arc::try_unwrap(own).ok().expect("nobody else uses it").stop().await;
}

/// The namespace goes completely, the operator says nothing of it, and the others go on.
async fn namespace_goes(plane: Arc<Plane>) {
    let own = plane.another().await;
    let setup = Setup {
        further_namespaces: 1,
        cluster_wide: true,
        ..Setup::default()
    };
    let stage = Stage::set_up(&own, "going", setup).await;
    let home = Fleet::launch(&stage, &stage.namespace, 2, 20).await;
    let (new, old) = (8, 4);
    let leaving = Fleet::prepare(&stage, &stage.further[0], new + old, 20).await;
    for n in 0..old {
        leaving.integrate(&stage, n).await;
        stage
            .until_in(&leaving.namespace, &Fleet::name(n), "Ready", is_ready)
            .await;
    }
    let held = leaving.fault(&stage, &FaultRule::token_endpoint(When::After, FaultAction::Hold));
    for n in old..old + new {
        leaving.integrate(&stage, n).await;
    }
    until_hit(&stage, &held).await;
    let namespaces: Api<Namespace> = Api::all(stage.client.clone());
    namespaces
        .delete(&leaving.namespace, &DeleteParams::default())
        .await
        .expect("it is being deleted");
    let gone = format!("ns/{}", leaving.namespace);
    let going = ["wait", "--for=delete", &gone, "--timeout=90s"];
    let (gone, ()) = futures::join!(own.kubectl(&going), async { release(&stage, &held) });
    gone.expect("the namespace goes completely");

    let spent = leaving.exchanges(&stage).len();
    home.claim_alive(&stage).await;
    home.claim_alive(&stage).await;
    assert_eq!(
        leaving.exchanges(&stage).len(),
        spent,
        "nothing is exchanged for what is gone"
    );
    assert_eq!(stage.operators[0].get("/healthz").await.0, 200);
    let log = fs::read_to_string(stage.log()).expect("the operator logs");
    let complaints: Vec<&str> = log
        .lines()
        .filter(|l| l.contains(" WARN ") || l.contains("ERROR"))
        .collect();
    assert!(
        complaints.len() <= 2,
        "the operator complains:\n{}",
        complaints.join("\n")
    );
    stage.close().await;
    end(own).await;
}

/// Refreshes go on while the API server is restarted, and wait for it while it is frozen. It is
/// never restarted itself, and in the end everything is as it was.
async fn api_server_goes(plane: Arc<Plane>) {
    let own = plane.another().await;
    let stage = Stage::open(&own, "ground").await;
    let fleet = Fleet::launch(&stage, &stage.namespace, 8, 20).await;
    fleet.until_ready(&stage).await;
    own.control.restart_api_server().await.expect("it comes back");
    fleet.claim_alive(&stage).await;

    own.control.freeze_api_server().expect("it freezes");
    // The length of the outage is the point of it.
    tokio::time::sleep(Duration::from_mins(1)).await;
    own.control.thaw_api_server().expect("it goes on");
    fleet.claim_alive(&stage).await;
    stage.request("acme-0").await;
    stage.until_ready("acme-0").await;
    assert_eq!(stage.operators[0].get("/healthz").await.0, 200);
    stage.close().await;
    end(own).await;
}
