//! Jira asks to slow down, or refuses; and the cluster refuses to store what was found.

use std::{collections::BTreeMap, sync::Arc};

use axum::http::{Method, StatusCode};
use devkit::{
    proxy::{Action, Rule},
    sandbox::{Command, FaultAction, FaultRule, RateLimitReason, When},
};
use jiff::SignedDuration;
use jira_operator::api::integration::JiraIntegration;
use serde_json::json;

use super::{Story, story};
use crate::{
    ledger,
    plane::Plane,
    stage::{
        Setup, Stage,
        claim::{claim, claim_absent},
        look::{condition, has, is_ready, observed},
    },
};

/// What Jira asks to wait, in seconds.
const WAIT: u32 = 5;

pub fn stories() -> Vec<Story> {
    vec![
        story("limits::the_hourly_quota_is_spent", quota_spent),
        story("limits::the_quota_is_spent_before_the_first_look", spent_from_the_first),
        story("limits::a_spent_quota_is_found_once_and_judges_no_new_spec", found_once),
        story("limits::too_many_calls_a_second", burst),
        story("limits::jira_refuses_the_question", question_refused),
        story("limits::no_project_can_be_stored", nothing_stored),
        story("limits::one_project_cannot_be_stored", one_not_stored),
    ]
}

async fn set_up(plane: &Arc<Plane>, name: &str, proxied: bool) -> Stage {
    let stage = Stage::set_up(
        plane,
        name,
        Setup {
            proxied,
            ..Setup::default()
        },
    )
    .await;
    stage.connect("acme-oauth").await;
    stage
}

