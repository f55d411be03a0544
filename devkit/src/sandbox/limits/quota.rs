//! Hourly points: what each call costs in either reading, and when an app has spent its pool.

use crate::sandbox::reply::Returned;
use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::reason::RateLimitReason;
use super::{Metered, PostReads, Refusal};

/// The pool of an app over all its sites, in points an hour.
const USUAL_POOL: u64 = 65_000;
const HOUR: i64 = 3600;

/// Endpoints that return users, groups, roles or permissions, which cost two points each: parts of their patterns.
const OF_IDENTITIES: &[&str] = &["3/user", "3/myself", "3/mypermissions", "3/permissions/check"];

/// Points in both readings, and the calls behind them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Spent {
    /// Calls that were answered.
    pub calls: u64,
    /// Points with a `POST` that reads at one.
    pub flat: u64,
    /// Points with a `POST` that reads at one and its objects.
    pub per_object: u64,
    /// Calls that were refused by a limit, which cost nothing.
    pub refused: u64,
}

/// What an app has spent: in the present hour, and since the sandbox started.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Account {
    hour: i64,
    pub(crate) this_hour: Spent,
    pub(crate) ever: Spent,
}

impl Account {
    fn at(&mut self, now: Timestamp) -> &mut Self {
        let hour = now.as_second().div_euclid(HOUR);
        if hour != self.hour {
            self.hour = hour;
            self.this_hour = Spent::default();
        }
        self
    }

    fn add(&mut self, spent: Spent) {
        for sum in [&mut self.this_hour, &mut self.ever] {
            sum.calls += spent.calls;
            sum.flat += spent.flat;
            sum.per_object += spent.per_object;
            sum.refused += spent.refused;
        }
    }
}

/// The pools of all apps. The integrations of one app share its pool.
#[derive(Debug)]
pub(crate) struct Quota {
    /// Points an hour; `None` is without end.
    pub(crate) pool: Option<u64>,
    /// Whether each site has a pool of its own.
    pub(crate) per_tenant: bool,
    pub(crate) post_reads: PostReads,
    /// By client id, and by client id and site.
    accounts: BTreeMap<(String, Option<String>), Account>,
}

impl Default for Quota {
    fn default() -> Self {
        Self {
            pool: Some(USUAL_POOL),
            per_tenant: false,
            post_reads: PostReads::default(),
            accounts: BTreeMap::new(),
        }
    }
}

/// Whole seconds, rounded up, and at least one.
pub(super) fn seconds(duration: SignedDuration) -> u32 {
    let seconds = duration.as_secs() + i64::from(duration.subsec_nanos() > 0);
    u32::try_from(seconds.max(1)).unwrap_or(u32::MAX)
}

/// When the hour turns.
pub(crate) fn reset(now: Timestamp) -> Timestamp {
    let next = (now.as_second().div_euclid(HOUR) + 1) * HOUR;
    Timestamp::from_second(next).unwrap_or(Timestamp::MAX)
}

/// What is left of a pool.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PoolLeft {
    pub(crate) pool: u64,
    pub(crate) left: u64,
    pub(crate) reason: RateLimitReason,
    pub(crate) seconds: u32,
}

impl Quota {
    fn key(&self, call: &Metered<'_>) -> (String, Option<String>) {
        let tenant = self.per_tenant.then(|| call.cloud_id.to_owned());
        (call.client_id.to_owned(), tenant)
    }

    /// What the app has spent, on one site or on all.
    pub(crate) fn account(&mut self, client_id: &str, cloud_id: Option<&str>, now: Timestamp) -> Account {
        let key = (client_id.to_owned(), cloud_id.map(str::to_owned));
        *self.accounts.entry(key).or_default().at(now)
    }

    /// What of this counts.
    pub(crate) fn counted(&self, spent: &Spent) -> u64 {
        match self.post_reads {
            PostReads::Flat => spent.flat,
            PostReads::PerObject => spent.per_object,
        }
    }

    /// What is left of the call's pool, if there is an end to it.
    pub(crate) fn left(&self, call: &Metered<'_>) -> Option<PoolLeft> {
        let pool = self.pool?;
        let mut account = self.accounts.get(&self.key(call)).copied().unwrap_or_default();
        let spent = self.counted(&account.at(call.now).this_hour);
        Some(PoolLeft {
            pool,
            left: pool.saturating_sub(spent),
            reason: if self.per_tenant {
                RateLimitReason::JiraQuotaTenantBased
            } else {
                RateLimitReason::JiraQuotaGlobalBased
            },
            seconds: seconds(reset(call.now).duration_since(call.now)),
        })
    }

    /// Why the call is refused, if its pool is spent.
    pub(crate) fn refuses(&self, call: &Metered<'_>) -> Option<Refusal> {
        let standing = self.left(call).filter(|standing| standing.left == 0)?;
        Some(Refusal {
            reason: standing.reason,
            limit: standing.pool,
            retry_after: Some(standing.seconds),
            reset: Some(reset(call.now)),
        })
    }

    /// Writes the price of an answered call to the app's account.
    pub(crate) fn charge(&mut self, call: &Metered<'_>, Returned(count): Returned) {
        let identities =
            OF_IDENTITIES.iter().any(|part| call.pattern.contains(part)) || call.pattern.ends_with("3/permissions");
        let returned = if identities { 2 * count } else { count };
        let read = call.method == "GET";
        let spent = Spent {
            calls: 1,
            flat: 1 + if read { returned } else { 0 },
            per_object: 1 + if read || call.method == "POST" { returned } else { 0 },
            refused: 0,
        };
        self.add(call, spent);
    }

    /// Notes that a call was refused, which costs nothing.
    pub(crate) fn count_refusal(&mut self, call: &Metered<'_>) {
        let spent = Spent {
            refused: 1,
            ..Spent::default()
        };
        self.add(call, spent);
    }

    /// Spends points of an app on a site, as something outside the sandbox would.
    pub(crate) fn spend(&mut self, client_id: &str, cloud_id: &str, points: u64, now: Timestamp) {
        let call = Metered {
            client_id,
            cloud_id,
            method: "",
            pattern: "",
            path: "",
            now,
        };
        let spent = Spent {
            flat: points,
            per_object: points,
            ..Spent::default()
        };
        self.add(&call, spent);
    }

    fn add(&mut self, call: &Metered<'_>, spent: Spent) {
        for tenant in [None, Some(call.cloud_id.to_owned())] {
            let key = (call.client_id.to_owned(), tenant);
            self.accounts.entry(key).or_default().at(call.now).add(spent);
        }
    }
}
