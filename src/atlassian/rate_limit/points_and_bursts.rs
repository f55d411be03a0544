//! What calls cost in points, and what Atlassian says of the pool that pays for them. Any header may
//! be missing or odd; nothing here fails.

use std::{
    num::NonZeroU32,
    sync::atomic::{AtomicU32, Ordering},
    time::Instant,
};

use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock, ReasonablyRealtime},
    state::keyed::DefaultKeyedStateStore,
};
use reqwest::header::HeaderMap;
use serde_json::Value;

use super::{
    RateLimit,
    issue_writes::{IssueWrites, Limiter},
    waits_after_429::{Called, WaitsAfter429},
};

/// Calls a second to one endpoint, and at once to one that was left alone: together the most that any second
/// sees, the first one too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Allowance {
    a_second: u32,
    at_once: u32,
}

/// Atlassian's default is 100 a second for each endpoint of a site, and others use the site too.
const USUAL: Allowance = Allowance {
    a_second: 70,
    at_once: 20,
};
/// For PUT and DELETE it is 50.
const CHANGES: Allowance = Allowance {
    a_second: 35,
    at_once: 10,
};
/// For the customers of a service desk 5.
const CUSTOMERS: Allowance = Allowance {
    a_second: 3,
    at_once: 1,
};

/// After how many calls those endpoints are forgotten that were left alone since.
const FORGET_EVERY: u32 = 1000;

/// Keeps calls below Atlassian's limits of bursts, which are counted for each site and endpoint, and lets none through
/// before a time that Jira asked for; shared by everything in this process that calls Jira.
#[derive(Debug)]
pub struct BurstLimiter<C: Clock = DefaultClock> {
    usual: Limiter<C>,
    changes: Limiter<C>,
    customers: Limiter<C>,
    issues: IssueWrites<C>,
    waits: WaitsAfter429,
    admitted: AtomicU32,
}

impl Default for BurstLimiter {
    fn default() -> Self {
        Self::by(&DefaultClock::default())
    }
}

fn quota(allowance: Allowance) -> Quota {
    let number = |count| NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN);
    Quota::per_second(number(allowance.a_second)).allow_burst(number(allowance.at_once))
}

impl<C: Clock + Clone> BurstLimiter<C> {
    fn by(clock: &C) -> Self {
        let limiter = |allowance| RateLimiter::new(quota(allowance), DefaultKeyedStateStore::default(), clock.clone());
        Self {
            usual: limiter(USUAL),
            changes: limiter(CHANGES),
            customers: limiter(CUSTOMERS),
            issues: IssueWrites::by(clock),
            waits: WaitsAfter429::default(),
            admitted: AtomicU32::new(0),
        }
    }

    /// The limiter of an endpoint, and its key there.
    fn of(&self, cloud_id: &str, endpoint: &str) -> (&Limiter<C>, String) {
        let limiter = match endpoint.split(' ').next() {
            _ if endpoint.ends_with("/servicedesk/{}/customer") => &self.customers,
            Some("PUT" | "DELETE") => &self.changes,
            _ => &self.usual,
        };
        (limiter, format!("{cloud_id} {endpoint}"))
    }

    /// An endpoint that was left alone for as long as its allowance takes to be whole again is as good as new. So
    /// memory does not grow with sites that are gone.
    fn forget(&self) {
        if self.admitted.fetch_add(1, Ordering::Relaxed) % FORGET_EVERY == FORGET_EVERY - 1 {
            for limiter in [&self.usual, &self.changes, &self.customers] {
                limiter.retain_recent();
                limiter.shrink_to_fit();
            }
            self.issues.forget();
        }
    }
}

impl<C: Clock + Clone> BurstLimiter<C> {
    /// Whether Jira asked for no time that is still to come.
    pub(in crate::atlassian) fn check(&self, called: Called<'_>) -> Result<(), RateLimit> {
        self.waits.check(called, Instant::now())
    }

    /// Takes in a 429.
    pub(in crate::atlassian) fn note(&self, called: Called<'_>, limit: &RateLimit) {
        self.waits.note(called, limit, Instant::now());
    }
}

