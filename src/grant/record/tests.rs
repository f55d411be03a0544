#![allow(clippy::unwrap_used)]
use super::*;
use std::time::Duration;

fn app() -> App {
    App {
        client_id: "id".into(),
        client_secret: Secret::new("s".into()),
    }
}

fn tokens(refresh: Option<&str>) -> Tokens {
    Tokens {
        access_token: Secret::new("access".into()),
        lifetime: Duration::from_hours(1),
        refresh_token: refresh.map(|t| Secret::new(t.into())),
        scopes: Some(vec!["read:jira-work".into()]),
    }
}

/// A record that took a refresh token over, as it stands in the cluster.
fn taken() -> Record {
    let mut record = Record::new("ns", "s-grant");
    record.secret.metadata.uid = Some("u1".into());
    record.take(
        tokens(Some("r2")),
        &Secret::new("r1".into()),
        true,
        &app(),
        Timestamp::UNIX_EPOCH,
    );
    record
}

#[test]
fn what_is_written_is_read_back() {
    let mut record = taken();
    record.mark = Some(Mark {
        holder: "h".into(),
        deadline: Timestamp::UNIX_EPOCH,
        spends: Secret::new("r2".into()).hash(),
        adopts: true,
    });
    let read = Record::read(record.render());
    assert_eq!(read.refresh_token, record.refresh_token);
    assert_eq!(read.access, record.access);
    assert_eq!((read.mark, read.adopted), (record.mark, record.adopted));
    assert_eq!(read.scopes.unwrap(), ["read:jira-work"]);
    assert_eq!(read.home_uid.as_deref(), Some("u1"));
}

#[test]
fn a_consent_makes_what_was_supplied_seen_and_starts_a_lineage_of_its_own() {
    let (first, supplied) = (Secret::new("r9".into()), Secret::new("git".into()));
    let mut record = Record::new("ns", "s-grant");
    assert!(!record.take_connected(tokens(None), Some(&supplied), &app(), Timestamp::UNIX_EPOCH));
    assert!(record.take_connected(tokens(Some("r9")), Some(&supplied), &app(), Timestamp::UNIX_EPOCH));
    assert_eq!(record.lineage(), Some(&first.hash()));
    assert!(record.adopted.contains(&supplied.hash()));
    assert_eq!(record.refresh_token, Some(first));
}

#[test]
fn a_tombstone_holds_hashes_and_no_token_and_a_new_consent_lifts_it() {
    let mut record = Record::new("ns", "s-grant");
    assert!(record.take_connected(tokens(Some("r9")), None, &app(), Timestamp::UNIX_EPOCH));
    record.disconnect(Some(&Secret::new("git".into())), Timestamp::UNIX_EPOCH);
    let read = Record::read(record.render());
    assert!(read.refresh_token.is_none() && read.access.is_none() && read.scopes.is_none());
    assert_eq!(read.disconnected, Some(Timestamp::UNIX_EPOCH));
    for seen in ["r9", "git"] {
        assert!(read.adopted.contains(&Secret::new(seen.into()).hash()), "{seen}");
    }
    record.take_connected(tokens(Some("r10")), None, &app(), Timestamp::UNIX_EPOCH);
    assert_eq!(record.disconnected, None);
}

#[test]
fn a_copy_is_known_by_its_uid() {
    let record = taken();
    assert!(!record.is_copy());
    let mut copy = record.render();
    copy.metadata.uid = Some("u2".into());
    assert!(Record::read(copy).is_copy());
}

#[test]
fn a_secret_of_somebody_else_is_known_by_its_missing_mark() {
    let mut theirs = v1::Secret::default();
    theirs.metadata.uid = Some("u1".into());
    assert!(Record::read(theirs).is_foreign());
    let mut ours = Record::new("ns", "s-grant").render();
    ours.metadata.uid = Some("u1".into());
    assert!(!Record::read(ours).is_foreign());
    assert!(!Record::new("ns", "s-grant").is_foreign());
}

#[test]
fn a_refused_token_does_not_become_the_lineage() {
    let mut record = Record::new("ns", "s-grant");
    record.take(
        tokens(Some("r2")),
        &Secret::new("r1".into()),
        true,
        &app(),
        Timestamp::UNIX_EPOCH,
    );
    record.remember_refused(&Secret::new("bad".into()));
    assert_eq!(record.lineage(), Some(&Secret::new("r1".into()).hash()));
    assert!(record.adopted.contains(&Secret::new("bad".into()).hash()));
}

#[test]
fn twenty_adopted_tokens_are_remembered_and_no_more() {
    let mut record = Record::new("ns", "s-grant");
    for n in 0..25 {
        record.remember(&Secret::new(format!("token-{n}")));
    }
    assert_eq!(record.adopted.len(), 20);
    assert!(record.adopted.contains(&Secret::new("token-24".into()).hash()));
    assert!(!record.adopted.contains(&Secret::new("token-4".into()).hash()));
}

#[test]
fn the_old_refresh_token_is_kept_when_no_new_one_comes() {
    let mut record = Record::new("ns", "s-grant");
    record.take(
        tokens(None),
        &Secret::new("r1".into()),
        false,
        &app(),
        Timestamp::UNIX_EPOCH,
    );
    assert_eq!(record.refresh_token, Some(Secret::new("r1".into())));
    assert!(record.offline_access_missing);
}
