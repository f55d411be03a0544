//! From a grant Secret as it is to a good access token: decides with [`freshness`](super::freshness), and looks
//! again after each step.

use jiff::Timestamp;

use super::{
    credentials::Credentials,
    exchange::Spend,
    freshness::{Decision, Exchange, Situation, decide},
    held::{Held, Trouble},
    keeper::{Keeper, Wish},
    lane::{ATTEMPTS, CONTENDED, Lane, Missing},
    record::{Record, fingerprint},
    store::GrantKey,
};
use crate::cluster::time::after;

/// What a step leads to.
enum Step {
    Done(Held),
    LookAgain,
}

/// What is looked at in one call: it changes as it goes on.
struct Look<'a> {
    key: &'a GrantKey,
    credentials: Credentials,
    wish: &'a Wish,
    /// A person's request, which lifts a refusal once.
    requested: bool,
    /// The person's Secret was read again.
    is_fresh: bool,
}

impl Keeper {
    pub(super) async fn hold_alone(
        &self,
        key: &GrantKey,
        credentials: Credentials,
        wish: &Wish,
        lane: &mut Lane,
    ) -> Result<Held, Trouble> {
        let mut look = Look {
            key,
            credentials,
            wish,
            requested: wish.requested,
            is_fresh: false,
        };
        for _ in 0..ATTEMPTS {
            lane.save(&self.store, key).await?;
            let read = self.store.read(key).await;
            let record = read.map_err(|error| Trouble::unread(&error))?;
            match self.step(&mut look, record, lane).await? {
                Step::Done(held) => return Ok(held),
                Step::LookAgain => {}
            }
        }
        Err(Trouble::unwritten(CONTENDED))
    }

    /// Puts the Secret in order where it is missing or was set back. Whether it is to be read again.
    async fn mend(&self, look: &Look<'_>, record: Option<&Record>, lane: &mut Lane) -> Result<bool, Trouble> {
        let Some(record) = record else {
            return match lane.missing() {
                Missing::Unknown => Ok(false),
                Missing::InMemory if look.wish.is_rightful => {
                    lane.write_back(&self.store, look.key).await?;
                    Ok(true)
                }
                Missing::InMemory | Missing::Untold => Err(Trouble::Deleted),
            };
        };
        let is_set_back = lane.stored.as_ref().is_some_and(|ours| record.is_earlier_than(ours));
        if is_set_back {
            lane.undo(record, look.key);
        }
        Ok(is_set_back)
    }

    async fn step(&self, look: &mut Look<'_>, record: Option<Record>, lane: &mut Lane) -> Result<Step, Trouble> {
        if self.mend(look, record.as_ref(), lane).await? {
            return Ok(Step::LookAgain);
        }
        lane.note(record.as_ref());
        let now = Timestamp::now();
        let foreign = record.as_ref().and_then(|record| record.mark.as_ref());
        let foreign = foreign.filter(|mark| mark.holder != self.holder && mark.deadline > now);
        let patience = foreign.map(|mark| lane.patience(mark));
        let rejected = look.wish.rejected.as_ref();
        let situation = Situation {
            now,
            holder: &self.holder,
            rejected: rejected.filter(|token| lane.forced.as_ref() != Some(token)),
            requested: look.requested,
            outwaited: patience == Some(None),
        };
        match decide(record.as_ref(), &look.credentials, &situation) {
            Decision::Use(access) => Ok(Step::Done(Held::of(&record.unwrap_or_default(), access))),
            Decision::Busy { until } => Err(Trouble::Busy {
                until: patience.flatten().map_or(until, |left| until.min(after(now, left))),
                still: record.as_ref().and_then(Held::still),
            }),
            Decision::NotConnected(why) => Err(Trouble::NotConnected(why)),
            Decision::Copy => Err(Trouble::SharedElsewhere),
            Decision::NameTaken => Err(Trouble::NameTaken),
            Decision::Refused(refusal) => Err(Trouble::Refused(refusal)),
            Decision::Exchange(exchange) => {
                let forces = situation.rejected.is_some();
                let record = record.unwrap_or_else(|| Record::new(&look.key.namespace, &look.key.secret_name()));
                let step = self.renew(look, record, &exchange, lane).await?;
                if let Step::Done(held) = &step {
                    lane.forced = forces.then(|| held.access.token.clone());
                }
                Ok(step)
            }
        }
    }

    /// An exchange that is due, unless it has to wait, or what it would spend was corrected meanwhile.
    async fn renew(
        &self,
        look: &mut Look<'_>,
        record: Record,
        exchange: &Exchange,
        lane: &mut Lane,
    ) -> Result<Step, Trouble> {
        if exchange.adopts && !look.is_fresh {
            // A pass may have read the person's Secret a while ago, and adopt over what was put there since.
            look.is_fresh = true;
            let read = self.store.credentials(look.key).await;
            let fresh = read.map_err(|error| Trouble::unread(&error))?;
            let fresh = fresh.map_err(Trouble::Credentials)?;
            if fresh != look.credentials {
                look.credentials = fresh;
                return Ok(Step::LookAgain);
            }
        }
        let tried = fingerprint(&look.credentials.app, &exchange.token);
        if let Some(pause) = lane.pause_for(&tried, look.requested) {
            return Err(Trouble::Unavailable {
                detail: pause.detail.clone(),
                retry_at: pause.until,
                still: Held::still(&record),
            });
        }
        look.requested = false;
        let spend = Spend {
            key: look.key,
            app: &look.credentials.app,
            exchange,
        };
        Ok(match self.exchange(&spend, record, lane).await? {
            Some(held) => Step::Done(held),
            None => Step::LookAgain,
        })
    }
}
