//! Asks Jira who there is: page by page, and in the end by id for those whom no page had.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{
    error::DirectoryError,
    pace::{expected, price_of, wait},
    person::Person,
};
use crate::{api::integration::DirectoryStatus, atlassian::jira::Jira};

/// How many people are asked for by id in one call, beside the account that asks.
const BY_ID: usize = 49;

/// What a slice is to do, and with what.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// Jira.
    pub jira: &'a Jira,
    /// The site.
    pub cloud_id: &'a str,
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
pub struct Run {
    /// When the listing began that this belongs to.
    since: Option<Timestamp>,
    /// Accounts that Jira told of.
    seen: BTreeSet<String>,
    /// Points that it cost beyond what its offset tells.
    wasted: i64,
}

impl Run {
    /// Points that the listing under way cost beyond what its offset tells.
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
                ..Self::default()
            };
        }
    }

    /// What was read is read again, and its price counts all the same.
    pub(super) fn read_again(&mut self, from: i64, to: i64) {
        self.seen.clear();
        self.wasted += price_of(to) - price_of(from) + 1;
    }
}

/// What was asked and answered in a slice.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// People by account id.
    pub(super) people: BTreeMap<String, Person>,
    /// People whom Jira does not know any more.
    pub(super) gone: BTreeSet<String>,
    /// Where the next slice begins.
    pub(super) offset: i64,
    /// Everybody was told of.
    pub(super) complete: bool,
    /// The points of this hour are spent: until then nothing is asked.
    pub(super) wait: Option<Timestamp>,
    /// Why it ended too early.
    pub(super) error: Option<DirectoryError>,
}

/// Lists from where the last slice ended until the list ends, which an empty page tells: short ones
/// are normal. Asks at least once, so that a slice that has other work gets on.
pub(super) async fn list(asked: &Asked<'_>, run: &mut Run) -> Listing {
    let mut listing = Listing {
        offset: asked.before.next_offset.unwrap_or(0),
        ..Listing::default()
    };
    loop {
        let spent = price_of(listing.offset) + run.wasted;
        listing.wait = wait(asked.before, spent, expected(asked.before, listing.offset), asked.now);
        if listing.wait.is_some() {
            return listing;
        }
        let from = usize::try_from(listing.offset).unwrap_or(0);
        let page = match asked.jira.everybody(asked.cloud_id, from).await {
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
        let to = listing.offset + i64::try_from(page.len()).unwrap_or(0);
        let before = run.seen.len();
        run.seen.extend(page.iter().map(|user| user.account_id.clone()));
        if run.seen.len() == before {
            run.read_again(listing.offset, to);
            listing.error = Some(DirectoryError::Circle);
            return listing;
        }
        listing.offset = to;
        let people = page.into_iter().filter_map(Person::of);
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
pub(super) async fn confirm(asked: &Asked<'_>, run: &mut Run, known: &[&str], listing: &mut Listing) {
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
    asked: &Asked<'_>,
    run: &mut Run,
    own: &str,
    ids: &[&str],
    listing: &mut Listing,
) -> Result<(), DirectoryError> {
    let wanted: Vec<String> = ids.iter().chain([&own]).map(|id| (*id).to_owned()).collect();
    let found = asked.jira.users(asked.cloud_id, &wanted).await?;
    if !found.iter().any(|user| user.account_id == own) {
        return Err(DirectoryError::Blind);
    }
    let mut found: BTreeMap<String, Person> = found
        .into_iter()
        .filter_map(Person::of)
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
