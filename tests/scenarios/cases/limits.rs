//! Jira asks to slow down, or refuses; and the cluster refuses to store what was found.

use std::{collections::BTreeMap, sync::Arc};

use axum::http::{Method, StatusCode};
use devkit::{
    proxy::{Action, Rule},
    sandbox::{FaultAction, FaultRule, RateLimitReason, When},
};
use jiff::SignedDuration;
use jira_operator::api::integration::JiraIntegration;
use serde_json::json;

use super::{Scenario, scenario};
use crate::{
    cluster::Cluster,
    coverage,
    harness::{
        Harness, Setup,
        actions::{connected, connected_with_app, opened},
        assertions::{assert_absent, assert_condition},
        commands::archive,
        observe::{condition, has, is_ready, observed},
    },
};

/// What Jira asks to wait, in seconds.
const WAIT: u32 = 5;

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("limits::the_hourly_quota_is_spent", quota_spent),
        scenario("limits::the_quota_is_spent_before_the_first_look", spent_from_the_first),
        scenario("limits::a_spent_quota_is_found_once_and_judges_no_new_spec", found_once),
        scenario("limits::too_many_calls_a_second", burst),
        scenario("limits::jira_refuses_the_question", question_refused),
        scenario("limits::no_project_can_be_stored", nothing_stored),
        scenario("limits::one_project_cannot_be_stored", one_not_stored),
    ]
}

fn limit(path: &str, reason: RateLimitReason, retry_after_seconds: Option<u32>) -> FaultRule {
    FaultRule::path(
        path,
        When::Before,
        FaultAction::RateLimit {
            reason,
            retry_after_seconds,
        },
    )
}

/// Asserts that after the first answer of 429 nothing was asked for as long as Jira said.
fn assert_waited(harness: &Harness) {
    let mut calls = harness.sandbox.requests();
    calls.retain(|r| r.path != "/oauth/token");
    let refused = calls
        .iter()
        .position(|r| r.status == Some(429))
        .expect("an answer of 429");
    let next = calls.get(refused + 1).expect("a call afterwards");
    let waited = next.at.duration_since(calls[refused].at);
    let asked = SignedDuration::from_secs(i64::from(WAIT));
    assert!(
        waited >= asked,
        "asked again after {waited:#}, of {asked:#} that Jira wanted: {next:?}"
    );
}

async fn quota_spent(cluster: Arc<Cluster>) {
    for reason in [
        RateLimitReason::JiraQuotaGlobalBased,
        RateLimitReason::JiraQuotaTenantBased,
    ] {
        let harness = connected(&cluster, "quota", json!({})).await;
        let before = harness.integration("acme").await;
        let projects = harness.project_versions().await;
        let _ = harness.sandbox.fault(limit("/ex/jira/", reason, Some(WAIT)).times(1));
        harness.ask("acme").await;
        harness.until_reason("acme", "Synced", "QuotaExhausted").await;
        let spent = harness.integration("acme").await;
        assert_condition(
            &spent,
            "Synced",
            "False",
            "QuotaExhausted",
            &[reason.header(), "no call is made until"],
        );
        for type_ in [
            "Authorized",
            "SiteReachable",
            "ScopesGranted",
            "AccountEligible",
            "ProjectsAccessible",
        ] {
            assert_eq!(
                condition(&spent, type_),
                condition(&before, type_),
                "its last answer was not kept"
            );
        }
        assert_condition(&spent, "Ready", "True", "Connected", &[reason.header()]);
        assert_absent(&spent, "Stalled");

        // Not even a person who insists makes it call before the time.
        let insisted = harness.ask("acme").await;
        let recovered = harness.until_answered("acme", &insisted).await;
        assert_condition(&recovered, "Synced", "True", "SyncSucceeded", &[]);
        assert_waited(&harness);
        assert_eq!(harness.project_versions().await, projects, "projects were rewritten");
        harness
            .until_events("acme", &["Connected", "QuotaExhausted", "SyncSucceeded"])
            .await;
        coverage::caused("quota-spent");
        harness.close().await;
    }
}

