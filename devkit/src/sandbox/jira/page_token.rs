//! Tokens of pages: opaque, good for one query and for seven days.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::jql::Cursor;

/// How long a token lasts, in milliseconds.
const LIFETIME: i64 = 7 * 24 * 60 * 60 * 1000;

/// Where a page begins.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Place {
    /// Its number, from 1.
    pub(super) page: u32,
    /// Behind what; `None` is the beginning.
    pub(super) cursor: Option<Cursor>,
}

/// A number for a query, so that a token cannot be used with another one.
fn fingerprint(jql: &str) -> u64 {
    let start = 0xcbf2_9ce4_8422_2325;
    jql.bytes().fold(start, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The token of a place in the result of a query.
pub(super) fn write(jql: &str, now: Timestamp, place: &Place) -> String {
    let content = (fingerprint(jql), now.as_millisecond(), place);
    let text = serde_json::to_vec(&content).unwrap_or_default();
    text.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The place of a token; `None` when it is no token of this query, or too old.
pub(super) fn read(jql: &str, now: Timestamp, token: &str) -> Option<Place> {
    let pairs = (0..token.len()).step_by(2).map(|at| token.get(at..at + 2));
    let bytes = pairs.map(|pair| u8::from_str_radix(pair?, 16).ok());
    let bytes: Vec<u8> = bytes.collect::<Option<_>>()?;
    let (query, at, place): (u64, i64, Place) = serde_json::from_slice(&bytes).ok()?;
    let fresh = now.as_millisecond() - at < LIFETIME;
    (query == fingerprint(jql) && fresh).then_some(place)
}
