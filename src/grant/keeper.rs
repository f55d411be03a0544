//! Holds grants: decides with [`freshness`](super::freshness), exchanges under a mark that every
//! process respects, and uses a new token only once it is stored.

use std::sync::Arc;

use jiff::Timestamp;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use super::{
    credentials::Credentials,
    freshness::{self, Decision, Exchange, decide},
    held::{Held, Trouble},
    lane::{ATTEMPTS, CONTENDED, Lane, Unsaved},
    lanes::Lanes,
    pace::after,
    record::{Access, Record, RefusalKind, fingerprint},
    store::{GrantKey, Store, WriteError, describe},
};
use crate::atlassian::{endpoints::HTTP_TIMEOUT, oauth::TokenEndpoint, secret::Secret, token_answer::ExchangeFailure};

/// What is said of an answer that only the new refresh token could be taken from.
const SALVAGED: &str =
    "the token endpoint's answer could not be read; the new refresh token was found in it and is stored";

/// What is asked of a grant besides being good.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// An access token that Atlassian no longer accepts, though it has not expired.
    pub rejected: Option<Secret>,
    /// A person asked for it, so that a wait of our own making is over.
    pub requested: bool,
    /// The integration was seen to exist after the grant Secret was found deleted.
    pub is_rightful: bool,
}

