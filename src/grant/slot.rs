//! What this process holds of one grant besides the Secret, and how that gets back into it.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use tracing::{info, warn};

use super::{
    active::GrantError,
    codec::GrantIdentity,
    lock_wait::LockWait,
    record::{ExchangeLock, Record},
    store::{GrantKey, GrantStore},
    unsaved::{Rebased, UnsavedTokens, rebase},
};
use crate::atlassian::secret::{Secret, TokenHash};
use crate::{
    cluster::{backoff::backoff, error::WriteError, time::after},
    grant::leeway::within_the_leeway,
};

/// How often a write starts again after somebody else changed the Secret under it.
pub(super) const ATTEMPTS: usize = 6;
/// What is said when that was not enough.
pub(super) const CONTENDED: &str = "it is changed by others all the time";
/// How many deletions are remembered.
const DELETIONS_KEPT: usize = 8;
/// How often tokens of a grant that nobody names any more are tried to be stored.
const LAST_TRIES: u32 = 10;

/// What this process knows of one grant besides the Secret.
#[derive(Default)]
pub(super) struct GrantSlot {
    /// As last stored: written back if the Secret is deleted.
    pub(super) stored: Option<Record>,
    /// Tokens that could not be stored yet.
    pub(super) unsaved: Option<UnsavedTokens>,
    /// An access token that came of a forced refresh: it is not forced again.
    pub(super) forced: Option<Secret>,
    /// The token endpoint gave no usable answer, and is left alone for a while.
    pub(super) backoff: Option<ExchangeBackoff>,
    /// Marks of other processes.
    lock_wait: LockWait,
    /// States of the Secret that were deleted, newest last.
    deleted: Vec<GrantIdentity>,
    /// No integration names it any more; how often its tokens were tried to be stored since.
    unnamed: Option<u32>,
}

/// A wait before the next exchange. It belongs to the grant, whoever shares it.
pub(super) struct ExchangeBackoff {
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

/// What became of tokens that were to be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaveResult {
    /// They are stored, or there were none to store.
    Stored,
    /// Somebody else's tokens or wish stand, and these are dropped.
    Superseded,
}

/// What is known of a grant Secret that is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MissingSecret {
    /// Nothing.
    Unknown,
    /// It was there, and the watch has not told yet what was deleted.
    Untold,
    /// What was deleted is what is in memory.
    InMemory,
}

/// What was heard of a grant while its slot may have been in use.
#[derive(Default)]
pub(super) struct PendingEvents {
    /// No integration names it any more.
    pub(super) is_unnamed: bool,
    /// What is in memory is not to be written back: nobody saw what became of it.
    pub(super) is_doubtful: bool,
    /// Tombstones that were seen, and states that were deleted.
    pub(super) traces: Vec<(GrantIdentity, SecretEvent)>,
}

/// How the watch saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretEvent {
    /// It stands.
    Standing,
    /// It was deleted.
    Deleted,
}

impl GrantSlot {
    /// Takes in what was heard since its last use.
    pub(super) fn apply_events(&mut self, news: PendingEvents, key: &GrantKey) {
        if news.is_unnamed {
            if self.unsaved.is_none() {
                *self = Self::default();
            } else {
                self.unnamed.get_or_insert(0);
            }
        }
        if news.is_doubtful {
            self.stored = self.stored.take().filter(|stored| stored.disconnected.is_some());
        }
        for (trace, seen) in news.traces {
            if trace.disconnected.is_some() {
                self.end(&trace, key);
            }
            if seen == SecretEvent::Deleted {
                self.deleted.push(trace);
            }
        }
        let surplus = self.deleted.len().saturating_sub(DELETIONS_KEPT);
        self.deleted.drain(..surplus);
    }

