//! What is to be listed, fetched and counted: all of it where it has room, else what was updated last. Pure.

use std::collections::VecDeque;

use super::{
    counting::grouped,
    listing::{CountQuery, IdListing, IdQuery, ListedIds, MOST_COUNTED},
    objects::ObjectState,
    project_states::ProjectStates,
    query::FollowedProject,
    run::MirrorSettings,
    split::{latest_first, windows},
};
use crate::api::integration::MirrorMode;

/// What a listing is to be of.
pub struct ListingRequest<'a> {
    /// Projects of which nothing is mirrored yet, or not all, or under other settings.
    pub new: &'a [&'a FollowedProject],
    /// Others.
    pub filled: &'a [&'a FollowedProject],
    /// About how many issues the new ones have.
    pub expected: usize,
    /// It is of all projects.
    pub everything: bool,
    /// Changes are followed up to this time when it begins, in epoch milliseconds.
    pub cursor: i64,
}

/// Where all have room, all issues of new projects are fetched, and the ids of the others listed. Where they
/// have not, ids are listed down to the oldest issue that is mirrored.
#[must_use]
pub fn plan(
    projects: &ProjectStates,
    objects: &ObjectState,
    settings: &MirrorSettings<'_>,
    wanted: &ListingRequest<'_>,
) -> IdListing {
    let is_resumed = |project: &&FollowedProject| projects.phase(&project.id).is_resumed();
    let (resumed, fresh): (Vec<&FollowedProject>, Vec<&FollowedProject>) =
        wanted.new.iter().copied().partition(is_resumed);
    let has_other_settings = fresh.len() >= settings.followed.len();
    let was_cut = (objects.is_truncated || objects.is_crowded) && !has_other_settings;
    let is_cut = was_cut || counted(projects, settings, wanted) > settings.max;
    let (max, expected) = (settings.max, wanted.expected);
    let there: Vec<&FollowedProject> = resumed.into_iter().chain(wanted.filled.iter().copied()).collect();
    let all = [fresh.as_slice(), &there].concat();
    let oldest = objects.oldest();
    let (listed, queries) = match (is_cut, oldest) {
        (false, _) => (grouped(&there), windows(&fresh, expected)),
        (true, Some(_)) => (grouped(&there), latest_first(&fresh, None, max)),
        (true, None) => (Vec::new(), latest_first(&all, None, max)),
    };
    let since = oldest.filter(|_| is_cut);
    let lists = listed.iter().map(|group| list(group, since, max.saturating_add(1)));
    IdListing {
        everything: wanted.everything,
        fills: !wanted.new.is_empty(),
        is_cut,
        cursor: wanted.cursor,
        expected: expected.min(max),
        counting: if is_cut {
            numbers(&all, settings.mode)
        } else {
            VecDeque::new()
        },
        todo: lists.collect(),
        queries,
        resumed: there.iter().map(|project| project.id.clone()).collect(),
        fresh: fresh.iter().map(|project| project.id.clone()).collect(),
        found: ListedIds::default(),
    }
}

/// About how many issues all projects have.
fn counted(projects: &ProjectStates, settings: &MirrorSettings<'_>, wanted: &ListingRequest<'_>) -> usize {
    let is_new = |project: &FollowedProject| wanted.new.iter().any(|new| new.id == project.id);
    let others = settings.followed.iter().filter(|project| !is_new(project));
    let known = others.filter_map(|project| projects.counts(&project.id)?.matching);
    known.sum::<usize>() + wanted.expected
}

/// The numbers that only Jira knows, where not everything is mirrored.
fn numbers(projects: &[&FollowedProject], mode: MirrorMode) -> VecDeque<CountQuery> {
    let modes: &[MirrorMode] = match mode {
        MirrorMode::All => &[MirrorMode::All, MirrorMode::Open],
        _ => &[MirrorMode::Open],
    };
    let of = |project: &&FollowedProject| modes.iter().map(|mode| count(project, *mode)).collect::<Vec<_>>();
    projects.iter().flat_map(of).collect()
}

/// Where nothing is mirrored, issues are listed to be counted while they fit into a page; else each project
/// is asked for its number.
#[must_use]
pub fn counting_only(projects: &[&FollowedProject], expected: usize, everything: bool) -> IdListing {
    let is_few = expected <= MOST_COUNTED;
    let few: &[&FollowedProject] = if is_few { projects } else { &[] };
    let many: &[&FollowedProject] = if is_few { &[] } else { projects };
    IdListing {
        everything,
        todo: grouped(few).iter().map(|group| list(group, None, usize::MAX)).collect(),
        counting: many.iter().map(|project| count(project, MirrorMode::None)).collect(),
        resumed: projects.iter().map(|project| project.id.clone()).collect(),
        ..IdListing::default()
    }
}

fn list(group: &[&FollowedProject], since: Option<i64>, most: usize) -> IdQuery {
    let ids = group.iter().map(|project| project.id.clone()).collect();
    let jql = group.first().and_then(|project| project.jql.clone());
    IdQuery::new(ids, jql, since, most)
}

fn count(project: &FollowedProject, mode: MirrorMode) -> CountQuery {
    CountQuery {
        project: project.id.clone(),
        mode,
    }
}