impl<C: ReasonablyRealtime + Clone> BurstLimiter<C> {
    /// Waits until the issue may be changed and the [`endpoint`] called. What Jira asked to wait for is not waited for
    /// here: it may be long.
    pub(in crate::atlassian) async fn admit(&self, called: Called<'_>) -> Result<(), RateLimit> {
        self.check(called)?;
        if let Some(issue) = called.issue {
            self.issues.admit(called.cloud_id, issue).await;
        }
        self.forget();
        let (limiter, key) = self.of(called.cloud_id, called.endpoint);
        limiter.until_key_ready(&key).await;
        // One that went before it may have been answered with a 429.
        self.check(called)
    }
}

/// The endpoint that a call goes to, such as `GET /rest/api/3/project/{}`: what stands for an id or a key of a
/// project is left open. Words of the API are letters that begin small, keys of projects begin large, and ids have
/// digits.
#[must_use]
pub fn endpoint(method: &str, path: &str) -> String {
    let is_word = |part: &str| {
        part.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-')
            && part.bytes().next().is_none_or(|b| b.is_ascii_lowercase())
    };
    let parts = path.split('/').map(|part| if is_word(part) { part } else { "{}" });
    format!("{method} {}", parts.collect::<Vec<_>>().join("/"))
}

/// The hourly pool of points of an OAuth app, over all sites that use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PointPool {
    /// Points an hour.
    pub limit: u64,
    /// Points left.
    pub remaining: u64,
    /// Seconds until it is refilled.
    pub resets_in: u64,
}

/// What the headers of an answer say of the pool, in the structured form, with or without the prefix
/// that Atlassian gives them while they are informational.
#[must_use]
pub fn pool(headers: &HeaderMap) -> Option<PointPool> {
    let text = |name: &str| {
        let plain = headers.get(name).or_else(|| headers.get(format!("beta-{name}")));
        plain.and_then(|value| value.to_str().ok()).map(str::to_owned)
    };
    let (state, policy) = (text("ratelimit")?, text("ratelimit-policy")?);
    let quota = |list: &str| {
        list.split(',')
            .map(str::trim)
            .find(|item| item.contains("quota"))
            .map(str::to_owned)
    };
    let (state, policy) = (quota(&state)?, quota(&policy)?);
    Some(PointPool {
        limit: parameter(&policy, "q")?,
        remaining: parameter(&state, "r")?,
        resets_in: parameter(&state, "t").unwrap_or(3600),
    })
}

fn parameter(item: &str, name: &str) -> Option<u64> {
    let parts = item.split(';').skip(1);
    let value = parts
        .filter_map(|part| part.trim().split_once('='))
        .find(|(key, _)| *key == name)?;
    value.1.trim().parse().ok()
}

