//! Texts, errors, and answers that may be either.

use std::time::Duration;

use proptest::{collection::vec, option, prelude::*, sample::select};

use crate::{
    atlassian::{error::JiraError, rate_limit::RateLimit},
    diagnose::evidence::JiraResult,
};

/// A text as people write it, or as nobody does: empty, very long, of any characters.
pub fn text() -> BoxedStrategy<String> {
    prop_oneof![
        6 => "[A-ZÄÖÜ][a-zäöüß]{1,12}( [a-z]{1,10}){0,3}",
        1 => Just(String::new()),
        1 => "[a-z .]{100,400}",
        1 => vec(any::<char>(), 0..60).prop_map(String::from_iter),
    ]
    .boxed()
}

/// An error that is no answer at all.
pub fn outage() -> BoxedStrategy<JiraError> {
    let wait = || option::of((0_u64..7200).prop_map(Duration::from_secs));
    prop_oneof![
        Just(JiraError::Redirected),
        (text(), wait()).prop_map(|(detail, retry_after)| JiraError::Unavailable { detail, retry_after }),
        (text(), wait()).prop_map(|(reason, retry_after)| JiraError::RateLimited(RateLimit { reason, retry_after })),
    ]
    .boxed()
}

/// Any error.
fn error() -> BoxedStrategy<JiraError> {
    prop_oneof![
        2 => outage(),
        1 => text().prop_map(JiraError::Unauthorized),
        1 => text().prop_map(JiraError::ScopeMismatch),
        1 => text().prop_map(JiraError::Forbidden),
        1 => text().prop_map(JiraError::NotFound),
        1 => (400_u16..430, text()).prop_map(|(status, message)| JiraError::Refused { status, message }),
    ]
    .boxed()
}

/// An answer, or an error.
pub fn answer<T: Clone + std::fmt::Debug + 'static>(
    of: impl Strategy<Value = T> + 'static,
) -> BoxedStrategy<JiraResult<T>> {
    prop_oneof![4 => of.prop_map(Ok), 1 => error().prop_map(Err)].boxed()
}

/// Keys of projects.
const KEYS: [&str; 5] = [
    "SUP",
    "ENG",
    "OPS",
    "SUPP",
    "A_VERY_LONG_KEY_OF_A_PROJECT_THAT_SOMEBODY_ONCE_FOUND_FUNNY_123",
];

/// The id of a project.
pub fn id() -> BoxedStrategy<String> {
    (1..6).prop_map(|n: i32| n.to_string()).boxed()
}

/// The key of a project.
pub fn key() -> BoxedStrategy<String> {
    select(KEYS.to_vec()).prop_map(str::to_owned).boxed()
}
