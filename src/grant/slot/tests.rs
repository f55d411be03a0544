#![allow(clippy::unwrap_used)]
use super::*;
use crate::grant::{
    grants::AccessOptions,
    testing::{World, credentials, grant},
    unsaved::Precondition,
};

fn with_token(token: &str) -> Record {
    Record {
        refresh_token: Some(Secret::new(token.to_owned())),
        ..Record::default()
    }
}

fn unsaved(replaces: Option<&Record>) -> UnsavedTokens {
    UnsavedTokens {
        record: with_token("new"),
        spent: Secret::new("spent".to_owned()).hash(),
        replaces: replaces.map(Precondition::of),
    }
}

fn tombstone() -> Record {
    Record {
        disconnected: Some(Timestamp::UNIX_EPOCH),
        ..Record::default()
    }
}

fn key() -> GrantKey {
    GrantKey {
        namespace: "ns".into(),
        credentials: "acme".into(),
    }
}

fn stored() -> Record {
    let mut record = with_token("r3");
    record.secret.metadata.uid = Some("u1".into());
    record.home_uid = Some("u1".into());
    record.rotation = Some(3);
    record.remember(&Secret::new("r1".to_owned()));
    record
}

fn trace(record: &Record) -> GrantIdentity {
    GrantIdentity::of(&record.render().metadata).unwrap_or_else(|| unreachable!("it has a uid"))
}

fn heard(slot: &mut GrantSlot, record: &Record, seen: SecretEvent) {
    let traces = vec![(trace(record), seen)];
    let news = PendingEvents {
        traces,
        ..PendingEvents::default()
    };
    slot.apply_events(news, &key());
}

#[test]
fn a_deleted_grant_is_written_back_only_where_the_watch_saw_this_very_state_go() {
    let mut slot = GrantSlot::default();
    assert_eq!(slot.missing(), MissingSecret::Unknown);
    slot.note(Some(&stored()));
    assert_eq!(slot.missing(), MissingSecret::Untold);
    heard(&mut slot, &stored(), SecretEvent::Deleted);
    assert_eq!(slot.missing(), MissingSecret::InMemory);

    // What somebody else put in its place and deleted is not what is missed.
    let mut theirs = trace(&stored());
    (theirs.is_ours, theirs.rotation) = (false, None);
    let mut slot = GrantSlot::default();
    slot.note(Some(&stored()));
    let traces = vec![(theirs, SecretEvent::Deleted)];
    slot.apply_events(
        PendingEvents {
            traces,
            ..PendingEvents::default()
        },
        &key(),
    );
    assert_eq!(slot.missing(), MissingSecret::InMemory);

    // Somebody connected anew before it was deleted: the former grant does not come back.
    let mut another = stored();
    another.rotation = Some(4);
    heard(&mut slot, &another, SecretEvent::Deleted);
    assert_eq!(slot.missing(), MissingSecret::Unknown);
}

#[test]
fn what_was_ended_is_not_written_back_and_its_tombstone_is() {
    let mut ended = stored();
    ended.disconnect(None, Timestamp::UNIX_EPOCH);
    for seen in [SecretEvent::Standing, SecretEvent::Deleted] {
        let mut slot = GrantSlot::default();
        slot.note(Some(&stored()));
        slot.unsaved = Some(unsaved(None));
        heard(&mut slot, &ended, seen);
        assert!(slot.unsaved.is_none(), "tokens of the grant that was ended are dropped");
        assert_eq!(slot.missing(), MissingSecret::InMemory);
        let kept = slot.stored.unwrap_or_default();
        assert_eq!((kept.refresh_token, kept.disconnected), (None, ended.disconnected));
        assert_eq!(kept.adopted, ended.adopted);
    }
    // What a consent brought after it stays.
    let mut slot = GrantSlot {
        unsaved: Some(unsaved(Some(&ended))),
        ..GrantSlot::default()
    };
    heard(&mut slot, &ended, SecretEvent::Standing);
    assert!(slot.unsaved.is_some());
}

#[test]
fn a_gap_in_the_watch_forgets_what_lives_and_keeps_what_was_ended() {
    let gap = || PendingEvents {
        is_doubtful: true,
        ..PendingEvents::default()
    };
    let mut slot = GrantSlot::default();
    slot.note(Some(&stored()));
    slot.apply_events(gap(), &key());
    assert_eq!(slot.missing(), MissingSecret::Unknown);
    slot.note(Some(&tombstone()));
    slot.apply_events(gap(), &key());
    assert_eq!(slot.missing(), MissingSecret::InMemory);
}

/// A process whose clock was hours ahead died in the middle of an exchange.
#[tokio::test]
async fn a_mark_is_waited_for_no_longer_than_is_plausible_whatever_its_deadline() {
    let world = World::default();
    let process = world.process(&["ns"]).await;
    world.cluster.supply("ns", "first");
    let mut record = Record::new("ns", "acme-grant");
    record.lock = Some(ExchangeLock {
        holder: "other".into(),
        deadline: after(Timestamp::now(), Duration::from_hours(5)),
        spends: Secret::new("first".to_owned()).hash(),
        adopts: true,
        begun: None,
    });
    let lock = process.store.write(&record).await.unwrap().lock.unwrap();
    let key = grant("ns");
    let hold = || process.access(&key, credentials(Some("first")), AccessOptions::default());
    let Err(GrantError::Busy { until, .. }) = hold().await else {
        unreachable!("it is respected at first")
    };
    assert!(until <= after(Timestamp::now(), Duration::from_mins(2)), "{until}");
    let place = process.slots.slot(&key);
    let mut long = LockWait::default();
    let _ = long.left(&lock, Instant::now().checked_sub(Duration::from_mins(3)).unwrap());
    place.lock().await.lock_wait = long;
    assert!(hold().await.is_ok());
    assert_eq!(world.atlassian.spent(), ["first"]);
}

#[test]
fn an_earlier_state_of_the_same_secret_is_known_without_a_clock() {
    let ours = stored();
    let earlier = Record {
        rotation: Some(2),
        ..with_token("r2")
    };
    let with = |change: fn(&mut Record)| {
        let mut record = earlier.clone();
        record.secret.metadata.uid = Some("u1".into());
        record.remember(&Secret::new("r1".to_owned()));
        change(&mut record);
        record.is_earlier_than(&ours)
    };
    assert!(with(|_| {}));
    assert!(
        !with(|record| record.rotation = Some(4)),
        "another process refreshed it"
    );
    assert!(!with(|record| record.rotation = None), "written by an earlier version");
    assert!(!with(|record| record.secret.metadata.uid = Some("u2".into())));
    assert!(
        !with(|record| record.refresh_token = Some(Secret::new("r3".into()))),
        "nothing is lost"
    );
    assert!(
        !with(|record| record.remember(&Secret::new("consent".into()))),
        "somebody connected since"
    );
    assert!(!with(|record| record.disconnected = Some(Timestamp::UNIX_EPOCH)));
}
