//! Follows changes: one query for all projects that are followed together, one for each that lags
//! behind.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{
    engine::{Engine, Trouble},
    error::MirrorError,
    mirror::Mirror,
    query::{Followed, PROJECTS, blamed, changed},
    state::{Lane, Settings, State},
};
use crate::atlassian::{
    issue_models::{Issue, SearchPage, time},
    jira::Wanted,
};

/// Most pages in a row that bring nothing new.
const MOST_IDLE: usize = 5;

/// How a round of changes ended.
#[derive(Clone, Copy)]
struct Round {
    /// The newest update that was seen.
    newest: i64,
    /// Whether everything was seen up to there.
    is_complete: bool,
}

/// The projects that are followed in this way.
fn in_lane<'s>(settings: &'s Settings<'_>, state: &State, fits: impl Fn(Lane) -> bool) -> Vec<&'s Followed> {
    let followed = settings.followed.iter();
    followed.filter(|project| fits(state.lane(&project.id))).collect()
}

impl<M: Mirror> Engine<'_, M> {
    /// Fetches what changed.
    pub(super) async fn follow(&mut self) -> Result<(), MirrorError> {
        let settings = self.settings;
        let joined = in_lane(settings, self.state, |lane| lane == Lane::Joined);
        let mut newest = self.state.cursor;
        for group in joined.chunks(PROJECTS) {
            let reached = self.follow_together(group.to_vec(), joined.len() <= PROJECTS).await?;
            newest = newest.max(reached);
        }
        if self.state.round.is_none() && (newest > self.state.cursor || self.state.reached.is_none()) {
            self.state.cursor = newest;
            self.state.reached = Some(self.moment.now);
        }
        for project in in_lane(settings, self.state, |lane| matches!(lane, Lane::Behind(_))) {
            self.catch_up(project).await?;
        }
        Ok(())
    }

    /// Changes of projects that are followed together. A project that Jira refuses the query for
    /// goes its own way from here, with the time up to which it was followed.
    async fn follow_together(
        &mut self,
        mut group: Vec<&Followed>,
        in_slices: bool,
    ) -> Result<Option<i64>, MirrorError> {
        let from = self.state.round.unwrap_or_else(|| self.since());
        while !group.is_empty() {
            let round = self.round(&group, from, in_slices).await;
            let error = match round {
                Ok(round) => {
                    self.state.round = (!round.is_complete).then_some(round.newest);
                    return Ok(Some(round.newest));
                }
                Err(error) => error,
            };
            let Some(message) = error.refused_query().map(str::to_owned) else {
                return Err(error);
            };
            // Where Jira names nobody, each is asked alone, once.
            let split = blamed(&message, &group).map_or_else(|| group.clone(), |project| vec![project]);
            for project in split {
                self.split_off(project, &message);
                group.retain(|other| other.id != project.id);
            }
        }
        Ok(None)
    }

    fn split_off(&mut self, project: &Followed, message: &str) {
        let since = self.state.cursor.unwrap_or(0);
        self.state.lanes.insert(project.id.clone(), Lane::Behind(since));
        self.report
            .troubled
            .insert(project.id.clone(), Trouble::Refused(message.to_owned()));
    }

    /// Changes of one project that lags behind. Once it has caught up it is followed with the others.
    async fn catch_up(&mut self, project: &Followed) -> Result<(), MirrorError> {
        let Lane::Behind(since) = self.state.lane(&project.id) else {
            return Ok(());
        };
        let from = since.saturating_sub(self.overlap());
        match self.round(&[project], from, true).await {
            Ok(round) if round.is_complete => {
                self.report.troubled.remove(&project.id);
                self.state.lanes.insert(project.id.clone(), Lane::Joined);
            }
            Ok(round) => {
                self.state.lanes.insert(project.id.clone(), Lane::Behind(round.newest));
                self.report.unfinished = true;
            }
            Err(error) => {
                let Some(message) = error.refused_query().map(str::to_owned) else {
                    return Err(error);
                };
                self.report
                    .troubled
                    .insert(project.id.clone(), Trouble::Refused(message));
            }
        }
        Ok(())
    }

    fn overlap(&self) -> i64 {
        i64::try_from(self.settings.overlap.as_millis()).unwrap_or(i64::MAX)
    }

    /// From when changes are asked for. Changes come late into Jira's index, so the query reaches
    /// back; not for ever, or a burst before a quiet time would be fetched on each pass: what was
    /// late is in once as much time went by since the newest change was seen.
    fn since(&self) -> i64 {
        let cursor = self.state.cursor.unwrap_or(0);
        let waited = |reached: Timestamp| self.moment.now.duration_since(reached) > self.settings.overlap;
        if self.state.reached.is_some_and(waited) {
            cursor
        } else {
            cursor.saturating_sub(self.overlap())
        }
    }

    /// Page after page of what changed, in the order of the changes. Each page is asked for from
    /// where the last one ended, so that nothing is skipped when an issue changes meanwhile and
    /// moves to the end; Jira's own token is used only where that would not lead on.
    async fn round(&mut self, projects: &[&Followed], from: i64, in_slices: bool) -> Result<Round, MirrorError> {
        let ids: Vec<&str> = projects.iter().map(|project| project.id.as_str()).collect();
        let (mut since, mut newest) = (from, from);
        let mut token: Option<String> = None;
        let mut idle = 0;
        loop {
            let jql = changed(&ids, since);
            let page = self
                .jira
                .search(self.settings.cloud_id, &jql, Wanted::Issues, token.as_deref())
                .await?;
            self.report.incomplete |= !page.warnings.is_empty();
            let last = last_update(&page.issues);
            let next = next_token(&page, since);
            self.take_changed(page.issues).await?;
            newest = newest.max(last.unwrap_or(newest));
            let Some(next) = next else {
                // A page with warnings may lack issues: it is asked for again on the next pass.
                let newest = if self.report.incomplete { from } else { newest };
                return Ok(Round {
                    newest,
                    is_complete: true,
                });
            };
            if last.is_some_and(|last| last > since) {
                (since, token, idle) = (newest, None, 0);
            } else if token.as_ref() == Some(&next) || idle >= MOST_IDLE {
                return Err(MirrorError::Pages("the same page was given again"));
            } else {
                (token, idle) = (Some(next), idle + 1);
            }
            if in_slices && token.is_none() && (self.moment.is_over)() {
                return Ok(Round {
                    newest,
                    is_complete: false,
                });
            }
        }
    }

    /// Takes in changed issues. Those of projects with a jql are matched against it first.
    pub(super) async fn take_changed(&mut self, issues: Vec<Issue>) -> Result<(), MirrorError> {
        let settings = self.settings;
        let narrowed: Vec<(&Followed, u64)> = issues
            .iter()
            .filter_map(|issue| {
                let project = settings.project(&issue.fields.project.as_ref()?.id)?;
                project.jql.as_ref()?;
                Some((project, issue.id.parse().ok()?))
            })
            .collect();
        if narrowed.is_empty() {
            return self.take(issues, None).await;
        }
        let ids: BTreeSet<u64> = narrowed.iter().map(|(_, id)| *id).collect();
        let projects: BTreeSet<&str> = narrowed.iter().map(|(project, _)| project.id.as_str()).collect();
        let projects: Vec<&Followed> = projects.into_iter().filter_map(|id| settings.project(id)).collect();
        let jqls: Vec<String> = projects
            .iter()
            .map(|project| {
                format!(
                    "project = {} AND ({})",
                    project.id,
                    project.jql.as_deref().unwrap_or_default()
                )
            })
            .collect();
        let answers = self.jira.matches(settings.cloud_id, &ids, &jqls).await?;
        let mut found = BTreeSet::new();
        let mut unknown = BTreeSet::new();
        for (project, answer) in projects.iter().zip(&answers) {
            if let Some(error) = answer.errors.first() {
                unknown.insert(project.id.clone());
                let trouble = Trouble::Jql(error.clone());
                self.report.troubled.insert(project.id.clone(), trouble);
            }
            found.extend(
                answer
                    .matched_issues
                    .iter()
                    .filter_map(|id| id.to_string().parse::<u64>().ok()),
            );
        }
        // Where the jql could not be asked, what is mirrored stays as it is.
        let is_known = |issue: &Issue| {
            let project = issue.fields.project.as_ref().map(|project| &project.id);
            project.is_none_or(|id| !unknown.contains(id))
        };
        let issues = issues.into_iter().filter(is_known).collect();
        self.take(issues, Some(&found)).await
    }
}

fn last_update(issues: &[Issue]) -> Option<i64> {
    let times = issues.iter().filter_map(|issue| time(issue.fields.updated.as_deref()?));
    times.map(Timestamp::as_millisecond).max()
}

/// What leads on from a page. Jira leaves the token out on the last page; a page that says that it is
/// not the last and has none is gone on from by time.
fn next_token(page: &SearchPage, since: i64) -> Option<String> {
    let token = page.next_page_token.clone().filter(|token| !token.is_empty());
    let cut_off = page.is_last == Some(false) && last_update(&page.issues) > Some(since);
    token.or_else(|| cut_off.then(String::new))
}
