//! Every way out of a reconciliation, without a cluster and without Jira.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use serde_json::{Value, json};

use super::*;
use crate::{
    api::{
        condition::{ConditionType, Finding, find},
        integration::JiraIntegration,
        names::REQUESTED_AT,
        reason::Reason,
    },
    atlassian::{error::JiraError, site::SiteUrl},
    controller::{
        integration::steps::{
            ProjectSync, StepError, examination::Examination, grant::GrantStep, issue_sync::IssueSync, synced,
        },
        local_state::{ClusterBackoff, DueTimes, JiraBackoff, JiraWait, PendingRequest, PendingWork, UnknownStatuses},
    },
    grant::{
        credentials::CredentialsError,
        publish::{TokenSecret, TokenSecretState},
        store::GrantKey,
    },
    sync::projects::apply::Applied,
};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn after(seconds: i64) -> Timestamp {
    NOW + SignedDuration::from_secs(seconds)
}

/// An integration whose status is what the last reconciliation left.
fn observed(status: Option<&JiraIntegrationStatus>, local: &LocalState) -> ObservedState {
    of(
        &json!({"name": "acme", "namespace": "ns", "uid": "u1", "generation": 1}),
        status,
        local,
    )
}

fn of(metadata: &Value, status: Option<&JiraIntegrationStatus>, local: &LocalState) -> ObservedState {
    let integration: JiraIntegration = serde_json::from_value(json!({
        "apiVersion": "jira-operator.dev/v1alpha1", "kind": "JiraIntegration", "metadata": metadata,
        "spec": {"site": "https://acme.atlassian.net", "secretRef": {"name": "acme-oauth"}}, "status": status,
    }))
    .unwrap();
    ObservedState {
        status: integration.status.clone().unwrap_or_default(),
        local: local.clone(),
        site: SiteUrl::parse(&integration.spec.site, &[]),
        credentials: Err(CredentialsError::NotFound("acme-oauth".into())),
        credentials_version: None,
        grant: GrantKey {
            namespace: "ns".into(),
            credentials: "acme-oauth".into(),
        },
        target: TokenSecret {
            namespace: "ns".into(),
            name: "acme-jira-token".into(),
            integration: "acme".into(),
            owner: OwnerReference::default(),
        },
        published: TokenSecretState::Nothing,
        now: NOW,
        integration,
    }
}

fn requested(value: &str, local: &LocalState) -> ObservedState {
    let metadata = json!({"name": "acme", "namespace": "ns", "uid": "u1", "generation": 1,
        "annotations": {REQUESTED_AT: value}});
    of(&metadata, Some(&healthy()), local)
}

fn concluded(observed: &ObservedState, results: &Results, is_written: bool) -> Conclusion {
    let end = End { at: NOW, random: 0.5 };
    conclude(observed, results, &Verdict::of(observed, results), end, is_written)
}

fn projects(is_full: bool) -> ProjectSync {
    ProjectSync {
        is_full,
        applied: Applied::default(),
        succeeded: true,
    }
}

/// A full reconciliation that found everything well.
fn full() -> Results {
    let mut findings: Vec<Finding> = [
        (ConditionType::Authorized, Reason::TokenFresh),
        (ConditionType::SiteReachable, Reason::SiteFound),
        (ConditionType::ScopesGranted, Reason::AllScopesGranted),
        (ConditionType::AccountEligible, Reason::StandardAccount),
        (ConditionType::ProjectsAccessible, Reason::AllProjectsAccessible),
        (ConditionType::DirectoryReadable, Reason::UsersReadable),
        (ConditionType::StatusMappingValid, Reason::MappingMatchesWorkflows),
    ]
    .map(|(condition, reason)| Finding::plain(condition, reason))
    .into();
    findings.push(synced(2));
    Results {
        examination: Some(Examination {
            findings,
            projects: Some(projects(true)),
            ..Examination::default()
        }),
        ..Results::new(ReconcileKind::Full)
    }
}

fn incremental() -> Results {
    Results {
        confirmed: Some((projects(false), synced(2))),
        ..Results::new(ReconcileKind::Incremental)
    }
}

fn stopped(results: Results, error: StepError) -> Results {
    Results {
        stopped: Some(error),
        ..results
    }
}

