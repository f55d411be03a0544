//! Lists everything that is to be mirrored, counts it, and queues what is not there yet.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use jiff::Timestamp;

use super::{
    engine::{Engine, Trouble},
    error::MirrorError,
    index::Index,
    listing::{Listed, list},
    mirror::Mirror,
    query::{Followed, PROJECTS, blamed, matching, newest},
    state::{Counts, Lane},
};
use crate::{
    api::integration::MirrorMode,
    atlassian::{issue_models::time, jira::Wanted},
    sync::budget::MOST_COUNTED,
};

/// What was listed.
#[derive(Default)]
struct Sweep<'a> {
    /// Ids by query, in its order.
    lists: Vec<Vec<u64>>,
    /// Projects of which everything was listed.
    complete: BTreeSet<&'a str>,
    /// Issues that are mirrored as another project's: they moved, and nobody saw it.
    moved: HashSet<u64>,
    /// How many issues each project has, by its id.
    counts: BTreeMap<&'a str, usize>,
}

/// The key of the project that an issue's key begins with.
fn prefix(key: &str) -> &str {
    key.rsplit_once('-').map_or("", |(project, _)| project)
}

impl<'a> Sweep<'a> {
    fn add(&mut self, projects: &[&'a Followed], listed: Listed, index: &Index) {
        let mut by_key: BTreeMap<&str, &str> = projects.iter().map(|p| (p.key.as_str(), p.id.as_str())).collect();
        // A project that was renamed since it was looked at is known by the issues that it had.
        for (id, key) in &listed.issues {
            let home = index.get(*id).map(|tracked| tracked.project_id.as_str());
            let home = home.or_else(|| {
                projects
                    .first()
                    .filter(|_| projects.len() == 1)
                    .map(|only| only.id.as_str())
            });
            if let Some(home) = projects.iter().find(|project| home == Some(project.id.as_str())) {
                by_key.entry(prefix(key)).or_insert(home.id.as_str());
            }
        }
        for project in projects {
            self.counts.entry(project.id.as_str()).or_default();
            if listed.is_complete {
                self.complete.insert(project.id.as_str());
            }
        }
        for (id, key) in &listed.issues {
            if let Some(project) = by_key.get(prefix(key)) {
                *self.counts.entry(project).or_default() += 1;
                let is_here = index.get(*id).is_none_or(|tracked| tracked.project_id == *project);
                self.moved.extend((!is_here).then_some(*id));
            }
        }
        self.lists.push(listed.issues.into_iter().map(|(id, _)| id).collect());
    }

    fn total(&self) -> usize {
        self.counts.values().sum()
    }
}

impl<M: Mirror> Engine<'_, M> {
    /// Lists everything, or only projects of which nothing is mirrored yet.
    pub(super) async fn sweep(&mut self, everything: bool) -> Result<(), MirrorError> {
        let settings = self.settings;
        let unfilled = |project: &&Followed| self.state.lane(&project.id).is_unfilled();
        let projects: Vec<&Followed> = settings
            .followed
            .iter()
            .filter(|project| everything || unfilled(project))
            .collect();
        if self.state.cursor.is_none() && settings.mode != MirrorMode::None {
            self.begin(projects.clone()).await?;
        }
        self.validate(&projects).await?;
        let sweep = self.list_all(&projects, settings.mode).await?;
        self.count(&sweep, &projects).await?;
        self.note_listed(&sweep, everything);
        if settings.mode != MirrorMode::None {
            self.queue(&sweep);
            self.note_missing(&sweep);
        }
        Ok(())
    }

