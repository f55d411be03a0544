//! Every write of an issue passes here, so that keys, search index and issues agree.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::issue::{Issue, USUAL_PRIORITY};
use super::issue_locations::IssueLocations;
use super::project::Project;
use super::site::Site;

impl Site {
    /// Adds an issue in the first status of the project's workflow and returns its id.
    pub(crate) fn add_issue(&mut self, project: u64, summary: &str, reporter: &str, now: Timestamp) -> Option<u64> {
        self.add_issue_with(project, summary, reporter, now, |_, _| ())
    }

    /// The same, with further settings made by `set` before anybody sees it.
    pub(crate) fn add_issue_with(
        &mut self,
        project: u64,
        summary: &str,
        reporter: &str,
        now: Timestamp,
        set: impl FnOnce(&Project, &mut Issue),
    ) -> Option<u64> {
        let id = self.next_issue;
        let home = self.projects.get_mut(&project)?;
        let mut issue = Issue {
            id,
            number: home.last_number + 1,
            summary: summary.to_owned(),
            type_id: home.workflow.issue_types.first()?.id.clone(),
            status_id: home.workflow.statuses.first()?.id.clone(),
            priority_id: Some(USUAL_PRIORITY.to_owned()),
            labels: Vec::new(),
            assignee: None,
            reporter: Some(reporter.to_owned()),
            created: now,
            updated: now,
            resolved: None,
            parent: None,
            creator: reporter.to_owned(),
            description: None,
            fields: BTreeMap::new(),
            properties: BTreeMap::new(),
            request: None,
            nulls: BTreeSet::new(),
        };
        home.last_number += 1;
        set(home, &mut issue);
        self.next_issue += 1;
        self.write_issue(project, issue, now);
        Some(id)
    }

    /// Writes an issue, in the project where it now is; search learns of it when the index's lag is over.
    pub(crate) fn write_issue(&mut self, project: u64, issue: Issue, now: Timestamp) {
        let difference = self.difference(project, &issue);
        let issue = self.store(project, issue);
        if let Some(difference) = difference {
            self.tell(difference, project, &issue, now);
        }
        self.issue_locations.index.note(project, issue, now);
    }

    /// Sets right what an administrator changed about the workflow, for search too and without a trace in the issue.
    pub(crate) fn correct_issue(&mut self, project: u64, issue: Issue) {
        let issue = self.store(project, issue);
        self.issue_locations.index.enter(project, issue);
    }

    fn store(&mut self, project: u64, issue: Issue) -> Arc<Issue> {
        let issue = Arc::new(issue);
        let former = self.issue_locations.projects.insert(issue.id, project);
        if let Some(former) = former.filter(|former| *former != project) {
            self.leave(former, issue.id);
        }
        if let Some(home) = self.projects.get_mut(&project) {
            home.numbers.insert(issue.number, issue.id);
            home.issues.insert(issue.id, Arc::clone(&issue));
        }
        issue
    }

    /// Takes an issue out of a project.
    fn leave(&mut self, project: u64, id: u64) -> Option<Arc<Issue>> {
        let project = self.projects.get_mut(&project)?;
        let issue = project.issues.remove(&id)?;
        project.numbers.remove(&issue.number);
        Some(issue)
    }

    /// Moves an issue to another project, where it gets a new number. Its old key still finds it.
    pub(crate) fn move_issue(&mut self, id: u64, target: u64, now: Timestamp) -> Option<()> {
        let (from, issue) = self.issue_by_id(id)?;
        let (from, mut issue) = (from.id, Issue::clone(issue));
        let target = self.projects.get_mut(&target).filter(|target| target.id != from)?;
        let left = (from, issue.number);
        target.last_number += 1;
        issue.number = target.last_number;
        let first = target.workflow.statuses.first()?;
        issue.updated = now;
        if target.workflow.status(&issue.status_id).is_none() {
            issue.status_id.clone_from(&first.id);
            issue.resolved = None;
        }
        if !target.workflow.issue_types.iter().any(|kind| kind.id == issue.type_id) {
            issue.type_id.clone_from(&target.workflow.issue_types.first()?.id);
        }
        let target = target.id;
        self.issue_locations.former_keys.insert(left, id);
        self.write_issue(target, issue, now);
        Some(())
    }

    /// Deletes an issue; search loses it at once.
    pub(crate) fn delete_issue(&mut self, id: u64) -> bool {
        let home = self.issue_locations.projects.remove(&id);
        self.issue_locations.index.forget(id);
        self.issue_locations.touched.remove(&id);
        self.issue_locations.hidden.remove(&id);
        self.issue_locations.archived.remove(&id);
        self.issue_locations.unanswered.remove(&id);
        self.tickets.attached.remove(&id);
        home.and_then(|home| self.leave(home, id)).is_some()
    }

