//! One exchange of a refresh token, under a mark that every process respects; a new token is used only once it
//! is stored.

use jiff::Timestamp;
use tracing::{info, warn};

use super::{
    freshness::{self, Exchange},
    held::{Attempt, Held, Trouble},
    keeper::Keeper,
    lane::{Lane, Saved},
    record::{Record, RefusalKind, fingerprint},
    store::GrantKey,
    twins::Claim,
    unsaved::Unsaved,
};
use crate::atlassian::{
    endpoints::HTTP_TIMEOUT,
    oauth::{App, Tokens},
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
pub(super) struct Spend<'a> {
    pub(super) key: &'a GrantKey,
    pub(super) app: &'a App,
    pub(super) exchange: &'a Exchange,
}

impl Keeper {
    /// One exchange under a mark. Nothing when the outcome has to be looked at again.
    pub(super) async fn exchange(
        &self,
        spend: &Spend<'_>,
        record: Record,
        lane: &mut Lane,
    ) -> Result<Option<Held>, Trouble> {
        let Some(record) = self.lock(spend, record, lane).await? else {
            return Ok(None);
        };
        let at = Timestamp::now();
        let outcome = self.endpoint.refresh(spend.app, &spend.exchange.token).await;
        (self.on_exchange)(outcome.as_ref().map_or_else(failure_label, |_| "success"));
        match outcome {
            Ok(tokens) => self.take(spend, record, tokens, at, lane).await,
            Err(ExchangeFailure::Salvaged { refresh_token }) => self.salvage(spend, record, refresh_token, lane).await,
            // The mark stays: it is the trace of a token that may have been spent.
            Err(ExchangeFailure::Unavailable { detail, retry_after }) => {
                let tried = fingerprint(spend.app, &spend.exchange.token);
                let begun = record.mark.as_ref().and_then(|mark| mark.begun);
                let retry_at = lane.begin_pause(tried, &detail, retry_after, begun);
                Err(Trouble::Unavailable {
                    detail,
                    retry_at,
                    still: Held::still(&record),
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
        spend: &Spend<'_>,
        mut record: Record,
        tokens: Tokens,
        at: Timestamp,
        lane: &mut Lane,
    ) -> Result<Option<Held>, Trouble> {
        let exchange = spend.exchange;
        record.take(tokens, &exchange.token, exchange.adopts, spend.app, at);
        let (namespace, grant) = (&spend.key.namespace, spend.key.secret_name());
        info!(namespace, grant, adopted = exchange.adopts, "refreshed the grant");
        lane.pause = None;
        Ok(match self.store_new(spend, record, lane).await? {
            Saved::Superseded => None,
            Saved::Stored => stored(lane),
        })
    }

    /// The new refresh token is kept, and tried; but not at once: the next answer may be as broken.
    async fn salvage(
        &self,
        spend: &Spend<'_>,
        mut record: Record,
        refresh_token: Secret,
        lane: &mut Lane,
    ) -> Result<Option<Held>, Trouble> {
        let next = fingerprint(spend.app, &refresh_token);
        record.take_salvaged(refresh_token, &spend.exchange.token, spend.exchange.adopts, spend.app);
        lane.pause = None;
        if self.store_new(spend, record, lane).await? == Saved::Superseded {
            return Ok(None);
        }
        let retry_at = lane.begin_pause(next, SALVAGED, None, None);
        Err(Trouble::Unavailable {
            detail: SALVAGED.to_owned(),
            retry_at,
            still: lane.stored.as_ref().and_then(Held::still),
        })
    }

    async fn store_new(&self, spend: &Spend<'_>, record: Record, lane: &mut Lane) -> Result<Saved, Trouble> {
        lane.unsaved = Some(Unsaved {
            record,
            spent: spend.exchange.token.hash(),
            replaces: None,
        });
        lane.save(&self.store, spend.key).await
    }

    /// Sets the mark. Nothing when the Secret changed meanwhile and has to be looked at again.
    async fn lock(&self, spend: &Spend<'_>, mut record: Record, lane: &mut Lane) -> Result<Option<Record>, Trouble> {
        self.refuse_twins(&record, spend.exchange, lane).await?;
        let mark = freshness::mark(spend.exchange, &self.holder, Timestamp::now());
        let deadline = mark.deadline;
        record.mark = Some(mark);
        let mut record = match self.store.write(&record).await {
            Ok(marked) => marked,
            Err(WriteError::Conflict | WriteError::Gone) => return Ok(None),
            Err(WriteError::Terminating) => return Err(Trouble::Terminating),
            Err(WriteError::Refused(detail)) => return Err(Trouble::unwritten(&detail)),
        };
        if spend.exchange.adopts
            && let Err(trouble) = self.refuse_twins(&record, spend.exchange, lane).await
        {
            // Another Secret began to adopt the same token at the same moment; or that cannot be known.
            record.mark = None;
            let _ = self.store.write(&record).await;
            return Err(trouble);
        }
        // A process that was frozen for long must not spend what another has taken over since.
        let in_time = after(Timestamp::now(), HTTP_TIMEOUT) < deadline;
        Ok(in_time.then_some(record))
    }

    /// An error where the token is not this grant's to spend.
    async fn refuse_twins(&self, record: &Record, exchange: &Exchange, lane: &mut Lane) -> Result<(), Trouble> {
        let unknown = |error: &kube::Error| Trouble::secret(Attempt::LookForCopies, &describe(error));
        let claim = self.store.claim(&record.secret, record.lineage(), exchange).await;
        match claim.map_err(|error| unknown(&error))? {
            Claim::Free => Ok(()),
            Claim::Elsewhere => Err(Trouble::SharedElsewhere),
            Claim::Contested(others) => {
                for other in &others {
                    let read = self.store.read(other).await;
                    let mark = read.map_err(|error| unknown(&error))?.and_then(|other| other.mark);
                    let live = mark.filter(|mark| mark.adopts && mark.deadline > Timestamp::now());
                    let waited = live
                        .as_ref()
                        .and_then(|mark| lane.patience(mark).map(|left| (mark, left)));
                    if let Some((mark, left)) = waited {
                        return Err(Trouble::Busy {
                            until: mark.deadline.min(after(Timestamp::now(), left)),
                            still: Held::still(record),
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
        spend: &Spend<'_>,
        mut record: Record,
        kind: RefusalKind,
        description: String,
    ) -> Result<Option<Held>, Trouble> {
        let refusal = freshness::refusal(spend.exchange, spend.app, kind, description, Timestamp::now());
        warn!(
            namespace = spend.key.namespace,
            grant = spend.key.secret_name(),
            ?kind,
            "Atlassian refused the exchange"
        );
        record.mark = None;
        record.refusal = Some(refusal.clone());
        if spend.exchange.adopts && kind == RefusalKind::Grant {
            record.remember_refused(&spend.exchange.token);
        }
        match self.store.write(&record).await {
            // Decided again on what is stored: an earlier grant may live on.
            Ok(_) | Err(WriteError::Conflict) => Ok(None),
            Err(WriteError::Terminating) => Err(Trouble::Terminating),
            Err(WriteError::Gone | WriteError::Refused(_)) => Err(Trouble::Refused(refusal)),
        }
    }
}

/// The grant as it is stored.
fn stored(lane: &Lane) -> Option<Held> {
    let record = lane.stored.as_ref()?;
    let access = record.access.clone()?;
    Some(Held::of(record, access))
}

fn failure_label(failure: &ExchangeFailure) -> &'static str {
    match failure {
        ExchangeFailure::GrantRefused { .. } => "grant_refused",
        ExchangeFailure::ClientRefused => "client_refused",
        ExchangeFailure::Unavailable { .. } => "unavailable",
        ExchangeFailure::Salvaged { .. } => "salvaged",
    }
}
