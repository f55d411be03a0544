#![allow(clippy::unwrap_used)]
use super::*;
use crate::grant::codec::GrantIdentity;
use std::time::Duration;

fn app() -> OAuthApp {
    OAuthApp {
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
    record.lock = Some(ExchangeLock {
        holder: "h".into(),
        deadline: Timestamp::UNIX_EPOCH,
        spends: Secret::new("r2".into()).hash(),
        adopts: true,
        begun: Some(Timestamp::UNIX_EPOCH),
    });
    let read = Record::read(record.render());
    assert_eq!(read.refresh_token, record.refresh_token);
    assert_eq!(read.access, record.access);
    assert_eq!((read.lock, read.adopted), (record.lock, record.adopted));
    assert_eq!(read.scopes.unwrap(), ["read:jira-work"]);
    assert_eq!(read.home_uid.as_deref(), Some("u1"));
    assert_eq!(read.rotation, Some(1));
}

#[test]
fn hashes_are_read_where_annotations_were_stripped_and_where_data_has_none() {
    let mut record = taken();
    record.remember(&Secret::new("later".into()));
    let written = record.render();
    let mut stripped = written.clone();
    stripped.metadata.annotations = None;
    assert_eq!(Record::read(stripped).adopted, record.adopted);
    let mut of_an_earlier_version = written.clone();
    of_an_earlier_version
        .data
        .as_mut()
        .unwrap()
        .remove("refresh-token-hashes");
    assert_eq!(Record::read(of_an_earlier_version).adopted, record.adopted);
    let mut torn = written;
    let only_there = Secret::new("only there".into()).hash();
    let annotations = torn.metadata.annotations.as_mut().unwrap();
    annotations.insert(crate::grant::codec::HASHES.to_owned(), only_there.as_str().to_owned());
    let read = Record::read(torn);
    assert!(read.adopted.contains(&only_there), "the union of both counts");
    assert_eq!(read.lineage(), record.lineage());
}

/// Who may write annotations makes no list of hashes that fills the memory.
#[test]
fn of_too_many_hashes_only_the_newest_are_read() {
    let many: Vec<String> = (0..10_000).map(|n| format!("hash-{n}")).collect();
    let read = crate::grant::codec::hashes(&many.join(","));
    assert_eq!(read.len(), 20);
    assert_eq!(read.last().unwrap().as_str(), "hash-9999");
    assert!(crate::grant::codec::hashes(&"x".repeat(65)).is_empty());
}

#[test]
fn a_tombstone_and_the_state_that_was_deleted_are_known_from_metadata() {
    let mut record = taken();
    let trace = |record: &Record| GrantIdentity::of(&record.render().metadata).unwrap();
    assert!(trace(&record).is_of(&record));
    let before = trace(&record);
    record.disconnect(None, Timestamp::UNIX_EPOCH);
    assert_eq!(trace(&record).disconnected, Some(Timestamp::UNIX_EPOCH));
    assert!(trace(&record).is_of(&record) && !before.is_of(&record));
}

#[test]
fn a_consent_makes_what_was_supplied_seen_and_starts_a_lineage_of_its_own() {
    let (first, supplied) = (Secret::new("r9".into()), Secret::new("git".into()));
    let mut record = Record::new("ns", "s-grant");
    let at = Timestamp::UNIX_EPOCH;
    record.take_connected(tokens(Some("r9")), &first, Some(&supplied), &app(), at);
    assert_eq!(record.lineage(), Some(&first.hash()));
    assert!(record.adopted.contains(&supplied.hash()));
    assert_eq!(record.refresh_token, Some(first));
}

#[test]
fn a_tombstone_holds_hashes_and_no_token_and_a_new_consent_lifts_it() {
    let mut record = Record::new("ns", "s-grant");
    let (r9, at) = (Secret::new("r9".into()), Timestamp::UNIX_EPOCH);
    record.take_connected(tokens(Some("r9")), &r9, None, &app(), at);
    record.disconnect(Some(&Secret::new("git".into())), Timestamp::UNIX_EPOCH);
    let read = Record::read(record.render());
    assert!(read.refresh_token.is_none() && read.access.is_none() && read.scopes.is_none());
    assert_eq!(read.disconnected, Some(Timestamp::UNIX_EPOCH));
    for seen in ["r9", "git"] {
        assert!(read.adopted.contains(&Secret::new(seen.into()).hash()), "{seen}");
    }
    record.take_connected(tokens(Some("r10")), &Secret::new("r10".into()), None, &app(), at);
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
