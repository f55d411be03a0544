//! From a grant Secret as it is to a good access token: decides with [`freshness`](super::freshness), and looks
//! again after each step.

use jiff::Timestamp;

use super::{
    active::{ActiveGrant, GrantError},
    credentials::Credentials,
    exchange::ExchangeAttempt,
    freshness::{Decision, Exchange, Situation, decide},
    grants::{AccessOptions, Grants},
    record::{Record, fingerprint},
    slot::{ATTEMPTS, CONTENDED, GrantSlot, MissingSecret},
    store::GrantKey,
};
use crate::cluster::time::after;

/// What a step leads to.
enum AccessStep {
    Done(ActiveGrant),
    LookAgain,
}

/// What is looked at in one call: it changes as it goes on.
struct AccessAttempt<'a> {
    key: &'a GrantKey,
    credentials: Credentials,
    wish: &'a AccessOptions,
    /// A person's request, which lifts a refusal once.
    requested: bool,
    /// The person's Secret was read again.
    is_fresh: bool,
}

impl Grants {
    pub(super) async fn access_locked(
        &self,
        key: &GrantKey,
        credentials: Credentials,
        wish: &AccessOptions,
        slot: &mut GrantSlot,
    ) -> Result<ActiveGrant, GrantError> {
        let mut look = AccessAttempt {
            key,
            credentials,
            wish,
            requested: wish.requested,
            is_fresh: false,
        };
        for _ in 0..ATTEMPTS {
            slot.save(&self.store, key).await?;
            let record = self.store.read(key).await?;
            match self.step(&mut look, record, slot).await? {
                AccessStep::Done(held) => return Ok(held),
                AccessStep::LookAgain => {}
            }
        }
        Err(GrantError::unwritten(CONTENDED))
    }

    /// Puts the Secret in order where it is missing or was set back. Whether it is to be read again.
    async fn restore(
        &self,
        look: &AccessAttempt<'_>,
        record: Option<&Record>,
        slot: &mut GrantSlot,
    ) -> Result<bool, GrantError> {
        let Some(record) = record else {
            return match slot.missing() {
                MissingSecret::Unknown => Ok(false),
                MissingSecret::InMemory if look.wish.is_rightful => {
                    slot.write_back(&self.store, look.key).await?;
                    Ok(true)
                }
                MissingSecret::InMemory | MissingSecret::Untold => Err(GrantError::Deleted),
            };
        };
        let is_set_back = slot.stored.as_ref().is_some_and(|ours| record.is_earlier_than(ours));
        if is_set_back {
            slot.undo(record, look.key);
        }
        Ok(is_set_back)
    }

    async fn step(
        &self,
        look: &mut AccessAttempt<'_>,
        record: Option<Record>,
        slot: &mut GrantSlot,
    ) -> Result<AccessStep, GrantError> {
        if self.restore(look, record.as_ref(), slot).await? {
            return Ok(AccessStep::LookAgain);
        }
        slot.note(record.as_ref());
        let now = Timestamp::now();
        let foreign = record.as_ref().and_then(|record| record.lock.as_ref());
        let foreign = foreign.filter(|lock| lock.holder != self.holder && lock.deadline > now);
        let lock_wait = foreign.map(|lock| slot.lock_wait(lock));
        let rejected = look.wish.rejected.as_ref();
        let situation = Situation {
            now,
            holder: &self.holder,
            rejected: rejected.filter(|token| slot.forced.as_ref() != Some(token)),
            requested: look.requested,
            outwaited: lock_wait == Some(None),
        };
        match decide(record.as_ref(), &look.credentials, &situation) {
            Decision::Use(access) => Ok(AccessStep::Done(ActiveGrant::of(&record.unwrap_or_default(), access))),
            Decision::Busy { until } => Err(GrantError::Busy {
                until: lock_wait.flatten().map_or(until, |left| until.min(after(now, left))),
                still: record.as_ref().and_then(ActiveGrant::still),
            }),
            Decision::NotConnected(why) => Err(GrantError::NotConnected(why)),
            Decision::Copy => Err(GrantError::SharedElsewhere),
            Decision::NameTaken => Err(GrantError::NameTaken),
            Decision::Refused(refusal) => Err(GrantError::Refused(refusal)),
            Decision::Exchange(exchange) => {
                let forces = situation.rejected.is_some();
                let record = record.unwrap_or_else(|| Record::new(&look.key.namespace, &look.key.secret_name()));
                let step = self.renew(look, record, &exchange, slot).await?;
                if let AccessStep::Done(held) = &step {
                    slot.forced = forces.then(|| held.access.token.clone());
                }
                Ok(step)
            }
        }
    }

    /// An exchange that is due, unless it has to wait, or what it would spend was corrected meanwhile.
    async fn renew(
        &self,
        look: &mut AccessAttempt<'_>,
        record: Record,
        exchange: &Exchange,
        slot: &mut GrantSlot,
    ) -> Result<AccessStep, GrantError> {
        if exchange.adopts && !look.is_fresh {
            // A reconciliation may have read the person's Secret a while ago, and adopt over what was put there since.
            look.is_fresh = true;
            let fresh = self.store.credentials(look.key).await?;
            let fresh = fresh.map_err(GrantError::Credentials)?;
            if fresh != look.credentials {
                look.credentials = fresh;
                return Ok(AccessStep::LookAgain);
            }
        }
        let tried = fingerprint(&look.credentials.app, &exchange.token);
        if let Some(pause) = slot.backoff_for(&tried, look.requested) {
            return Err(GrantError::Unavailable {
                detail: pause.detail.clone(),
                retry_at: pause.until,
                still: ActiveGrant::still(&record),
            });
        }
        look.requested = false;
        let spend = ExchangeAttempt {
            key: look.key,
            app: &look.credentials.app,
            exchange,
        };
        Ok(match self.exchange(&spend, record, slot).await? {
            Some(held) => AccessStep::Done(held),
            None => AccessStep::LookAgain,
        })
    }
}
