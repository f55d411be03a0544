//! Commands about what search knows and shows of issues.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use super::answer::{Answer, Applied};
use super::people::site_mut;
use super::projects::find_issue;
use crate::sandbox::world::{Lag, World};

pub(super) fn set_lag(
    world: &mut World,
    site: Option<&str>,
    issue: Option<&str>,
    seconds: Option<u32>,
    until_released: bool,
) -> Applied {
    let lag = match seconds {
        _ if until_released => Lag::UntilReleased,
        Some(seconds) => Lag::For(SignedDuration::from_secs(i64::from(seconds))),
        None => Lag::None,
    };
    let site = site_mut(world, site)?;
    let issue = issue.map(|issue| find_issue(site, issue)).transpose()?;
    let index = &mut site.issue_locations.index;
    match issue {
        Some(issue) => {
            index.lags.insert(issue, lag);
        }
        None => index.lag = lag,
    }
    Ok(Answer::Done)
}

pub(super) fn release(world: &mut World, site: Option<&str>, ids: Option<Vec<u64>>) -> Applied {
    let ids: Option<BTreeSet<u64>> = ids.map(|ids| ids.into_iter().collect());
    let index = &mut site_mut(world, site)?.issue_locations.index;
    let count = index.release(ids.as_ref());
    Ok(Answer::Count { count })
}

pub(super) fn hide(world: &mut World, site: Option<&str>, issue: &str, hidden: bool) -> Applied {
    let site = site_mut(world, site)?;
    let id = find_issue(site, issue)?;
    put(&mut site.issue_locations.hidden, id, hidden);
    Ok(Answer::Done)
}

pub(super) fn archive(world: &mut World, site: Option<&str>, issue: &str, archived: bool) -> Applied {
    let site = site_mut(world, site)?;
    let id = find_issue(site, issue)?;
    put(&mut site.issue_locations.archived, id, archived);
    Ok(Answer::Done)
}

/// Puts an issue among others, or takes it out.
fn put(issues: &mut BTreeSet<u64>, id: u64, is_in: bool) {
    if is_in {
        issues.insert(id);
    } else {
        issues.remove(&id);
    }
}

pub(super) fn fail(world: &mut World, site: Option<&str>, issues: &[String]) -> Applied {
    let site = site_mut(world, site)?;
    let ids = issues.iter().map(|issue| find_issue(site, issue));
    site.issue_locations.unanswered = ids.collect::<Result<_, _>>()?;
    Ok(Answer::Done)
}
