//! Commands about issues: one by one, in bulk, moved, touched by timers.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::answer::{Answer, Applied, CommandError};
use super::issue_change::{IssueChange, IssueUpdate, NewIssues};
use super::people::{account_id, cloud_id, site_mut};
use super::projects::{find, find_issue};
use crate::sandbox::world::{Issue, PRIORITIES, Project, Site, World};

/// Which issues a bulk command means: a project's, these ids, so many percent.
type Choice<'a> = (Option<&'a str>, Option<Vec<u64>>, Option<f64>);

pub(super) fn change(world: &mut World, site: Option<&str>, choice: Choice<'_>, set: Option<IssueChange>) -> Applied {
    let set = resolve(world, site, set.unwrap_or_default())?;
    let now = world.now();
    let site = site_mut(world, site)?;
    let ids = pick(site, choice)?;
    // All are changed before the first is written: a command that fails has changed nothing.
    let places = ids.iter().enumerate();
    let changed = places.map(|(place, id)| changed(site, *id, &set, now, Some(place)));
    let seen = site.webhooks.happened();
    for (project, issue) in changed.collect::<Result<Vec<_>, _>>()? {
        site.write_issue(project, issue, now);
    }
    site.webhooks.in_bulk(seen);
    Ok(Answer::Issues { ids })
}

pub(super) fn delete_many(world: &mut World, site: Option<&str>, choice: Choice<'_>) -> Applied {
    let now = world.now();
    let site = site_mut(world, site)?;
    let ids = pick(site, choice)?;
    let seen = site.webhooks.happened();
    for id in &ids {
        site.tell_deletion(*id, now);
        site.delete_issue(*id);
    }
    site.webhooks.in_bulk(seen);
    Ok(Answer::Issues { ids })
}

pub(super) fn date(world: &mut World, site: Option<&str>, issue: &str, seconds: i64) -> Applied {
    let now = world.now();
    let site = site_mut(world, site)?;
    let id = find_issue(site, issue)?;
    let unknown = || CommandError::unknown("issue", id.to_string());
    let (project, issue) = site.issue_by_id(id).ok_or_else(unknown)?;
    let (project, mut issue) = (project.id, issue.clone());
    issue.updated = now
        .checked_add(SignedDuration::from_secs(seconds))
        .map_err(|error| CommandError::Invalid(error.to_string()))?;
    site.write_issue(project, issue, now);
    Ok(Answer::Done)
}

pub(super) fn touch(world: &mut World, site: Option<&str>, issue: &str, every_seconds: Option<u32>) -> Applied {
    let site = site_mut(world, site)?;
    let id = find_issue(site, issue)?;
    match every_seconds {
        Some(seconds) => {
            let every = SignedDuration::from_secs(i64::from(seconds));
            site.issue_locations.touched.insert(id, every);
        }
        None => {
            site.issue_locations.touched.remove(&id);
        }
    }
    Ok(Answer::Done)
}

/// The same change with ids in the place of addresses, keys and the names of priorities.
fn resolve(world: &World, site: Option<&str>, mut set: IssueChange) -> Result<IssueChange, CommandError> {
    for person in [&mut set.assignee, &mut set.reporter].into_iter().flatten() {
        if !person.is_empty() {
            *person = account_id(world, Some(person))?;
        }
    }
    if let Some(priority) = set.priority.as_mut().filter(|priority| !priority.is_empty()) {
        let meant = |(id, name): &&(&str, &str)| id == priority || name == priority;
        let found = PRIORITIES.iter().find(meant);
        let (id, _) = found.ok_or_else(|| CommandError::unknown("priority", priority.as_str()))?;
        *priority = (*id).to_owned();
    }
    if let Some(parent) = set.parent.as_mut().filter(|parent| !parent.is_empty()) {
        let site = cloud_id(world, site)?;
        let found = world.sites.get(&site).map(|site| find_issue(site, parent));
        *parent = found.ok_or_else(|| CommandError::unknown("site", site))??.to_string();
    }
    Ok(set)
}

