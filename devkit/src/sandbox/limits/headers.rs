//! The headers about rate limits. Any of them may be missing, which a command can cause.

use std::collections::BTreeSet;

use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;
use jiff::Timestamp;

use super::burst::BurstLeft;
use super::quota::PoolLeft;
use super::reason::RateLimitReason;
use crate::sandbox::reply;

/// A call that was not let through.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refusal {
    pub(crate) reason: RateLimitReason,
    pub(crate) limit: u64,
    /// Seconds; `None` leaves the header out.
    pub(crate) retry_after: Option<u32>,
    pub(crate) reset: Option<Timestamp>,
}

/// How the headers are written.
#[derive(Clone, Debug, Default)]
pub(crate) struct HeaderStyle {
    /// Headers that are left out, in lower case.
    pub(crate) omitted: BTreeSet<String>,
    /// Whether the structured ones stand behind `Beta-`.
    pub(crate) beta: bool,
}

/// What a call left of its limits.
pub(super) struct Standing {
    pub(super) burst: Option<BurstLeft>,
    pub(super) quota: Option<PoolLeft>,
}

impl HeaderStyle {
    fn set(&self, answer: &mut Response, name: &str, value: &str) {
        if self.omitted.contains(&name.to_ascii_lowercase()) {
            return;
        }
        let beta = self.beta && (name == "RateLimit" || name == "RateLimit-Policy");
        let name = format!("{}{name}", if beta { "Beta-" } else { "" });
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_str(value)) {
            answer.headers_mut().insert(name, value);
        }
    }

    /// The structured headers of a pool.
    fn set_pool(&self, answer: &mut Response, reason: RateLimitReason, pool: u64, left: u64, seconds: u32) {
        let name = match reason {
            RateLimitReason::JiraQuotaGlobalBased => "global-app-quota",
            RateLimitReason::JiraQuotaTenantBased => "tenant-app-quota",
            RateLimitReason::JiraBurstBased | RateLimitReason::JiraPerIssueOnWrite => return,
        };
        self.set(answer, "RateLimit-Policy", &format!("\"{name}\";q={pool};w=3600"));
        self.set(answer, "RateLimit", &format!("\"{name}\";r={left};t={seconds}"));
    }
}

/// Writes what is left into an answer.
pub(super) fn sign(answer: &mut Response, standing: &Standing, style: &HeaderStyle) {
    let mut near = false;
    if let Some((limit, left)) = standing.burst {
        style.set(answer, "X-RateLimit-Limit", &limit.to_string());
        style.set(answer, "X-RateLimit-Remaining", &left.to_string());
        near = left * 5 < limit;
    }
    if let Some(quota) = standing.quota {
        style.set_pool(answer, quota.reason, quota.pool, quota.left, quota.seconds);
        near = near || quota.left * 5 < quota.pool;
    }
    if near {
        style.set(answer, "X-RateLimit-NearLimit", "true");
    }
}

/// A 429 with the headers Jira sends for the limit.
pub(crate) fn refused(refusal: &Refusal, style: &HeaderStyle) -> Response {
    let mut answer = reply::jira_error(429, "Rate limit exceeded.");
    let answered = &mut answer;
    style.set(answered, "RateLimit-Reason", refusal.reason.header());
    style.set(answered, "X-RateLimit-Limit", &refusal.limit.to_string());
    style.set(answered, "X-RateLimit-Remaining", "0");
    style.set(answered, "X-RateLimit-NearLimit", "true");
    let wait = refusal.retry_after.unwrap_or_default();
    style.set_pool(answered, refusal.reason, refusal.limit, 0, wait);
    if let Some(seconds) = refusal.retry_after {
        style.set(answered, "Retry-After", &seconds.to_string());
    }
    if let Some(reset) = refusal.reset {
        let reset = reset.strftime("%Y-%m-%dT%H:%MZ").to_string();
        style.set(answered, "X-RateLimit-Reset", &reset);
    }
    answer
}
