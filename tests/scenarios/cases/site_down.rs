//! Jira is out of order: that is said of the integration, and nothing else is touched.

use std::sync::Arc;

use devkit::sandbox::{FaultAction, FaultRule, When};
use serde_json::json;

use super::{Scenario, scenario};
use crate::{
    cluster::Cluster,
    coverage,
    harness::{
        actions::connected,
        assertions::{assert_absent, assert_condition},
        commands::site_down,
        observe::condition,
    },
};

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("site::the_site_is_down", down),
        scenario("site::the_gateway_breaks_halfway", gateway_breaks),
        scenario("site::the_edge_denies_what_atlassian_lists", edge_denies),
    ]
}

async fn down(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "down", json!({})).await;
    let before = harness.project_versions().await;
    harness.jira(site_down(None, true));
    let down = harness.request("acme").await;
    let waiting = ["503", "tried again by itself"];
    let off = ["SiteReachable", "AccountEligible", "ProjectsAccessible"]
        .into_iter()
        .find(|type_| condition(&down, type_).reason == "SiteUnavailable");
    assert_condition(
        &down,
        off.expect("an outage is told"),
        "Unknown",
        "SiteUnavailable",
        &waiting,
    );
    assert_condition(&down, "Ready", "Unknown", "SiteUnavailable", &waiting);
    assert_condition(&down, "Reconciling", "True", "SiteUnavailable", &[]);
    assert_condition(&down, "Authorized", "True", "TokenFresh", &[]);
    assert_absent(&down, "Stalled");
    assert!(harness.is_published().await, "an outage takes no token back");

    harness.jira(site_down(None, false));
    let up = harness.until_ready("acme").await;
    assert_absent(&up, "Reconciling");
    assert_eq!(harness.project_versions().await, before, "an outage rewrote projects");
    coverage::caused("site-unreachable");
    harness.close().await;
}

/// Each question of a reconciliation in turn is answered by an error page, a dropped connection or a status. None
/// takes the token from workloads.
async fn gateway_breaks(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "gateway", json!({})).await;
    let before = harness.project_versions().await;
    let garbled = FaultAction::GarbledBody;
    let status = |code| FaultAction::Status {
        code,
        headers: std::collections::BTreeMap::default(),
        body: String::new(),
    };
    let breaks = [
        ("/accessible-resources", "SiteReachable", When::Before, status(500)),
        (
            "/rest/api/3/myself",
            "AccountEligible",
            When::Before,
            FaultAction::DropConnection,
        ),
        ("/rest/api/3/project/search", "ProjectsAccessible", When::After, garbled),
        (
            "/rest/api/3/permissions/check",
            "ProjectsAccessible",
            When::Before,
            FaultAction::Html { code: 504 },
        ),
        // Pages of a proxy: neither the token nor the account is refused by them.
        (
            "/accessible-resources",
            "SiteReachable",
            When::Before,
            FaultAction::Html { code: 401 },
        ),
        (
            "/rest/api/3/myself",
            "AccountEligible",
            When::Before,
            FaultAction::Html { code: 403 },
        ),
        (
            "/rest/api/3/myself",
            "AccountEligible",
            When::Before,
            FaultAction::Html { code: 404 },
        ),
    ];
    for (path, type_, when, action) in breaks {
        let fault = harness.sandbox.fault(FaultRule::path(path, when, action));
        let broken = harness.request("acme").await;
        assert_condition(&broken, type_, "Unknown", "SiteUnavailable", &["tried again by itself"]);
        assert_condition(&broken, "Ready", "Unknown", "SiteUnavailable", &[]);
        assert_condition(&broken, "Reconciling", "True", "SiteUnavailable", &[]);
        assert!(harness.is_published().await, "{path}: the token was taken back");
        harness.sandbox.release(fault).unwrap();
        harness.until_ready("acme").await;
    }
    assert_eq!(harness.project_versions().await, before, "an outage rewrote projects");
    harness.close().await;
}

/// The address reveals its id to nobody, for whatever reason, while Atlassian lists the site to the grant: the
/// token that workloads use has nothing to do with it.
async fn edge_denies(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "edge", json!({})).await;
    let before = harness.project_versions().await;
    for code in [404, 302, 403, 502] {
        let action = FaultAction::Status {
            code,
            headers: std::collections::BTreeMap::default(),
            body: String::new(),
        };
        let fault = harness
            .sandbox
            .fault(FaultRule::path("/_edge/tenant_info", When::Before, action));
        let denied = harness.request("acme").await;
        assert_condition(&denied, "SiteReachable", "True", "SiteFound", &[]);
        assert_condition(&denied, "Ready", "True", "Connected", &[]);
        assert!(harness.is_published().await, "{code}: the token was taken back");
        harness.sandbox.release(fault).unwrap();
    }
    assert_eq!(harness.project_versions().await, before, "projects were rewritten");
    harness.close().await;
}
