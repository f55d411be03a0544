//! How often the directory is refreshed, and how fast: pure functions of the clock and the status.
//!
//! An hour of a refresh may take a tenth of the points that Atlassian gives an app in an hour, in the
//! worse reading of its prices: one for a call and two for each account, apps included. So up to
//! about 3,000 accounts are listed at once, each hour, and more of them over several hours. The first
//! listing may take four tenths.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use crate::api::integration::DirectoryStatus;

/// Accounts in a page.
pub(super) const PAGE: i64 = 1000;
/// Points of an hour for a refresh, of 65,000.
const REFRESH: i64 = 6_500;
/// Points of an hour for the first listing.
const FIRST: i64 = 26_000;
/// The price of a page. What a burst leaves unspent, because a whole page does not fit any more, is less.
const PAGE_PRICE: i64 = 1 + 2 * PAGE;
/// Seconds in an hour, after which there are new points and a complete directory is refreshed.
const HOUR: i64 = 3600;

/// What is to be done now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListingTurn {
    /// Begin: the status is to say so before the first `ConfigMap` is written, so that none can be
    /// forgotten.
    Begin(DirectoryStatus),
    /// Resume the listing under way.
    Go,
    /// Nothing before this time, though a listing is under way.
    Wait(Timestamp),
    /// Nothing: it is fresh.
    Rest,
}

/// Decides what is to be done. `wasted` are points that the listing under way cost beyond what its
/// offset says; a request makes a fresh directory due.
#[must_use]
pub fn turn(before: Option<&DirectoryStatus>, wasted: i64, now: Timestamp, requested: bool) -> ListingTurn {
    let Some(before) = before else {
        return ListingTurn::Begin(begun(DirectoryStatus::default(), now));
    };
    if let (Some(since), Some(offset)) = (&before.listing_since, before.next_offset) {
        let spent = price_of(offset) + wasted;
        if has_slept(before, since.0, spent, now) {
            return ListingTurn::Begin(begun(before.clone(), now));
        }
        return match wait(before, spent, expected(before, offset), now) {
            Some(at) => ListingTurn::Wait(at),
            None => ListingTurn::Go,
        };
    }
    let last = before.last_sync_time.as_ref();
    let fresh = last.is_some_and(|last| now.as_second() - last.0.as_second() < HOUR);
    if fresh && !requested {
        return ListingTurn::Rest;
    }
    ListingTurn::Begin(begun(before.clone(), now))
}

/// Points that the directory costs in an hour, beside what passes cost.
#[must_use]
pub fn an_hour(status: &DirectoryStatus) -> u64 {
    let listed = status.accounts.max(status.next_offset.unwrap_or(0));
    u64::try_from(price_of(listed).min(burst(status))).unwrap_or(0)
}

fn begun(before: DirectoryStatus, now: Timestamp) -> DirectoryStatus {
    DirectoryStatus {
        listing_since: Some(to_the_second(now)),
        next_offset: Some(0),
        ..before
    }
}

/// What is read back from Kubernetes has no fractions.
pub(super) fn to_the_second(at: Timestamp) -> Time {
    Time(Timestamp::from_second(at.as_second()).unwrap_or(at))
}

/// Points for a listing up to this offset.
#[must_use]
pub(super) fn price_of(accounts: i64) -> i64 {
    2 * accounts + accounts.div_euclid(PAGE) + 1
}

/// How many accounts the next page may have.
#[must_use]
pub(super) fn expected(before: &DirectoryStatus, offset: i64) -> i64 {
    match before.last_sync_time {
        Some(_) => before.accounts.saturating_sub(offset).clamp(0, PAGE),
        None => PAGE,
    }
}

/// Points of one hour.
const fn burst(before: &DirectoryStatus) -> i64 {
    if before.last_sync_time.is_some() {
        REFRESH
    } else {
        FIRST
    }
}

/// Points that a listing may have spent so many hours after it began. Hours after the first get less,
/// because what earlier ones left may come on top.
const fn allowed(before: &DirectoryStatus, hours: i64) -> i64 {
    burst(before) + hours * (burst(before) - PAGE_PRICE)
}

fn hours(since: Timestamp, now: Timestamp) -> i64 {
    (now.as_second() - since.as_second()).div_euclid(HOUR).max(0)
}

/// Until when a call that returns so many accounts has to wait, where what was spent since the
/// listing began leaves no points for it.
#[must_use]
pub(super) fn wait(before: &DirectoryStatus, spent: i64, accounts: i64, now: Timestamp) -> Option<Timestamp> {
    let since = before.listing_since.as_ref().map_or(now, |since| since.0);
    let wanted = spent + 1 + 2 * accounts;
    if wanted <= allowed(before, hours(since, now)) {
        return None;
    }
    let step = burst(before) - PAGE_PRICE;
    let needed = (wanted - burst(before) + step - 1).div_euclid(step);
    since.checked_add(SignedDuration::from_hours(needed)).ok()
}

