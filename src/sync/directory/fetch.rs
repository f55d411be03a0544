//! Asks Jira who there is: page by page, and in the end by id for those whom no page had.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{
    error::DirectoryError,
    pace::{PAGE, expected, price_of, wait},
    person::DirectoryEntry,
};
use crate::{
    api::integration::DirectoryStatus,
    atlassian::{jira::Session, models::User},
};

/// How many people are asked for by id in one call, beside the account that asks.
const BY_ID: usize = 49;
/// How many pages in a row may have no new account.
const MOST_STALE: u32 = 3;

/// What a slice is to do, and with what.
#[derive(Clone, Copy)]
pub struct ListingContext<'a> {
    /// Jira.
    pub jira: &'a Session,
    /// Account id of the account that asks.
    pub own_id: Option<&'a str>,
    /// Where the listing stands.
    pub before: &'a DirectoryStatus,
    /// Now.
    pub now: Timestamp,
    /// Whether the slice is over.
    pub is_over: &'a (dyn Fn() -> bool + Sync),
}

/// What is remembered of a listing between its slices. It can be lost: then more people are asked for
/// by id in the end.
#[derive(Clone, Debug, Default)]
pub struct DirectoryRun {
    /// When the listing began that this belongs to.
    since: Option<Timestamp>,
    /// Accounts that Jira listed.
    seen: BTreeSet<String>,
    /// Points that it cost beyond its offset; less than none where the offset is ahead.
    wasted: i64,
    /// How far the offset is ahead of the accounts that were listed.
    ahead: i64,
    /// Pages in a row without a new account.
    stale: u32,
    /// Atlassian asked to leave the endpoint alone until then.
    pub not_before: Option<Timestamp>,
}

impl DirectoryRun {
    /// Points that the listing under way cost beyond its offset.
    #[must_use]
    pub fn wasted(&self, before: Option<&DirectoryStatus>) -> i64 {
        let since = before
            .and_then(|status| status.listing_since.as_ref())
            .map(|since| since.0);
        if self.since == since { self.wasted } else { 0 }
    }

    /// What is remembered of this listing; nothing of another one.
    pub(super) fn belong_to(&mut self, before: &DirectoryStatus) {
        let since = before.listing_since.as_ref().map(|since| since.0);
        if self.since != since {
            *self = Self {
                since,
                not_before: self.not_before,
                ..Self::default()
            };
        }
    }

    /// How many accounts were listed up to this offset.
    #[must_use]
    pub(super) fn accounts(&self, offset: i64) -> i64 {
        offset.saturating_sub(self.ahead).max(0)
    }

    /// Takes in a page that was asked for from an offset. The offset of the next one: none once there
    /// is no way on.
    fn turn_page(&mut self, from: i64, page: &[User]) -> Option<i64> {
        let before = self.seen.len();
        self.seen.extend(page.iter().map(|user| user.account_id.clone()));
        let listed = i64::try_from(page.len()).unwrap_or(0);
        if self.seen.len() > before {
            self.stale = 0;
            return Some(from + listed);
        }
        self.stale += 1;
        if self.stale >= MOST_STALE {
            return None;
        }
        // Jira leaves accounts out of a page after it was cut: all that stands there was listed.
        let unlisted = PAGE.saturating_sub(listed).max(0);
        self.ahead += unlisted;
        self.wasted -= 2 * unlisted;
        Some(from + listed + unlisted)
    }

    /// What was read is read again, and its price counts all the same.
    pub(super) fn read_again(&mut self, from: i64, to: i64) {
        self.seen.clear();
        self.stale = 0;
        self.wasted += price_of(to) - price_of(from) + 1;
    }
}

/// What was asked and answered in a slice.
#[derive(Debug, Default)]
pub(super) struct UserListing {
    /// People by account id.
    pub(super) people: BTreeMap<String, DirectoryEntry>,
    /// People whom Jira does not know any more.
    pub(super) gone: BTreeSet<String>,
    /// Where the next slice begins.
    pub(super) offset: i64,
    /// All accounts were listed.
    pub(super) complete: bool,
    /// The points of this hour are spent: until then nothing is asked.
    pub(super) wait: Option<Timestamp>,
    /// Why it ended too early.
    pub(super) error: Option<DirectoryError>,
}