/// Holds all grants of this process.
pub struct Keeper {
    pub(super) store: Store,
    pub(super) endpoint: TokenEndpoint,
    /// Random, so that a restarted process does not take its predecessor's mark for its own.
    pub(super) holder: String,
    pub(super) lanes: Lanes,
    pub(super) tasks: TaskTracker,
    pub(super) on_exchange: Box<dyn Fn(&'static str) + Send + Sync>,
}

impl Keeper {
    /// A keeper; `on_exchange` is told the outcome of every exchange.
    #[must_use]
    pub fn new(
        store: Store,
        endpoint: TokenEndpoint,
        on_exchange: Box<dyn Fn(&'static str) + Send + Sync>,
    ) -> Arc<Self> {
        Arc::new(Self {
            store,
            endpoint,
            holder: format!("{:032x}", rand::random::<u128>()),
            lanes: Lanes::default(),
            tasks: TaskTracker::new(),
            on_exchange,
        })
    }

    /// The grant, with a good access token. Runs in a task of its own that outlives a cancelled
    /// caller, because an exchange whose answer nobody stores is a lost grant.
    ///
    /// # Errors
    /// [`Trouble`], which says whether the stored access token can still be used.
    pub async fn hold(self: &Arc<Self>, key: &GrantKey, credentials: Credentials, wish: Wish) -> Result<Held, Trouble> {
        let place = self.lanes.place(key);
        let (keeper, key) = (Arc::clone(self), key.clone());
        let task = self.tasks.spawn(async move {
            let mut lane = place.lock().await;
            let held = keeper.hold_alone(&key, &credentials, &wish, &mut lane).await;
            match held {
                Err(Trouble::NotWritable { detail, still, .. }) => {
                    let unsaved = lane.unsaved.is_some();
                    Err(Trouble::NotWritable { detail, unsaved, still })
                }
                other => other,
            }
        });
        let interrupted = |_| Err(Trouble::not_writable("the exchange was interrupted", None));
        task.await.unwrap_or_else(interrupted)
    }

    /// Waits for exchanges under way and stores what is unsaved. Called once, at the end.
    pub async fn finish(&self) {
        self.tasks.close();
        self.tasks.wait().await;
        for (key, place) in self.lanes.all() {
            let mut lane = place.lock().await;
            while lane.unsaved.is_some() && lane.save(&self.store, &key).await.is_err() {
                tokio::time::sleep(std::time::Duration::from_millis(500)).await;
            }
        }
    }

    /// Whether tokens wait in memory to be stored: a process with such must not be restarted.
    #[must_use]
    pub fn has_unsaved(&self) -> bool {
        self.lanes.have_unsaved()
    }

    /// Forgets a grant that nobody names any more, so that it is not written back: what comes
    /// later under its name is nobody's heir. The Secret itself stays a day longer. Tokens that
    /// wait to be stored are not forgotten.
    pub fn forget(&self, key: &GrantKey) {
        self.lanes.forget(key);
    }

    async fn hold_alone(
        &self,
        key: &GrantKey,
        credentials: &Credentials,
        wish: &Wish,
        lane: &mut Lane,
    ) -> Result<Held, Trouble> {
        let rejected = wish
            .rejected
            .as_ref()
            .filter(|token| lane.forced.as_ref() != Some(token));
        for _ in 0..ATTEMPTS {
            lane.save(&self.store, key).await?;
            let read = self.store.read(key).await;
            let record = read.map_err(|error| Trouble::not_writable(&describe(&error), lane.stored.as_ref()))?;
            let record = match record {
                None if lane.stored.is_some() && !wish.is_rightful => return Err(Trouble::Deleted),
                None if lane.stored.is_some() => {
                    lane.write_back(&self.store, key).await?;
                    continue;
                }
                found => found,
            };
            if !record.as_ref().is_some_and(Record::is_foreign) {
                lane.stored = record.clone().filter(|r| r.refresh_token.is_some() && !r.is_copy());
            }
            match decide(record.as_ref(), credentials, Timestamp::now(), &self.holder, rejected) {
                Decision::Use(access) => return Ok(Held::of(&record.unwrap_or_default(), access)),
                Decision::Busy { until } => {
                    let still = record.as_ref().and_then(Held::still);
                    let still = still.filter(|held| Some(&held.access.token) != rejected);
                    return Err(Trouble::Busy { until, still });
                }
                Decision::NotConnected(why) => return Err(Trouble::NotConnected(why)),
                Decision::Copy => return Err(Trouble::SharedElsewhere),
                Decision::NameTaken => return Err(Trouble::NameTaken),
                Decision::Refused(refusal) => return Err(Trouble::Refused(refusal)),
                Decision::Exchange(exchange) => {
                    let record = record.unwrap_or_else(|| Record::new(&key.namespace, &key.secret_name()));
                    let tried = fingerprint(&credentials.app, &exchange.token);
                    if let Some(pause) = lane.pause_for(&tried, wish.requested) {
                        let still = Held::still(&record).filter(|held| Some(&held.access.token) != rejected);
                        return Err(Trouble::Unavailable {
                            detail: pause.detail.clone(),
                            retry_at: pause.until,
                            still,
                        });
                    }
                    if let Some(access) = self.exchange(key, credentials, record, &exchange, lane).await? {
                        lane.forced = rejected.is_some().then(|| access.token.clone());
                        return Ok(Held::of(&lane.stored.clone().unwrap_or_default(), access));
                    }
                }
            }
        }
        Err(Trouble::not_writable(CONTENDED, lane.stored.as_ref()))
    }

    /// One exchange under a mark. Nothing when the outcome has to be looked at again.
    async fn exchange(
        &self,
        key: &GrantKey,
        credentials: &Credentials,
        record: Record,
        exchange: &Exchange,
        lane: &mut Lane,
    ) -> Result<Option<Access>, Trouble> {
        let Some(mut record) = self.lock(record, exchange).await? else {
            return Ok(None);
        };
        let at = Timestamp::now();
        let tried = fingerprint(&credentials.app, &exchange.token);
        let outcome = self.endpoint.refresh(&credentials.app, &exchange.token).await;
        (self.on_exchange)(outcome.as_ref().map_or_else(failure_label, |_| "success"));
        let salvaged = matches!(outcome, Err(ExchangeFailure::Salvaged { .. }));
        match outcome {
            Ok(tokens) => {
                record.take(tokens, &exchange.token, exchange.adopts, &credentials.app, at);
                let (namespace, grant) = (&key.namespace, key.secret_name());
                info!(namespace, grant, adopted = exchange.adopts, "refreshed the grant");
            }
            Err(ExchangeFailure::Salvaged { refresh_token }) => {
                record.take_salvaged(refresh_token, &exchange.token, exchange.adopts, &credentials.app);
            }
            // The mark stays: it is the trace of a token that may have been spent.
            Err(ExchangeFailure::Unavailable { detail, retry_after }) => {
                let retry_at = lane.begin_pause(tried, &detail, retry_after);
                return Err(Trouble::Unavailable {
                    detail,
                    retry_at,
                    still: Held::still(&record),
                });
            }
            Err(failure) => return self.failed(key, credentials, record, exchange, failure).await,
        }
        lane.pause = None;
        let access = record.access.clone();
        lane.unsaved = Some(Unsaved {
            record,
            spent: exchange.token.hash(),
            replaces: None,
        });
        lane.save(&self.store, key).await?;
        if salvaged {
            // Tried again with the new token, but not at once: the next answer may be as broken.
            let next = lane.stored.as_ref().and_then(|stored| stored.refresh_token.as_ref());
            let next = next.map(|token| fingerprint(&credentials.app, token));
            let retry_at = lane.begin_pause(next.unwrap_or_default(), SALVAGED, None);
            return Err(Trouble::Unavailable {
                detail: SALVAGED.to_owned(),
                retry_at,
                still: lane.stored.as_ref().and_then(Held::still),
            });
        }
        Ok(access)
    }

    /// An exchange that brought no token.
    async fn failed(
        &self,
        key: &GrantKey,
        credentials: &Credentials,
        record: Record,
        exchange: &Exchange,
        failure: ExchangeFailure,
    ) -> Result<Option<Access>, Trouble> {
        let (kind, description) = match failure {
            ExchangeFailure::GrantRefused { description } => (RefusalKind::Grant, description),
            ExchangeFailure::ClientRefused => (RefusalKind::Client, String::new()),
            ExchangeFailure::Unavailable { .. } | ExchangeFailure::Salvaged { .. } => return Ok(None),
        };
        self.refused(key, credentials, record, exchange, kind, description)
            .await
    }

    /// Sets the mark. Nothing when the Secret changed meanwhile and has to be looked at again.
    async fn lock(&self, mut record: Record, exchange: &Exchange) -> Result<Option<Record>, Trouble> {
        self.refuse_twins(&record, exchange).await?;
        let mark = freshness::mark(exchange, &self.holder, Timestamp::now());
        let deadline = mark.deadline;
        record.mark = Some(mark);
        let mut record = match self.store.write(&record).await {
            Ok(marked) => marked,
            Err(WriteError::Conflict | WriteError::Gone) => return Ok(None),
            Err(WriteError::Terminating) => return Err(Trouble::Terminating),
            Err(WriteError::Refused(detail)) => return Err(Trouble::not_writable(&detail, Some(&record))),
        };
        if exchange.adopts
            && let Err(trouble) = self.refuse_twins(&record, exchange).await
        {
            // Another Secret began to adopt the same token at the same moment, and is older; or
            // that cannot be known.
            record.mark = None;
            let _ = self.store.write(&record).await;
            return Err(trouble);
        }
        // A process that was frozen for long must not spend what another has taken over since.
        let in_time = after(Timestamp::now(), HTTP_TIMEOUT) < deadline;
        Ok(in_time.then_some(record))
    }

    async fn refuse_twins(&self, record: &Record, exchange: &Exchange) -> Result<(), Trouble> {
        let origin = if exchange.adopts {
            Some(exchange.token.hash())
        } else {
            record.lineage().cloned()
        };
        let Some(origin) = origin else { return Ok(()) };
        match self.store.has_older_twin(&record.secret, &origin).await {
            Ok(false) => Ok(()),
            Ok(true) => Err(Trouble::SharedElsewhere),
            Err(error) => Err(Trouble::not_writable(&describe(&error), Some(record))),
        }
    }

    /// Remembers a refusal, so that it is asked for once. If the Secret changed meanwhile,
    /// another process may have refreshed it: then it is looked at again.
    async fn refused(
        &self,
        key: &GrantKey,
        credentials: &Credentials,
        mut record: Record,
        exchange: &Exchange,
        kind: RefusalKind,
        description: String,
    ) -> Result<Option<Access>, Trouble> {
        let refusal = freshness::refusal(exchange, credentials, kind, description);
        warn!(
            namespace = key.namespace,
            grant = key.secret_name(),
            ?kind,
            "Atlassian refused the exchange"
        );
        record.mark = None;
        record.refusal = Some(refusal.clone());
        if exchange.adopts && kind == RefusalKind::Grant {
            record.remember_refused(&exchange.token);
        }
        match self.store.write(&record).await {
            // Decided again on what is stored: an earlier grant may live on.
            Ok(_) | Err(WriteError::Conflict) => Ok(None),
            Err(WriteError::Terminating) => Err(Trouble::Terminating),
            Err(WriteError::Gone | WriteError::Refused(_)) => Err(Trouble::Refused(refusal)),
        }
    }
}

fn failure_label(failure: &ExchangeFailure) -> &'static str {
    match failure {
        ExchangeFailure::GrantRefused { .. } => "grant_refused",
        ExchangeFailure::ClientRefused => "client_refused",
        ExchangeFailure::Unavailable { .. } => "unavailable",
        ExchangeFailure::Salvaged { .. } => "salvaged",
    }
}
