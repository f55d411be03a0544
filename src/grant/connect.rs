//! Takes over the grant that a person's consent ended with: under the mark that every process
//! respects, judged before anything of it is stored.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};
use tracing::info;

use super::{
    credentials::Credentials,
    freshness::{Exchange, mark},
    held::{Held, Trouble},
    keeper::Keeper,
    lane::{ATTEMPTS, CONTENDED, Place, Unsaved},
    record::{Mark, Record},
    store::{GrantKey, Store, WriteError, describe},
};
use crate::atlassian::{endpoints::HTTP_TIMEOUT, oauth::Tokens, secret::Secret, token_answer::ExchangeFailure};

/// How much longer than an exchange a consent takes: it is judged by two rounds of questions, each of which may
/// take as long as an exchange.
const JUDGING: SignedDuration = SignedDuration::from_secs(2 * HTTP_TIMEOUT.as_secs().cast_signed());
/// Longest wait for a mark that does not change, by a clock that nobody sets: that of another machine may be wrong.
const PATIENCE: Duration = Duration::from_mins(2);
/// How often a live mark of another process is looked at again.
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
pub enum NotTaken<R> {
    /// The cluster stands in the way. Where `unsaved` is not set, the code was not spent.
    Cluster(Trouble),
    /// Atlassian gave no tokens for the code.
    Exchange(ExchangeFailure),
    /// It brought no refresh token.
    NoRefreshToken,
    /// The judge refused it. Nothing of it is kept.
    Refused(R),
}

impl<R> From<Trouble> for NotTaken<R> {
    fn from(trouble: Trouble) -> Self {
        Self::Cluster(trouble)
    }
}

