//! Every way out of a reconciliation, without a cluster and without Jira.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::ResourceExt;
use serde_json::json;

use super::*;
use crate::{
    api::{
        condition::{
            ConditionType::{self, Authorized, Ready, Reconciling, SiteReachable, Synced},
            Finding, find,
        },
        integration::JiraIntegration,
        names::REQUESTED_AT,
        reason::Reason::{self, ReconnectRequired, SecretNotWritable},
    },
    atlassian::{error::JiraError, rate_limit::RateLimit, site::SiteUrl},
    controller::{
        integration::steps::{
            ProjectSync, StepError, examination::Examination, grant::GrantStep, issue_sync::IssueSync, synced,
        },
        local_state::{ClusterBackoff, DueTimes, JiraWait, PendingRequest, UnknownStatuses},
    },
    grant::{
        CredentialsError, GrantKey,
        publish::{TokenSecret, TokenSecretState},
    },
};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn after(seconds: i64) -> Timestamp {
    NOW + SignedDuration::from_secs(seconds)
}

/// An integration whose status is what the last reconciliation left.
fn observed(status: Option<&JiraIntegrationStatus>, local: &LocalState) -> ObservedState {
    let integration: JiraIntegration = serde_json::from_value(json!({
        "apiVersion": "jira-operator.dev/v1alpha1", "kind": "JiraIntegration",
        "metadata": {"name": "acme", "namespace": "ns", "uid": "u1", "generation": 1},
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
    let mut asked = observed(Some(&healthy()), local);
    asked
        .integration
        .annotations_mut()
        .insert(REQUESTED_AT.into(), value.into());
    asked
}

fn concluded(observed: &ObservedState, results: &Results, is_written: bool) -> Conclusion {
    let end = ReconcileEnd { at: NOW, random: 0.5 };
    conclude(observed, results, &Verdict::of(observed, results), end, is_written)
}

/// A full reconciliation that found everything well.
fn full() -> Results {
    let findings = [
        (Authorized, Reason::TokenFresh),
        (SiteReachable, Reason::SiteFound),
        (ConditionType::ScopesGranted, Reason::AllScopesGranted),
        (ConditionType::AccountEligible, Reason::StandardAccount),
        (ConditionType::ProjectsAccessible, Reason::AllProjectsAccessible),
        (ConditionType::DirectoryReadable, Reason::UsersReadable),
        (ConditionType::StatusMappingValid, Reason::MappingMatchesWorkflows),
    ]
    .map(|(condition, reason)| Finding::plain(condition, reason));
    let mut projects = ProjectSync::unchanged();
    projects.is_full = true;
    let mut results = Results::new(ReconcileKind::Full);
    results.examination = Some(Examination {
        findings: findings.into_iter().chain([synced(2)]).collect(),
        projects: Some(projects),
        ..Examination::default()
    });
    results
}

fn incremental() -> Results {
    let mut results = Results::new(ReconcileKind::Incremental);
    results.confirmed = Some((ProjectSync::unchanged(), synced(2)));
    results
}

fn stopped(mut results: Results, error: StepError) -> Results {
    results.stopped = Some(error);
    results
}

fn limited(reason: &str, seconds: Option<u64>) -> StepError {
    StepError::RateLimited(RateLimit {
        reason: reason.into(),
        retry_after: seconds.map(Duration::from_secs),
    })
}

fn outage() -> JiraError {
    JiraError::unavailable("HTTP status 503")
}

/// Without a token, and why.
fn without_grant(why: Reason, change: impl FnOnce(&mut GrantStep)) -> Results {
    let refused = Finding::plain(Authorized, why);
    let error = StepError::after(&refused);
    let mut results = stopped(Results::new(ReconcileKind::Full), error.clone());
    change(results.access.grant.insert(GrantStep::ended(Some(refused), error)));
    results
}

fn healthy() -> JiraIntegrationStatus {
    at_first(&full()).status
}

/// What follows for an integration that was never reconciled.
fn at_first(results: &Results) -> Conclusion {
    concluded(&observed(None, &LocalState::default()), results, true)
}

/// What follows for a healthy one of which this is remembered.
fn later(local: &LocalState, results: &Results) -> Conclusion {
    concluded(&observed(Some(&healthy()), local), results, true)
}

fn reason(done: &Conclusion, condition: ConditionType) -> Option<&str> {
    let found = find(&done.status.conditions, condition);
    found.map(|condition| condition.reason.as_str())
}

fn wait(done: &Conclusion) -> JiraWait {
    done.local.jira.wait.clone().unwrap()
}

fn written_next(done: &Conclusion) -> Option<Timestamp> {
    let sync = done.status.sync.as_ref()?;
    Some(sync.next_sync_time.as_ref()?.0)
}

#[test]
fn what_is_well_is_said_once_and_reconciled_again_after_the_interval() {
    let done = at_first(&full());
    assert_eq!(reason(&done, Ready), Some("Connected"));
    assert_eq!(done.status.observed_generation, Some(1));
    assert_eq!(done.next_sync, written_next(&done));
    let local = &done.local;
    assert!(local.jira.wait.is_none() && local.cluster.retry_at.is_none() && !local.status.is_stale);
    assert_eq!(local.history.full_count, 1);
    assert_eq!(local.judged.observed_generation, Some(1));
    let told: Vec<&str> = done.transitions.iter().map(|event| event.reason.as_str()).collect();
    assert_eq!(told, ["Connected"], "the first connection, and nothing else");
    let again = concluded(&observed(Some(&done.status), local), &incremental(), true);
    assert!(again.transitions.is_empty() && again.events.is_empty());
    let history = again.local.history;
    assert_eq!((history.full_count, history.incremental_count), (1, 1));
    assert_eq!(again.status.conditions, done.status.conditions);
}

#[test]
fn what_depends_on_a_condition_that_is_not_true_is_skipped() {
    let results = without_grant(ReconnectRequired, |step| step.exchange_at = Some(after(40)));
    let first = at_first(&results);
    assert_eq!(reason(&first, SiteReachable), Some("SkippedAfterAuthorized"));
    assert_eq!(reason(&first, Synced), Some("NeverSynced"));
    assert_eq!(reason(&first, Ready), Some("ReconnectRequired"));
    assert_eq!(first.status.observed_generation, Some(1), "judged as far as that goes");
    assert_eq!(first.local.due.token_at, Some(after(40)));
    let later = later(&LocalState::default(), &results);
    assert_eq!(reason(&later, Synced), Some("SkippedAfterAuthorized"));
    assert_eq!(later.status.sync, healthy().sync, "what was synchronised stands");
}

#[test]
fn what_jira_cut_short_is_resumed_and_says_nothing_of_what_was_not_asked() {
    let then = |kind, error| later(&LocalState::default(), &stopped(Results::new(kind), error));
    for kind in [ReconcileKind::Incremental, ReconcileKind::Resume, ReconcileKind::Full] {
        let burst = then(kind, limited("jira-burst-based", Some(7)));
        assert_eq!(reason(&burst, Synced), Some("SyncPartial"), "{kind:?}");
        assert_eq!(reason(&burst, SiteReachable), Some("SiteFound"));
        assert_eq!((wait(&burst).resumes, wait(&burst).by_atlassian), (kind, true));
        assert!(wait(&burst).until >= after(7));
        let spent = then(kind, limited("jira-quota-global-based", None));
        assert_eq!(reason(&spent, Synced), Some("QuotaExhausted"));
        assert!(wait(&spent).until >= after(3600), "until the hour is over");
        assert!(written_next(&spent).unwrap() >= after(3600), "also after a restart");
        let silent = then(kind, StepError::Unanswered(outage()));
        assert_eq!(silent.status.conditions, healthy().conditions);
        assert_eq!(wait(&silent).resumes, kind);
    }
}

#[test]
fn an_outage_makes_conditions_unknown_and_everything_is_asked_when_it_ends() {
    let down = crate::diagnose::judge::unavailable(SiteReachable, &outage());
    let error = StepError::after(&down);
    let mut results = stopped(Results::new(ReconcileKind::Full), error.clone());
    results.examination = Some(Examination {
        findings: vec![down],
        stopped: Some(error),
        ..Examination::default()
    });
    let mut newer = observed(Some(&healthy()), &LocalState::default());
    newer.integration.metadata.generation = Some(2);
    let done = concluded(&newer, &results, true);
    assert_eq!(reason(&done, SiteReachable), Some("SiteUnavailable"));
    let site = find(&done.status.conditions, SiteReachable).unwrap();
    assert_eq!(site.status, "Unknown");
    assert_eq!(done.status.observed_generation, Some(1), "the new spec was not judged");
    assert!(find(&done.status.conditions, Reconciling).is_some());
    assert!(wait(&done).resumes == ReconcileKind::Full && !wait(&done).by_atlassian);
    assert_eq!(done.local.jira.failures, 1);
    let mut often = LocalState::default();
    often.jira.failures = 5;
    assert!(wait(&later(&often, &results)).until > wait(&done).until);
}

#[test]
fn a_suspended_integration_says_since_when_and_asks_nothing() {
    let done = suspended(&observed(Some(&healthy()), &LocalState::default()));
    assert!(done.status.suspended_since.is_some() && done.status.authorization_url.is_none());
    let ready = find(&done.status.conditions, Ready).unwrap();
    assert!(ready.message.starts_with("Suspended since "), "{}", ready.message);
    assert!(find(&done.status.conditions, Reconciling).is_none());
    assert_eq!(done.next_sync, None);
    assert!(done.requeue.iter().all(Option::is_none), "only a change wakes it");
    let again = suspended(&observed(Some(&done.status), &done.local));
    assert_eq!(again.status, done.status);
}

/// The link goes with the suspension, and the command is left.
#[test]
fn a_suspended_integration_names_no_link() {
    let unconnected = without_grant(Reason::NotConnected, |_| ());
    let before = observed(None, &LocalState::default());
    let verdict = Verdict::of(&before, &unconnected).with_link(Some("https://a.example".into()));
    let end = ReconcileEnd { at: NOW, random: 0.5 };
    let linked = conclude(&before, &unconnected, &verdict, end, true).status;
    let message = |status: &JiraIntegrationStatus, of| find(&status.conditions, of).unwrap().message.clone();
    assert!(message(&linked, Authorized).contains("authorizationURL"));
    let done = suspended(&observed(Some(&linked), &LocalState::default()));
    for condition in [Authorized, Ready] {
        let said = message(&done.status, condition);
        assert!(said.ends_with("account: run jira-operator connect."), "{said}");
    }
    let again = suspended(&observed(Some(&done.status), &done.local));
    assert_eq!(again.status, done.status);
}

#[test]
fn a_request_is_answered_once_nothing_of_it_is_left() {
    let answered = |done: &Conclusion| done.status.last_handled_reconcile_at.clone();
    let (now, none) = (Some("now".to_owned()), None);
    let asked = requested("now", &LocalState::default());
    let whole = concluded(&asked, &full(), true);
    assert_eq!(answered(&whole), now);
    assert_eq!(whole.local.work.request, None);
    let mut listing = full();
    listing.work.issues = Some(IssueSync {
        is_listing_due: true,
        resume_at: Some(NOW),
        ..IssueSync::of(&asked, UnknownStatuses::default())
    });
    let half = concluded(&asked, &listing, true);
    assert_eq!((answered(&half), half.local.due.resume_at), (none.clone(), Some(NOW)));
    let pending = PendingRequest {
        value: "now".into(),
        is_listing_due: false,
    };
    let mut local = LocalState::default();
    local.work.request = Some(pending.clone());
    let resumed = |results: &Results| concluded(&requested("now", &local), results, true);
    let token_only = resumed(&Results::new(ReconcileKind::TokenOnly));
    assert_eq!(token_only.local.work.request, Some(pending));
    assert_eq!(answered(&token_only), none);
    let limited = stopped(Results::new(ReconcileKind::Full), limited("jira-burst-based", None));
    assert_eq!(answered(&resumed(&limited)), none);
    assert_eq!(answered(&resumed(&Results::new(ReconcileKind::Resume))), now);
    let other = concluded(&requested("later", &local), &incremental(), true);
    assert_eq!(answered(&other), none, "another request is not answered with it");
}

#[test]
fn a_status_that_could_not_be_written_is_stale_until_everything_was_found_again() {
    let first = observed(Some(&healthy()), &LocalState::default());
    let lost = concluded(&first, &full(), false).local;
    assert!(lost.status.is_stale && lost.cluster.retry_at > Some(NOW) && lost.cluster.failures == 1);
    let then = |results: &Results| later(&lost, results).local;
    for kind in [ReconcileKind::TokenOnly, ReconcileKind::Resume] {
        assert!(then(&Results::new(kind)).status.is_stale, "{kind:?}");
    }
    assert!(then(&incremental()).status.is_stale);
    let limited = stopped(full(), limited("jira-burst-based", None));
    assert!(then(&limited).status.is_stale, "it was cut short");
    let found = then(&full());
    assert!(!found.status.is_stale && found.cluster == ClusterBackoff::default());
}

#[test]
fn after_a_restart_what_is_not_remembered_is_not_forgotten_either() {
    let mut local = LocalState::default();
    local.jira = local
        .jira
        .failed(None, "x".into(), ReconcileKind::Full, (after(100), 0.5));
    local.due = DueTimes {
        next_sync: Some(after(100)),
        resume_at: Some(after(50)),
        token_at: None,
    };
    let token_only = later(&local, &Results::new(ReconcileKind::TokenOnly));
    let kept = &token_only.local;
    assert_eq!(kept.jira, local.jira, "Jira was not asked, so nothing is known anew");
    assert_eq!(kept.due, local.due);
    assert_eq!(token_only.status.conditions, healthy().conditions);
    assert!(kept.history.has_reconciled);
    let fresh = later(&LocalState::default(), &incremental());
    assert_eq!(fresh.status.conditions, healthy().conditions);
    let diagnosed = |status: JiraIntegrationStatus| status.sync.unwrap().last_diagnosis_time;
    assert_eq!(diagnosed(fresh.status), diagnosed(healthy()));
}

#[test]
fn tokens_in_memory_are_stored_soon_and_what_the_cluster_refuses_less_and_less_often() {
    let mut often = LocalState::default();
    often.cluster.failures = 9;
    let retry_at = |is_unsaved| {
        let results = without_grant(SecretNotWritable, |step| step.is_unsaved = is_unsaved);
        later(&often, &results).local.cluster.retry_at.unwrap()
    };
    assert!(retry_at(true) <= after(15), "{}", retry_at(true));
    assert!(retry_at(false) > after(60));
}
