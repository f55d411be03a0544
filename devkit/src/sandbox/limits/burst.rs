//! Bursts: how many calls a second each endpoint of a site takes, by method.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use super::reason::RateLimitReason;
use super::{Metered, Refusal};

/// Endpoints that take more or fewer than their method: method, end of the pattern, calls a second.
const DOCUMENTED: &[(&str, &str, u32)] = &[
    ("GET", "rest/api/3/issue/{}", 150),
    ("POST", "search/approximate-count", 150),
    ("GET", "servicedesk/{}/customer", 5),
];

/// A limit that a command set.
#[derive(Clone, Debug)]
pub(crate) struct BurstRule {
    /// Unset meets every method.
    pub(crate) method: Option<String>,
    /// Part of the endpoint's pattern; empty meets all.
    pub(crate) endpoint: String,
    pub(crate) per_second: u32,
}

impl BurstRule {
    fn meets(&self, call: &Metered<'_>) -> bool {
        let method = self.method.as_deref();
        call.pattern.contains(&self.endpoint) && method.is_none_or(|method| method.eq_ignore_ascii_case(call.method))
    }
}

/// The buckets of all endpoints: each holds a second's calls and fills again as time goes on.
#[derive(Debug, Default)]
pub(crate) struct Bursts {
    pub(crate) off: bool,
    /// The last that meets a call counts.
    pub(crate) rules: Vec<BurstRule>,
    buckets: HashMap<(String, String, String), Bucket>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    left: f64,
    at: Timestamp,
}

impl Bucket {
    fn fill(&mut self, limit: u32, now: Timestamp) {
        let passed = now.duration_since(self.at).max(SignedDuration::ZERO);
        self.left = (self.left + passed.as_secs_f64() * f64::from(limit)).min(f64::from(limit));
        self.at = now;
    }
}

/// What is left of a burst: of so many calls, so many.
pub(crate) type BurstLeft = (u32, u32);

impl Bursts {
    /// Calls a second that this endpoint takes.
    fn limit(&self, call: &Metered<'_>) -> u32 {
        if let Some(rule) = self.rules.iter().rev().find(|rule| rule.meets(call)) {
            return rule.per_second;
        }
        let documented = |(method, end, _): &&(&str, &str, u32)| *method == call.method && call.pattern.ends_with(end);
        if let Some((_, _, limit)) = DOCUMENTED.iter().find(documented) {
            return *limit;
        }
        match call.method {
            "PUT" | "DELETE" => 50,
            _ => 100,
        }
    }

    fn key(call: &Metered<'_>) -> (String, String, String) {
        let parts = [call.cloud_id, call.method, call.pattern];
        parts.map(str::to_owned).into()
    }

    /// Takes one call out of its bucket, or says that it is empty.
    pub(crate) fn take(&mut self, call: &Metered<'_>) -> Option<Refusal> {
        if self.off {
            return None;
        }
        let limit = self.limit(call);
        let full = Bucket {
            left: f64::from(limit),
            at: call.now,
        };
        let bucket = self.buckets.entry(Self::key(call)).or_insert(full);
        bucket.fill(limit, call.now);
        if bucket.left >= 1.0 {
            bucket.left -= 1.0;
            return None;
        }
        let reset = call.now.checked_add(SignedDuration::from_secs(1));
        Some(Refusal {
            reason: RateLimitReason::JiraBurstBased,
            limit: u64::from(limit),
            retry_after: Some(1),
            reset: reset.ok(),
        })
    }

    /// What is left for the endpoint; `None` when bursts are off.
    pub(crate) fn left(&self, call: &Metered<'_>) -> Option<BurstLeft> {
        let limit = self.limit(call);
        let bucket = self.buckets.get(&Self::key(call));
        let left = bucket.map_or(f64::from(limit), |bucket| bucket.left);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Between nothing and the limit.
        (!self.off).then_some((limit, left as u32))
    }

    /// Fills all buckets.
    pub(crate) fn refill(&mut self) {
        self.buckets.clear();
    }
}