    /// Where changes are followed from: the newest update before the first listing.
    async fn begin(&mut self, mut projects: Vec<&Followed>) -> Result<(), MirrorError> {
        let (mut found, mut most) = (None, PROJECTS);
        while !projects.is_empty() {
            let group: Vec<&Followed> = projects.iter().take(most).copied().collect();
            let ids: Vec<&str> = group.iter().map(|project| project.id.as_str()).collect();
            let answer = self
                .jira
                .search(self.settings.cloud_id, &newest(&ids), Wanted::Newest, None)
                .await
                .map_err(MirrorError::from);
            let done: Vec<&Followed> = match answer {
                Ok(page) => {
                    let updates = page
                        .found
                        .issues
                        .iter()
                        .filter_map(|issue| time(issue.fields.updated.as_deref()?));
                    found = found.max(updates.map(Timestamp::as_millisecond).max());
                    group
                }
                Err(error) => match error.refused_query().map(|message| blamed(message, &group)) {
                    Some(Some(project)) => vec![project],
                    // Jira names nobody: each is asked alone, and the one that it refuses has no time.
                    Some(None) if group.len() == 1 => group,
                    Some(None) => {
                        most = 1;
                        continue;
                    }
                    None => return Err(error),
                },
            };
            projects.retain(|project| !done.iter().any(|done| done.id == project.id));
        }
        self.state.reach(found, self.moment.now);
        Ok(())
    }

    /// Asks Jira whether it accepts the jql of each project, alone: what is well formed alone cannot
    /// leave its parentheses.
    async fn validate(&mut self, projects: &[&Followed]) -> Result<(), MirrorError> {
        let unknown: BTreeSet<String> = projects
            .iter()
            .filter_map(|project| project.jql.clone())
            .filter(|jql| !self.state.valid_jql.contains(jql))
            .collect();
        let jqls: Vec<String> = unknown.into_iter().collect();
        if jqls.is_empty() {
            return Ok(());
        }
        let answers = self.jira.parse_jql(self.settings.cloud_id, &jqls).await?;
        self.state.invalid_jql.clear();
        for (jql, answer) in jqls.into_iter().zip(answers) {
            let error = match answer.errors.first().cloned() {
                None if answer.has_order() => Some("it has an ORDER BY, which has no place here".to_owned()),
                error => error,
            };
            match error {
                Some(error) => {
                    self.state.invalid_jql.insert(jql, error);
                }
                None => {
                    self.state.valid_jql.insert(jql);
                }
            }
        }
        Ok(())
    }

