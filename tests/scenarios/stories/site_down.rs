//! Jira is out of order: that is told of the integration, and nothing else is touched.

use std::sync::Arc;

use devkit::sandbox::{Command, FaultAction, FaultRule, When};
use serde_json::json;

use super::{Story, story};
use crate::{
    ledger,
    plane::Plane,
    stage::{
        Stage,
        claim::{claim, claim_absent},
        look::condition,
    },
};

pub fn stories() -> Vec<Story> {
    vec![
        story("site::the_site_is_down", down),
        story("site::the_gateway_breaks_halfway", gateway_breaks),
        story("site::the_edge_denies_what_atlassian_lists", edge_denies),
    ]
}

async fn connected(plane: &Arc<Plane>, name: &str) -> (Stage, String) {
    let stage = Stage::open(plane, name).await;
    let app = stage.connect("acme-oauth").await;
    stage.integrate("acme", "acme-oauth", json!({})).await;
    stage.until_ready("acme").await;
    (stage, app.client_id)
}

/// Whether a token is published.
async fn published(stage: &Stage) -> bool {
    let data = stage.secret("acme-jira-token").await.unwrap_or_default();
    data.contains_key("access-token")
}

async fn down(plane: Arc<Plane>) {
    let (stage, _) = connected(&plane, "down").await;
    let before = stage.project_versions().await;
    stage.jira(Command::SetSiteDown {
        site: None,
        down: true,
        status: None,
    });
    let down = stage.request("acme").await;
    let waiting = ["503", "tried again by itself"];
    let off = ["SiteReachable", "AccountEligible", "ProjectsAccessible"]
        .into_iter()
        .find(|type_| condition(&down, type_).reason == "SiteUnavailable");
    claim(
        &down,
        off.expect("an outage is told"),
        "Unknown",
        "SiteUnavailable",
        &waiting,
    );
    claim(&down, "Ready", "Unknown", "SiteUnavailable", &waiting);
    claim(&down, "Reconciling", "True", "SiteUnavailable", &[]);
    claim(&down, "Authorized", "True", "TokenFresh", &[]);
    claim_absent(&down, "Stalled");
    assert!(published(&stage).await, "an outage takes no token back");

    stage.jira(Command::SetSiteDown {
        site: None,
        down: false,
        status: None,
    });
    let up = stage.until_ready("acme").await;
    claim_absent(&up, "Reconciling");
    assert_eq!(stage.project_versions().await, before, "an outage rewrote projects");
    ledger::caused("site-unreachable");
    stage.close().await;
}

/// Each question of a pass in turn is answered by an error page, a dropped connection or a status. None takes the
/// token from workloads.
async fn gateway_breaks(plane: Arc<Plane>) {
    let (stage, _) = connected(&plane, "gateway").await;
    let before = stage.project_versions().await;
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
        // Pages of a proxy on the way: neither the token nor the account is refused by them.
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
        let fault = stage.sandbox.fault(FaultRule::path(path, when, action));
        let broken = stage.request("acme").await;
        claim(&broken, type_, "Unknown", "SiteUnavailable", &["tried again by itself"]);
        claim(&broken, "Ready", "Unknown", "SiteUnavailable", &[]);
        claim(&broken, "Reconciling", "True", "SiteUnavailable", &[]);
        assert!(published(&stage).await, "{path}: the token was taken back");
        stage.sandbox.release(fault).unwrap();
        stage.until_ready("acme").await;
    }
    assert_eq!(stage.project_versions().await, before, "an outage rewrote projects");
    stage.close().await;
}

/// The address tells its id to nobody, for whatever reason, while Atlassian lists the site to the grant: the
/// token that workloads use has nothing to do with it.
async fn edge_denies(plane: Arc<Plane>) {
    let (stage, _) = connected(&plane, "edge").await;
    let before = stage.project_versions().await;
    for code in [404, 302, 403, 502] {
        let action = FaultAction::Status {
            code,
            headers: std::collections::BTreeMap::default(),
            body: String::new(),
        };
        let fault = stage
            .sandbox
            .fault(FaultRule::path("/_edge/tenant_info", When::Before, action));
        let denied = stage.request("acme").await;
        claim(&denied, "SiteReachable", "True", "SiteFound", &[]);
        claim(&denied, "Ready", "True", "Connected", &[]);
        assert!(published(&stage).await, "{code}: the token was taken back");
        stage.sandbox.release(fault).unwrap();
    }
    assert_eq!(stage.project_versions().await, before, "projects were rewritten");
    stage.close().await;
}
