//! Takes over the grant that a person's consent ended with: under the lock that every process
//! respects, judged before anything of it is stored.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};
use tracing::info;

use super::{
    active::{ActiveGrant, GrantError},
    credentials::Credentials,
    freshness::{Exchange, exchange_lock},
    grants::Grants,
    lock_wait::LockWait,
    record::{AccessToken, ExchangeLock, Record},
    slot::{ATTEMPTS, CONTENDED, GrantSlot, SaveResult},
    store::{GrantKey, GrantStore},
    unsaved::{Precondition, UnsavedTokens},
};
use crate::atlassian::{endpoints::HTTP_TIMEOUT, oauth::Tokens, secret::Secret, token_answer::ExchangeFailure};
use crate::cluster::error::WriteError;

/// How much longer than an exchange a consent takes: it is judged by two rounds of questions, each of which may
/// take as long as an exchange.
const JUDGING: SignedDuration = SignedDuration::from_secs(2 * HTTP_TIMEOUT.as_secs().cast_signed());
/// Longest wait for locks that follow one another.
const LONGEST_WAIT: Duration = Duration::from_mins(5);
/// How often a live lock of another process is read again.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// What the browser brought back.
#[derive(Clone, Debug)]
pub struct Consent {
    /// The authorization code.
    pub code: Secret,
    /// The address it was sent to, which the exchange has to repeat.
    pub redirect_uri: String,
}

/// Why no grant was taken over. `R` is what the judge says.
#[derive(Debug)]
pub enum ConsentError<R> {
    /// The cluster stands in the way. Where `unsaved` is not set, the code was not spent.
    Cluster(GrantError),
    /// Atlassian gave no tokens for the code.
    Exchange(ExchangeFailure),
    /// It brought no refresh token.
    NoRefreshToken,
    /// The judge refused it. Nothing of it is kept.
    Refused(R),
    /// Somebody else connected or disconnected it meanwhile. Nothing of it is kept.
    Superseded,
}

impl<R> From<GrantError> for ConsentError<R> {
    fn from(trouble: GrantError) -> Self {
        Self::Cluster(trouble)
    }
}

impl Grants {
    /// Exchanges the code, lets `judge` look at what came of it, and stores the grant in place of what
    /// was there. Runs in a task of its own that outlives a cancelled caller. Reconciliations on the same grant
    /// wait meanwhile, so that they see it before or after and nothing in between.
    ///
    /// # Errors
    /// [`NotTaken`]. The grant that was there is as before then.
    pub async fn connect<J, F, R>(
        self: &Arc<Self>,
        key: &GrantKey,
        credentials: Credentials,
        consent: Consent,
        judge: J,
    ) -> Result<ActiveGrant, ConsentError<R>>
    where
        J: FnOnce(Tokens) -> F + Send + 'static,
        F: Future<Output = Result<(), R>> + Send + 'static,
        R: Send + 'static,
    {
        let (keeper, key) = (Arc::clone(self), key.clone());
        let task = self
            .tasks
            .spawn(async move { keeper.connect_alone(&key, &credentials, &consent, judge).await });
        let interrupted = |_| Err(GrantError::unwritten("the exchange was interrupted").into());
        task.await.unwrap_or_else(interrupted)
    }

