//! Keeps the changes of one issue below Atlassian's limits, which are 20 within two seconds and 100 within thirty: people
//! and other apps change it too.

use std::{num::NonZeroU32, time::Duration};

use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock, ReasonablyRealtime},
    middleware::NoOpMiddleware,
    state::keyed::DefaultKeyedStateStore,
};

/// Limits that are counted by key.
pub(in crate::atlassian) type Limiter<C> =
    RateLimiter<String, DefaultKeyedStateStore<String>, C, NoOpMiddleware<<C as Clock>::Instant>>;

/// One change in so many milliseconds.
const APART: Duration = Duration::from_millis(400);
/// So many at once where the issue was left alone.
const AT_ONCE: u32 = 8;

/// The changes of each issue of late.
#[derive(Debug)]
pub(in crate::atlassian) struct IssueWrites<C: Clock = DefaultClock>(Limiter<C>);

impl<C: Clock + Clone> IssueWrites<C> {
    pub(in crate::atlassian) fn by(clock: &C) -> Self {
        let at_once = NonZeroU32::new(AT_ONCE).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::with_period(APART).unwrap_or_else(|| Quota::per_second(NonZeroU32::MIN));
        let (quota, store) = (quota.allow_burst(at_once), DefaultKeyedStateStore::default());
        Self(RateLimiter::new(quota, store, clock.clone()))
    }

    /// Issues that were left alone since are as good as new.
    pub(in crate::atlassian) fn forget(&self) {
        self.0.retain_recent();
        self.0.shrink_to_fit();
    }
}

impl<C: ReasonablyRealtime + Clone> IssueWrites<C> {
    /// Waits until the issue may be changed.
    pub(in crate::atlassian) async fn admit(&self, cloud_id: &str, issue: &str) {
        self.0.until_key_ready(&format!("{cloud_id} {issue}")).await;
    }
}

/// The issue that a path of a change leads to, by id or key.
pub(in crate::atlassian) fn issue_of(path: &str) -> Option<&str> {
    let rest = ["/rest/api/3/issue/", "/rest/servicedeskapi/request/"]
        .into_iter()
        .find_map(|start| path.strip_prefix(start))?;
    let named = rest.split('/').next()?;
    // Words of the API, such as bulkfetch, have no digits.
    named.bytes().any(|byte| byte.is_ascii_digit()).then_some(named)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use governor::clock::FakeRelativeClock;

    #[test]
    fn an_issue_is_changed_less_often_than_atlassian_allows() {
        let clock = FakeRelativeClock::default();
        let writes = IssueWrites::by(&clock);
        let mut admitted = Vec::new();
        for millisecond in 0..60_000_u64 {
            while writes.0.check_key(&"site 1".to_owned()).is_ok() {
                admitted.push(millisecond);
            }
            clock.advance(Duration::from_millis(1));
        }
        let most = |window: u64| {
            let within = |start: u64| {
                admitted
                    .iter()
                    .filter(|at| (start..start + window).contains(*at))
                    .count()
            };
            (0..60_000 - window).map(within).max().unwrap()
        };
        assert!((8..20).contains(&most(2000)), "{}", most(2000));
        assert!((70..100).contains(&most(30_000)), "{}", most(30_000));
        assert!(writes.0.check_key(&"site 2".to_owned()).is_ok(), "another issue");
    }

    #[test]
    fn a_path_names_the_issue_that_it_changes() {
        assert_eq!(issue_of("/rest/api/3/issue/10812"), Some("10812"));
        assert_eq!(issue_of("/rest/api/3/issue/10812/properties/x.dev"), Some("10812"));
        assert_eq!(issue_of("/rest/servicedeskapi/request/SUP-1/comment"), Some("SUP-1"));
        for none in [
            "/rest/api/3/issue",
            "/rest/api/3/issueLink",
            "/rest/api/3/issue/bulk",
            "/rest/servicedeskapi/request",
        ] {
            assert_eq!(issue_of(none), None, "{none}");
        }
    }
}
