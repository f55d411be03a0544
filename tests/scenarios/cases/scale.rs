//! What it costs: a thousand projects, reconciliations on which nothing happens, and a whole cluster.

use std::{sync::Arc, time::Duration};

use devkit::{
    control_plane::{AuditEntry, AuditTail, Stage as AuditStage},
    sandbox::{Command, FaultAction, FaultRule, Request, When},
};
use jiff::Timestamp;
use jira_operator::api::integration::{JiraIntegration, JiraIntegrationStatus};
use serde_json::json;

use super::{Scenario, scenario, waiting};
use crate::{
    cluster::{Cluster, RELEASE},
    coverage,
    harness::{
        BOT, Harness, Setup,
        assertions::assert_condition,
        commands::{archive, revoke},
        observe::{condition, has, is_ready},
    },
};

/// Live projects of the sandbox's site before more are made.
const SEEDED: u32 = 4;
/// How often the audit log is read while something is expected of it.
const ASK_AGAIN: Duration = Duration::from_millis(50);
/// Most memory that the operator's process may have had besides its code, in KiB.
const MEMORY_MAX: u64 = 120 * 1024;

pub fn scenarios() -> Vec<Scenario> {
    vec![
        waiting("scale::a_thousand_and_one_projects", thousand_and_one),
        waiting("scale::passes_on_which_nothing_happens", steady_state),
        scenario("scale::the_whole_cluster", cluster_wide),
    ]
}

/// What the operator of the harness wrote: verb, and resource with subresource.
fn writes(harness: &Harness, entries: &[AuditEntry]) -> Vec<(String, String)> {
    entries
        .iter()
        .filter(|e| e.is_by_service_account(&harness.namespace, RELEASE) && e.stage == AuditStage::ResponseComplete)
        .filter(|e| e.is_write() && e.namespace.as_deref() == Some(&harness.namespace))
        .map(|e| {
            let resource = e.resource.clone().unwrap_or_default();
            let sub = e.subresource.as_ref().map(|sub| format!("/{sub}")).unwrap_or_default();
            (e.verb.clone(), format!("{resource}{sub}"))
        })
        .collect()
}

/// What the operator wrote, once so many writes of the integration's status are among it: the
/// audit log may learn of a write after the watch does.
async fn written(harness: &Harness, audit: &mut AuditTail, statuses: usize) -> Vec<(String, String)> {
    writes(harness, &done(harness, audit, statuses).await)
}

/// Everything that was done, once so many writes of the integration's status are among it.
async fn done(harness: &Harness, audit: &mut AuditTail, statuses: usize) -> Vec<AuditEntry> {
    let mut all = Vec::new();
    let enough = async {
        loop {
            all.extend(audit.read().expect("the audit log can be read"));
            if count(&writes(harness, &all), "jiraintegrations/status") >= statuses {
                return;
            }
            tokio::time::sleep(ASK_AGAIN).await;
        }
    };
    let enough = tokio::time::timeout(Duration::from_secs(10), enough).await;
    assert!(
        enough.is_ok(),
        "{statuses} writes of the status were expected, of {:?}",
        writes(harness, &all)
    );
    all
}