async fn connected(plane: &Arc<Plane>, name: &str, proxied: bool) -> Stage {
    let stage = set_up(plane, name, proxied).await;
    stage.integrate("acme", "acme-oauth", json!({})).await;
    stage.until_ready("acme").await;
    stage
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

/// Claims that after the first answer of 429 nothing was asked for as long as Jira said.
fn claim_waited(stage: &Stage) {
    let mut calls = stage.sandbox.requests();
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

async fn quota_spent(plane: Arc<Plane>) {
    for reason in [
        RateLimitReason::JiraQuotaGlobalBased,
        RateLimitReason::JiraQuotaTenantBased,
    ] {
        let stage = connected(&plane, "quota", false).await;
        let before = stage.integration("acme").await;
        let projects = stage.project_versions().await;
        let _ = stage.sandbox.fault(limit("/ex/jira/", reason, Some(WAIT)).times(1));
        stage.ask("acme").await;
        stage.until_reason("acme", "Synced", "QuotaExhausted").await;
        let spent = stage.integration("acme").await;
        claim(
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
        claim(&spent, "Ready", "True", "Connected", &[reason.header()]);
        claim_absent(&spent, "Stalled");

        // Not even a person who insists makes it call before the time.
        let insisted = stage.ask("acme").await;
        let healed = stage.until_answered("acme", &insisted).await;
        claim(&healed, "Synced", "True", "SyncSucceeded", &[]);
        claim_waited(&stage);
        assert_eq!(stage.project_versions().await, projects, "projects were rewritten");
        stage
            .until_events("acme", &["Connected", "QuotaExhausted", "SyncSucceeded"])
            .await;
        ledger::caused("quota-spent");
        stage.close().await;
    }
}

/// A new spec meets a spent quota: it is not called looked at. Another integration of the app makes no call of its
/// own to find the quota spent.
async fn found_once(plane: Arc<Plane>) {
    let stage = set_up(&plane, "quota-once", false).await;
    let spec = json!({"syncInterval": "1m", "projects": [{"key": "SUP"}]});
    for name in ["acme", "other"] {
        stage.integrate(name, "acme-oauth", spec.clone()).await;
        stage.until_ready(name).await;
    }
    let rule = limit("/ex/jira/", RateLimitReason::JiraQuotaGlobalBased, Some(WAIT));
    let _ = stage.sandbox.fault(rule.times(1));
    stage
        .change("acme", json!({"projects": [{"key": "SUP"}, {"key": "ENG"}]}))
        .await;
    stage.until_reason("acme", "Synced", "QuotaExhausted").await;
    let spent = stage.integration("acme").await;
    assert!(!observed(&spent), "the new spec was not looked at");
    claim(&spent, "Reconciling", "True", "NotChecked", &["the one before"]);
    claim(&spent, "Ready", "True", "Connected", &[]);
    stage.ask("other").await;
    stage.until_reason("other", "Synced", "QuotaExhausted").await;
    for name in ["acme", "other"] {
        let healed = |o: &JiraIntegration| has(o, "Synced", "SyncSucceeded") && observed(o);
        let healed = stage.until(name, "synchronised", healed).await;
        claim_absent(&healed, "Reconciling");
    }
    claim_waited(&stage);
    stage.claim_project("acme-eng", "Ready", "True", "Usable", &[]).await;
    listed_afterwards(&stage).await;
    stage.close().await;
}

/// Room for more issues is a reason to list all; that stays one where the points are spent before they are.
async fn listed_afterwards(stage: &Stage) {
    // Of what changed long ago nothing else tells.
    stage.command(json!({"command": "addIssues", "project": "ENG", "count": 10, "spreadSeconds": 90_000}));
    let room = |objects: u32| json!({"issues": {"mirror": "Open", "maxObjects": objects}});
    stage.change("acme", room(2)).await;
    stage.until_mirrored("full", |mirrored| mirrored.len() == 2).await;
    stage.until_reason("acme", "Synced", "MirrorTruncated").await;
    stage.request("acme").await;
    let rule = limit("/search/jql", RateLimitReason::JiraQuotaGlobalBased, Some(WAIT));
    let _ = stage.sandbox.fault(rule.times(1));
    stage.change("acme", room(1000)).await;
    stage.until_reason("acme", "Synced", "QuotaExhausted").await;
    let all = stage.readable_in("ENG") + stage.readable_in("SUP");
    stage.until_mirrored("complete", |mirrored| mirrored.len() == all).await;
}

async fn spent_from_the_first(plane: Arc<Plane>) {
    let stage = set_up(&plane, "quota-first", false).await;
    let rule = limit("/ex/jira/", RateLimitReason::JiraQuotaTenantBased, Some(WAIT));
    let _ = stage.sandbox.fault(rule.times(1));
    stage.integrate("acme", "acme-oauth", json!({})).await;
    stage.until_reason("acme", "Synced", "QuotaExhausted").await;
    let spent = stage.integration("acme").await;
    claim(&spent, "SiteReachable", "True", "SiteFound", &[]);
    // What was never looked at is not called good.
    claim(&spent, "AccountEligible", "Unknown", "NotChecked", &[]);
    assert!(!is_ready(&spent));
    assert!(stage.secret("acme-jira-token").await.unwrap_or_default().is_empty());
    stage.until_ready("acme").await;
    claim_waited(&stage);
    stage.close().await;
}

async fn burst(plane: Arc<Plane>) {
    let stage = connected(&plane, "burst", false).await;
    let before = stage.project_versions().await;
    // Jira gives the time, and at times it gives none.
    for wait in [Some(2), None] {
        let rule = limit("/project/search", RateLimitReason::JiraBurstBased, wait);
        let fault = stage.sandbox.fault(rule.times(2));
        let request = stage.ask("acme").await;
        stage.until_reason("acme", "Synced", "SyncPartial").await;
        let partial = stage.integration("acme").await;
        claim(
            &partial,
            "Synced",
            "False",
            "SyncPartial",
            &["jira-burst-based", "tried again by itself"],
        );
        claim(&partial, "Ready", "True", "Connected", &[]);
        let healed = stage.until_answered("acme", &request).await;
        claim(&healed, "Synced", "True", "SyncSucceeded", &[]);
        assert!(stage.sandbox.wait_for_hits(fault, 2).await);
    }
    assert_eq!(stage.project_versions().await, before, "projects were rewritten");
    stage.close().await;
}

async fn question_refused(plane: Arc<Plane>) {
    let stage = connected(&plane, "refused", false).await;
    let before = stage.project_versions().await;
    let words = "The value 'x' is not valid here.";
    let body = json!({"errorMessages": [words], "errors": {}}).to_string();
    let answer = FaultAction::Status {
        code: 400,
        headers: BTreeMap::new(),
        body,
    };
    let fault = stage
        .sandbox
        .fault(FaultRule::path("/project/search", When::Before, answer));
    let failed = stage.request("acme").await;
    claim(
        &failed,
        "Synced",
        "False",
        "SyncFailed",
        &["400", words, "tried again by itself"],
    );
    claim(&failed, "Ready", "False", "SyncFailed", &[words]);
    claim(&failed, "Reconciling", "True", "SyncFailed", &[]);
    assert_eq!(stage.project_versions().await, before, "projects were touched");
    // Nothing is known of the projects, and the command says the same.
    let named = ["Jira could not be asked", words];
    claim(&failed, "ProjectsAccessible", "Unknown", "SiteUnavailable", &named);
    for type_ in ["ProjectsAccessible", "DirectoryReadable", "Synced"] {
        let told = condition(&failed, type_);
        let expected = (told.reason.clone(), told.message.clone());
        assert_eq!(stage.checked("acme", type_).await, expected, "{type_}");
    }
    // Since when it fails is said, and stays the same as long as it does.
    let since = condition(&failed, "Synced").message.clone();
    assert!(since.contains("It last succeeded at 20"), "{since}");
    let still = stage.request("acme").await;
    assert_eq!(condition(&still, "Synced").message, since);

    stage.sandbox.release(fault).unwrap();
    let healed = stage.until_ready("acme").await;
    claim(&healed, "Synced", "True", "SyncSucceeded", &[]);
    stage
        .until_events("acme", &["Connected", "SiteUnavailable", "SyncFailed", "SyncSucceeded"])
        .await;
    ledger::caused("sync-failing");
    stage.close().await;
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

async fn nothing_stored(plane: Arc<Plane>) {
    let stage = set_up(&plane, "nothing-stored", true).await;
    let proxy = stage.proxy.as_ref().unwrap();
    let words = "jiraprojects is forbidden by a policy of the cluster";
    let rule = proxy.add(refuse(StatusCode::FORBIDDEN, "Forbidden", words).path_contains("/jiraprojects"));
    stage.integrate("acme", "acme-oauth", json!({})).await;
    stage.until_reason("acme", "Synced", "SyncFailed").await;
    let failed = stage.integration("acme").await;
    claim(
        &failed,
        "Synced",
        "False",
        "SyncFailed",
        &["and 3 more", words, "tried again by itself"],
    );
    claim(&failed, "Ready", "False", "SyncFailed", &[words]);
    claim(&failed, "Reconciling", "True", "SyncFailed", &[]);
    // The token does not depend on it.
    assert!(
        stage
            .secret("acme-jira-token")
            .await
            .unwrap()
            .contains_key("access-token")
    );
    rule.remove();
    stage.until_ready("acme").await;
    assert_eq!(stage.project_versions().await.len(), 4);
    stage.close().await;
}

async fn one_not_stored(plane: Arc<Plane>) {
    let stage = connected(&plane, "one-not-stored", true).await;
    let words = "etcd did not answer in time";
    let rule = refuse(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", words);
    let rule = stage
        .proxy
        .as_ref()
        .unwrap()
        .add(rule.method(Method::PUT).path_contains("/jiraprojects/acme-eng"));
    for project in ["ENG", "OPS"] {
        stage.jira(Command::ArchiveProject {
            site: None,
            project: project.into(),
        });
    }
    stage.ask("acme").await;
    stage.until_reason("acme", "Synced", "SyncPartial").await;
    let partial = stage.integration("acme").await;
    claim(
        &partial,
        "Synced",
        "False",
        "SyncPartial",
        &["JiraProject acme-eng could", words],
    );
    claim(
        &partial,
        "Ready",
        "True",
        "Connected",
        &["2 of 4", "Synced: SyncPartial"],
    );
    stage
        .claim_project("acme-ops", "Ready", "False", "ProjectArchived", &["OPS"])
        .await;
    stage.claim_project("acme-eng", "Ready", "True", "Usable", &[]).await;

    rule.remove();
    let healed = |o: &JiraIntegration| has(o, "Synced", "SyncSucceeded");
    stage.until("acme", "synchronised", healed).await;
    stage
        .claim_project("acme-eng", "Ready", "False", "ProjectArchived", &["ENG"])
        .await;
    stage.close().await;
}
