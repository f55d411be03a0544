use super::*;
use crate::atlassian::oauth::OAuthApp;

fn second(n: i64) -> Timestamp {
    Timestamp::from_second(n).unwrap_or_default()
}

fn credentials(refresh: Option<&str>) -> Credentials {
    Credentials {
        app: OAuthApp {
            client_id: "id".into(),
            client_secret: Secret::new("s".into()),
        },
        refresh_token: refresh.map(|t| Secret::new(t.into())),
    }
}

fn refused(due: &Exchange, app: &OAuthApp, kind: RefusalKind) -> Refusal {
    refusal(due, app, kind, String::new(), second(0))
}

fn connected() -> Record {
    let mut record = Record::new("ns", "s-grant");
    record.client_id = Some("id".into());
    record.refresh_token = Some(Secret::new("r2".into()));
    record.access = Some(AccessToken {
        token: Secret::new("a".into()),
        expires_at: second(1000),
        refreshed_at: second(0),
    });
    record.remember(&Secret::new("r1".into()));
    record
}

fn situation(now: i64) -> Situation<'static> {
    Situation {
        now: second(now),
        holder: "me",
        rejected: None,
        requested: false,
        outwaited: false,
    }
}

fn at(record: &Record, supplied: Option<&str>, now: i64) -> Decision {
    decide(Some(record), &credentials(supplied), &situation(now))
}

#[test]
fn a_token_is_used_until_about_two_thirds_of_its_life() {
    assert!(matches!(at(&connected(), None, 599), Decision::Use(_)));
    assert!(matches!(
        at(&connected(), None, 701),
        Decision::Exchange(Exchange { adopts: false, .. })
    ));
}

#[test]
fn a_new_refresh_token_is_adopted_and_an_old_one_is_not() {
    assert!(matches!(
        at(&connected(), Some("new"), 1),
        Decision::Exchange(Exchange { adopts: true, .. })
    ));
    assert!(matches!(at(&connected(), Some("r1"), 1), Decision::Use(_)));
    let first = decide(None, &credentials(Some("new")), &situation(1));
    assert!(matches!(first, Decision::Exchange(Exchange { adopts: true, .. })));
}

#[test]
fn a_changed_client_id_spends_nothing() {
    let mut record = connected();
    record.client_id = Some("other".into());
    assert!(matches!(
        at(&record, Some("r1"), 999),
        Decision::NotConnected(NotConnected::ClientIdChanged)
    ));
}

#[test]
fn a_live_foreign_mark_is_waited_for_and_a_stale_one_is_taken() {
    let mut record = connected();
    let spends = Secret::new("r2".into()).hash();
    record.lock = Some(ExchangeLock {
        holder: "other".into(),
        deadline: second(900),
        spends,
        adopts: false,
        begun: None,
    });
    assert!(matches!(at(&record, None, 899), Decision::Busy { .. }));
    let Decision::Exchange(taken) = at(&record, None, 901) else {
        unreachable!("a stale lock is taken")
    };
    assert_eq!(taken.interrupted, Some(second(900 - 45)));
    assert!(
        matches!(at(&record, None, 10), Decision::Use(_)),
        "a good token needs no lock"
    );
    let outwaited = Situation {
        outwaited: true,
        ..situation(899)
    };
    let decision = decide(Some(&record), &credentials(None), &outwaited);
    assert!(
        matches!(decision, Decision::Exchange(_)),
        "whatever a clock that is ahead wrote"
    );
}

/// The third try of a token whose outcome is not known still tells when the first was begun.
#[test]
fn the_first_try_of_a_token_is_remembered_through_all_that_follow() {
    let mut record = connected();
    for begun in [701, 800, 900] {
        let Decision::Exchange(due) = at(&record, None, begun) else {
            unreachable!("it is due")
        };
        record.lock = Some(exchange_lock(&due, "me", second(begun)));
        assert_eq!(record.lock.as_ref().and_then(|lock| lock.begun), Some(second(701)));
    }
}