    /// Lists by one query for all projects without a jql, and by one for each with one.
    async fn list_all<'p>(&mut self, projects: &[&'p Followed], mode: MirrorMode) -> Result<Sweep<'p>, MirrorError> {
        let (narrowed, mut plain): (Vec<&Followed>, Vec<&Followed>) =
            projects.iter().copied().partition(|project| project.jql.is_some());
        let mut sweep = Sweep::default();
        while !plain.is_empty() {
            let group: Vec<&Followed> = plain.iter().take(PROJECTS).copied().collect();
            for project in self.list_group(&group, mode, &mut sweep).await? {
                plain.retain(|other| other.id != project);
            }
        }
        for project in narrowed {
            if self.invalid(project).is_none() {
                self.list_group(&[project], mode, &mut sweep).await?;
            }
        }
        Ok(sweep)
    }

    /// Lists a group. The ids of the projects that are done with: all of them, or those that Jira
    /// refuses the query for.
    async fn list_group<'p>(
        &mut self,
        group: &[&'p Followed],
        mode: MirrorMode,
        sweep: &mut Sweep<'p>,
    ) -> Result<Vec<String>, MirrorError> {
        let ids: Vec<&str> = group.iter().map(|project| project.id.as_str()).collect();
        let jql = group.first().and_then(|project| project.jql.as_deref());
        let most = if self.settings.mode == MirrorMode::None {
            MOST_COUNTED
        } else {
            usize::MAX
        };
        let listed = list(self.jira, self.settings.cloud_id, &matching(&ids, mode, jql), most).await;
        let error = match listed {
            Ok(listed) if listed.is_cut => {
                // They are not counted, and not listed again before the next sweep.
                let lanes = ids.iter().map(|id| ((*id).to_owned(), Lane::Joined));
                self.state.lanes.extend(lanes);
                return Ok(group.iter().map(|project| project.id.clone()).collect());
            }
            Ok(listed) => {
                self.report.incomplete |= !listed.is_complete;
                sweep.add(group, listed, &self.state.index);
                return Ok(group.iter().map(|project| project.id.clone()).collect());
            }
            Err(error) => error,
        };
        let Some(message) = error.refused_query() else {
            return Err(error);
        };
        let refused = match (blamed(message, group), group) {
            (Some(project), _) => project,
            (None, [project]) => *project,
            // Jira names nobody: one by one.
            (None, _) => {
                let mut done = Vec::new();
                for project in group {
                    done.extend(Box::pin(self.list_group(&[project], mode, sweep)).await?);
                }
                return Ok(done);
            }
        };
        let trouble = match &refused.jql {
            Some(_) => Trouble::Jql(message.to_owned()),
            None => Trouble::Refused(message.to_owned()),
        };
        self.report.troubled.insert(refused.id.clone(), trouble);
        Ok(vec![refused.id.clone()])
    }

    /// Keeps the counts. How many issues are open is told by the mirror where it has all, and by a
    /// listing of its own where it has not.
    async fn count(&mut self, sweep: &Sweep<'_>, projects: &[&Followed]) -> Result<(), MirrorError> {
        let all = self.settings.mode == MirrorMode::All;
        let opened = if all && sweep.total() > self.settings.max {
            Some(self.list_all(projects, MirrorMode::Open).await?.counts)
        } else {
            None
        };
        for (id, matching) in &sweep.counts {
            // A list that may lack issues tells less than an earlier one.
            if !sweep.complete.contains(id) && self.state.counts.contains_key(*id) {
                continue;
            }
            let open = match &opened {
                Some(open) => Some(open.get(id).copied().unwrap_or_default()),
                None => (!all).then_some(*matching),
            };
            let counts = Counts {
                open,
                matching: *matching,
                as_of: self.moment.now,
            };
            self.state.counts.insert((*id).to_owned(), counts);
        }
        Ok(())
    }

    /// Notes what was listed: until when the others were followed by then, and when to list again.
    fn note_listed(&mut self, sweep: &Sweep<'_>, everything: bool) {
        let is_doubtful = sweep.counts.keys().any(|id| !sweep.complete.contains(id));
        if is_doubtful {
            self.state.doubted = Some(self.moment.now);
        } else if everything {
            self.state.last_sweep = Some(self.moment.now);
            self.state.doubted = None;
            (self.state.is_listed, self.state.is_crowded) = (true, false);
        }
        let reached = self.state.cursor.unwrap_or(0);
        for id in sweep.counts.keys() {
            if let Lane::Unfilled { resumed, since } = self.state.lane(id) {
                // What is there already was fetched after an earlier time.
                let since = since.filter(|_| resumed).or(Some(reached));
                let lane = Lane::Unfilled { resumed, since };
                self.state.lanes.insert((*id).to_owned(), lane);
                self.state.queued.insert((*id).to_owned());
            }
        }
    }

    /// Queues what is not mirrored yet, or under other settings: of each list as many as there may
    /// be objects, newest first, and the lists in turns.
    fn queue(&mut self, sweep: &Sweep<'_>) {
        let is_there = |id: &u64| {
            let tracked = self.state.index.get(*id);
            let lane = tracked.map(|tracked| self.state.lane(&tracked.project_id));
            let lane = lane.filter(|_| !sweep.moved.contains(id));
            matches!(
                lane,
                Some(Lane::Joined | Lane::Behind(_) | Lane::Unfilled { resumed: true, .. })
            )
        };
        let mut turns: BTreeMap<usize, Vec<u64>> = BTreeMap::new();
        for list in &sweep.lists {
            for (turn, id) in list.iter().take(self.settings.max).enumerate() {
                if !is_there(id) {
                    turns.entry(turn).or_default().push(*id);
                }
            }
        }
        self.state.queue = turns.into_values().flatten().collect();
        self.state.listed = self.state.queue.len();
    }

    /// Notes what is mirrored and was not listed. Of projects that were not listed whole nothing is
    /// missing.
    fn note_missing(&mut self, sweep: &Sweep<'_>) {
        let listed: HashSet<u64> = sweep.lists.iter().flatten().copied().collect();
        let is_missing = |id: u64, project: &str| sweep.complete.contains(project) && !listed.contains(&id);
        let missing: Vec<u64> = self
            .state
            .index
            .iter()
            .filter(|(id, tracked)| is_missing(*id, &tracked.project_id))
            .map(|(id, _)| id)
            .collect();
        self.state.missing.retain(|id, _| !listed.contains(id));
        for id in missing {
            self.state.missing.entry(id).or_insert(self.moment.now);
        }
    }
}
