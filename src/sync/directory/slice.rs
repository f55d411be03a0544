//! One slice of a listing: what Jira lists until the time or the points are up is brought into the
//! `ConfigMaps` at once, and only then the status may say that it was read. So a crash costs at most
//! the reading of one slice, and no one who was in the directory leaves it by one.

use jiff::Timestamp;

use super::{
    cluster::{ConfigMaps, TakenName},
    error::DirectoryError,
    fetch::{DirectoryRun, ListingContext, UserListing, confirm, list},
    pace::to_the_second,
    person::DirectoryCounts,
    shards::{ROOM, Shard, merge},
};
use crate::api::integration::DirectoryStatus;

/// What a slice leaves behind.
#[derive(Debug)]
pub struct SliceResult {
    /// How the directory stands.
    pub status: DirectoryStatus,
    /// When the listing goes on; absent when it is complete or failed.
    pub go_on: Option<Timestamp>,
    /// Names that are taken.
    pub taken: Vec<TakenName>,
    /// Why Jira was not asked to the end. What it listed before is in the directory.
    pub error: Option<DirectoryError>,
}

/// Goes on with the listing.
///
/// # Errors
/// When the cluster fails; then what was read is read again.
pub async fn slice(
    maps: &ConfigMaps,
    asked: &ListingContext<'_>,
    run: &mut DirectoryRun,
) -> Result<SliceResult, DirectoryError> {
    run.belong_to(asked.before);
    let kept = maps.read().await?;
    let shards: Vec<Shard> = kept.iter().map(|kept| kept.shard.clone()).collect();
    let mut listing = list(asked, run).await;
    let known: Vec<&str> = shards
        .iter()
        .flat_map(|shard| shard.people.keys().map(String::as_str))
        .collect();
    confirm(asked, run, &known, &mut listing).await;
    let people = std::mem::take(&mut listing.people);
    let wanted = merge(&shards, people, &listing.gone, ROOM);
    match maps.write(&kept, &wanted, listing.complete).await {
        Ok(taken) => Ok(SliceResult {
            go_on: go_on(&listing, asked.now),
            status: status(asked, &wanted, &listing, run),
            taken,
            error: listing.error,
        }),
        Err(error) => {
            run.read_again(asked.before.next_offset.unwrap_or(0), listing.offset);
            Err(error)
        }
    }
}

fn go_on(listing: &UserListing, now: Timestamp) -> Option<Timestamp> {
    let unfinished = !listing.complete && listing.error.is_none();
    unfinished.then(|| listing.wait.unwrap_or(now))
}

fn status(asked: &ListingContext<'_>, shards: &[Shard], listing: &UserListing, run: &DirectoryRun) -> DirectoryStatus {
    let before = asked.before;
    let counts = DirectoryCounts::of(shards.iter().flat_map(|shard| shard.people.values()));
    let inhabited = shards.iter().filter(|shard| !shard.people.is_empty()).count();
    let so_far = DirectoryStatus {
        config_maps: i64::try_from(inhabited).unwrap_or(i64::MAX),
        active: counts.active,
        inactive: counts.inactive,
        without_email: counts.without_email,
        equal_names: counts.equal_names,
        next_offset: Some(listing.offset),
        last_error: None,
        ..before.clone()
    };
    if !listing.complete {
        return so_far;
    }
    DirectoryStatus {
        accounts: run.accounts(listing.offset),
        last_sync_time: Some(to_the_second(asked.now)),
        listing_since: None,
        next_offset: None,
        ..so_far
    }
}
