//! What keeps the pages safe: headers on every answer, the cookie that binds a consent to its browser,
//! and limits.

use std::{
    num::NonZeroU32,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};
use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::{atlassian::secret::Secret, connect::nonce};

/// Nothing from elsewhere, no script, no frame, no form.
const CONTENT_SECURITY_POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// Characters of the cookie's value: 128 bits in hexadecimal.
const COOKIE_LENGTH: usize = 32;
/// Seconds that the cookie lives: as long as an outcome can be read.
const COOKIE_AGE: u32 = 1800;

/// Puts the headers on an answer. Nothing of these pages is to be kept, framed, or told to others by
/// `Referer`: the address of a page holds the code of its link.
pub async fn headers(request: Request, next: Next) -> Response {
    let mut answer = next.run(request).await;
    let headers = answer.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "interest-cohort=()"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    answer
}

/// The cookie by which a browser is known again.
#[derive(Clone, Copy, Debug)]
pub struct Cookie {
    /// Whether the pages are served under https. The name then keeps other hosts of the domain from setting it.
    pub is_https: bool,
}

impl Cookie {
    fn name(self) -> &'static str {
        if self.is_https {
            "__Host-jira-operator-connect"
        } else {
            "jira-operator-connect"
        }
    }

    /// The browser's own value, if it has one that may be ours.
    #[must_use]
    pub fn read(self, headers: &HeaderMap) -> Option<Secret> {
        let all = headers.get_all(header::COOKIE).iter();
        let pairs = all
            .filter_map(|value| value.to_str().ok())
            .flat_map(|text| text.split(';'));
        let mut values = pairs.filter_map(|pair| pair.trim().strip_prefix(self.name())?.strip_prefix('='));
        values
            .find(|value| value.len() == COOKIE_LENGTH && value.bytes().all(|b| b.is_ascii_hexdigit()))
            .map(|value| Secret::new(value.to_owned()))
    }

    /// The browser's own value or a new one, and the header that sets it.
    #[must_use]
    pub fn give(self, headers: &HeaderMap) -> (Secret, Option<HeaderValue>) {
        let value = self.read(headers).unwrap_or_else(nonce);
        let secure = if self.is_https { "; Secure" } else { "" };
        let text = format!(
            "{}={}; Path=/; HttpOnly; SameSite=Lax; Max-Age={COOKIE_AGE}{secure}",
            self.name(),
            value.expose()
        );
        let mut header = HeaderValue::from_str(&text).ok();
        if let Some(header) = &mut header {
            header.set_sensitive(true);
        }
        (value, header)
    }
}

/// How much the pages put up with. Who only guesses is told so before the cluster is asked for anything but a key;
/// who has a link uses up no more than what is there for its integration.
pub struct Limits {
    unknown: DefaultDirectRateLimiter,
    misses: DefaultDirectRateLimiter,
    each: DefaultKeyedRateLimiter<String>,
    consents: DefaultKeyedRateLimiter<String>,
    counted: AtomicU32,
}

/// Namespaces a second, and at once, whose key is not known and is asked for.
const UNKNOWN: (u32, u32) = (20, 100);
/// Wrong links and states a second, and at once.
const MISSES: (u32, u32) = (1, 30);
/// Pages of one integration a second, and at once.
const EACH: (u32, u32) = (5, 40);
/// Consents of one integration that come back at once, and how often another may: each costs an exchange with
/// Atlassian, and writes to its Secret.
const CONSENTS: (Duration, u32) = (Duration::from_secs(6), 10);
/// After how many requests those integrations are forgotten that were left alone since.
const FORGET_EVERY: u32 = 1000;

fn number(n: u32) -> NonZeroU32 {
    NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN)
}

fn quota((second, burst): (u32, u32)) -> Quota {
    Quota::per_second(number(second)).allow_burst(number(burst))
}

impl Default for Limits {
    fn default() -> Self {
        let (pause, burst) = CONSENTS;
        let consents = Quota::with_period(pause).unwrap_or(quota((1, 1)));
        Self {
            unknown: RateLimiter::direct(quota(UNKNOWN)),
            misses: RateLimiter::direct(quota(MISSES)),
            each: RateLimiter::keyed(quota(EACH)),
            consents: RateLimiter::keyed(consents.allow_burst(number(burst))),
            counted: AtomicU32::new(0),
        }
    }
}

impl Limits {
    /// Whether the key of a namespace of which none is known may be asked for.
    #[must_use]
    pub fn admits_unknown(&self) -> bool {
        self.unknown.check().is_ok()
    }

    /// Counts a wrong link or state. False when there were too many.
    #[must_use]
    pub fn admits_miss(&self) -> bool {
        self.misses.check().is_ok()
    }

    /// Whether what is asked of an integration may be looked up.
    #[must_use]
    pub fn admits(&self, namespace: &str, name: &str) -> bool {
        if self.counted.fetch_add(1, Ordering::Relaxed) % FORGET_EVERY == FORGET_EVERY - 1 {
            self.each.retain_recent();
            self.consents.retain_recent();
        }
        self.each.check_key(&format!("{namespace}/{name}")).is_ok()
    }

    /// Whether a consent of an integration may be brought to its end.
    #[must_use]
    pub fn admits_consent(&self, namespace: &str, name: &str) -> bool {
        self.consents.check_key(&format!("{namespace}/{name}")).is_ok()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_browser_keeps_its_cookie_and_a_made_up_one_is_replaced() {
        let cookie = Cookie { is_https: true };
        let (first, header) = cookie.give(&HeaderMap::new());
        let header = header.unwrap();
        let text = header.to_str().unwrap();
        assert!(text.starts_with("__Host-jira-operator-connect="), "{text}");
        assert!(
            text.ends_with("; Path=/; HttpOnly; SameSite=Lax; Max-Age=1800; Secure"),
            "{text}"
        );
        let mut headers = HeaderMap::new();
        let sent = format!("a=b; {}", text.split(';').next().unwrap());
        headers.insert(header::COOKIE, HeaderValue::from_str(&sent).unwrap());
        assert_eq!(cookie.give(&headers).0, first);
        headers.insert(
            header::COOKIE,
            HeaderValue::from_static("__Host-jira-operator-connect=short"),
        );
        assert_ne!(cookie.give(&headers).0, first);
        assert!(Cookie { is_https: false }.read(&headers).is_none());
        let (_, local) = Cookie { is_https: false }.give(&headers);
        assert!(!local.unwrap().to_str().unwrap().contains("Secure"));
    }

    #[test]
    fn guessing_is_stopped_and_does_not_stop_others() {
        let limits = Limits::default();
        let misses = (0..100).filter(|_| limits.admits_miss()).count();
        assert!((30..40).contains(&misses), "{misses}");
        assert!(limits.admits("support", "acme") && limits.admits_unknown());
    }

    #[test]
    fn who_has_the_link_of_one_integration_uses_up_no_other() {
        let limits = Limits::default();
        let pages = (0..100).filter(|_| limits.admits("support", "acme")).count();
        assert!((40..50).contains(&pages), "{pages}");
        let consents = (0..100).filter(|_| limits.admits_consent("support", "acme")).count();
        assert!((10..12).contains(&consents), "{consents}");
        assert!(limits.admits("support", "globex") && limits.admits_consent("support", "globex"));
    }
}