    /// Whether no search shows the issue.
    pub(crate) fn is_unsearchable(&self, id: u64) -> bool {
        self.issue_locations.hidden.contains(&id) || self.issue_locations.archived.contains(&id)
    }

    /// The issue with this id or key, and its project. A key it had before it was moved finds it too.
    #[must_use]
    pub fn issue(&self, id_or_key: &str) -> Option<(&Project, &Issue)> {
        if let Ok(id) = id_or_key.parse() {
            return self.issue_by_id(id);
        }
        let (key, number) = id_or_key.rsplit_once('-')?;
        let number: u64 = number.parse().ok()?;
        let project = self.project(&key.to_uppercase())?;
        let present = project.numbers.get(&number);
        let id = present.or_else(|| self.issue_locations.former_keys.get(&(project.id, number)))?;
        self.issue_by_id(*id)
    }

    /// The issue with this id, and its project.
    #[must_use]
    pub fn issue_by_id(&self, id: u64) -> Option<(&Project, &Issue)> {
        let project = self.projects.get(self.issue_locations.projects.get(&id)?)?;
        Some((project, project.issues.get(&id)?))
    }

    /// Deletes all projects with their issues.
    pub(crate) fn clear_projects(&mut self) {
        self.projects.clear();
        self.tickets.attached.clear();
        self.issue_locations = IssueLocations::default();
    }

    /// Whether time has brought something that [`Self::settle`] would carry out.
    pub(crate) fn has_due(&self, now: Timestamp) -> bool {
        self.issue_locations.index.has_due(now) || !self.due_touches(now).is_empty() || self.has_due_reversals(now)
    }

    /// Carries out what time has brought: touches by timers, what automation sets back, and what search was to learn.
    pub(crate) fn settle(&mut self, now: Timestamp) {
        self.reverse_due(now);
        for (project, mut issue) in self.due_touches(now) {
            issue.updated = now;
            self.write_issue(project, issue, now);
        }
        self.issue_locations.index.settle(now);
    }

    fn due_touches(&self, now: Timestamp) -> Vec<(u64, Issue)> {
        let due = |(id, every): (&u64, &SignedDuration)| {
            let (project, issue) = self.issue_by_id(*id)?;
            (now.duration_since(issue.updated) >= *every).then(|| (project.id, issue.clone()))
        };
        self.issue_locations.touched.iter().filter_map(due).collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::sandbox::world::{Lag, SITE, World, seeded};

    fn acme(world: &mut World) -> &mut Site {
        let id = world.site(SITE).unwrap().cloud_id.clone();
        world.sites.get_mut(&id).unwrap()
    }

    #[test]
    fn a_moved_issue_keeps_its_id_and_its_old_key() {
        let mut world = seeded().unwrap();
        let now = world.now();
        let site = acme(&mut world);
        let id = site.issue("ENG-2").unwrap().1.id;
        let target = site.project("OPS").unwrap().id;
        site.move_issue(id, target, now).unwrap();
        for key in ["ENG-2", "OPS-3", "ops-3"] {
            let (project, issue) = site.issue(key).unwrap();
            assert_eq!((project.key.as_str(), issue.number, issue.id), ("OPS", 3, id), "{key}");
        }
        assert!(site.delete_issue(id) && site.issue("ENG-2").is_none() && !site.delete_issue(id));
    }

    #[test]
    fn the_index_learns_writes_in_their_order_and_late() {
        let mut world = seeded().unwrap();
        let now = world.now();
        let site = acme(&mut world);
        let (project, issue) = site.issue("ENG-1").unwrap();
        let (project, mut issue) = (project.id, issue.clone());
        site.issue_locations.index.lag = Lag::For(SignedDuration::from_secs(60));
        "second".clone_into(&mut issue.summary);
        site.write_issue(project, issue.clone(), now);
        site.issue_locations.index.lag = Lag::None;
        "third".clone_into(&mut issue.summary);
        site.write_issue(project, issue.clone(), now + SignedDuration::from_secs(60));
        let known = |site: &Site| site.issue_locations.index.get(issue.id).unwrap().1.summary.clone();
        // Its lag was shorter than that of the first.
        site.issue_locations.index.lag = Lag::For(SignedDuration::from_secs(1));
        "fourth".clone_into(&mut issue.summary);
        site.write_issue(project, issue.clone(), now);
        site.settle(now + SignedDuration::from_secs(59));
        assert_eq!(known(site), "Set up the build");
        site.settle(now + SignedDuration::from_secs(60));
        assert_eq!(known(site), "fourth");
        assert_eq!(site.issue_locations.index.waiting(), 0);
    }
}