/// Whether a listing was interrupted for so long that the points it left would come all at once: it
/// is begun anew, as the list is another one by now.
fn has_slept(before: &DirectoryStatus, since: Timestamp, spent: i64, now: Timestamp) -> bool {
    let hours = hours(since, now);
    hours >= 2 && spent <= allowed(before, hours - 2)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use std::collections::BTreeMap;

    use super::*;

    fn minute(n: i64) -> Timestamp {
        Timestamp::from_second(n * 60).unwrap()
    }

    /// Days of a site with so many accounts, a pass each minute: points by hour, and when listings
    /// were complete.
    fn life(accounts: i64, minutes: i64) -> (BTreeMap<i64, i64>, Vec<i64>) {
        let mut status: Option<DirectoryStatus> = None;
        let (mut points, mut complete) = (BTreeMap::<i64, i64>::new(), Vec::new());
        for now in 0..minutes {
            let mut going = match turn(status.as_ref(), 0, minute(now), false) {
                ListingTurn::Begin(begun) => begun,
                ListingTurn::Go => status.clone().unwrap(),
                ListingTurn::Wait(at) => {
                    assert!(at > minute(now), "it waits for what has been");
                    continue;
                }
                ListingTurn::Rest => continue,
            };
            loop {
                let offset = going.next_offset.unwrap();
                if wait(&going, price_of(offset), expected(&going, offset), minute(now)).is_some() {
                    break;
                }
                let page = (accounts - offset).min(PAGE);
                *points.entry(now.div_euclid(60)).or_default() += 1 + 2 * page;
                going.next_offset = Some(offset + page);
                if page == 0 {
                    going = DirectoryStatus {
                        accounts: offset,
                        last_sync_time: Some(Time(minute(now))),
                        listing_since: None,
                        next_offset: None,
                        ..going
                    };
                    complete.push(now);
                    break;
                }
            }
            status = Some(going);
        }
        (points, complete)
    }

    #[test]
    fn up_to_three_thousand_accounts_are_listed_each_hour() {
        for accounts in [0, 1, 200, 2999, 3000, 3200] {
            let (points, complete) = life(accounts, 60 * 24);
            assert_eq!(complete.len(), 24, "{accounts}: {complete:?}");
            let most = points.values().max().unwrap();
            assert!(*most <= REFRESH, "{accounts}: {most} points in an hour");
        }
    }

    #[test]
    fn more_are_listed_more_slowly_and_never_dearer() {
        for accounts in [3300, 5000, 10_000, 37_123, 100_000] {
            let (points, complete) = life(accounts, 60 * 24 * 7);
            assert!(points.values().all(|points| *points <= FIRST), "{accounts}: {points:?}");
            let filled = complete.first().unwrap().div_euclid(60);
            let later = points.range(filled + 1..).map(|(_, points)| *points).max().unwrap();
            assert!(later <= REFRESH, "{accounts}: {later} points in an hour");
            assert!(
                filled <= accounts * 2 / 23_900 + 1,
                "{accounts} are first listed in {filled} h"
            );
            let slowest = complete
                .iter()
                .zip(complete.iter().skip(1))
                .map(|(a, b)| (b - a) / 60)
                .max()
                .unwrap();
            assert!(slowest <= accounts * 2 / 4_400 + 2, "{accounts} take {slowest} h");
        }
    }

    #[test]
    fn a_request_is_answered_but_hastens_no_listing_under_way() {
        let fresh = DirectoryStatus {
            accounts: 10_000,
            last_sync_time: Some(Time(minute(0))),
            ..DirectoryStatus::default()
        };
        assert_eq!(turn(Some(&fresh), 0, minute(1), false), ListingTurn::Rest);
        assert!(matches!(turn(Some(&fresh), 0, minute(1), true), ListingTurn::Begin(_)));
        let under_way = DirectoryStatus {
            listing_since: Some(Time(minute(0))),
            next_offset: Some(3000),
            ..fresh
        };
        assert_eq!(
            turn(Some(&under_way), 0, minute(1), true),
            ListingTurn::Wait(minute(60))
        );
        assert_eq!(turn(Some(&under_way), 0, minute(60), false), ListingTurn::Go);
        assert_eq!(
            turn(Some(&under_way), 6_500, minute(60), false),
            ListingTurn::Wait(minute(120)),
            "what was wasted counts"
        );
    }

    #[test]
    fn a_listing_that_slept_for_a_week_spends_no_week_of_points() {
        let slept = DirectoryStatus {
            accounts: 50_000,
            last_sync_time: Some(Time(minute(0))),
            listing_since: Some(Time(minute(60))),
            next_offset: Some(6000),
            ..DirectoryStatus::default()
        };
        let now = minute(60 * 24 * 7);
        let ListingTurn::Begin(again) = turn(Some(&slept), 0, now, false) else {
            unreachable!("it is due")
        };
        assert_eq!((again.next_offset, again.listing_since), (Some(0), Some(Time(now))));
    }
}