/// Points for the objects of an answer: two for each person and permission, one for each other
/// (facts of Atlassian's page on rate limits).
#[must_use]
pub fn objects(asked: &str, answer: &Value) -> u64 {
    let lists = [
        "issues",
        "values",
        "matches",
        "queries",
        "globalPermissions",
        "projectPermissions",
    ];
    let length = |value: &Value| value.as_array().map(Vec::len);
    let counted: usize = match answer {
        Value::Array(list) => list.len(),
        Value::Object(fields) => {
            let found: Vec<usize> = lists
                .iter()
                .filter_map(|name| fields.get(*name).and_then(length))
                .collect();
            // An answer without a list is one object.
            if found.is_empty() { 1 } else { found.iter().sum() }
        }
        _ => 0,
    };
    let identity = ["/user", "/myself", "permissions", "/role", "/group"];
    let price = if identity.iter().any(|part| asked.contains(part)) {
        2
    } else {
        1
    };
    u64::try_from(counted).unwrap_or(u64::MAX).saturating_mul(price)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::time::Duration;

    use super::*;
    use governor::clock::FakeRelativeClock;
    use proptest::prelude::*;
    use reqwest::header::HeaderValue;
    use serde_json::json;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_str(value).unwrap()))
            .collect()
    }

    #[test]
    fn the_pool_is_read_with_and_without_the_prefix() {
        let told = Some(PointPool {
            limit: 65000,
            remaining: 120,
            resets_in: 1800,
        });
        for prefix in ["", "beta-"] {
            let (state, policy) = (format!("{prefix}ratelimit"), format!("{prefix}ratelimit-policy"));
            let mut map = HeaderMap::new();
            map.insert(
                reqwest::header::HeaderName::from_bytes(state.as_bytes()).unwrap(),
                HeaderValue::from_static("\"burst\";r=5;t=1, \"global-app-quota\";r=120;t=1800"),
            );
            map.insert(
                reqwest::header::HeaderName::from_bytes(policy.as_bytes()).unwrap(),
                HeaderValue::from_static("\"global-app-quota\";q=65000;w=3600"),
            );
            assert_eq!(pool(&map), told);
        }
        assert_eq!(pool(&headers(&[("ratelimit", "x")])), None);
    }

    #[test]
    fn what_is_answered_is_counted() {
        assert_eq!(objects("POST /rest/api/3/search/jql", &json!({"issues": [{}, {}]})), 2);
        assert_eq!(objects("GET /rest/api/3/users/search", &json!([{}, {}, {}])), 6);
        assert_eq!(objects("GET /rest/api/3/issue/1", &json!({"id": "1"})), 1);
        let held = json!({"globalPermissions": ["A"], "projectPermissions": [{"permission": "B", "projects": [1, 2]}]});
        assert_eq!(objects("POST /rest/api/3/permissions/check", &held), 4);
    }

    /// Counted on the limiter's own clock, by which a second passes at once.
    #[test]
    fn no_second_sees_more_calls_than_atlassian_allows_not_even_the_first() {
        for (method, path, fewest, limit) in [
            ("GET", "/rest/api/3/project/SUP", 70, 100),
            ("POST", "/rest/api/3/search/jql", 70, 100),
            ("PUT", "/rest/api/3/issue/1", 35, 50),
            ("DELETE", "/rest/api/3/issue/1", 35, 50),
            ("POST", "/rest/servicedeskapi/servicedesk/7/customer", 3, 5),
        ] {
            let clock = FakeRelativeClock::default();
            let bursts = BurstLimiter::by(&clock);
            let (limiter, key) = bursts.of("c1", &endpoint(method, path));
            let mut admitted = Vec::new();
            for millisecond in 0..5000_u64 {
                while limiter.check_key(&key).is_ok() {
                    admitted.push(millisecond);
                }
                clock.advance(Duration::from_millis(1));
            }
            let within = |start: u64| admitted.iter().filter(|at| (start..start + 1000).contains(*at)).count();
            let most = (0..4000).map(within).max().unwrap();
            assert!(
                (fewest..limit).contains(&most),
                "{most} calls in one second of {method} {path}"
            );
        }
    }

    #[test]
    fn ids_and_keys_belong_to_one_endpoint() {
        let same = [
            ("/rest/api/3/project/SUP", "/rest/api/3/project/A_1"),
            ("/rest/api/3/project/10001/statuses", "/rest/api/3/project/ENG/statuses"),
            (
                "/rest/servicedeskapi/servicedesk/1/requesttype/22/field",
                "/rest/servicedeskapi/servicedesk/7/requesttype/3/field",
            ),
        ];
        for (one, other) in same {
            assert_eq!(endpoint("GET", one), endpoint("GET", other));
        }
        let apart = [
            ("/rest/api/3/project/SUP", "/rest/api/3/project/search"),
            ("/rest/api/3/issue/1", "/rest/api/3/issue/bulkfetch"),
            ("/rest/api/3/search/jql", "/rest/api/3/jql/match"),
        ];
        for (one, other) in apart {
            assert_ne!(endpoint("GET", one), endpoint("GET", other));
        }
    }

    #[test]
    fn endpoints_that_are_left_alone_are_forgotten() {
        let clock = FakeRelativeClock::default();
        let bursts = BurstLimiter::by(&clock);
        for site in 0..5000 {
            let (limiter, key) = bursts.of(&format!("site-{site}"), "GET /rest/api/3/myself");
            assert!(limiter.check_key(&key).is_ok());
            bursts.forget();
            clock.advance(Duration::from_millis(5));
        }
        assert!(bursts.usual.len() < 1500, "{}", bursts.usual.len());
    }

    proptest! {
        #[test]
        fn odd_headers_do_no_harm(state in "[ -~]{0,80}", policy in "[ -~]{0,80}") {
            let _ = pool(&headers(&[("ratelimit", &state), ("ratelimit-policy", &policy)]));
        }
    }
}
