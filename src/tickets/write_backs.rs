//! How often something is written back that somebody changes in Jira again and again. Pure.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use crate::api::issue::WriteBacks;

/// How often at most within [`WITHIN`].
pub const MOST: usize = 3;
const WITHIN: SignedDuration = SignedDuration::from_hours(1);
/// How long it rests then.
const REST: SignedDuration = SignedDuration::from_hours(24);

/// Until when it rests, where it was written back too often.
fn suspended_until(at: &[Time], now: Timestamp) -> Option<Timestamp> {
    let ([Time(first), .., Time(last)], true) = (at, at.len() >= MOST) else {
        return None;
    };
    let is_often = last.duration_since(*first) <= WITHIN && now.duration_since(*last) < REST;
    is_often.then(|| last.checked_add(REST).unwrap_or(now))
}

/// Until when what is wanted rests, as was counted.
#[must_use]
pub fn rests_until(counted: Option<&WriteBacks>, wanted: &str, now: Timestamp) -> Option<Timestamp> {
    let of_it = counted.filter(|counted| counted.wanted == wanted);
    of_it.and_then(|counted| suspended_until(&counted.at, now))
}

/// With one more.
#[must_use]
pub fn once_more(before: Option<WriteBacks>, wanted: String, now: Time, by: Option<String>) -> WriteBacks {
    let before = before.filter(|kept| kept.wanted == wanted);
    let mut at = before.map(|kept| kept.at).unwrap_or_default();
    at.push(now);
    let skipped = at.len().saturating_sub(MOST);
    WriteBacks {
        wanted,
        at: at.into_iter().skip(skipped).collect(),
        by,
    }
}