/// One whose projects could not be asked, in the way that `error` tells.
fn cut_short(kind: ReconcileKind, error: StepError) -> Results {
    stopped(Results::new(kind), error)
}

fn limited(reason: &str, seconds: Option<u64>) -> StepError {
    StepError::RateLimited(JiraError::RateLimited {
        reason: reason.into(),
        retry_after: seconds.map(Duration::from_secs),
    })
}

fn outage() -> JiraError {
    JiraError::Unavailable {
        detail: "HTTP status 503".into(),
        retry_after: None,
    }
}

fn healthy() -> JiraIntegrationStatus {
    concluded(&observed(None, &LocalState::default()), &full(), true).status
}

fn reason(status: &JiraIntegrationStatus, condition: ConditionType) -> Option<&str> {
    find(&status.conditions, condition).map(|condition| condition.reason.as_str())
}

#[test]
fn what_is_well_is_said_once_and_looked_at_again_after_the_interval() {
    let done = concluded(&observed(None, &LocalState::default()), &full(), true);
    assert_eq!(reason(&done.status, ConditionType::Ready), Some("Connected"));
    assert_eq!(done.status.observed_generation, Some(1));
    assert_eq!(
        done.next_sync,
        done.status
            .sync
            .as_ref()
            .and_then(|sync| sync.next_sync_time.as_ref())
            .map(|at| at.0)
    );
    assert!(done.local.jira.wait.is_none() && done.local.cluster.retry_at.is_none() && !done.local.status.is_stale);
    assert_eq!(
        (done.local.history.full_count, done.local.judged.observed_generation),
        (1, Some(1))
    );
    let told: Vec<&str> = done.transitions.iter().map(|event| event.reason.as_str()).collect();
    assert_eq!(told, ["Connected"], "the first connection, and nothing else");
    let again = concluded(&observed(Some(&done.status), &done.local), &incremental(), true);
    assert!(again.transitions.is_empty() && again.events.is_empty());
    assert_eq!(
        (again.local.history.full_count, again.local.history.incremental_count),
        (1, 1)
    );
    assert_eq!(again.status.conditions, done.status.conditions);
}

#[test]
fn what_depends_on_a_condition_that_is_not_true_is_skipped() {
    let refused = Finding::plain(ConditionType::Authorized, Reason::ReconnectRequired);
    let error = StepError::after(&refused);
    let grant = GrantStep {
        exchange_at: Some(after(40)),
        ..GrantStep::ended(Some(refused), error.clone())
    };
    let mut results = stopped(Results::new(ReconcileKind::Full), error);
    results.access.grant = Some(grant);
    let first = concluded(&observed(None, &LocalState::default()), &results, true);
    assert_eq!(
        reason(&first.status, ConditionType::SiteReachable),
        Some("SkippedAfterAuthorized")
    );
    assert_eq!(reason(&first.status, ConditionType::Synced), Some("NeverSynced"));
    assert_eq!(reason(&first.status, ConditionType::Ready), Some("ReconnectRequired"));
    assert_eq!(
        first.status.observed_generation,
        Some(1),
        "the spec was judged as far as that goes"
    );
    assert_eq!(first.local.due.token_at, Some(after(40)));
    let later = concluded(&observed(Some(&healthy()), &LocalState::default()), &results, true);
    assert_eq!(
        reason(&later.status, ConditionType::Synced),
        Some("SkippedAfterAuthorized")
    );
    assert_eq!(later.status.sync, healthy().sync, "what was synchronised stands");
}