/// Lists from where the last slice ended until the list ends, which an empty page shows: short ones
/// are normal. Asks at least once, so that a slice that has other work gets on.
pub(super) async fn list(asked: &ListingContext<'_>, run: &mut DirectoryRun) -> UserListing {
    let mut listing = UserListing {
        offset: asked.before.next_offset.unwrap_or(0),
        ..UserListing::default()
    };
    loop {
        let spent = price_of(listing.offset) + run.wasted;
        listing.wait = wait(asked.before, spent, expected(asked.before, listing.offset), asked.now);
        if listing.wait.is_some() {
            return listing;
        }
        let from = usize::try_from(listing.offset).unwrap_or(0);
        let page = match asked.jira.everybody(from).await {
            Ok(page) => page,
            Err(error) => {
                listing.error = Some(error.into());
                return listing;
            }
        };
        if page.is_empty() {
            listing.complete = true;
            return listing;
        }
        let Some(next) = run.turn_page(listing.offset, &page) else {
            let listed = i64::try_from(page.len()).unwrap_or(0);
            run.read_again(listing.offset, listing.offset + listed);
            listing.error = Some(DirectoryError::Circle);
            return listing;
        };
        listing.offset = next;
        let people = page.into_iter().filter_map(DirectoryEntry::of);
        listing
            .people
            .extend(people.map(|person| (person.account_id.clone(), person)));
        if (asked.is_over)() {
            return listing;
        }
    }
}

/// Asks by id for people of the directory whom no page had, because a list that changes while it is
/// read leaves some out: only whom Jira does not find by id either is gone. Each question has the
/// account that asks in it; an answer without it proves nothing.
pub(super) async fn confirm(
    asked: &ListingContext<'_>,
    run: &mut DirectoryRun,
    known: &[&str],
    listing: &mut UserListing,
) {
    let Some(own) = asked.own_id.filter(|_| listing.complete) else {
        return;
    };
    let missing: Vec<&str> = known.iter().copied().filter(|id| !run.seen.contains(*id)).collect();
    for chunk in missing.chunks(BY_ID) {
        let count = i64::try_from(chunk.len()).unwrap_or(0) + 1;
        let spent = price_of(listing.offset) + run.wasted;
        listing.wait = wait(asked.before, spent, count, asked.now);
        if listing.wait.is_some() || (asked.is_over)() {
            listing.complete = false;
            return;
        }
        if let Err(error) = confirm_some(asked, run, own, chunk, listing).await {
            listing.complete = false;
            listing.error = Some(error);
            return;
        }
        run.wasted += 1 + 2 * count;
    }
}

async fn confirm_some(
    asked: &ListingContext<'_>,
    run: &mut DirectoryRun,
    own: &str,
    ids: &[&str],
    listing: &mut UserListing,
) -> Result<(), DirectoryError> {
    let wanted: Vec<String> = ids.iter().chain([&own]).map(|id| (*id).to_owned()).collect();
    let found = asked.jira.users(&wanted).await?;
    if !found.iter().any(|user| user.account_id == own) {
        return Err(DirectoryError::Blind);
    }
    let mut found: BTreeMap<String, DirectoryEntry> = found
        .into_iter()
        .filter_map(DirectoryEntry::of)
        .map(|person| (person.account_id.clone(), person))
        .collect();
    for id in ids {
        run.seen.insert((*id).to_owned());
        match found.remove(*id) {
            Some(person) => {
                listing.people.insert((*id).to_owned(), person);
            }
            None => {
                listing.gone.insert((*id).to_owned());
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// A site whose list has so many places, of which every so many-th is shown, and which may leave
    /// `startAt` out of account.
    fn read(places: i64, every: i64, circles: bool) -> (DirectoryRun, Option<i64>, usize) {
        let (mut run, mut offset, mut pages) = (DirectoryRun::default(), 0, 0);
        loop {
            let from = if circles { 0 } else { offset };
            let shown = (from..places.min(from + PAGE)).filter(|place| place % every == 0);
            let page: Vec<User> = shown
                .map(|place| serde_json::from_value(serde_json::json!({"accountId": place.to_string()})).unwrap())
                .collect();
            pages += 1;
            if page.is_empty() {
                return (run, Some(offset), pages);
            }
            match run.turn_page(offset, &page) {
                Some(next) => offset = next,
                None => return (run, None, pages),
            }
        }
    }

    /// Jira takes accounts out of a page after it was cut, so that a page can have no new account although
    /// more follow.
    #[test]
    fn short_pages_do_not_end_the_list() {
        for (places, every) in [(3_000, 1), (2_500, 2), (5_000, 5), (900, 10), (40, 1)] {
            let (run, end, pages) = read(places, every, false);
            let shown = (places + every - 1) / every;
            assert_eq!(run.seen.len(), usize::try_from(shown).unwrap(), "{places} {every}");
            assert!(end.is_some() && pages < 40, "{places} {every}: {pages} pages");
            // What was spent is what was listed, and not what was skipped.
            let spent = price_of(end.unwrap()) + run.wasted;
            assert!(spent >= 2 * shown, "{places} {every}: {spent}");
        }
    }

    #[test]
    fn a_list_that_goes_round_in_circles_is_given_up() {
        let (_, end, pages) = read(500, 1, true);
        assert_eq!((end, pages), (None, 4));
    }
}
