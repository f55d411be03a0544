//! Finds the issues that meet a query: by the index where the query lets it, else project by project.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use jiff::Timestamp;

use super::compile::{Plan, Searcher};
use super::field::Field;
use super::order::{self, By};
use super::parser::Operator;
use super::test::{Moment, Test};
use crate::sandbox::search_cache::Row;
use crate::sandbox::world::{Issue, Project, SearchIndex};

/// The projects whose issues search shows: neither archived nor in the trash, and readable.
fn shown<'a>(searcher: &Searcher<'a>) -> BTreeMap<u64, &'a Project> {
    let me = &searcher.account.account_id;
    let projects = searcher.site.projects.values();
    let shown = projects.filter(|project| project.is_live() && searcher.site.browses(project, me));
    shown.map(|project| (project.id, project)).collect()
}

/// The issues that meet the query and that the searcher may see, in the query's order. Those in `reconciled` are taken
/// as they are, all others as the index knows them.
pub(crate) fn find<'a>(searcher: &Searcher<'a>, plan: &Plan, reconciled: &BTreeSet<u64>) -> Vec<Row> {
    let shown = shown(searcher);
    let site = searcher.site;
    let mut hits: Vec<(&Project, &'a Arc<Issue>)> = Vec::new();
    let mut consider = |project: u64, issue: &'a Arc<Issue>| {
        if let Some(home) = shown.get(&project)
            && !site.is_unsearchable(issue.id)
            && plan.test.meets(project, issue)
        {
            hits.push((home, issue));
        }
    };
    let index = &searcher.site.issue_locations.index;
    each_candidate(index, plan, &shown, |project, issue| {
        if reconciled.is_empty() || !reconciled.contains(&issue.id) {
            consider(project, issue);
        }
    });
    for id in reconciled {
        let home = searcher.site.issue_by_id(*id).map(|(project, _)| project);
        if let Some((home, issue)) = home.and_then(|home| Some((home, home.issues.get(id)?))) {
            consider(home.id, issue);
        }
    }
    // Candidates come in runs that are in order already, which this sort makes use of.
    hits.sort_by(|left, right| order::compare(&plan.order, (left.0, left.1), (right.0, right.1)));
    let row = |(project, issue): (&Project, &Arc<Issue>)| Row {
        project: project.id,
        issue: Arc::clone(issue),
    };
    hits.into_iter().map(row).collect()
}

/// Which of these issues meet the query, as the index knows them.
pub(crate) fn matches(searcher: &Searcher<'_>, plan: &Plan, ids: &[u64]) -> Vec<u64> {
    let shown = shown(searcher);
    let (site, index) = (searcher.site, &searcher.site.issue_locations.index);
    let met = |id: &&u64| {
        let known = index.get(**id).filter(|_| !site.is_unsearchable(**id));
        known.is_some_and(|(project, issue)| shown.contains_key(&project) && plan.test.meets(project, issue))
    };
    ids.iter().filter(met).copied().collect()
}

/// Hands on every issue that may meet the query, and as few others as the index allows.
fn each_candidate<'a>(
    index: &'a SearchIndex,
    plan: &Plan,
    shown: &BTreeMap<u64, &'a Project>,
    mut take: impl FnMut(u64, &'a Arc<Issue>),
) {
    let parts = match &plan.test {
        Test::All(parts) => parts.as_slice(),
        single => std::slice::from_ref(single),
    };
    for part in parts {
        if let Test::Id { ids, not: false } = part {
            for (project, issue) in ids.iter().filter_map(|id| index.get(*id)) {
                take(project, issue);
            }
            return;
        }
    }
    let projects = parts.iter().find_map(|part| match part {
        Test::Project { ids, not: false } => Some(ids),
        _ => None,
    });
    let in_question = |id: &u64| projects.is_none_or(|ids| ids.contains(id));
    let range = changed(parts);
    let size: usize = shown
        .keys()
        .filter(|id| in_question(id))
        .map(|id| index.size(*id))
        .sum();
    // A long way through the changes is worse than all issues of the projects, unless they are wanted in that order.
    let in_order =
        matches!(plan.order.first(), Some((By::Time(Field::Updated), _))) && projects.is_none_or(|ids| ids.len() > 1);
    if in_order || range != (Bound::Unbounded, Bound::Unbounded) && index.is_shorter(range, size / 2) {
        for (project, issue) in index.changed_within(range) {
            take(project, issue);
        }
        return;
    }
    for project in shown.keys().filter(|id| in_question(id)) {
        for issue in index.of_project(*project) {
            take(*project, issue);
        }
    }
}

type Range = (Bound<(Timestamp, u64)>, Bound<(Timestamp, u64)>);

/// Within which time the issues changed that can meet all of the tests.
fn changed(parts: &[Test]) -> Range {
    let (mut from, mut to) = (Bound::Unbounded, Bound::Unbounded);
    for part in parts {
        let Test::Time {
            of: Moment::Updated,
            operator,
            at,
        } = part
        else {
            continue;
        };
        // The tightest bound is not needed: every test is made again on each candidate.
        match operator {
            Operator::AtLeast | Operator::More => from = Bound::Included((*at, 0)),
            Operator::AtMost | Operator::Less => to = Bound::Included((*at, u64::MAX)),
            _ => {}
        }
    }
    match (from, to) {
        // The set refuses a range that ends before it begins.
        (Bound::Included(first), Bound::Included(last)) if first > last => (from, from),
        range => range,
    }
}
