use super::*;
use crate::api::{
    condition::{Finding, conditions},
    ready::ready,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

fn minute(n: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_mins(n)
}

fn healthy() -> JiraIntegrationStatus {
    with(Reason::AllProjectsAccessible)
}

fn with(projects: Reason) -> JiraIntegrationStatus {
    with_both(projects, Reason::AllServiceDesksReady)
}

fn with_both(projects: Reason, desks: Reason) -> JiraIntegrationStatus {
    let findings: Vec<Finding> = [
        Reason::TokenFresh,
        Reason::SiteFound,
        Reason::AllScopesGranted,
        Reason::StandardAccount,
        projects,
        Reason::UsersReadable,
        desks,
        Reason::MappingMatchesWorkflows,
        Reason::SyncSucceeded,
    ]
    .into_iter()
    .zip(ConditionType::STEPS)
    .map(|(reason, step)| Finding::plain(step, reason))
    .collect();
    let ready = ready(&findings, false);
    JiraIntegrationStatus {
        observed_generation: Some(1),
        conditions: conditions(&[], &findings, &ready, 1, &Time(minute(0))),
        sync: Some(SyncStatus {
            last_sync_time: Some(Time(minute(0))),
            next_sync_time: Some(Time(minute(5))),
            last_diagnosis_time: Some(Time(minute(0))),
            ..SyncStatus::default()
        }),
        ..JiraIntegrationStatus::default()
    }
}

fn at(status: &JiraIntegrationStatus, now: i64) -> ReconcileKind {
    due(&ScheduleInputs {
        generation: 1,
        requested_at: None,
        status,
        next_sync: None,
        is_stale: false,
        wait: None,
        resume_at: None,
        now: minute(now),
    })
}

#[test]
fn only_what_is_due_is_asked() {
    assert_eq!(at(&healthy(), 4), ReconcileKind::TokenOnly);
    assert_eq!(at(&healthy(), 5), ReconcileKind::Incremental);
    assert_eq!(at(&healthy(), 30), ReconcileKind::Full);
}

#[test]
fn a_change_or_a_request_asks_everything_now() {
    let status = healthy();
    let asked = ScheduleInputs {
        generation: 2,
        requested_at: None,
        status: &status,
        next_sync: None,
        is_stale: false,
        wait: None,
        resume_at: None,
        now: minute(1),
    };
    assert_eq!(due(&asked), ReconcileKind::Full);
    assert_eq!(
        due(&ScheduleInputs {
            generation: 1,
            requested_at: Some("now"),
            ..asked
        }),
        ReconcileKind::Full
    );
    let answered = JiraIntegrationStatus {
        last_handled_reconcile_at: Some("now".into()),
        ..healthy()
    };
    assert_eq!(
        due(&ScheduleInputs {
            generation: 1,
            requested_at: Some("now"),
            status: &answered,
            ..asked
        }),
        ReconcileKind::TokenOnly
    );
}

/// The status calls well what was found unwell since, and could not be written.
#[test]
fn what_could_not_be_written_down_is_looked_at_again() {
    let status = healthy();
    let asked = ScheduleInputs {
        generation: 1,
        requested_at: None,
        status: &status,
        next_sync: None,
        is_stale: true,
        wait: None,
        resume_at: None,
        now: minute(1),
    };
    assert_eq!(due(&asked), ReconcileKind::Full);
    assert_eq!(
        due(&ScheduleInputs {
            is_stale: false,
            ..asked
        }),
        ReconcileKind::TokenOnly
    );
}

#[test]
fn trouble_is_asked_for_again_on_each_interval() {
    assert_eq!(at(&with(Reason::NoProjectsVisible), 5), ReconcileKind::Full);
    assert_eq!(at(&with(Reason::SomeProjectsBlocked), 5), ReconcileKind::Incremental);
    assert_eq!(at(&JiraIntegrationStatus::default(), 0), ReconcileKind::Full);
}

/// An incremental reconciliation asks for blocked projects itself, and of their desks there is nothing to ask.
#[test]
fn a_desk_whose_project_is_blocked_makes_no_look_dearer() {
    let blocked = |desks| with_both(Reason::SomeProjectsBlocked, desks);
    assert_eq!(
        at(&blocked(Reason::SkippedAfterAccessible), 5),
        ReconcileKind::Incremental
    );
    assert_eq!(at(&blocked(Reason::SiteUnavailable), 5), ReconcileKind::Full);
}

#[test]
fn the_time_that_a_look_set_is_the_time_of_the_next_look() {
    let status = healthy();
    let asked = ScheduleInputs {
        generation: 1,
        requested_at: None,
        status: &status,
        next_sync: Some(minute(2)),
        is_stale: false,
        wait: None,
        resume_at: None,
        now: minute(2),
    };
    assert_ne!(
        due(&asked),
        ReconcileKind::TokenOnly,
        "though nextSyncTime is in the future"
    );
}

fn resuming(status: &JiraIntegrationStatus, what: ReconcileKind, now: i64) -> ReconcileKind {
    due(&ScheduleInputs {
        generation: 1,
        requested_at: None,
        status,
        next_sync: None,
        is_stale: false,
        wait: Some((minute(1), what)),
        resume_at: None,
        now: minute(now),
    })
}

/// Of a thousand that wait for the same quota each would ask everything, because the last diagnosis is old by then.
#[test]
fn after_a_wait_for_jira_that_goes_on_which_was_due() {
    let status = healthy();
    assert_eq!(resuming(&status, ReconcileKind::Full, 1), ReconcileKind::Full);
    assert_eq!(
        resuming(&status, ReconcileKind::Incremental, 1),
        ReconcileKind::Incremental
    );
    assert_eq!(
        resuming(&status, ReconcileKind::Incremental, 60),
        ReconcileKind::Incremental,
        "though everything is old"
    );
    assert_eq!(resuming(&status, ReconcileKind::Resume, 4), ReconcileKind::Resume);
    assert_eq!(resuming(&status, ReconcileKind::Resume, 60), ReconcileKind::Incremental);
    assert_eq!(
        resuming(&JiraIntegrationStatus::default(), ReconcileKind::Incremental, 1),
        ReconcileKind::Full
    );
}

#[test]
fn times_of_a_clock_that_was_ahead_are_not_waited_for() {
    let mut status = healthy();
    let sync = status.sync.clone().unwrap_or_default();
    let hours = |n: i64| Some(Time(minute(60 * n)));
    status.sync = Some(SyncStatus {
        last_sync_time: hours(30),
        next_sync_time: hours(31),
        last_diagnosis_time: hours(30),
        ..sync.clone()
    });
    assert_eq!(at(&status, 5), ReconcileKind::Full);
    assert_eq!(at(&status, 60 * 30 + 5), ReconcileKind::TokenOnly);
    status.sync = Some(SyncStatus {
        next_sync_time: hours(100),
        ..sync
    });
    assert_eq!(at(&status, 10), ReconcileKind::Incremental);
}

#[test]
fn what_waits_has_waited_since_it_was_due() {
    let status = healthy();
    let asked = ScheduleInputs {
        generation: 1,
        requested_at: None,
        status: &status,
        next_sync: None,
        is_stale: false,
        wait: None,
        resume_at: Some(minute(1)),
        now: minute(3),
    };
    assert_eq!(asked.due_since(), minute(1));
    let asked = ScheduleInputs {
        now: minute(8),
        ..asked
    };
    assert_eq!(asked.due_since(), minute(5), "the look, which goes before the slice");
    let changed = ScheduleInputs {
        generation: 2,
        resume_at: None,
        now: minute(3),
        ..asked
    };
    assert_eq!(changed.due_since(), minute(3));
}

#[test]
fn no_time_is_too_far_away_for_a_timer() {
    let far = [Some(Timestamp::MAX), None];
    assert_eq!(earliest(&far, minute(0)), Some(LONGEST_WAIT));
    assert_eq!(
        earliest(&[Some(minute(0)), Some(minute(5))], minute(3)),
        Some(Duration::from_millis(100))
    );
    assert_eq!(earliest(&[None], minute(0)), None);
    assert_eq!(off_the_hour(Timestamp::MAX, 0.5), Timestamp::MAX);
}

#[test]
fn nothing_is_planned_for_the_first_minute_of_an_hour() {
    for random in [0.0, 0.5, 1.0] {
        let moved = off_the_hour(minute(60) + Duration::from_secs(5), random);
        assert!(moved >= minute(61) && moved <= minute(63));
        assert_eq!(off_the_hour(minute(62), random), minute(62));
    }
}