/// How often the operator listed its projects.
fn lists(harness: &Harness, entries: &[AuditEntry]) -> usize {
    let of_operator = entries
        .iter()
        .filter(|e| e.is_by_service_account(&harness.namespace, RELEASE) && e.stage == AuditStage::ResponseComplete);
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

/// The most memory that the process ever had, in KiB, without its file: the code of a debug build takes a third, and says
/// nothing of projects.
fn peak_memory(harness: &Harness) -> u64 {
    let pid = harness.operators[0].pid();
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the process runs");
    let of = |name: &str| -> u64 {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kib = line.and_then(|line| line.split_whitespace().next()).expect("a line");
        kib.parse().expect("a number")
    };
    of("VmHWM:").saturating_sub(of("RssFile:"))
}

async fn thousand_and_one(cluster: Arc<Cluster>) {
    let harness = Harness::open(&cluster, "thousand").await;
    harness.jira(Command::CreateProjects {
        site: None,
        count: 1001 - SEEDED,
        prefix: None,
        template: None,
    });
    harness.connect("acme-oauth").await;
    let mut audit = cluster.control.audit().tail().unwrap();
    let mark = harness.sandbox.mark();
    harness.integrate("acme", "acme-oauth", json!({})).await;
    let ready = harness.until_ready("acme").await;
    let counts = ready.status.unwrap().projects.unwrap();
    assert_eq!((counts.visible, counts.readable, counts.blocked), (1001, Some(1001), 0));
    let versions = harness.project_versions().await;
    assert_eq!(versions.len(), 1001);
    let calls = harness.calls_since(mark);
    assert_eq!(asked(&calls, "/project/search").len(), 11, "pages of 100");
    assert_eq!(asked(&calls, "/permissions/check").len(), 2, "chunks of 1,000");
    let first = written(&harness, &mut audit, 1).await;
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

    let second = harness.request("acme").await;
    assert_condition(&second, "Synced", "True", "SyncSucceeded", &["1001 projects"]);
    let again = written(&harness, &mut audit, 1).await;
    let of_integration = ("patch".to_owned(), "jiraintegrations/status".to_owned());
    assert!(again.iter().all(|write| *write == of_integration), "{again:?}");

    // In an outage only the integration says so.
    let fault = harness.sandbox.fault(FaultRule::path(
        "/ex/jira/",
        When::Before,
        FaultAction::Html { code: 503 },
    ));
    let down = harness.request("acme").await;
    assert_condition(&down, "Ready", "Unknown", "SiteUnavailable", &[]);
    harness.sandbox.release(fault).unwrap();
    harness.until_ready("acme").await;
    let during = written(&harness, &mut audit, 2).await;
    assert_eq!(
        count(&during, "jiraprojects") + count(&during, "jiraprojects/status"),
        0,
        "{during:?}"
    );
    assert_eq!(harness.project_versions().await, versions);

    // One of them changes: one of them is written.
    harness.jira(archive("P500"));
    harness.request("acme").await;
    let one = written(&harness, &mut audit, 1).await;
    assert_eq!(
        count(&one, "jiraprojects") + count(&one, "jiraprojects/status"),
        1,
        "{one:?}"
    );
    harness
        .assert_project("acme-p500", "Ready", "False", "ProjectArchived", &["P500"])
        .await;
    let peak = peak_memory(&harness);
    println!("peak memory with 1,001 projects, debug build: {peak} KiB");
    assert!(peak < MEMORY_MAX, "{peak} KiB");
    harness.close().await;
}

fn last_sync(status: &JiraIntegrationStatus) -> Option<Timestamp> {
    status
        .sync
        .as_ref()
        .and_then(|s| s.last_sync_time.as_ref())
        .map(|t| t.0)
}

/// Three reconciliations that the clock brings, beside all other scenarios.
async fn steady_state(cluster: Arc<Cluster>) {
    let harness = Harness::open(&cluster, "steady").await;
    harness.connect("acme-oauth").await;
    harness
        .integrate(
            "acme",
            "acme-oauth",
            json!({"syncInterval": "1m", "account": {"email": BOT}}),
        )
        .await;
    let ready = harness.until_ready("acme").await;
    // The event comes last, so that nothing of the first reconciliation is counted.
    harness.until_events("acme", &["Connected"]).await;
    let mut last = last_sync(ready.status.as_ref().unwrap());
    let mut audit = cluster.control.audit().tail().unwrap();
    let mut mark = harness.sandbox.mark();
    let versions = harness.project_versions().await;
    for pass in 1..=3 {
        let synced = |o: &JiraIntegration| o.status.as_ref().is_some_and(|s| last_sync(s) != last);
        let now = harness.until("acme", "synchronised again", synced).await;
        let done = done(&harness, &mut audit, 1).await;
        assert_eq!(lists(&harness, &done), 1, "pass {pass}: its projects are listed once");
        let written = writes(&harness, &done);
        let once = [("patch".to_owned(), "jiraintegrations/status".to_owned())];
        assert_eq!(
            written,
            once,
            "pass {pass}: one write, and none in between\n{}",
            harness.log_tail()
        );
        let calls = harness.calls_since(mark);
        assert!((1..=2).contains(&calls.len()), "pass {pass} asked {calls:?}");
        let status = now.status.as_ref().unwrap();
        assert_eq!(
            status.api.as_ref().map(|a| a.calls_last_sync),
            i64::try_from(calls.len()).ok()
        );
        for condition in &status.conditions {
            let before = crate::harness::observe::condition(&ready, &condition.type_);
            assert_eq!(
                condition, before,
                "a condition moved on a pass on which nothing happened"
            );
        }
        last = last_sync(status);
        mark = harness.sandbox.mark();
    }
    assert_eq!(harness.project_versions().await, versions);
    assert_eq!(harness.exchanges(), 1);
    assert_eq!(harness.event_counts("acme").await, [("Connected".to_owned(), 1)]);
    harness.close().await;
}

/// One operator, under the ClusterRole, for namespaces that its flags do not name.
async fn cluster_wide(cluster: Arc<Cluster>) {
    let own = cluster.another().await;
    let setup = Setup {
        cluster_wide: true,
        further_namespaces: 1,
        ..Setup::default()
    };
    let harness = Harness::set_up(&own, "cluster", setup).await;
    let other = harness.further[0].clone();
    harness.connect("acme-oauth").await;
    let app = harness.sandbox.create_app().unwrap();
    let tokens = harness.sandbox.mint(&app.client_id, None).unwrap();
    harness
        .put_credentials(&other, "acme-oauth", &app, Some(&tokens.refresh_token))
        .await;
    for namespace in [&harness.namespace, &other] {
        harness.integrate_in(namespace, "acme", "acme-oauth", json!({})).await;
    }
    harness.until_ready("acme").await;
    harness.until_in(&other, "acme", "Ready", is_ready).await;
    assert_eq!(harness.exchanges(), 2, "two grants of the same name in two namespaces");

    // One namespace's trouble is not the other's.
    harness.jira(revoke(&app.client_id));
    harness.request_in(&other, "acme").await;
    let revoked = |o: &JiraIntegration| has(o, "Authorized", "ReconnectRequired");
    harness.until_in(&other, "acme", "ReconnectRequired", revoked).await;
    assert_eq!(condition(&harness.request("acme").await, "Ready").status, "True");
    let tokens = harness.sandbox.mint(&app.client_id, None).unwrap();
    harness
        .put_credentials(&other, "acme-oauth", &app, Some(&tokens.refresh_token))
        .await;
    harness.until_in(&other, "acme", "Ready", is_ready).await;
    harness.close().await;
    coverage::end(own).await;
}
