use super::*;
use crate::atlassian::oauth::App;

fn second(n: i64) -> Timestamp {
    Timestamp::from_second(n).unwrap_or_default()
}

fn credentials(refresh: Option<&str>) -> Credentials {
    Credentials {
        app: App {
            client_id: "id".into(),
            client_secret: Secret::new("s".into()),
        },
        refresh_token: refresh.map(|t| Secret::new(t.into())),
    }
}

fn connected() -> Record {
    let mut record = Record::new("ns", "s-grant");
    record.client_id = Some("id".into());
    record.refresh_token = Some(Secret::new("r2".into()));
    record.access = Some(Access {
        token: Secret::new("a".into()),
        expires_at: second(1000),
        refreshed_at: second(0),
    });
    record.remember(&Secret::new("r1".into()));
    record
}

fn at(record: &Record, supplied: Option<&str>, now: i64) -> Decision {
    decide(Some(record), &credentials(supplied), second(now), "me", None)
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
    let first = decide(None, &credentials(Some("new")), second(1), "me", None);
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
    record.mark = Some(Mark {
        holder: "other".into(),
        deadline: second(900),
        spends,
        adopts: false,
    });
    assert!(matches!(at(&record, None, 899), Decision::Busy { .. }));
    let Decision::Exchange(taken) = at(&record, None, 901) else {
        unreachable!("a stale mark is taken")
    };
    assert_eq!(taken.interrupted, Some(second(900 - 45)));
    assert!(
        matches!(at(&record, None, 10), Decision::Use(_)),
        "a good token needs no lock"
    );
}

#[test]
fn a_refusal_stands_until_secret_or_grant_changes() {
    let mut record = connected();
    let due = Exchange {
        token: Secret::new("r2".into()),
        adopts: false,
        interrupted: None,
    };
    record.refusal = Some(refusal(&due, &credentials(None), RefusalKind::Grant, String::new()));
    assert!(matches!(at(&record, None, 999), Decision::Refused(_)));
    assert!(matches!(at(&record, Some("new"), 999), Decision::Exchange(_)));
    let mut changed = credentials(None);
    changed.app.client_secret = Secret::new("other".into());
    assert!(matches!(
        decide(Some(&record), &changed, second(999), "me", None),
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
    record.refusal = Some(refusal(&due, &wrong, RefusalKind::Grant, String::new()));
    assert!(matches!(
        decide(Some(&record), &wrong, second(1), "me", None),
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
    let decision = decide(Some(&connected()), &credentials(None), second(1), "me", Some(&rejected));
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
