#![allow(clippy::unwrap_used)]
use super::*;
use crate::grant::{
    keeper::Wish,
    testing::{World, credentials, grant},
    unsaved::Precondition,
};

fn with_token(token: &str) -> Record {
    Record {
        refresh_token: Some(Secret::new(token.to_owned())),
        ..Record::default()
    }
}

fn unsaved(replaces: Option<&Record>) -> Unsaved {
    Unsaved {
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

fn trace(record: &Record) -> Trace {
    Trace::of(&record.render().metadata).unwrap_or_else(|| unreachable!("it has a uid"))
}

fn heard(lane: &mut Lane, record: &Record, seen: Seen) {
    let traces = vec![(trace(record), seen)];
    let news = News {
        traces,
        ..News::default()
    };
    lane.hear(news, &key());
}

#[test]
fn a_deleted_grant_is_written_back_only_where_the_watch_saw_this_very_state_go() {
    let mut lane = Lane::default();
    assert_eq!(lane.missing(), Missing::Unknown);
    lane.note(Some(&stored()));
    assert_eq!(lane.missing(), Missing::Untold);
    heard(&mut lane, &stored(), Seen::Deleted);
    assert_eq!(lane.missing(), Missing::InMemory);

    // What somebody else put in its place and deleted is not what is missed.
    let mut theirs = trace(&stored());
    (theirs.is_ours, theirs.rotation) = (false, None);
    let mut lane = Lane::default();
    lane.note(Some(&stored()));
    let traces = vec![(theirs, Seen::Deleted)];
    lane.hear(
        News {
            traces,
            ..News::default()
        },
        &key(),
    );
    assert_eq!(lane.missing(), Missing::InMemory);

    // Somebody connected anew before it was deleted: the former grant does not come back.
    let mut another = stored();
    another.rotation = Some(4);
    heard(&mut lane, &another, Seen::Deleted);
    assert_eq!(lane.missing(), Missing::Unknown);
}

#[test]
fn what_was_ended_is_not_written_back_and_its_tombstone_is() {
    let mut ended = stored();
    ended.disconnect(None, Timestamp::UNIX_EPOCH);
    for seen in [Seen::Standing, Seen::Deleted] {
        let mut lane = Lane::default();
        lane.note(Some(&stored()));
        lane.unsaved = Some(unsaved(None));
        heard(&mut lane, &ended, seen);
        assert!(lane.unsaved.is_none(), "tokens of the grant that was ended are dropped");
        assert_eq!(lane.missing(), Missing::InMemory);
        let kept = lane.stored.unwrap_or_default();
        assert_eq!((kept.refresh_token, kept.disconnected), (None, ended.disconnected));
        assert_eq!(kept.adopted, ended.adopted);
    }
    // What a consent brought after it stays.
    let mut lane = Lane {
        unsaved: Some(unsaved(Some(&ended))),
        ..Lane::default()
    };
    heard(&mut lane, &ended, Seen::Standing);
    assert!(lane.unsaved.is_some());
}

#[test]
fn a_gap_in_the_watch_forgets_what_lives_and_keeps_what_was_ended() {
    let gap = || News {
        is_doubtful: true,
        ..News::default()
    };
    let mut lane = Lane::default();
    lane.note(Some(&stored()));
    lane.hear(gap(), &key());
    assert_eq!(lane.missing(), Missing::Unknown);
    lane.note(Some(&tombstone()));
    lane.hear(gap(), &key());
    assert_eq!(lane.missing(), Missing::InMemory);
}

/// A process whose clock was hours ahead died in the middle of an exchange.
#[tokio::test]
async fn a_mark_is_waited_for_no_longer_than_is_plausible_whatever_its_deadline() {
    let world = World::default();
    let process = world.process(&["ns"]).await;
    world.cluster.supply("ns", "first");
    let mut record = Record::new("ns", "acme-grant");
    record.mark = Some(Mark {
        holder: "other".into(),
        deadline: after(Timestamp::now(), Duration::from_hours(5)),
        spends: Secret::new("first".to_owned()).hash(),
        adopts: true,
        begun: None,
    });
    let mark = process.store.write(&record).await.unwrap().mark.unwrap();
    let key = grant("ns");
    let hold = || process.hold(&key, credentials(Some("first")), Wish::default());
    let Err(Trouble::Busy { until, .. }) = hold().await else {
        unreachable!("it is respected at first")
    };
    assert!(until <= after(Timestamp::now(), Duration::from_mins(2)), "{until}");
    let place = process.lanes.place(&key);
    let mut long = Patience::default();
    let _ = long.left(&mark, Instant::now().checked_sub(Duration::from_mins(3)).unwrap());
    place.lock().await.patience = long;
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
