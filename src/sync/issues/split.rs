//! How the issues of projects are split into queries that are fetched page by page. Pure.

use super::{
    counting::grouped,
    fetch::IN_FLIGHT,
    paged_query::{PagedQuery, QueryRange},
    query::{FollowedProject, PROJECTS},
};
use crate::atlassian::jira::PAGE;

/// A query is worth a place of its own where it has so many issues.
const WINDOW: usize = 300;
/// Fewest issues in a page where many lists compete for little room.
const LEAST: usize = 10;

/// Queries for all issues of these projects, about so many: as many queries as may be in flight, where there
/// are enough projects. Where there are not, they are cut by time while they are fetched.
#[must_use]
pub fn windows(projects: &[&FollowedProject], expected: usize) -> Vec<PagedQuery> {
    let part = QueryRange::Window(None, None);
    let (narrowed, plain): (Vec<&FollowedProject>, Vec<&FollowedProject>) =
        projects.iter().copied().partition(|project| project.jql.is_some());
    let places = expected.div_ceil(WINDOW).clamp(1, IN_FLIGHT);
    let size = plain.len().div_ceil(places).clamp(1, PROJECTS);
    let plain = plain.chunks(size).map(|group| paged(group, part, PAGE));
    plain
        .chain(narrowed.iter().map(|project| paged(&[project], part, PAGE)))
        .collect()
}

/// Queries for the issues of these projects that were updated last, not after a time. There is room for so
/// many.
#[must_use]
pub fn latest_first(projects: &[&FollowedProject], until: Option<i64>, room: usize) -> Vec<PagedQuery> {
    let groups = grouped(projects);
    // Of each list the first page is fetched before it is known which has the latest.
    let size = (2 * room).checked_div(groups.len()).unwrap_or(PAGE).clamp(LEAST, PAGE);
    let size = size.min(room.max(1));
    let part = QueryRange::Latest(until);
    groups.iter().map(|group| paged(group, part, size)).collect()
}

fn paged(group: &[&FollowedProject], part: QueryRange, size: usize) -> PagedQuery {
    let ids = group.iter().map(|project| project.id.clone()).collect();
    PagedQuery::new(ids, group.first().and_then(|project| project.jql.clone()), part, size)
}