    /// Whether a grant could be stored now, asked of the API server without writing anything: so that nobody
    /// consents in vain.
    ///
    /// # Errors
    /// What stands in the way.
    pub async fn could_store(&self, key: &GrantKey) -> Result<(), GrantError> {
        let record = self.store.read(key).await?;
        let record = record.unwrap_or_else(|| Record::new(&key.namespace, &key.secret_name()));
        if record.is_foreign() {
            return Err(GrantError::NameTaken);
        }
        match self.store.dry_run(&record).await {
            // Others write it just now, so it can be written.
            Ok(()) | Err(WriteError::Conflict | WriteError::Gone) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Tries again to store what a consent brought, and tells whether it is stored now or something else stands.
    ///
    /// # Errors
    /// When the cluster still does not take it.
    pub async fn store_again(&self, key: &GrantKey) -> Result<SaveResult, GrantError> {
        let place = self.slots.slot(key);
        place.lock().await.save(&self.store, key).await
    }

    /// Takes the refresh token that could not be stored out of this process, for somebody who keeps it
    /// elsewhere: it is not written any more.
    pub async fn give_up(&self, key: &GrantKey) -> Option<Secret> {
        let place = self.slots.slot(key);
        let unsaved = place.lock().await.unsaved.take()?;
        unsaved.record.refresh_token
    }

    async fn connect_alone<J, F, R>(
        &self,
        key: &GrantKey,
        credentials: &Credentials,
        consent: &Consent,
        judge: J,
    ) -> Result<ActiveGrant, ConsentError<R>>
    where
        J: FnOnce(Tokens) -> F + Send,
        F: Future<Output = Result<(), R>> + Send,
    {
        let place = self.slots.slot(key);
        let mut wait = WaitForLock::default();
        let (mut slot, mut record) = loop {
            // Waited for before reconciliations on this grant are held up.
            wait.until_unlocked(&self.store, key, &self.holder).await?;
            let mut slot = place.lock().await;
            slot.save(&self.store, key).await?;
            if let Some(record) = self.reserve(key, &consent.code, &mut wait).await? {
                break (slot, record);
            }
        };
        let replaces = Some(Precondition::of(&record));
        let at = Timestamp::now();
        let exchanged = self
            .endpoint
            .exchange_code(&credentials.app, &consent.code, &consent.redirect_uri)
            .await;
        (self.on_exchange)(if exchanged.is_ok() {
            "connected"
        } else {
            "not_connected"
        });
        let (tokens, first) = match self.judged(exchanged, judge).await {
            Ok(judged) => judged,
            Err(refused) => {
                self.release(record).await;
                return Err(refused);
            }
        };
        let supplied = credentials.refresh_token.as_ref();
        let access = record.take_connected(tokens, &first, supplied, &credentials.app, at);
        slot.backoff = None;
        slot.unsaved = Some(UnsavedTokens {
            record,
            spent: consent.code.hash(),
            replaces,
        });
        self.deliver(key, &mut slot, access).await
    }

    /// Stores what the judge accepted.
    async fn deliver<R>(
        &self,
        key: &GrantKey,
        slot: &mut GrantSlot,
        access: AccessToken,
    ) -> Result<ActiveGrant, ConsentError<R>> {
        match slot.save(&self.store, key).await {
            Ok(SaveResult::Stored) => {}
            Ok(SaveResult::Superseded) => return Err(ConsentError::Superseded),
            Err(trouble) => {
                if !matches!(trouble, GrantError::NotWritable { .. }) {
                    // It is told that nothing of it is kept.
                    slot.unsaved = None;
                }
                return Err(ConsentError::Cluster(trouble.keeping(slot.unsaved.is_some())));
            }
        }
        info!(namespace = key.namespace, grant = key.secret_name(), "connected");
        Ok(ActiveGrant::of(&slot.stored.clone().unwrap_or_default(), access))
    }

    async fn judged<J, F, R>(
        &self,
        exchanged: Result<Tokens, ExchangeFailure>,
        judge: J,
    ) -> Result<(Tokens, Secret), ConsentError<R>>
    where
        J: FnOnce(Tokens) -> F + Send,
        F: Future<Output = Result<(), R>> + Send,
    {
        let tokens = exchanged.map_err(ConsentError::Exchange)?;
        let first = tokens.refresh_token.clone().ok_or(ConsentError::NoRefreshToken)?;
        judge(tokens.clone()).await.map_err(ConsentError::Refused)?;
        Ok((tokens, first))
    }

    /// Sets the lock for an exchange of this code: it keeps others from exchanging meanwhile, and proves
    /// that the grant can be stored before the code is spent. Nothing where another process has marked it
    /// anew: that is waited for without holding up reconciliations.
    async fn reserve(
        &self,
        key: &GrantKey,
        code: &Secret,
        wait: &mut WaitForLock,
    ) -> Result<Option<Record>, GrantError> {
        let exchange = Exchange {
            token: code.clone(),
            adopts: false,
            interrupted: None,
        };
        for _ in 0..ATTEMPTS {
            let LockState::Free(mut record) = wait.look(&self.store, key, &self.holder).await? else {
                return Ok(None);
            };
            let mut lock = exchange_lock(&exchange, &self.holder, Timestamp::now());
            lock.deadline = lock.deadline.saturating_add(JUDGING).unwrap_or(Timestamp::MAX);
            record.lock = Some(lock);
            match self.store.write(&record).await {
                Ok(marked) => return Ok(Some(marked)),
                Err(WriteError::Conflict | WriteError::Gone) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(GrantError::unwritten(CONTENDED))
    }

    /// Takes the lock away. Where that fails it ends by itself.
    async fn release(&self, mut record: Record) {
        record.lock = None;
        let _ = self.store.write(&record).await;
    }
}

/// What stands in a grant Secret.
enum LockState {
    /// Nothing that is to be waited for.
    Free(Box<Record>),
    /// A live lock of another process.
    Locked(ExchangeLock),
}

/// A wait for locks of other processes.
pub(super) struct WaitForLock {
    lock_wait: LockWait,
    since: Instant,
}

impl Default for WaitForLock {
    fn default() -> Self {
        Self {
            lock_wait: LockWait::default(),
            since: Instant::now(),
        }
    }
}

impl WaitForLock {
    /// The grant Secret as it is, or a new one, once no other process holds a lock on it that is respected.
    pub(super) async fn until_unlocked(
        &mut self,
        store: &GrantStore,
        key: &GrantKey,
        holder: &str,
    ) -> Result<Record, GrantError> {
        loop {
            match self.look(store, key, holder).await? {
                LockState::Free(record) => return Ok(*record),
                LockState::Locked(lock) if self.since.elapsed() >= LONGEST_WAIT => {
                    return Err(GrantError::Busy {
                        until: lock.deadline,
                        still: None,
                    });
                }
                LockState::Locked(_) => tokio::time::sleep(LOOK_AGAIN).await,
            }
        }
    }

    async fn look(&mut self, store: &GrantStore, key: &GrantKey, holder: &str) -> Result<LockState, GrantError> {
        let record = store.read(key).await?;
        let record = record.unwrap_or_else(|| Record::new(&key.namespace, &key.secret_name()));
        if record.is_foreign() {
            return Err(GrantError::NameTaken);
        }
        let live = record.lock.as_ref();
        let live = live.filter(|lock| lock.holder != holder && lock.deadline > Timestamp::now());
        match live {
            Some(lock) if self.lock_wait.left(lock, Instant::now()).is_some() => Ok(LockState::Locked(lock.clone())),
            _ => Ok(LockState::Free(Box::new(record))),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::grant::testing::{World, grant};

    /// Reconciliations on the grant wait as long as a consent is under way, and so no lock is waited for meanwhile.
    #[tokio::test]
    async fn a_mark_of_another_process_holds_up_no_pass() {
        let world = World::default();
        let process = world.process(&["ns"]).await;
        let mut record = Record::new("ns", "acme-grant");
        record.lock = Some(ExchangeLock {
            holder: "other".into(),
            deadline: Timestamp::now().saturating_add(SignedDuration::from_hours(5)).unwrap(),
            spends: Secret::new("theirs".into()).hash(),
            adopts: false,
            begun: None,
        });
        let lock = process.store.write(&record).await.unwrap().lock.unwrap();
        let (key, code) = (grant("ns"), Secret::new("code".into()));
        let mut wait = WaitForLock::default();
        let reserved = process.reserve(&key, &code, &mut wait).await.unwrap();
        assert!(reserved.is_none(), "it is waited for elsewhere");
        // What was waited for there is not waited for again.
        let long_ago = Instant::now().checked_sub(Duration::from_mins(3)).unwrap();
        let mut wait = WaitForLock::default();
        let _ = wait.lock_wait.left(&lock, long_ago);
        let reserved = process.reserve(&key, &code, &mut wait).await.unwrap();
        assert!(reserved.is_some_and(|record| record.lock.is_some_and(|lock| lock.holder == process.holder)));
    }
}