/// A new spec meets a spent quota: it is not called checked. Another integration of the app makes no call of its
/// own to find the quota spent.
async fn found_once(cluster: Arc<Cluster>) {
    let (harness, _) = opened(&cluster, "quota-once", Setup::proxied(false)).await;
    let spec = json!({"syncInterval": "1m", "projects": [{"key": "SUP"}]});
    for name in ["acme", "other"] {
        harness.integrate(name, "acme-oauth", spec.clone()).await;
        harness.until_ready(name).await;
    }
    let rule = limit("/ex/jira/", RateLimitReason::JiraQuotaGlobalBased, Some(WAIT));
    let _ = harness.sandbox.fault(rule.times(1));
    harness
        .change("acme", json!({"projects": [{"key": "SUP"}, {"key": "ENG"}]}))
        .await;
    harness.until_reason("acme", "Synced", "QuotaExhausted").await;
    let spent = harness.integration("acme").await;
    assert!(!observed(&spent), "the new spec was not checked");
    assert_condition(&spent, "Reconciling", "True", "NotChecked", &["the one before"]);
    assert_condition(&spent, "Ready", "True", "Connected", &[]);
    harness.ask("other").await;
    harness.until_reason("other", "Synced", "QuotaExhausted").await;
    for name in ["acme", "other"] {
        let recovered = |o: &JiraIntegration| has(o, "Synced", "SyncSucceeded") && observed(o);
        let recovered = harness.until(name, "synchronised", recovered).await;
        assert_absent(&recovered, "Reconciling");
    }
    assert_waited(&harness);
    harness.assert_project("acme-eng", "Ready", "True", "Usable", &[]).await;
    listed_afterwards(&harness).await;
    harness.close().await;
}

/// Room for more issues is a reason to list all; that stays one where the points are spent before they are.
async fn listed_afterwards(harness: &Harness) {
    // Nothing else shows what changed long ago.
    harness.command(json!({"command": "addIssues", "project": "ENG", "count": 10, "spreadSeconds": 90_000}));
    let room = |objects: u32| json!({"issues": {"mirror": "Open", "maxObjects": objects}});
    harness.change("acme", room(2)).await;
    harness.until_mirrored("full", |mirrored| mirrored.len() == 2).await;
    harness.until_reason("acme", "Synced", "MirrorTruncated").await;
    harness.request("acme").await;
    let rule = limit("/search/jql", RateLimitReason::JiraQuotaGlobalBased, Some(WAIT));
    let _ = harness.sandbox.fault(rule.times(1));
    harness.change("acme", room(1000)).await;
    harness.until_reason("acme", "Synced", "QuotaExhausted").await;
    let all = harness.readable_in("ENG") + harness.readable_in("SUP");
    harness
        .until_mirrored("complete", |mirrored| mirrored.len() == all)
        .await;
}

async fn spent_from_the_first(cluster: Arc<Cluster>) {
    let (harness, _) = opened(&cluster, "quota-first", Setup::proxied(false)).await;
    let rule = limit("/ex/jira/", RateLimitReason::JiraQuotaTenantBased, Some(WAIT));
    let _ = harness.sandbox.fault(rule.times(1));
    harness.integrate("acme", "acme-oauth", json!({})).await;
    harness.until_reason("acme", "Synced", "QuotaExhausted").await;
    let spent = harness.integration("acme").await;
    assert_condition(&spent, "SiteReachable", "True", "SiteFound", &[]);
    // What was never checked is not called good.
    assert_condition(&spent, "AccountEligible", "Unknown", "NotChecked", &[]);
    assert!(!is_ready(&spent));
    assert!(harness.secret("acme-jira-token").await.unwrap_or_default().is_empty());
    harness.until_ready("acme").await;
    assert_waited(&harness);
    harness.close().await;
}

async fn burst(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "burst", json!({})).await;
    let before = harness.project_versions().await;
    // Jira gives the time, and at times it gives none.
    for wait in [Some(2), None] {
        let rule = limit("/project/search", RateLimitReason::JiraBurstBased, wait);
        let fault = harness.sandbox.fault(rule.times(2));
        let request = harness.ask("acme").await;
        harness.until_reason("acme", "Synced", "SyncPartial").await;
        let partial = harness.integration("acme").await;
        assert_condition(
            &partial,
            "Synced",
            "False",
            "SyncPartial",
            &["jira-burst-based", "tried again by itself"],
        );
        assert_condition(&partial, "Ready", "True", "Connected", &[]);
        let recovered = harness.until_answered("acme", &request).await;
        assert_condition(&recovered, "Synced", "True", "SyncSucceeded", &[]);
        assert!(harness.sandbox.wait_for_hits(fault, 2).await);
    }
    assert_eq!(harness.project_versions().await, before, "projects were rewritten");
    harness.close().await;
}

