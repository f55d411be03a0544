//! One exchange of a refresh token, under a lock that every process respects; a new token is used only once it
//! is stored.

use jiff::Timestamp;
use tracing::{info, warn};

use super::{
    active::{ActiveGrant, GrantError, SecretOperation},
    copies::Claim,
    freshness::{self, Exchange},
    grants::Grants,
    record::{Record, RefusalKind, fingerprint},
    slot::{GrantSlot, SaveResult},
    store::GrantKey,
    unsaved::UnsavedTokens,
};
use crate::atlassian::{
    endpoints::HTTP_TIMEOUT,
    oauth::{OAuthApp, Tokens},
    secret::Secret,
    token_answer::ExchangeFailure,
};
use crate::cluster::{
    error::{WriteError, describe},
    time::after,
};

/// What is said of an answer that only the new refresh token could be taken from.
const SALVAGED: &str =
    "the token endpoint's answer could not be read; the new refresh token was found in it and is stored";

/// What is spent, and for whom.
pub(super) struct ExchangeAttempt<'a> {
    pub(super) key: &'a GrantKey,
    pub(super) app: &'a OAuthApp,
    pub(super) exchange: &'a Exchange,
}

impl Grants {
    /// One exchange under a lock. Nothing when the outcome has to be looked at again.
    pub(super) async fn exchange(
        &self,
        spend: &ExchangeAttempt<'_>,
        record: Record,
        slot: &mut GrantSlot,
    ) -> Result<Option<ActiveGrant>, GrantError> {
        let Some(record) = self.acquire_lock(spend, record, slot).await? else {
            return Ok(None);
        };
        let at = Timestamp::now();
        let outcome = self.endpoint.refresh(spend.app, &spend.exchange.token).await;
        (self.on_exchange)(outcome.as_ref().map_or_else(ExchangeFailure::into_str, |_| "success"));
        match outcome {
            Ok(tokens) => self.take(spend, record, tokens, at, slot).await,
            Err(ExchangeFailure::Salvaged { refresh_token }) => self.salvage(spend, record, refresh_token, slot).await,
            // The lock stays: it is the trace of a token that may have been spent.
            Err(ExchangeFailure::Unavailable { detail, retry_after }) => {
                let tried = fingerprint(spend.app, &spend.exchange.token);
                let begun = record.lock.as_ref().and_then(|lock| lock.begun);
                let retry_at = slot.begin_backoff(tried, &detail, retry_after, begun);
                Err(GrantError::Unavailable {
                    detail,
                    retry_at,
                    still: ActiveGrant::still(&record),
                })
            }
            Err(ExchangeFailure::GrantRefused { description }) => {
                self.refused(spend, record, RefusalKind::Grant, description).await
            }
            Err(ExchangeFailure::ClientRefused) => {
                self.refused(spend, record, RefusalKind::Client, String::new()).await
            }
        }
    }

    async fn take(
        &self,
        spend: &ExchangeAttempt<'_>,
        mut record: Record,
        tokens: Tokens,
        at: Timestamp,
        slot: &mut GrantSlot,
    ) -> Result<Option<ActiveGrant>, GrantError> {
        let exchange = spend.exchange;
        record.take(tokens, &exchange.token, exchange.adopts, spend.app, at);
        let (namespace, grant) = (&spend.key.namespace, spend.key.secret_name());
        info!(namespace, grant, adopted = exchange.adopts, "refreshed the grant");
        slot.backoff = None;
        Ok(match self.store_new(spend, record, slot).await? {
            SaveResult::Superseded => None,
            SaveResult::Stored => stored(slot),
        })
    }

    /// The new refresh token is kept, and tried; but not at once: the next answer may be as broken.
    async fn salvage(
        &self,
        spend: &ExchangeAttempt<'_>,
        mut record: Record,
        refresh_token: Secret,
        slot: &mut GrantSlot,
    ) -> Result<Option<ActiveGrant>, GrantError> {
        let next = fingerprint(spend.app, &refresh_token);
        record.take_salvaged(refresh_token, &spend.exchange.token, spend.exchange.adopts, spend.app);
        slot.backoff = None;
        if self.store_new(spend, record, slot).await? == SaveResult::Superseded {
            return Ok(None);
        }
        let retry_at = slot.begin_backoff(next, SALVAGED, None, None);
        Err(GrantError::Unavailable {
            detail: SALVAGED.to_owned(),
            retry_at,
            still: slot.stored.as_ref().and_then(ActiveGrant::still),
        })
    }

