//! What it costs: a thousand projects, passes on which nothing happens, and a whole cluster.

use std::{sync::Arc, time::Duration};

use devkit::{
    control_plane::{AuditEntry, AuditTail, Stage as AuditStage},
    sandbox::{Command, FaultAction, FaultRule, Request, When},
};
use jiff::Timestamp;
use jira_operator::api::integration::{JiraIntegration, JiraIntegrationStatus};
use serde_json::json;

use super::{Story, lasting, story};
use crate::{
    ledger,
    plane::{Plane, RELEASE},
    stage::{
        BOT, Setup, Stage,
        claim::claim,
        look::{condition, has, is_ready},
    },
};

/// Live projects of the sandbox's site before more are made.
const SEEDED: u32 = 4;
/// How often the audit log is read while something is expected of it.
const ASK_AGAIN: Duration = Duration::from_millis(50);
/// Most memory that the operator's process, a debug build, may have had, in KiB.
const MEMORY_MAX: u64 = 150 * 1024;

pub fn stories() -> Vec<Story> {
    vec![
        lasting("scale::a_thousand_and_one_projects", thousand_and_one),
        lasting("scale::passes_on_which_nothing_happens", steady_state),
        story("scale::the_whole_cluster", cluster_wide),
    ]
}

/// What the operator of the stage wrote: verb, and resource with subresource.
fn writes(stage: &Stage, entries: &[AuditEntry]) -> Vec<(String, String)> {
    entries
        .iter()
        .filter(|e| e.is_by_service_account(&stage.namespace, RELEASE) && e.stage == AuditStage::ResponseComplete)
        .filter(|e| e.is_write() && e.namespace.as_deref() == Some(&stage.namespace))
        .map(|e| {
            let resource = e.resource.clone().unwrap_or_default();
            let sub = e.subresource.as_ref().map(|sub| format!("/{sub}")).unwrap_or_default();
            (e.verb.clone(), format!("{resource}{sub}"))
        })
        .collect()
}

/// What the operator wrote, once so many writes of the integration's status are among it: the
/// audit log may learn of a write after the watch does.
async fn written(stage: &Stage, audit: &mut AuditTail, statuses: usize) -> Vec<(String, String)> {
    writes(stage, &done(stage, audit, statuses).await)
}

/// Everything that was done, once so many writes of the integration's status are among it.
async fn done(stage: &Stage, audit: &mut AuditTail, statuses: usize) -> Vec<AuditEntry> {
    let mut all = Vec::new();
    let enough = async {
        loop {
            all.extend(audit.read().expect("the audit log can be read"));
            if count(&writes(stage, &all), "jiraintegrations/status") >= statuses {
                return;
            }
            tokio::time::sleep(ASK_AGAIN).await;
        }
    };
    let enough = tokio::time::timeout(Duration::from_secs(10), enough).await;
    assert!(
        enough.is_ok(),
        "{statuses} writes of the status were expected, of {:?}",
        writes(stage, &all)
    );
    all
}

/// How often the operator listed its projects.
fn lists(stage: &Stage, entries: &[AuditEntry]) -> usize {
    let of_operator = entries
        .iter()
        .filter(|e| e.is_by_service_account(&stage.namespace, RELEASE) && e.stage == AuditStage::ResponseComplete);
    of_operator
        .filter(|e| e.verb == "list" && e.resource.as_deref() == Some("jiraprojects"))
        .count()
}

fn count(writes: &[(String, String)], resource: &str) -> usize {
    writes.iter().filter(|(_, written)| written == resource).count()
}

fn asked<'r>(calls: &'r [Request], path: &str) -> Vec<&'r Request> {
    calls.iter().filter(|r| r.path.ends_with(path)).collect()
}

/// The most memory that the process ever had, in KiB.
fn peak_memory(stage: &Stage) -> u64 {
    let pid = stage.operators[0].pid();
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the process runs");
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .expect("its peak");
    line.split_whitespace()
        .nth(1)
        .and_then(|kib| kib.parse().ok())
        .expect("a number")
}

async fn thousand_and_one(plane: Arc<Plane>) {
    let stage = Stage::open(&plane, "thousand").await;
    stage.jira(Command::CreateProjects {
        site: None,
        count: 1001 - SEEDED,
        prefix: None,
        template: None,
    });
    stage.connect("acme-oauth").await;
    let mut audit = plane.control.audit().tail().unwrap();
    let mark = stage.sandbox.mark();
    stage.integrate("acme", "acme-oauth", json!({})).await;
    let ready = stage.until_ready("acme").await;
    let counts = ready.status.unwrap().projects.unwrap();
    assert_eq!((counts.visible, counts.readable, counts.blocked), (1001, Some(1001), 0));
    let versions = stage.project_versions().await;
    assert_eq!(versions.len(), 1001);
    let calls = stage.calls_since(mark);
    assert_eq!(asked(&calls, "/project/search").len(), 11, "pages of 100");
    assert_eq!(asked(&calls, "/permissions/check").len(), 2, "chunks of 1,000");
    let first = written(&stage, &mut audit, 1).await;
    let cost = (count(&first, "jiraprojects"), count(&first, "jiraprojects/status"));
    assert_eq!(
        cost,
        (1001, 3003),
        "one creation, one status for what was found out, one for its issues, and one for what it is made of"
    );
    let statuses = count(&first, "jiraintegrations/status");
    assert!(
        statuses <= 4,
        "one for each pass or slice that has something to say: {statuses}"
    );

    let second = stage.request("acme").await;
    claim(&second, "Synced", "True", "SyncSucceeded", &["1001 projects"]);
    let again = written(&stage, &mut audit, 1).await;
    let of_integration = ("patch".to_owned(), "jiraintegrations/status".to_owned());
    assert!(again.iter().all(|write| *write == of_integration), "{again:?}");

    // In an outage only the integration says so.
    let fault = stage.sandbox.fault(FaultRule::path(
        "/ex/jira/",
        When::Before,
        FaultAction::Html { code: 503 },
    ));
    let down = stage.request("acme").await;
    claim(&down, "Ready", "Unknown", "SiteUnavailable", &[]);
    stage.sandbox.release(fault).unwrap();
    stage.until_ready("acme").await;
    let during = written(&stage, &mut audit, 2).await;
    assert_eq!(
        count(&during, "jiraprojects") + count(&during, "jiraprojects/status"),
        0,
        "{during:?}"
    );
    assert_eq!(stage.project_versions().await, versions);

    // One of them changes: one of them is written.
    stage.jira(Command::ArchiveProject {
        site: None,
        project: "P500".into(),
    });
    stage.request("acme").await;
    let one = written(&stage, &mut audit, 1).await;
    assert_eq!(
        count(&one, "jiraprojects") + count(&one, "jiraprojects/status"),
        1,
        "{one:?}"
    );
    stage
        .claim_project("acme-p500", "Ready", "False", "ProjectArchived", &["P500"])
        .await;
    let peak = peak_memory(&stage);
    println!("peak memory with 1,001 projects, debug build: {peak} KiB");
    assert!(peak < MEMORY_MAX, "{peak} KiB");
    stage.close().await;
}