/// Sets what is to be set; statuses and types go by the project.
fn set_all(project: &Project, issue: &mut Issue, set: &IssueChange, now: Timestamp) -> Result<(), CommandError> {
    let filled = |text: &String| (!text.is_empty()).then(|| text.clone());
    if let Some(name) = &set.status {
        let mut statuses = project.workflow.statuses.iter();
        let found = statuses.find(|status| status.name == *name || status.id == *name);
        let found = found.ok_or_else(|| CommandError::unknown("status", name))?;
        enter_status(project, issue, &found.id, now);
    }
    if let Some(name) = &set.issue_type {
        let mut types = project.workflow.issue_types.iter();
        let found = types.find(|kind| kind.name == *name || kind.id == *name);
        let found = found.ok_or_else(|| CommandError::unknown("issue type", name))?;
        issue.type_id.clone_from(&found.id);
    }
    if let Some(summary) = &set.summary {
        issue.summary.clone_from(summary);
    }
    if let Some(labels) = &set.labels {
        issue.labels.clone_from(labels);
    }
    for (own, new) in [
        (&mut issue.assignee, &set.assignee),
        (&mut issue.reporter, &set.reporter),
        (&mut issue.priority_id, &set.priority),
    ] {
        if let Some(new) = new {
            *own = filled(new);
        }
    }
    if let Some(parent) = &set.parent {
        issue.parent = parent.parse().ok();
    }
    if let Some(nulls) = &set.nulls {
        issue.nulls = nulls.iter().cloned().collect::<BTreeSet<_>>();
    }
    Ok(())
}

/// Puts an issue into a status; coming into a done one sets the time of resolution, leaving the last takes it away.
fn enter_status(project: &Project, issue: &mut Issue, status: &str, now: Timestamp) {
    status.clone_into(&mut issue.status_id);
    issue.follow_status(&project.workflow, now);
}

/// An issue as it is after the change, with its project; `place` in a bulk change gives it a new summary where none is
/// set.
fn changed(
    site: &Site,
    id: u64,
    set: &IssueChange,
    now: Timestamp,
    place: Option<usize>,
) -> Result<(u64, Issue), CommandError> {
    let unknown = || CommandError::unknown("issue", id.to_string());
    let (project, issue) = site.issue_by_id(id).ok_or_else(unknown)?;
    let mut issue = issue.clone();
    set_all(project, &mut issue, set, now)?;
    if let (Some(place), None) = (place, &set.summary) {
        issue.summary = format!("Issue {}, changed as number {}", issue.number, place + 1);
    }
    issue.updated = now;
    Ok((project.id, issue))
}

pub(super) fn update(world: &mut World, update: IssueUpdate) -> Applied {
    let IssueUpdate { site, issue, set } = update;
    let set = resolve(world, site.as_deref(), set)?;
    let now = world.now();
    let site = site_mut(world, site.as_deref())?;
    let id = find_issue(site, &issue)?;
    let (project, issue) = changed(site, id, &set, now, None)?;
    site.write_issue(project, issue, now);
    Ok(Answer::Done)
}

/// The issues a bulk command means, in the order of their ids.
fn pick(site: &Site, (project, ids, percent): Choice<'_>) -> Result<Vec<u64>, CommandError> {
    if let Some(ids) = ids {
        let unknown = ids.iter().find(|id| site.issue_by_id(**id).is_none());
        return match unknown {
            Some(id) => Err(CommandError::unknown("issue", id.to_string())),
            None => Ok(ids),
        };
    }
    let only = project.map(|project| find(site, project)).transpose()?;
    let projects = site.projects.values().filter(|p| only.is_none_or(|id| p.id == id));
    let mut all: Vec<u64> = projects.flat_map(|project| project.issues.keys().copied()).collect();
    all.sort_unstable();
    let percent = percent.unwrap_or(100.0).clamp(0.0, 100.0);
    // Evenly: one is taken whenever the share of what was passed over reaches a whole issue.
    let mut owed = 0.0;
    all.retain(|_| {
        owed += percent;
        let taken = owed >= 100.0;
        if taken {
            owed -= 100.0;
        }
        taken
    });
    Ok(all)
}

