//! What this process holds of one grant besides the Secret, and how that gets back into it.

use std::time::Duration;

use jiff::Timestamp;
use tracing::info;

use super::{
    held::Trouble,
    pace::{after, backoff},
    record::Record,
    store::{GrantKey, Store, WriteError, describe},
};
use crate::atlassian::secret::{Secret, TokenHash};

/// How often a write starts again after somebody else changed the Secret under it.
pub(super) const ATTEMPTS: usize = 6;
/// What is said when that was not enough.
pub(super) const CONTENDED: &str = "it is changed by others all the time";

/// What this process knows of one grant besides the Secret.
#[derive(Default)]
pub(super) struct Lane {
    /// As last stored: written back if the Secret is deleted.
    pub(super) stored: Option<Record>,
    /// Tokens that could not be stored yet.
    pub(super) unsaved: Option<Unsaved>,
    /// An access token that came of a forced refresh: it is not forced again.
    pub(super) forced: Option<Secret>,
    /// The token endpoint gave no usable answer, and is left alone for a while.
    pub(super) pause: Option<Pause>,
}

/// A wait before the next exchange. It belongs to the grant, whoever shares it.
pub(super) struct Pause {
    /// Stands for what was tried: with other credentials there is no wait.
    pub(super) fingerprint: String,
    /// Until when.
    pub(super) until: Timestamp,
    /// Atlassian asked for it, so that not even a request by a person overrides it.
    pub(super) by_atlassian: bool,
    /// How often it failed in a row.
    pub(super) failures: u32,
    /// What was seen instead of an answer.
    pub(super) detail: String,
}

pub(super) struct Unsaved {
    pub(super) record: Record,
    pub(super) spent: TokenHash,
    /// They come of a person's consent, and take the place of the grant that was there when it was exchanged,
    /// refreshed or not. What another person did since stands.
    pub(super) replaces: Option<Place>,
}

/// What a consent was given for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    lineage: Option<TokenHash>,
    disconnected: Option<Timestamp>,
}

impl Place {
    pub(super) fn of(record: &Record) -> Self {
        Self {
            lineage: record.lineage().cloned(),
            disconnected: record.disconnected,
        }
    }
}

impl Lane {
    /// The wait that holds back an exchange of what has this fingerprint.
    pub(super) fn pause_for(&self, fingerprint: &str, requested: bool) -> Option<&Pause> {
        let pause = self.pause.as_ref().filter(|pause| pause.fingerprint == fingerprint)?;
        (pause.until > Timestamp::now() && (pause.by_atlassian || !requested)).then_some(pause)
    }

    /// Begins a wait after a failure, longer after each in a row, and no shorter than Atlassian
    /// asked for. Its end.
    pub(super) fn begin_pause(
        &mut self,
        fingerprint: String,
        detail: &str,
        retry_after: Option<Duration>,
    ) -> Timestamp {
        let earlier = self.pause.as_ref().filter(|pause| pause.fingerprint == fingerprint);
        let failures = earlier.map_or(1, |pause| pause.failures.saturating_add(1));
        let wait = backoff(failures, rand::random()).max(retry_after.unwrap_or_default());
        let until = after(Timestamp::now(), wait);
        self.pause = Some(Pause {
            fingerprint,
            until,
            by_atlassian: retry_after.is_some(),
            failures,
            detail: detail.to_owned(),
        });
        until
    }