fn last_sync(status: &JiraIntegrationStatus) -> Option<Timestamp> {
    status
        .sync
        .as_ref()
        .and_then(|s| s.last_sync_time.as_ref())
        .map(|t| t.0)
}

/// Three passes that the clock brings, beside all other scenarios.
async fn steady_state(plane: Arc<Plane>) {
    let stage = Stage::open(&plane, "steady").await;
    stage.connect("acme-oauth").await;
    stage
        .integrate(
            "acme",
            "acme-oauth",
            json!({"syncInterval": "1m", "account": {"email": BOT}}),
        )
        .await;
    let ready = stage.until_ready("acme").await;
    // The event comes last, so that nothing of the first pass is counted.
    stage.until_events("acme", &["Connected"]).await;
    let mut last = last_sync(ready.status.as_ref().unwrap());
    let mut audit = plane.control.audit().tail().unwrap();
    let mut mark = stage.sandbox.mark();
    let versions = stage.project_versions().await;
    for pass in 1..=3 {
        let synced = |o: &JiraIntegration| o.status.as_ref().is_some_and(|s| last_sync(s) != last);
        let now = stage.until("acme", "synchronised again", synced).await;
        let done = done(&stage, &mut audit, 1).await;
        assert_eq!(lists(&stage, &done), 1, "pass {pass}: its projects are listed once");
        let written = writes(&stage, &done);
        let once = [("patch".to_owned(), "jiraintegrations/status".to_owned())];
        assert_eq!(
            written,
            once,
            "pass {pass}: one write, and none in between\n{}",
            stage.log_tail()
        );
        let calls = stage.calls_since(mark);
        assert!((1..=2).contains(&calls.len()), "pass {pass} asked {calls:?}");
        let status = now.status.as_ref().unwrap();
        assert_eq!(
            status.api.as_ref().map(|a| a.calls_last_sync),
            i64::try_from(calls.len()).ok()
        );
        for condition in &status.conditions {
            let before = crate::stage::look::condition(&ready, &condition.type_);
            assert_eq!(
                condition, before,
                "a condition moved on a pass on which nothing happened"
            );
        }
        last = last_sync(status);
        mark = stage.sandbox.mark();
    }
    assert_eq!(stage.project_versions().await, versions);
    assert_eq!(stage.exchanges(), 1);
    assert_eq!(stage.event_counts("acme").await, [("Connected".to_owned(), 1)]);
    stage.close().await;
}

/// One operator, under the ClusterRole, for namespaces that it was never told of.
async fn cluster_wide(plane: Arc<Plane>) {
    let own = plane.another().await;
    let setup = Setup {
        cluster_wide: true,
        further_namespaces: 1,
        ..Setup::default()
    };
    let stage = Stage::set_up(&own, "cluster", setup).await;
    let other = stage.further[0].clone();
    stage.connect("acme-oauth").await;
    let app = stage.sandbox.create_app().unwrap();
    let tokens = stage.sandbox.mint(&app.client_id, None).unwrap();
    stage
        .put_credentials(&other, "acme-oauth", &app, Some(&tokens.refresh_token))
        .await;
    for namespace in [&stage.namespace, &other] {
        stage.integrate_in(namespace, "acme", "acme-oauth", json!({})).await;
    }
    stage.until_ready("acme").await;
    stage.until_in(&other, "acme", "Ready", is_ready).await;
    assert_eq!(stage.exchanges(), 2, "two grants of the same name in two namespaces");

    // One namespace's trouble is not the other's.
    stage.jira(Command::RevokeGrant {
        client_id: Some(app.client_id.clone()),
        account: None,
    });
    stage.request_in(&other, "acme").await;
    let revoked = |o: &JiraIntegration| has(o, "Authorized", "ReconnectRequired");
    stage.until_in(&other, "acme", "ReconnectRequired", revoked).await;
    assert_eq!(condition(&stage.request("acme").await, "Ready").status, "True");
    let tokens = stage.sandbox.mint(&app.client_id, None).unwrap();
    stage
        .put_credentials(&other, "acme-oauth", &app, Some(&tokens.refresh_token))
        .await;
    stage.until_in(&other, "acme", "Ready", is_ready).await;
    stage.close().await;
    ledger::close(&own.control).await;
    Arc::try_unwrap(own).ok().expect("nobody else holds it").stop().await;
}