async fn question_refused(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "refused", json!({})).await;
    let before = harness.project_versions().await;
    let words = "The value 'x' is not valid here.";
    let body = json!({"errorMessages": [words], "errors": {}}).to_string();
    let answer = FaultAction::Status {
        code: 400,
        headers: BTreeMap::new(),
        body,
    };
    let fault = harness
        .sandbox
        .fault(FaultRule::path("/project/search", When::Before, answer));
    let failed = harness.request("acme").await;
    assert_condition(
        &failed,
        "Synced",
        "False",
        "SyncFailed",
        &["400", words, "tried again by itself"],
    );
    assert_condition(&failed, "Ready", "False", "SyncFailed", &[words]);
    assert_condition(&failed, "Reconciling", "True", "SyncFailed", &[]);
    assert_eq!(harness.project_versions().await, before, "projects were touched");
    // Nothing is known of the projects, and the command says the same.
    let named = ["Jira could not be asked", words];
    assert_condition(&failed, "ProjectsAccessible", "Unknown", "SiteUnavailable", &named);
    for type_ in ["ProjectsAccessible", "DirectoryReadable", "Synced"] {
        let reported = condition(&failed, type_);
        let expected = (reported.reason.clone(), reported.message.clone());
        assert_eq!(harness.checked("acme", type_).await, expected, "{type_}");
    }
    // Since when it fails is said, and stays the same as long as it does.
    let since = condition(&failed, "Synced").message.clone();
    assert!(since.contains("It last succeeded at 20"), "{since}");
    let still = harness.request("acme").await;
    assert_eq!(condition(&still, "Synced").message, since);

    harness.sandbox.release(fault).unwrap();
    let recovered = harness.until_ready("acme").await;
    assert_condition(&recovered, "Synced", "True", "SyncSucceeded", &[]);
    harness
        .until_events("acme", &["Connected", "SiteUnavailable", "SyncFailed", "SyncSucceeded"])
        .await;
    coverage::caused("sync-failing");
    harness.close().await;
}

fn refuse(status: StatusCode, reason: &str, message: &str) -> Rule {
    let (reason, message) = (reason.to_owned(), message.to_owned());
    Rule::new(Action::Refuse {
        status,
        reason,
        message,
    })
    .writes()
}

async fn nothing_stored(cluster: Arc<Cluster>) {
    let (harness, _) = opened(&cluster, "nothing-stored", Setup::proxied(true)).await;
    let proxy = harness.proxy.as_ref().unwrap();
    let words = "jiraprojects is forbidden by a policy of the cluster";
    let rule = proxy.add(refuse(StatusCode::FORBIDDEN, "Forbidden", words).path_contains("/jiraprojects"));
    harness.integrate("acme", "acme-oauth", json!({})).await;
    harness.until_reason("acme", "Synced", "SyncFailed").await;
    let failed = harness.integration("acme").await;
    assert_condition(
        &failed,
        "Synced",
        "False",
        "SyncFailed",
        &["and 3 more", words, "tried again by itself"],
    );
    assert_condition(&failed, "Ready", "False", "SyncFailed", &[words]);
    assert_condition(&failed, "Reconciling", "True", "SyncFailed", &[]);
    // The token does not depend on it.
    assert!(harness.is_published().await);
    rule.remove();
    harness.until_ready("acme").await;
    assert_eq!(harness.project_versions().await.len(), 4);
    harness.close().await;
}

async fn one_not_stored(cluster: Arc<Cluster>) {
    let (harness, _) = connected_with_app(&cluster, "one-not-stored", Setup::proxied(true), json!({})).await;
    let words = "etcd did not answer in time";
    let rule = refuse(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", words);
    let rule = harness
        .proxy
        .as_ref()
        .unwrap()
        .add(rule.method(Method::PATCH).path_contains("/jiraprojects/acme-eng"));
    for project in ["ENG", "OPS"] {
        harness.jira(archive(project));
    }
    harness.ask("acme").await;
    harness.until_reason("acme", "Synced", "SyncPartial").await;
    let partial = harness.integration("acme").await;
    assert_condition(
        &partial,
        "Synced",
        "False",
        "SyncPartial",
        &["JiraProject acme-eng could", words],
    );
    assert_condition(
        &partial,
        "Ready",
        "True",
        "Connected",
        &["2 of 4", "Synced: SyncPartial"],
    );
    harness
        .assert_project("acme-ops", "Ready", "False", "ProjectArchived", &["OPS"])
        .await;
    harness.assert_project("acme-eng", "Ready", "True", "Usable", &[]).await;

    rule.remove();
    let recovered = |o: &JiraIntegration| has(o, "Synced", "SyncSucceeded");
    harness.until("acme", "synchronised", recovered).await;
    harness
        .assert_project("acme-eng", "Ready", "False", "ProjectArchived", &["ENG"])
        .await;
    harness.close().await;
}
