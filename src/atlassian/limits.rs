//! What calls cost in points, and what Atlassian says of the pool that pays for them. Any header may
//! be missing or odd; nothing here fails.

use std::num::NonZeroU32;

use governor::{DefaultKeyedRateLimiter, Quota};
use reqwest::header::HeaderMap;
use serde_json::Value;

/// Calls a second to one endpoint of a site. Atlassian's default limit is 100, and others use the
/// site too.
const A_SECOND: u32 = 70;
/// Calls at once to an endpoint that was left alone. With those of a second they make the most that any
/// second sees, the first one too.
const AT_ONCE: u32 = 20;

/// Keeps calls below Atlassian's limits of bursts, which are counted for each site and endpoint;
/// shared by everything in this process that calls Jira.
#[derive(Debug)]
pub struct Bursts(DefaultKeyedRateLimiter<String>);

impl Default for Bursts {
    fn default() -> Self {
        Self(DefaultKeyedRateLimiter::keyed(quota()))
    }
}

fn quota() -> Quota {
    let number = |count| NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN);
    Quota::per_second(number(A_SECOND)).allow_burst(number(AT_ONCE))
}

impl Bursts {
    /// Waits until the endpoint may be called.
    pub async fn admit(&self, cloud_id: &str, method: &str, path: &str) {
        // Ids in a path belong to one endpoint.
        let endpoint: String = path.chars().filter(|c| !c.is_ascii_digit()).collect();
        self.0.until_key_ready(&format!("{cloud_id} {method} {endpoint}")).await;
    }
}

/// The hourly pool of points of an OAuth app, over all sites that use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool {
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
pub fn pool(headers: &HeaderMap) -> Option<Pool> {
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
    Some(Pool {
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
    use governor::{RateLimiter, clock::FakeRelativeClock};
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
        let told = Some(Pool {
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
        let clock = FakeRelativeClock::default();
        let limiter = RateLimiter::direct_with_clock(quota(), clock.clone());
        let mut admitted = Vec::new();
        for millisecond in 0..5000_u64 {
            while limiter.check().is_ok() {
                admitted.push(millisecond);
            }
            clock.advance(Duration::from_millis(1));
        }
        let within = |start: u64| admitted.iter().filter(|at| (start..start + 1000).contains(*at)).count();
        let most = (0..4000).map(within).max().unwrap();
        assert!((70..100).contains(&most), "{most} calls in one second");
    }

    proptest! {
        #[test]
        fn odd_headers_do_no_harm(state in "[ -~]{0,80}", policy in "[ -~]{0,80}") {
            let _ = pool(&headers(&[("ratelimit", &state), ("ratelimit-policy", &policy)]));
        }
    }
}