#[test]
fn what_was_refused_is_tried_once_more_when_a_person_asks() {
    let mut record = connected();
    let due = Exchange {
        token: Secret::new("r2".into()),
        adopts: false,
        interrupted: None,
    };
    let asked = |record: &Record, now| {
        let asked = Situation {
            requested: true,
            ..situation(now)
        };
        decide(Some(record), &credentials(None), &asked)
    };
    record.refusal = Some(refused(&due, &credentials(None).app, RefusalKind::Grant));
    assert!(
        matches!(at(&record, None, 99_999), Decision::Refused(_)),
        "not by itself"
    );
    assert!(matches!(asked(&record, 999), Decision::Exchange(_)));
    assert!(
        matches!(asked(&record, 1), Decision::Exchange(_)),
        "the access token does not tell whether the refusal ended"
    );
    // That an earlier try was interrupted is still told of the next refusal.
    if let Some(refusal) = &mut record.refusal {
        refusal.interrupted = Some(second(7));
    }
    let Decision::Exchange(again) = asked(&record, 999) else {
        unreachable!("it is tried")
    };
    assert_eq!(again.interrupted, Some(second(7)));
}

#[test]
fn a_refused_client_secret_is_tried_again_each_hour() {
    let mut record = connected();
    let due = Exchange {
        token: Secret::new("r2".into()),
        adopts: false,
        interrupted: None,
    };
    record.refusal = Some(refused(&due, &credentials(None).app, RefusalKind::Client));
    assert!(matches!(at(&record, None, 3599), Decision::Refused(_)));
    assert!(matches!(at(&record, None, 3600), Decision::Exchange(_)));
    let refusal = record.refusal.as_ref().and_then(Refusal::retry_at);
    assert_eq!(refusal, Some(second(3600)));
}

#[test]
fn a_token_without_a_lifetime_is_not_exchanged_again_at_once() {
    let access = |lifetime: i64| AccessToken {
        token: Secret::new("a".into()),
        expires_at: second(100 + lifetime),
        refreshed_at: second(100),
    };
    assert_eq!(refresh_at(&access(0)), second(115));
    assert!(refresh_at(&access(4)) < second(103), "short ones are replaced in time");
}

#[test]
fn a_refusal_stands_until_secret_or_grant_changes() {
    let mut record = connected();
    let due = Exchange {
        token: Secret::new("r2".into()),
        adopts: false,
        interrupted: None,
    };
    record.refusal = Some(refused(&due, &credentials(None).app, RefusalKind::Grant));
    assert!(matches!(at(&record, None, 999), Decision::Refused(_)));
    assert!(matches!(at(&record, Some("new"), 999), Decision::Exchange(_)));
    let mut changed = credentials(None);
    changed.app.client_secret = Secret::new("other".into());
    assert!(matches!(
        decide(Some(&record), &changed, &situation(999)),
        Decision::Exchange(_)
    ));
}

#[test]
fn a_token_refused_for_another_client_id_is_tried_for_the_right_one() {
    let mut record = Record::default();
    let due = Exchange {
        token: Secret::new("new".into()),
        adopts: true,
        interrupted: None,
    };
    let mut wrong = credentials(Some("new"));
    wrong.app.client_id = "wrong".into();
    record.remember_refused(&Secret::new("new".into()));
    record.refusal = Some(refused(&due, &wrong.app, RefusalKind::Grant));
    assert!(matches!(
        decide(Some(&record), &wrong, &situation(1)),
        Decision::Refused(_)
    ));
    assert!(matches!(
        at(&record, Some("new"), 1),
        Decision::Exchange(Exchange { adopts: true, .. })
    ));
}

#[test]
fn an_access_token_that_is_rejected_is_replaced_before_its_time() {
    let rejected = Secret::new("a".into());
    let of = Situation {
        rejected: Some(&rejected),
        ..situation(1)
    };
    let decision = decide(Some(&connected()), &credentials(None), &of);
    assert!(matches!(decision, Decision::Exchange(_)));
}

#[test]
fn what_was_disconnected_stays_so_until_a_token_comes_that_was_never_seen() {
    let mut record = connected();
    record.disconnect(Some(&Secret::new("git".into())), second(5));
    for seen in [None, Some("r1"), Some("git")] {
        assert!(matches!(
            at(&record, seen, 9),
            Decision::NotConnected(NotConnected::Disconnected(_))
        ));
    }
    assert!(matches!(
        at(&record, Some("new"), 9),
        Decision::Exchange(Exchange { adopts: true, .. })
    ));
}

#[test]
fn a_copy_is_never_spent() {
    let mut record = connected();
    record.home_uid = Some("u1".into());
    record.secret.metadata.uid = Some("u2".into());
    assert!(matches!(at(&record, Some("r1"), 999), Decision::Copy));
}

#[test]
fn a_secret_of_somebody_else_is_not_touched() {
    let mut record = Record::default();
    record.secret.metadata.uid = Some("u1".into());
    assert!(matches!(at(&record, Some("new"), 1), Decision::NameTaken));
}