#[test]
fn what_jira_cut_short_is_resumed_and_says_nothing_of_what_was_not_asked() {
    let before = observed(Some(&healthy()), &LocalState::default());
    for kind in [ReconcileKind::Incremental, ReconcileKind::Resume, ReconcileKind::Full] {
        let burst = concluded(&before, &cut_short(kind, limited("jira-burst-based", Some(7))), true);
        assert_eq!(
            reason(&burst.status, ConditionType::Synced),
            Some("SyncPartial"),
            "{kind:?}"
        );
        assert_eq!(reason(&burst.status, ConditionType::SiteReachable), Some("SiteFound"));
        let wait = burst.local.jira.wait.as_ref().unwrap();
        assert_eq!((wait.resumes, wait.by_atlassian), (kind, true));
        assert!(wait.until >= after(7));
        let spent = concluded(
            &before,
            &cut_short(kind, limited("jira-quota-global-based", None)),
            true,
        );
        assert_eq!(reason(&spent.status, ConditionType::Synced), Some("QuotaExhausted"));
        let until = spent.local.jira.wait.as_ref().map(|wait| wait.until);
        assert!(until >= Some(after(3600)), "until the hour is over: {until:?}");
        assert!(
            spent.status.sync.unwrap().next_sync_time.unwrap().0 >= after(3600),
            "also after a restart"
        );
        let silent = concluded(&before, &cut_short(kind, StepError::Unanswered(outage())), true);
        assert_eq!(
            silent.status.conditions,
            healthy().conditions,
            "one answer that fails proves nothing"
        );
        assert_eq!(silent.local.jira.wait.unwrap().resumes, kind);
    }
}

#[test]
fn an_outage_makes_conditions_unknown_and_everything_is_asked_when_it_ends() {
    let down = crate::diagnose::judge::unavailable(ConditionType::SiteReachable, &outage());
    let error = StepError::after(&down);
    let results = Results {
        examination: Some(Examination {
            findings: vec![down],
            stopped: Some(error.clone()),
            ..Examination::default()
        }),
        ..stopped(Results::new(ReconcileKind::Full), error)
    };
    let mut newer = observed(Some(&healthy()), &LocalState::default());
    newer.integration.metadata.generation = Some(2);
    let done = concluded(&newer, &results, true);
    let site = find(&done.status.conditions, ConditionType::SiteReachable).unwrap();
    assert_eq!(
        (site.status.as_str(), site.reason.as_str()),
        ("Unknown", "SiteUnavailable")
    );
    assert_eq!(done.status.observed_generation, Some(1), "the new spec was not judged");
    assert!(find(&done.status.conditions, ConditionType::Reconciling).is_some());
    let wait = done.local.jira.wait.clone().unwrap();
    assert_eq!((wait.resumes, wait.by_atlassian), (ReconcileKind::Full, false));
    assert_eq!(done.local.jira.failures, 1);
    let twice = LocalState {
        jira: JiraBackoff {
            failures: 5,
            wait: None,
        },
        ..LocalState::default()
    };
    let later = concluded(&observed(Some(&healthy()), &twice), &results, true);
    assert!(later.local.jira.wait.unwrap().until > wait.until, "less and less often");
}

#[test]
fn a_suspended_integration_says_since_when_and_asks_nothing() {
    let done = suspended(&observed(Some(&healthy()), &LocalState::default()));
    assert!(done.status.suspended_since.is_some() && done.status.authorization_url.is_none());
    let ready = find(&done.status.conditions, ConditionType::Ready).unwrap();
    assert!(ready.message.starts_with("Suspended since "), "{}", ready.message);
    assert!(find(&done.status.conditions, ConditionType::Reconciling).is_none());
    assert_eq!(done.next_sync, None);
    assert!(done.requeue.iter().all(Option::is_none), "only a change wakes it");
    let again = suspended(&observed(Some(&done.status), &done.local));
    assert_eq!(again.status, done.status);
}

#[test]
fn a_request_is_answered_once_nothing_of_it_is_left() {
    let asked = requested("now", &LocalState::default());
    let whole = concluded(&asked, &full(), true);
    assert_eq!(whole.status.last_handled_reconcile_at.as_deref(), Some("now"));
    assert_eq!(whole.local.work.request, None);
    let mut listing = full();
    listing.work.issues = Some(IssueSync {
        is_listing_due: true,
        resume_at: Some(NOW),
        ..IssueSync::of(&asked, UnknownStatuses::default())
    });
    let half = concluded(&asked, &listing, true);
    assert_eq!(half.status.last_handled_reconcile_at, None);
    assert_eq!(half.local.due.resume_at, Some(NOW));
    let taken = PendingRequest {
        value: "now".into(),
        is_listing_due: false,
    };
    let local = LocalState {
        work: PendingWork {
            request: Some(taken.clone()),
            ..PendingWork::default()
        },
        ..LocalState::default()
    };
    let goes_on = requested("now", &local);
    let token_only = concluded(&goes_on, &Results::new(ReconcileKind::TokenOnly), true);
    assert_eq!(
        token_only.local.work.request,
        Some(taken),
        "it is not answered by keeping the token"
    );
    assert_eq!(token_only.status.last_handled_reconcile_at, None);
    let limited = concluded(
        &goes_on,
        &cut_short(ReconcileKind::Full, limited("jira-burst-based", None)),
        true,
    );
    assert_eq!(limited.status.last_handled_reconcile_at, None);
    let resumed = concluded(&goes_on, &Results::new(ReconcileKind::Resume), true);
    assert_eq!(resumed.status.last_handled_reconcile_at.as_deref(), Some("now"));
    let other = concluded(&requested("later", &local), &incremental(), true);
    assert_eq!(
        other.status.last_handled_reconcile_at, None,
        "another request is not answered with it"
    );
}