    async fn store_new(
        &self,
        spend: &ExchangeAttempt<'_>,
        record: Record,
        slot: &mut GrantSlot,
    ) -> Result<SaveResult, GrantError> {
        slot.unsaved = Some(UnsavedTokens {
            record,
            spent: spend.exchange.token.hash(),
            replaces: None,
        });
        slot.save(&self.store, spend.key).await
    }

    /// Sets the lock. Nothing when the Secret changed meanwhile and has to be looked at again.
    async fn acquire_lock(
        &self,
        spend: &ExchangeAttempt<'_>,
        mut record: Record,
        slot: &mut GrantSlot,
    ) -> Result<Option<Record>, GrantError> {
        self.refuse_twins(&record, spend.exchange, slot).await?;
        let lock = freshness::exchange_lock(spend.exchange, &self.holder, Timestamp::now());
        let deadline = lock.deadline;
        record.lock = Some(lock);
        let mut record = match self.store.write(&record).await {
            Ok(marked) => marked,
            Err(WriteError::Conflict | WriteError::Gone) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        if spend.exchange.adopts
            && let Err(trouble) = self.refuse_twins(&record, spend.exchange, slot).await
        {
            // Another Secret began to adopt the same token at the same moment; or that cannot be known.
            record.lock = None;
            let _ = self.store.write(&record).await;
            return Err(trouble);
        }
        // A process that was frozen for long must not spend what another has taken over since.
        let in_time = after(Timestamp::now(), HTTP_TIMEOUT) < deadline;
        Ok(in_time.then_some(record))
    }

    /// An error where the token is not this grant's to spend.
    async fn refuse_twins(&self, record: &Record, exchange: &Exchange, slot: &mut GrantSlot) -> Result<(), GrantError> {
        let unknown = |error: &kube::Error| GrantError::secret(SecretOperation::LookForCopies, &describe(error));
        let claim = self.store.claim(&record.secret, record.lineage(), exchange).await;
        match claim.map_err(|error| unknown(&error))? {
            Claim::Free => Ok(()),
            Claim::Elsewhere => Err(GrantError::SharedElsewhere),
            Claim::Contested(others) => {
                for other in &others {
                    let read = self.store.read(other).await;
                    let lock = read.map_err(|error| unknown(&error))?.and_then(|other| other.lock);
                    let live = lock.filter(|lock| lock.adopts && lock.deadline > Timestamp::now());
                    let waited = live
                        .as_ref()
                        .and_then(|lock| slot.lock_wait(lock).map(|left| (lock, left)));
                    if let Some((lock, left)) = waited {
                        return Err(GrantError::Busy {
                            until: lock.deadline.min(after(Timestamp::now(), left)),
                            still: ActiveGrant::still(record),
                        });
                    }
                }
                Ok(())
            }
        }
    }

    /// Remembers a refusal, so that it is asked for once. If the Secret changed meanwhile,
    /// another process may have refreshed it: then it is looked at again.
    async fn refused(
        &self,
        spend: &ExchangeAttempt<'_>,
        mut record: Record,
        kind: RefusalKind,
        description: String,
    ) -> Result<Option<ActiveGrant>, GrantError> {
        let refusal = freshness::refusal(spend.exchange, spend.app, kind, description, Timestamp::now());
        warn!(
            namespace = spend.key.namespace,
            grant = spend.key.secret_name(),
            ?kind,
            "Atlassian refused the exchange"
        );
        record.lock = None;
        record.refusal = Some(refusal.clone());
        if spend.exchange.adopts && kind == RefusalKind::Grant {
            record.remember_refused(&spend.exchange.token);
        }
        match self.store.write(&record).await {
            // Decided again on what is stored: an earlier grant may live on.
            Ok(_) | Err(WriteError::Conflict) => Ok(None),
            Err(WriteError::Terminating) => Err(GrantError::Terminating),
            Err(WriteError::Gone | WriteError::Refused(_)) => Err(GrantError::Refused(refusal)),
        }
    }
}

/// The grant as it is stored.
fn stored(slot: &GrantSlot) -> Option<ActiveGrant> {
    let record = slot.stored.as_ref()?;
    let access = record.access.clone()?;
    Some(ActiveGrant::of(record, access))
}
