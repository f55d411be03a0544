//! What follows from findings, by tables.

#![allow(clippy::unwrap_used)]
use super::*;
use crate::api::{ready::ready, reason::Reason};

fn at(second: i64) -> Time {
    Time(jiff::Timestamp::from_second(second).unwrap())
}

fn found(reason: Reason) -> Finding {
    Finding::plain(*reason.entry().conditions.first().unwrap(), reason)
}

#[test]
fn transition_times_move_only_on_flips() {
    let write = |before: &[Condition], reason, second| {
        let findings = [found(reason)];
        let ready = ready(&findings, false);
        conditions(before, &findings, &ready, 1, &at(second))
    };
    let first = write(&[], Reason::TokenFresh, 1);
    let same = write(&first, Reason::OfflineAccessMissing, 2);
    assert_eq!(
        find(&same, ConditionType::Authorized).unwrap().last_transition_time,
        at(1)
    );
    let flipped = write(&same, Reason::NotConnected, 3);
    assert_eq!(
        find(&flipped, ConditionType::Authorized).unwrap().last_transition_time,
        at(3)
    );
}

#[test]
fn reconciling_and_stalled_are_present_only_while_true() {
    let present = |reason| {
        let findings = [found(reason)];
        let ready = ready(&findings, false);
        let all = conditions(&[], &findings, &ready, 1, &at(1));
        (
            find(&all, ConditionType::Reconciling).is_some(),
            find(&all, ConditionType::Stalled).is_some(),
        )
    };
    assert_eq!(present(Reason::TokenFresh), (false, false));
    assert_eq!(present(Reason::CredentialsNotFound), (false, false));
    assert_eq!(present(Reason::AuthServerUnavailable), (true, false));
    assert_eq!(present(Reason::ReconnectRequired), (false, true));
}
