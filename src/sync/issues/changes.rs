//! Follows changes: one query for all projects that are followed together, one for each that lags
//! behind.

use std::collections::HashSet;

use jiff::Timestamp;

use super::{
    engine::{Engine, Trouble},
    error::MirrorError,
    keeping::Source,
    mirror::Mirror,
    query::{Followed, PROJECTS, blamed, changed},
    state::{Lane, Settings, State, Unended},
};
use crate::{
    api::integration::MirrorMode,
    atlassian::{
        issue_models::{Issue, SearchPage, time},
        jira::Wanted,
    },
};

/// Most pages in a row that bring nothing new.
const MOST_IDLE: usize = 5;

/// So many issues of the same moment may be fetched twice, to go on from that moment.
const FEW: usize = 10;

/// Stands for the round of the projects that are followed together; no id is empty.
const TOGETHER: &str = "";

/// How a round of changes ended.
#[derive(Clone, Copy, Debug, Default)]
struct Round {
    /// The newest update that was seen, if there was any.
    newest: Option<i64>,
    /// Whether everything was seen up to there.
    is_complete: bool,
    /// Whether pages may lack issues, as Jira warned or as they look.
    is_doubtful: bool,
}

/// How to go on from a page.
enum Onward {
    /// With the next page, by Jira's token.
    By(String),
    /// With what changed since this time: there is no token, or none is needed.
    Since(i64),
    /// There is no more.
    Ended,
    /// There is more, and no way to it.
    CutOff,
}

/// The projects that are followed in this way.
fn in_lane<'s>(settings: &'s Settings<'_>, state: &State, fits: impl Fn(Lane) -> bool) -> Vec<&'s Followed> {
    let followed = settings.followed.iter();
    followed.filter(|project| fits(state.lane(&project.id))).collect()
}