const LABELS: [&[&str]; 5] = [
    &[],
    &["backend"],
    &["k8s", "urgent"],
    &["frontend"],
    &["customer", "eu"],
];

pub(super) fn add(world: &mut World, new: NewIssues) -> Applied {
    let NewIssues {
        site,
        project,
        count,
        spread_seconds,
        varied,
        set,
    } = new;
    let set = resolve(world, site.as_deref(), set.unwrap_or_default())?;
    let reporter = account_id(world, None)?;
    let now = world.now();
    let people: Vec<String> = people_of(world, site.as_deref())?;
    let site = site_mut(world, site.as_deref())?;
    let project = find(site, &project)?;
    let spread = i64::try_from(spread_seconds).unwrap_or(i64::MAX).saturating_mul(1000);
    let mut ids = Vec::new();
    let seen = site.webhooks.happened();
    for n in 0..count {
        let back = spread / i64::from(count.max(1)) * i64::from(count - 1 - n);
        let at = now.checked_sub(SignedDuration::from_millis(back)).unwrap_or(now);
        let mut set_well = Ok(());
        let summary = format!("Issue {}", n + 1);
        let id = site.add_issue_with(project, &summary, &reporter, at, |project, issue| {
            if varied {
                vary(project, issue, n as usize, &people);
            }
            set_well = set_all(project, issue, &set, at);
            // Made by people: by whom it is from, or else by the lead.
            let from = issue.reporter.clone().filter(|_| varied || set.reporter.is_some());
            issue.creator = from.unwrap_or_else(|| project.lead.clone());
        });
        if let Err(error) = set_well {
            // What is wrong with one is wrong with all, so that this is the first.
            if let Some(id) = id {
                site.delete_issue(id);
            }
            site.webhooks.take_back(seen);
            return Err(error);
        }
        ids.extend(id);
    }
    site.webhooks.in_bulk(seen);
    Ok(Answer::Issues { ids })
}

/// The accounts that issues are given to in turn.
fn people_of(world: &World, site: Option<&str>) -> Result<Vec<String>, CommandError> {
    let site = cloud_id(world, site)?;
    let site = world.sites.get(&site);
    let shares = |id: &&String| site.is_some_and(|site| site.has_product_access(id));
    let people = world
        .accounts
        .values()
        .filter(|a| a.active && a.account_type.as_str() == "atlassian");
    Ok(people.map(|a| &a.account_id).filter(shares).take(50).cloned().collect())
}

/// Makes the n-th of many issues unlike its neighbours.
fn vary(project: &Project, issue: &mut Issue, n: usize, people: &[String]) {
    let person = |n: usize| people.get(n % people.len().max(1)).cloned();
    let types = &project.workflow.issue_types;
    let statuses = &project.workflow.statuses;
    if let Some(kind) = types.get(n % types.len().max(1)) {
        issue.type_id.clone_from(&kind.id);
    }
    if let Some(status) = statuses.get(n / 3 % statuses.len().max(1)) {
        enter_status(project, issue, &status.id, issue.created);
    }
    issue.priority_id = PRIORITIES.get(n % 5).map(|(id, _)| (*id).to_owned());
    let labels = LABELS.get(n % 7).copied().unwrap_or_default();
    issue.labels = labels.iter().map(|label| (*label).to_owned()).collect();
    issue.assignee = (!n.is_multiple_of(4)).then(|| person(n)).flatten();
    issue.reporter = person(n / 2);
}