impl Keeper {
    /// Exchanges the code, lets `judge` look at what came of it, and stores the grant in place of what
    /// was there. Runs in a task of its own that outlives a cancelled caller. Passes on the same grant
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
    ) -> Result<Held, NotTaken<R>>
    where
        J: FnOnce(Tokens) -> F + Send + 'static,
        F: Future<Output = Result<(), R>> + Send + 'static,
        R: Send + 'static,
    {
        let (keeper, key) = (Arc::clone(self), key.clone());
        let task = self
            .tasks
            .spawn(async move { keeper.connect_alone(&key, &credentials, &consent, judge).await });
        let interrupted = |_| Err(Trouble::not_writable("the exchange was interrupted", None).into());
        task.await.unwrap_or_else(interrupted)
    }

    /// Whether a grant could be stored now, asked of the API server without writing anything: so that nobody
    /// consents in vain.
    ///
    /// # Errors
    /// What stands in the way.
    pub async fn could_store(&self, key: &GrantKey) -> Result<(), Trouble> {
        let read = self.store.read(key).await;
        let record = read.map_err(|error| Trouble::not_writable(&describe(&error), None))?;
        let record = record.unwrap_or_else(|| Record::new(&key.namespace, &key.secret_name()));
        if record.is_foreign() {
            return Err(Trouble::NameTaken);
        }
        match self.store.rehearse(&record).await {
            // Others write it just now, so it can be written.
            Ok(()) | Err(WriteError::Conflict | WriteError::Gone) => Ok(()),
            Err(WriteError::Terminating) => Err(Trouble::Terminating),
            Err(WriteError::Refused(detail)) => Err(Trouble::not_writable(&detail, None)),
        }
    }

    /// Tries again to store what a consent brought. Nothing to do when it is stored.
    ///
    /// # Errors
    /// When the cluster still does not take it.
    pub async fn store_again(&self, key: &GrantKey) -> Result<(), Trouble> {
        let place = self.lanes.place(key);
        place.lock().await.save(&self.store, key).await
    }

    /// Takes the refresh token that could not be stored out of this process, for somebody who keeps it
    /// elsewhere: it is not written any more.
    pub async fn give_up(&self, key: &GrantKey) -> Option<Secret> {
        let place = self.lanes.place(key);
        let unsaved = place.lock().await.unsaved.take()?;
        unsaved.record.refresh_token
    }

    async fn connect_alone<J, F, R>(
        &self,
        key: &GrantKey,
        credentials: &Credentials,
        consent: &Consent,
        judge: J,
    ) -> Result<Held, NotTaken<R>>
    where
        J: FnOnce(Tokens) -> F + Send,
        F: Future<Output = Result<(), R>> + Send,
    {
        // Waited for before passes on this grant are held up.
        unmarked(&self.store, key, &self.holder).await?;
        let place = self.lanes.place(key);
        let mut lane = place.lock().await;
        lane.save(&self.store, key).await?;
        let mut record = self.reserve(key, &consent.code).await?;
        let replaces = Some(Place::of(&record));
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
        let tokens = match self.judged(exchanged, judge).await {
            Ok(tokens) => tokens,
            Err(refused) => {
                self.release(record).await;
                return Err(refused);
            }
        };
        record.take_connected(tokens, credentials.refresh_token.as_ref(), &credentials.app, at);
        let access = record.access.clone();
        lane.pause = None;
        lane.unsaved = Some(Unsaved {
            record,
            spent: consent.code.hash(),
            replaces,
        });
        if let Err(trouble) = lane.save(&self.store, key).await {
            return Err(NotTaken::Cluster(match trouble {
                Trouble::NotWritable { detail, still, .. } => Trouble::NotWritable {
                    unsaved: lane.unsaved.is_some(),
                    detail,
                    still,
                },
                other => other,
            }));
        }
        info!(namespace = key.namespace, grant = key.secret_name(), "connected");
        let stored = lane.stored.clone().unwrap_or_default();
        access
            .map(|access| Held::of(&stored, access))
            .ok_or(NotTaken::NoRefreshToken)
    }

    async fn judged<J, F, R>(&self, exchanged: Result<Tokens, ExchangeFailure>, judge: J) -> Result<Tokens, NotTaken<R>>
    where
        J: FnOnce(Tokens) -> F + Send,
        F: Future<Output = Result<(), R>> + Send,
    {
        let tokens = exchanged.map_err(NotTaken::Exchange)?;
        if tokens.refresh_token.is_none() {
            return Err(NotTaken::NoRefreshToken);
        }
        judge(tokens.clone()).await.map_err(NotTaken::Refused)?;
        Ok(tokens)
    }

    /// Sets the mark for an exchange of this code: it keeps others from exchanging meanwhile, and proves
    /// that the grant can be stored before the code is spent.
    async fn reserve(&self, key: &GrantKey, code: &Secret) -> Result<Record, Trouble> {
        let exchange = Exchange {
            token: code.clone(),
            adopts: false,
            interrupted: None,
        };
        for _ in 0..ATTEMPTS {
            let mut record = unmarked(&self.store, key, &self.holder).await?;
            let mut mark = mark(&exchange, &self.holder, Timestamp::now());
            mark.deadline = mark.deadline.saturating_add(JUDGING).unwrap_or(Timestamp::MAX);
            record.mark = Some(mark);
            match self.store.write(&record).await {
                Ok(marked) => return Ok(marked),
                Err(WriteError::Conflict | WriteError::Gone) => {}
                Err(WriteError::Terminating) => return Err(Trouble::Terminating),
                Err(WriteError::Refused(detail)) => return Err(Trouble::not_writable(&detail, Some(&record))),
            }
        }
        Err(Trouble::not_writable(CONTENDED, None))
    }

    /// Takes the mark away. Where that fails it ends by itself.
    async fn release(&self, mut record: Record) {
        record.mark = None;
        let _ = self.store.write(&record).await;
    }
}

/// The grant Secret as it is, or a new one, once no other process holds a live mark on it.
pub(super) async fn unmarked(store: &Store, key: &GrantKey, holder: &str) -> Result<Record, Trouble> {
    let mut waited_for: Option<(Mark, Instant)> = None;
    loop {
        let read = store.read(key).await;
        let record = read.map_err(|error| Trouble::not_writable(&describe(&error), None))?;
        let record = record.unwrap_or_else(|| Record::new(&key.namespace, &key.secret_name()));
        if record.is_foreign() {
            return Err(Trouble::NameTaken);
        }
        let live = record.mark.clone();
        let live = live.filter(|mark| mark.holder != holder && mark.deadline > Timestamp::now());
        let Some(mark) = live else {
            return Ok(record);
        };
        match &waited_for {
            Some((same, since)) if *same == mark => {
                if since.elapsed() >= PATIENCE {
                    return Ok(record);
                }
            }
            _ => waited_for = Some((mark, Instant::now())),
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}