impl<M: Mirror> Engine<'_, M> {
    /// Forgets rounds of projects that are no longer followed in their way.
    pub(super) fn review_rounds(&mut self) {
        let settings = self.settings;
        let together = !in_lane(settings, self.state, |lane| lane == Lane::Joined).is_empty();
        let behind = in_lane(settings, self.state, |lane| matches!(lane, Lane::Behind(_)));
        let goes_on = |id: &String| match id.as_str() {
            TOGETHER => together,
            id => behind.iter().any(|project| project.id == id),
        };
        let mirrors = settings.mode != MirrorMode::None;
        self.state.rounds.retain(|id, _| mirrors && goes_on(id));
    }

    /// Fetches what changed.
    pub(super) async fn follow(&mut self) -> Result<(), MirrorError> {
        let settings = self.settings;
        let joined = in_lane(settings, self.state, |lane| lane == Lane::Joined);
        let mut all = Round {
            newest: self.state.cursor,
            ..Round::default()
        };
        for group in joined.chunks(PROJECTS) {
            let round = self.follow_together(group.to_vec(), joined.len() <= PROJECTS).await?;
            all.newest = all.newest.max(round.newest);
            all.is_doubtful |= round.is_doubtful;
        }
        // Where a page may lack issues it is asked for again on the next pass.
        if !all.is_doubtful && !self.state.rounds.contains_key(TOGETHER) {
            self.reach(all.newest);
        }
        for project in in_lane(settings, self.state, |lane| matches!(lane, Lane::Behind(_))) {
            self.catch_up(project).await?;
        }
        Ok(())
    }

    /// Changes of projects that are followed together. A project that Jira refuses the query for
    /// goes its own way from here, with the time up to which it was followed.
    async fn follow_together(&mut self, mut group: Vec<&Followed>, in_slices: bool) -> Result<Round, MirrorError> {
        let from = self.since();
        while !group.is_empty() {
            let round = self.go_on(TOGETHER, &group, from, in_slices).await;
            let error = match round {
                Ok(round) => return Ok(round),
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
        Ok(Round::default())
    }

    /// A round, or the rest of one that earlier slices did not end. Of one that took several slices
    /// only what was seen in so much less time is sure: what Jira's index learned behind its back is
    /// asked for by the next.
    async fn go_on(
        &mut self,
        of: &str,
        projects: &[&Followed],
        from: i64,
        in_slices: bool,
    ) -> Result<Round, MirrorError> {
        let before = self.state.rounds.get(of).copied();
        let start = before.map_or(from, |before| before.at);
        let mut round = self.round(projects, start, in_slices).await?;
        round.is_doubtful |= before.is_some_and(|before| before.is_doubtful);
        if !round.is_complete {
            let unended = Unended {
                at: round.newest.unwrap_or(start).max(start),
                is_doubtful: round.is_doubtful,
                began: before.map_or(self.moment.now, |before| before.began),
            };
            self.state.rounds.insert(of.to_owned(), unended);
        } else if let Some(before) = self.state.rounds.remove(of) {
            let took = self.moment.now.duration_since(before.began).as_millis();
            let took = i64::try_from(took).unwrap_or_default().max(0);
            round.newest = round
                .newest
                .max(Some(before.at))
                .map(|newest| newest.saturating_sub(took));
        }
        Ok(round)
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
        let from = since.saturating_sub(self.overlap()).max(0);
        let in_one = !self.state.rounds.contains_key(&project.id);
        let round = match self.go_on(&project.id, &[project], from, true).await {
            Ok(round) => round,
            Err(error) => {
                let Some(message) = error.refused_query().map(str::to_owned) else {
                    return Err(error);
                };
                let trouble = Trouble::Refused(message);
                self.report.troubled.insert(project.id.clone(), trouble);
                return Ok(());
            }
        };
        if !round.is_complete {
            self.report.unfinished = true;
        } else if !round.is_doubtful && in_one && !self.state.rounds.contains_key(TOGETHER) {
            self.report.troubled.remove(&project.id);
            self.state.lanes.insert(project.id.clone(), Lane::Joined);
            self.state.reach(self.state.cursor, self.moment.now);
        } else if !round.is_doubtful {
            let reached = round.newest.unwrap_or(since).max(since);
            self.state.lanes.insert(project.id.clone(), Lane::Behind(reached));
        }
        Ok(())
    }

    fn overlap(&self) -> i64 {
        i64::try_from(self.settings.overlap.as_millis()).unwrap_or(i64::MAX)
    }

    /// Notes up to when changes were seen.
    fn reach(&mut self, newest: Option<i64>) {
        let Some(reached) = self.state.reached.filter(|_| newest <= self.state.cursor) else {
            self.state.reach(newest, self.moment.now);
            return;
        };
        let waited = self.moment.now.duration_since(reached);
        self.state.settled |= waited > self.settings.overlap;
    }

    /// From when changes are asked for. Changes come late into Jira's index, so the query reaches
    /// back; not for ever, or a burst before a quiet time would be fetched on each pass.
    fn since(&self) -> i64 {
        match self.state.cursor {
            None => 0,
            Some(cursor) if self.state.settled => cursor.saturating_add(1),
            Some(cursor) => cursor.saturating_sub(self.overlap()).max(0),
        }
    }

    /// Page after page of what changed, in the order of the changes. Each page is asked for from
    /// where the last one ended, so that nothing is skipped when an issue changes meanwhile and
    /// moves to the end; Jira's own token is used only where that would not lead on.
    async fn round(&mut self, projects: &[&Followed], from: i64, in_slices: bool) -> Result<Round, MirrorError> {
        let ids: Vec<&str> = projects.iter().map(|project| project.id.as_str()).collect();
        let (mut round, mut since, mut token) = (Round::default(), from, None);
        let (mut seen, mut idle) = (HashSet::new(), 0);
        loop {
            let jql = changed(&ids, since);
            let page = self
                .jira
                .search(self.settings.cloud_id, &jql, Wanted::Issues, token.as_deref())
                .await?;
            round.is_doubtful |= !page.warnings.is_empty();
            round.newest = round.newest.max(last_update(&page.found.issues));
            let news = page.found.issues.iter().map(|issue| (issue.id.clone(), updated(issue)));
            let brings_news = news.filter(|news| seen.insert(news.clone())).count() > 0;
            idle = if brings_news { 0 } else { idle + 1 };
            let onward = onward(&page, since);
            self.report.odd += page.found.odd;
            self.take_changed(page.found.issues, Source::Search).await?;
            match onward {
                Onward::Since(last) => (since, token) = (last, None),
                Onward::By(next) if token.as_ref() != Some(&next) && idle <= MOST_IDLE => token = Some(next),
                Onward::By(_) => return Err(MirrorError::Pages("the same page was given again")),
                Onward::Ended | Onward::CutOff => {
                    round.is_doubtful |= matches!(onward, Onward::CutOff);
                    round.is_complete = true;
                }
            }
            self.report.incomplete |= round.is_doubtful;
            if round.is_complete || (in_slices && token.is_none() && (self.moment.is_over)()) {
                return Ok(round);
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
/// not the last and has none is gone on from by time, as is every page that ends with few issues of
/// one moment.
fn onward(page: &SearchPage, since: i64) -> Onward {
    let last = last_update(&page.found.issues);
    let ties = page.found.issues.iter().filter(|issue| updated(issue) == last).count();
    let leads_on = last.filter(|last| *last > since);
    let token = page.next_page_token.clone().filter(|token| !token.is_empty());
    match (token, leads_on) {
        (Some(_), Some(last)) if ties <= FEW => Onward::Since(last),
        (Some(next), _) => Onward::By(next),
        (None, _) if page.is_last != Some(false) => Onward::Ended,
        (None, Some(last)) => Onward::Since(last),
        (None, None) => Onward::CutOff,
    }
}
