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
    lane::{ATTEMPTS, CONTENDED, Lane, Saved},
    patience::Patience,
    record::{Access, Mark, Record},
    store::{GrantKey, Store},
    unsaved::{Precondition, Unsaved},
};
use crate::atlassian::{endpoints::HTTP_TIMEOUT, oauth::Tokens, secret::Secret, token_answer::ExchangeFailure};
use crate::cluster::error::WriteError;

/// How much longer than an exchange a consent takes: it is judged by two rounds of questions, each of which may
/// take as long as an exchange.
const JUDGING: SignedDuration = SignedDuration::from_secs(2 * HTTP_TIMEOUT.as_secs().cast_signed());
/// Longest wait for marks that follow one another.
const LONGEST_WAIT: Duration = Duration::from_mins(5);
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
    /// Somebody else connected or disconnected it meanwhile. Nothing of it is kept.
    Superseded,
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
        let interrupted = |_| Err(Trouble::unwritten("the exchange was interrupted").into());
        task.await.unwrap_or_else(interrupted)
    }

    /// Whether a grant could be stored now, asked of the API server without writing anything: so that nobody
    /// consents in vain.
    ///
    /// # Errors
    /// What stands in the way.
    pub async fn could_store(&self, key: &GrantKey) -> Result<(), Trouble> {
        let read = self.store.read(key).await;
        let record = read.map_err(|error| Trouble::unread(&error))?;
        let record = record.unwrap_or_else(|| Record::new(&key.namespace, &key.secret_name()));
        if record.is_foreign() {
            return Err(Trouble::NameTaken);
        }
        match self.store.rehearse(&record).await {
            // Others write it just now, so it can be written.
            Ok(()) | Err(WriteError::Conflict | WriteError::Gone) => Ok(()),
            Err(WriteError::Terminating) => Err(Trouble::Terminating),
            Err(WriteError::Refused(detail)) => Err(Trouble::unwritten(&detail)),
        }
    }

    /// Tries again to store what a consent brought, and tells whether it is stored now or something else stands.
    ///
    /// # Errors
    /// When the cluster still does not take it.
    pub async fn store_again(&self, key: &GrantKey) -> Result<Saved, Trouble> {
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
        let place = self.lanes.place(key);
        let mut wait = Wait::default();
        let (mut lane, mut record) = loop {
            // Waited for before passes on this grant are held up.
            wait.until_unmarked(&self.store, key, &self.holder).await?;
            let mut lane = place.lock().await;
            lane.save(&self.store, key).await?;
            if let Some(record) = self.reserve(key, &consent.code, &mut wait).await? {
                break (lane, record);
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
        lane.pause = None;
        lane.unsaved = Some(Unsaved {
            record,
            spent: consent.code.hash(),
            replaces,
        });
        self.deliver(key, &mut lane, access).await
    }

    /// Stores what the judge accepted.
    async fn deliver<R>(&self, key: &GrantKey, lane: &mut Lane, access: Access) -> Result<Held, NotTaken<R>> {
        match lane.save(&self.store, key).await {
            Ok(Saved::Stored) => {}
            Ok(Saved::Superseded) => return Err(NotTaken::Superseded),
            Err(trouble) => {
                if !matches!(trouble, Trouble::NotWritable { .. }) {
                    // It is told that nothing of it is kept.
                    lane.unsaved = None;
                }
                return Err(NotTaken::Cluster(trouble.keeping(lane.unsaved.is_some())));
            }
        }
        info!(namespace = key.namespace, grant = key.secret_name(), "connected");
        Ok(Held::of(&lane.stored.clone().unwrap_or_default(), access))
    }

    async fn judged<J, F, R>(
        &self,
        exchanged: Result<Tokens, ExchangeFailure>,
        judge: J,
    ) -> Result<(Tokens, Secret), NotTaken<R>>
    where
        J: FnOnce(Tokens) -> F + Send,
        F: Future<Output = Result<(), R>> + Send,
    {
        let tokens = exchanged.map_err(NotTaken::Exchange)?;
        let first = tokens.refresh_token.clone().ok_or(NotTaken::NoRefreshToken)?;
        judge(tokens.clone()).await.map_err(NotTaken::Refused)?;
        Ok((tokens, first))
    }

    /// Sets the mark for an exchange of this code: it keeps others from exchanging meanwhile, and proves
    /// that the grant can be stored before the code is spent. Nothing where another process has marked it
    /// anew: that is waited for without holding up passes.
    async fn reserve(&self, key: &GrantKey, code: &Secret, wait: &mut Wait) -> Result<Option<Record>, Trouble> {
        let exchange = Exchange {
            token: code.clone(),
            adopts: false,
            interrupted: None,
        };
        for _ in 0..ATTEMPTS {
            let Look::Free(mut record) = wait.look(&self.store, key, &self.holder).await? else {
                return Ok(None);
            };
            let mut mark = mark(&exchange, &self.holder, Timestamp::now());
            mark.deadline = mark.deadline.saturating_add(JUDGING).unwrap_or(Timestamp::MAX);
            record.mark = Some(mark);
            match self.store.write(&record).await {
                Ok(marked) => return Ok(Some(marked)),
                Err(WriteError::Conflict | WriteError::Gone) => {}
                Err(WriteError::Terminating) => return Err(Trouble::Terminating),
                Err(WriteError::Refused(detail)) => return Err(Trouble::unwritten(&detail)),
            }
        }
        Err(Trouble::unwritten(CONTENDED))
    }

    /// Takes the mark away. Where that fails it ends by itself.
    async fn release(&self, mut record: Record) {
        record.mark = None;
        let _ = self.store.write(&record).await;
    }
}

/// What stands in a grant Secret.
enum Look {
    /// Nothing that is to be waited for.
    Free(Box<Record>),
    /// A live mark of another process.
    Marked(Mark),
}

/// A wait for marks of other processes.
pub(super) struct Wait {
    patience: Patience,
    since: Instant,
}

impl Default for Wait {
    fn default() -> Self {
        Self {
            patience: Patience::default(),
            since: Instant::now(),
        }
    }
}

impl Wait {
    /// The grant Secret as it is, or a new one, once no other process holds a mark on it that is respected.
    pub(super) async fn until_unmarked(
        &mut self,
        store: &Store,
        key: &GrantKey,
        holder: &str,
    ) -> Result<Record, Trouble> {
        loop {
            match self.look(store, key, holder).await? {
                Look::Free(record) => return Ok(*record),
                Look::Marked(mark) if self.since.elapsed() >= LONGEST_WAIT => {
                    return Err(Trouble::Busy {
                        until: mark.deadline,
                        still: None,
                    });
                }
                Look::Marked(_) => tokio::time::sleep(LOOK_AGAIN).await,
            }
        }
    }

    async fn look(&mut self, store: &Store, key: &GrantKey, holder: &str) -> Result<Look, Trouble> {
        let read = store.read(key).await;
        let record = read.map_err(|error| Trouble::unread(&error))?;
        let record = record.unwrap_or_else(|| Record::new(&key.namespace, &key.secret_name()));
        if record.is_foreign() {
            return Err(Trouble::NameTaken);
        }
        let live = record.mark.as_ref();
        let live = live.filter(|mark| mark.holder != holder && mark.deadline > Timestamp::now());
        match live {
            Some(mark) if self.patience.left(mark, Instant::now()).is_some() => Ok(Look::Marked(mark.clone())),
            _ => Ok(Look::Free(Box::new(record))),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::grant::testing::{World, grant};

    /// Passes on the grant wait as long as a consent is under way, and so no mark is waited for meanwhile.
    #[tokio::test]
    async fn a_mark_of_another_process_holds_up_no_pass() {
        let world = World::default();
        let process = world.process(&["ns"]).await;
        let mut record = Record::new("ns", "acme-grant");
        record.mark = Some(Mark {
            holder: "other".into(),
            deadline: Timestamp::now().saturating_add(SignedDuration::from_hours(5)).unwrap(),
            spends: Secret::new("theirs".into()).hash(),
            adopts: false,
            begun: None,
        });
        let mark = process.store.write(&record).await.unwrap().mark.unwrap();
        let (key, code) = (grant("ns"), Secret::new("code".into()));
        let mut wait = Wait::default();
        let reserved = process.reserve(&key, &code, &mut wait).await.unwrap();
        assert!(reserved.is_none(), "it is waited for elsewhere");
        // What was waited for there is not waited for again.
        let long_ago = Instant::now().checked_sub(Duration::from_mins(3)).unwrap();
        let mut wait = Wait::default();
        let _ = wait.patience.left(&mark, long_ago);
        let reserved = process.reserve(&key, &code, &mut wait).await.unwrap();
        assert!(reserved.is_some_and(|record| record.mark.is_some_and(|mark| mark.holder == process.holder)));
    }
}