    /// Stores tokens that are in memory only. A conflict is read and written again as long as
    /// the Secret still holds what was spent; if it holds something else, another process was
    /// faster and its tokens stand.
    pub(super) async fn save(&mut self, store: &Store, key: &GrantKey) -> Result<(), Trouble> {
        let mut attempts = 0;
        while let Some(unsaved) = &mut self.unsaved {
            attempts += 1;
            if attempts > ATTEMPTS {
                return Err(Trouble::not_writable(CONTENDED, self.stored.as_ref()));
            }
            match store.write(&unsaved.record).await {
                Ok(stored) => {
                    self.stored = Some(stored);
                    self.unsaved = None;
                }
                Err(WriteError::Terminating) => {
                    // What comes after this namespace under its name is nobody's heir.
                    (self.unsaved, self.stored) = (None, None);
                    return Err(Trouble::Terminating);
                }
                Err(WriteError::Refused(detail)) => {
                    return Err(Trouble::not_writable(&detail, self.stored.as_ref()));
                }
                Err(WriteError::Conflict | WriteError::Gone) => {
                    let current = store
                        .read(key)
                        .await
                        .map_err(|e| Trouble::not_writable(&describe(&e), self.stored.as_ref()))?;
                    if current.as_ref().is_some_and(Record::is_foreign) {
                        return Err(Trouble::NameTaken);
                    }
                    if !rebase(unsaved, current) {
                        self.unsaved = None;
                    } else if unsaved.record.secret.metadata.uid.is_none() {
                        Self::recreate(store, key, unsaved, self.stored.as_ref()).await?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Writes a deleted grant Secret back from memory.
    pub(super) async fn write_back(&mut self, store: &Store, key: &GrantKey) -> Result<(), Trouble> {
        let Some(mut record) = self.stored.clone() else {
            return Ok(());
        };
        let spent = record
            .refresh_token
            .as_ref()
            .map_or_else(|| TokenHash::stored(""), Secret::hash);
        record.secret = Record::new(&key.namespace, &key.secret_name()).secret;
        record.mark = None;
        let mut unsaved = Unsaved {
            record,
            spent,
            replaces: None,
        };
        info!(
            namespace = key.namespace,
            grant = key.secret_name(),
            "the grant Secret was deleted; writing it back"
        );
        if let Err(trouble) = Self::recreate(store, key, &mut unsaved, self.stored.as_ref()).await {
            if matches!(trouble, Trouble::Terminating) {
                self.stored = None;
            }
            return Err(trouble);
        }
        self.unsaved = Some(unsaved);
        self.save(store, key).await
    }

    /// Creates the Secret without tokens, so that the tokens are written to a uid that is known.
    async fn recreate(
        store: &Store,
        key: &GrantKey,
        unsaved: &mut Unsaved,
        stored: Option<&Record>,
    ) -> Result<(), Trouble> {
        let mut empty = Record::new(&key.namespace, &key.secret_name());
        empty.adopted.clone_from(&unsaved.record.adopted);
        match store.write(&empty).await {
            Ok(created) => {
                unsaved.record.home_uid.clone_from(&created.secret.metadata.uid);
                unsaved.record.secret = created.secret;
                Ok(())
            }
            Err(WriteError::Conflict | WriteError::Gone) => Ok(()),
            Err(WriteError::Terminating) => Err(Trouble::Terminating),
            Err(WriteError::Refused(detail)) => Err(Trouble::not_writable(&detail, stored)),
        }
    }
}

/// Moves unsaved tokens onto the Secret as it is now. False when they are no longer wanted.
fn rebase(unsaved: &mut Unsaved, current: Option<Record>) -> bool {
    let Some(current) = current else {
        unsaved.record.secret.metadata.uid = None;
        unsaved.record.secret.metadata.resource_version = None;
        return true;
    };
    // Whoever marked it: as long as the same token is to be spent, nobody has a newer one.
    let still_marked = current.mark.as_ref().is_some_and(|mark| mark.spends == unsaved.spent);
    let still_stored = current
        .refresh_token
        .as_ref()
        .is_some_and(|token| token.hash() == unsaved.spent);
    // A tombstone is nothing to write over: a person ended the grant, whose tokens these are.
    let nothing_there = current.refresh_token.is_none() && current.mark.is_none() && current.disconnected.is_none();
    let is_replaced = unsaved.replaces == Some(Place::of(&current));
    unsaved.record.home_uid.clone_from(&current.secret.metadata.uid);
    unsaved.record.secret = current.secret;
    is_replaced || still_marked || still_stored || nothing_there
}

#[cfg(test)]
mod tests {
    use super::*;

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
            replaces: replaces.map(Place::of),
        }
    }

    #[test]
    fn unsaved_tokens_go_where_the_spent_one_is_or_nothing_and_not_over_the_wish_of_a_person() {
        let tombstone = Record {
            disconnected: Some(Timestamp::UNIX_EPOCH),
            ..Record::default()
        };
        for (current, wanted) in [
            (None, true),
            (Some(Record::default()), true),
            (Some(with_token("spent")), true),
            (Some(with_token("newer")), false),
            (Some(tombstone.clone()), false),
        ] {
            assert_eq!(rebase(&mut unsaved(None), current.clone()), wanted, "{current:?}");
        }
        // A consent ends a tombstone that was there, and takes the place of a grant that was refreshed meanwhile.
        assert!(rebase(&mut unsaved(Some(&tombstone)), Some(tombstone.clone())));
        assert!(rebase(
            &mut unsaved(Some(&with_token("old"))),
            Some(with_token("newer"))
        ));
        // What somebody did after it stands: another consent, or a disconnect.
        let mut another = with_token("another");
        another.remember(&Secret::new("another".to_owned()));
        assert!(!rebase(&mut unsaved(Some(&with_token("old"))), Some(another)));
        assert!(!rebase(&mut unsaved(Some(&with_token("old"))), Some(tombstone)));
    }
}