    /// A person ended the grant: nothing of it is written any more, but the tombstone. Tokens of a consent that
    /// was given after it are not of that grant.
    fn end(&mut self, trace: &GrantIdentity, key: &GrantKey) {
        let later = |unsaved: &UnsavedTokens| {
            let replaces = unsaved.replaces.as_ref();
            replaces.is_some_and(|replaced| replaced.is_after(trace.disconnected))
        };
        self.unsaved = self.unsaved.take().filter(later);
        let mut tombstone = Record::new(&key.namespace, &key.secret_name());
        tombstone.secret.metadata.uid = Some(trace.uid.clone());
        tombstone.rotation = trace.rotation;
        tombstone.adopted.clone_from(&trace.adopted);
        tombstone.disconnected = trace.disconnected;
        self.stored = Some(tombstone);
    }

    /// Somebody names the grant.
    pub(super) fn mark_named(&mut self) {
        self.unnamed = None;
    }

    /// Takes the Secret in as it is. What is somebody else's or a copy is nothing to write back.
    pub(super) fn note(&mut self, record: Option<&Record>) {
        let worth =
            |record: &&Record| (record.refresh_token.is_some() || record.disconnected.is_some()) && !record.is_copy();
        if !record.is_some_and(Record::is_foreign) {
            self.stored = record.filter(worth).cloned();
        }
    }

    /// What is known of the Secret, which is not there.
    pub(super) fn missing(&mut self) -> MissingSecret {
        let Some(stored) = &self.stored else {
            return MissingSecret::Unknown;
        };
        let uid = stored.secret.metadata.uid.as_ref();
        match self.deleted.iter().rfind(|trace| Some(&trace.uid) == uid) {
            Some(trace) if !trace.is_ours || trace.is_of(stored) => MissingSecret::InMemory,
            // Another grant stood there when it was deleted: what is in memory is not what is missed.
            Some(_) => {
                self.stored = None;
                MissingSecret::Unknown
            }
            // To write that somebody disconnected it is never wrong.
            None if stored.disconnected.is_some() => MissingSecret::InMemory,
            None => MissingSecret::Untold,
        }
    }

    /// How long a lock of another process is still respected.
    pub(super) fn lock_wait(&mut self, lock: &ExchangeLock) -> Option<Duration> {
        self.lock_wait.left(lock, Instant::now())
    }

    /// The wait that holds back an exchange of what has this fingerprint.
    pub(super) fn backoff_for(&self, fingerprint: &str, requested: bool) -> Option<&ExchangeBackoff> {
        let pause = self.backoff.as_ref().filter(|pause| pause.fingerprint == fingerprint)?;
        (pause.until > Timestamp::now() && (pause.by_atlassian || !requested)).then_some(pause)
    }

