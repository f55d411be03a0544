//! Follows changes: one query for all projects that are followed together, one for each that lags
//! behind.

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

/// So many issues of the same moment may be fetched twice, to go on from that moment.
const FEW: usize = 10;

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
        self.reach(newest);
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

    /// Notes up to when changes were seen.
    fn reach(&mut self, newest: Option<i64>) {
        if self.state.round.is_some() {
            return;
        }
        let Some(reached) = self.state.reached.filter(|_| newest <= self.state.cursor) else {
            self.state.reach(newest, self.moment.now);
            return;
        };
        let waited = self.moment.now.duration_since(reached);
        self.state.settled |= waited > self.settings.overlap && !self.report.incomplete;
    }

    /// From when changes are asked for. Changes come late into Jira's index, so the query reaches
    /// back; not for ever, or a burst before a quiet time would be fetched on each pass.
    fn since(&self) -> i64 {
        let cursor = self.state.cursor.unwrap_or(0);
        if self.state.settled {
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
            let ties = page.issues.iter().filter(|issue| updated(issue) == last).count();
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
            let leads_on = last.is_some_and(|last| last > since);
            if leads_on && ties <= FEW {
                (since, token, idle) = (newest, None, 0);
            } else if token.as_ref() == Some(&next) || idle >= MOST_IDLE {
                return Err(MirrorError::Pages("the same page was given again"));
            } else {
                idle = if leads_on { 0 } else { idle + 1 };
                token = Some(next);
            }
            if in_slices && token.is_none() && (self.moment.is_over)() {
                return Ok(Round {
                    newest,
                    is_complete: false,
                });
            }
        }
    }
}

fn updated(issue: &Issue) -> Option<i64> {
    let time = issue.fields.updated.as_deref().and_then(time);
    time.map(Timestamp::as_millisecond)
}

fn last_update(issues: &[Issue]) -> Option<i64> {
    issues.iter().filter_map(updated).max()
}

/// What leads on from a page. Jira leaves the token out on the last page; a page that says that it is
/// not the last and has none is gone on from by time.
fn next_token(page: &SearchPage, since: i64) -> Option<String> {
    let token = page.next_page_token.clone().filter(|token| !token.is_empty());
    let cut_off = page.is_last == Some(false) && last_update(&page.issues) > Some(since);
    token.or_else(|| cut_off.then(String::new))
}