#[test]
fn a_status_that_could_not_be_written_is_doubted_until_everything_was_looked_at_again() {
    let first = observed(Some(&healthy()), &LocalState::default());
    let lost = concluded(&first, &full(), false).local;
    assert!(lost.status.is_stale && lost.cluster.retry_at > Some(NOW) && lost.cluster.failures == 1);
    let then = |results: &Results| concluded(&observed(Some(&healthy()), &lost), results, true).local;
    for kind in [ReconcileKind::TokenOnly, ReconcileKind::Resume] {
        assert!(then(&Results::new(kind)).status.is_stale, "{kind:?}");
    }
    assert!(then(&incremental()).status.is_stale);
    let limited = stopped(full(), limited("jira-burst-based", None));
    assert!(then(&limited).status.is_stale, "it was cut short");
    let found = then(&full());
    assert!(!found.status.is_stale && found.cluster.retry_at.is_none() && found.cluster.failures == 0);
}

#[test]
fn after_a_restart_what_is_not_remembered_is_not_forgotten_either() {
    let wait = JiraWait {
        until: after(100),
        by_atlassian: true,
        of: "x".into(),
        resumes: ReconcileKind::Full,
    };
    let local = LocalState {
        jira: JiraBackoff {
            failures: 3,
            wait: Some(wait.clone()),
        },
        due: DueTimes {
            next_sync: Some(after(100)),
            resume_at: Some(after(50)),
            token_at: None,
        },
        ..LocalState::default()
    };
    let token_only = concluded(
        &observed(Some(&healthy()), &local),
        &Results::new(ReconcileKind::TokenOnly),
        true,
    );
    assert_eq!(
        token_only.local.jira.wait,
        Some(wait),
        "Jira was not asked, so nothing is known anew"
    );
    assert_eq!(
        (token_only.local.jira.failures, token_only.local.due.next_sync),
        (3, Some(after(100)))
    );
    assert_eq!(token_only.local.due.resume_at, Some(after(50)));
    assert_eq!(token_only.status.conditions, healthy().conditions);
    assert!(token_only.local.history.has_reconciled);
    let fresh = concluded(
        &observed(Some(&healthy()), &LocalState::default()),
        &incremental(),
        true,
    );
    assert_eq!(fresh.status.conditions, healthy().conditions);
    assert_eq!(
        fresh.status.sync.unwrap().last_diagnosis_time,
        healthy().sync.unwrap().last_diagnosis_time
    );
}

#[test]
fn tokens_in_memory_are_stored_soon_and_what_the_cluster_refuses_less_and_less_often() {
    let refused = Finding::plain(ConditionType::Authorized, Reason::SecretNotWritable);
    let results = |is_unsaved| {
        let error = StepError::after(&refused);
        let grant = GrantStep {
            is_unsaved,
            ..GrantStep::ended(Some(refused.clone()), error.clone())
        };
        let mut results = stopped(Results::new(ReconcileKind::Full), error);
        results.access.grant = Some(grant);
        results
    };
    let often = LocalState {
        cluster: ClusterBackoff {
            failures: 9,
            retry_at: None,
        },
        ..LocalState::default()
    };
    let observed = observed(Some(&healthy()), &often);
    let unsaved = concluded(&observed, &results(true), true)
        .local
        .cluster
        .retry_at
        .unwrap();
    assert!(unsaved <= after(15), "{unsaved}");
    assert!(
        concluded(&observed, &results(false), true)
            .local
            .cluster
            .retry_at
            .unwrap()
            > after(60)
    );
}