    /// Begins a wait after a failure, longer after each in a row, and no shorter than Atlassian
    /// asked for. `perhaps_spent` is since when it is not known whether the token was. The end of the wait.
    pub(super) fn begin_backoff(
        &mut self,
        fingerprint: String,
        detail: &str,
        retry_after: Option<Duration>,
        perhaps_spent: Option<Timestamp>,
    ) -> Timestamp {
        let now = Timestamp::now();
        let earlier = self.backoff.as_ref().filter(|pause| pause.fingerprint == fingerprint);
        let failures = earlier.map_or(1, |pause| pause.failures.saturating_add(1));
        let wait = within_the_leeway(backoff(failures, rand::random()), perhaps_spent, now);
        let until = after(now, wait.max(retry_after.unwrap_or_default()));
        self.backoff = Some(ExchangeBackoff {
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
    pub(super) async fn save(&mut self, store: &GrantStore, key: &GrantKey) -> Result<SaveResult, GrantError> {
        for _ in 0..ATTEMPTS {
            let Some(unsaved) = &mut self.unsaved else {
                return Ok(SaveResult::Stored);
            };
            match store.write(&unsaved.record).await {
                Ok(stored) => return Ok(self.is_stored(stored)),
                Err(WriteError::Terminating) => {
                    // What comes after this namespace under its name is nobody's heir.
                    (self.unsaved, self.stored) = (None, None);
                    return Err(GrantError::Terminating);
                }
                Err(error @ WriteError::Refused(_)) => return Err(error.into()),
                Err(WriteError::Conflict | WriteError::Gone) => {
                    let current = store.read(key).await?;
                    if current.as_ref().is_some_and(Record::is_foreign) {
                        return Err(GrantError::NameTaken);
                    }
                    let for_nobody = current.is_none() && self.unnamed.is_some();
                    match rebase(unsaved, current) {
                        _ if for_nobody => return Ok(self.is_superseded(key)),
                        Rebased::Ours(stored) => return Ok(self.is_stored(*stored)),
                        Rebased::Unwanted => return Ok(self.is_superseded(key)),
                        Rebased::Anew => recreate(store, key, unsaved).await?,
                        Rebased::Onto => {}
                    }
                }
            }
        }
        Err(GrantError::unwritten(CONTENDED))
    }

    fn is_stored(&mut self, stored: Record) -> SaveResult {
        self.stored = Some(stored);
        self.unsaved = None;
        SaveResult::Stored
    }

    fn is_superseded(&mut self, key: &GrantKey) -> SaveResult {
        let (namespace, grant) = (&key.namespace, key.secret_name());
        info!(namespace, grant, "new tokens are dropped: somebody else's stand");
        self.unsaved = None;
        SaveResult::Superseded
    }

    /// Stores what waits of a grant that nobody names any more, and gives it up after some tries.
    pub(super) async fn save_or_drop(&mut self, store: &GrantStore, key: &GrantKey) {
        let saved = self.save(store, key).await;
        let Some(tries) = &mut self.unnamed else { return };
        *tries = tries.saturating_add(1);
        if saved.is_ok() || *tries >= LAST_TRIES {
            *self = Self::default();
        }
    }

    /// Writes what is in memory over an earlier state of the same Secret, whose refresh token is spent.
    pub(super) fn undo(&mut self, earlier: &Record, key: &GrantKey) {
        let Some(ours) = self.stored.clone() else { return };
        let spent = earlier.refresh_token.as_ref().map(Secret::hash);
        warn!(
            namespace = key.namespace,
            grant = key.secret_name(),
            "the grant Secret was set back to an earlier state, whose refresh token is spent; writing it as it was"
        );
        self.unsaved = Some(UnsavedTokens {
            spent: spent.unwrap_or_else(|| TokenHash::stored("")),
            record: Record {
                secret: earlier.secret.clone(),
                lock: None,
                ..ours
            },
            replaces: None,
        });
    }

    /// Writes a deleted grant Secret back from memory.
    pub(super) async fn write_back(&mut self, store: &GrantStore, key: &GrantKey) -> Result<(), GrantError> {
        let Some(mut record) = self.stored.clone() else {
            return Ok(());
        };
        let spent = record.refresh_token.as_ref().map(Secret::hash);
        record.secret = Record::new(&key.namespace, &key.secret_name()).secret;
        record.lock = None;
        let mut unsaved = UnsavedTokens {
            record,
            spent: spent.unwrap_or_else(|| TokenHash::stored("")),
            replaces: None,
        };
        info!(
            namespace = key.namespace,
            grant = key.secret_name(),
            "the grant Secret was deleted; writing it back"
        );
        if let Err(trouble) = recreate(store, key, &mut unsaved).await {
            if matches!(trouble, GrantError::Terminating) {
                self.stored = None;
            }
            return Err(trouble);
        }
        self.unsaved = Some(unsaved);
        self.save(store, key).await.map(|_| ())
    }
}

/// Creates the Secret without tokens, so that the tokens are written to a uid that is known.
async fn recreate(store: &GrantStore, key: &GrantKey, unsaved: &mut UnsavedTokens) -> Result<(), GrantError> {
    let mut empty = Record::new(&key.namespace, &key.secret_name());
    empty.adopted.clone_from(&unsaved.record.adopted);
    empty.disconnected = unsaved.record.disconnected;
    match store.write(&empty).await {
        Ok(created) => {
            unsaved.record.home_uid.clone_from(&created.secret.metadata.uid);
            unsaved.record.secret = created.secret;
            Ok(())
        }
        Err(WriteError::Conflict | WriteError::Gone) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests;
