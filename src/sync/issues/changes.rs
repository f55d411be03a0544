//! Follows changes: one query for all projects that are followed together, one for each that lags
//! behind.

use std::collections::HashSet;

use super::{
    engine::{Engine, Trouble},
    error::MirrorError,
    keeping::Source,
    mirror::Mirror,
    query::{Followed, PROJECTS, blamed, changed},
    round::{Onward, Round, latest, onward, updated},
    state::{Lane, Settings, State},
};
use crate::{api::integration::MirrorMode, atlassian::jira::Wanted};

/// Most pages in a row that bring nothing new.
const MOST_IDLE: usize = 5;

/// Most changes that are read before everything is listed and fetched anew instead, which is cheaper
/// where a long time has gone by.
const MOST_CHANGES: usize = 20_000;

/// Stands for the round of the projects that are followed together; no id is empty.
const TOGETHER: &str = "";

/// How far a query was read.
enum Read {
    /// To its end.
    Whole,
    /// As far as the slice went.
    Slice,
    /// There is so much that listing everything is cheaper, or what was known of changes is worth nothing.
    Anew,
}

/// The projects that are followed in this way.
fn in_lane<'s>(settings: &'s Settings<'_>, state: &State, fits: impl Fn(Lane) -> bool) -> Vec<&'s Followed> {
    let followed = settings.followed.iter();
    followed.filter(|project| fits(state.lane(&project.id))).collect()
}

impl<M: Mirror> Engine<'_, M> {
    /// Whether a round of the projects that are followed together goes on.
    pub(super) fn is_round_open(&self) -> bool {
        self.state.rounds.contains_key(TOGETHER)
    }

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
        self.state.doubtful.retain(|id, _| mirrors && goes_on(id));
    }

    /// Fetches what changed; in a slice, only what was left unfinished.
    pub(super) async fn follow(&mut self) -> Result<(), MirrorError> {
        if !self.moment.slice || self.is_round_open() {
            self.follow_together().await?;
        }
        for project in in_lane(self.settings, self.state, |lane| matches!(lane, Lane::Behind(_))) {
            let goes_on = !self.moment.slice || self.state.rounds.contains_key(&project.id);
            if goes_on {
                self.catch_up(project).await?;
            }
        }
        Ok(())
    }

    /// Changes of projects that are followed together, in as many groups as it takes.
    async fn follow_together(&mut self) -> Result<(), MirrorError> {
        let since = self.since();
        let before = self.state.rounds.remove(TOGETHER);
        let mut round = before.unwrap_or_else(|| Round::since(since));
        let read = self.read_groups(&mut round).await;
        match read {
            Ok(Read::Whole) => self.reach(&round),
            Ok(Read::Anew) => self.begin_anew(),
            Ok(Read::Slice) => drop(self.state.rounds.insert(TOGETHER.to_owned(), round)),
            Err(error) => {
                self.keep_round(TOGETHER, round);
                return Err(error);
            }
        }
        Ok(())
    }

    async fn read_groups(&mut self, round: &mut Round) -> Result<Read, MirrorError> {
        loop {
            let joined = in_lane(self.settings, self.state, |lane| lane == Lane::Joined);
            let most = self.state.most_together.unwrap_or(PROJECTS);
            let group = round.group(&joined, most);
            if group.is_empty() {
                return Ok(Read::Whole);
            }
            match self.read(round, &group).await {
                Ok(Read::Whole) => {
                    if !round.finish_group() {
                        self.state.most_together = Some(group.len().div_ceil(2));
                    }
                }
                Ok(other) => return Ok(other),
                Err(error) => self.split_refused(&group, error)?,
            }
            for (id, why) in std::mem::take(&mut round.unmatched) {
                self.split_off(&id, &why);
            }
        }
    }

    /// A project that Jira refuses the query for goes its own way from here, with the time up to which
    /// it was followed.
    fn split_refused(&mut self, group: &[&Followed], error: MirrorError) -> Result<(), MirrorError> {
        let Some(message) = error.refused_query().map(str::to_owned) else {
            return Err(error);
        };
        // Where Jira names nobody, each is asked alone, once.
        let refused = blamed(&message, group).map_or_else(|| group.to_vec(), |project| vec![project]);
        for project in refused {
            self.split_off(&project.id, &message);
        }
        Ok(())
    }

    fn split_off(&mut self, project: &str, message: &str) {
        if self.state.lane(project) == Lane::Joined {
            let since = self.state.cursor.unwrap_or(0);
            self.state.lanes.insert(project.to_owned(), Lane::Behind(since));
        }
        let trouble = Trouble::Refused(message.to_owned());
        self.report.troubled.insert(project.to_owned(), trouble);
    }

    /// What was read before a failure is not read again.
    fn keep_round(&mut self, of: &str, round: Round) {
        if round.has_begun() {
            self.state.rounds.insert(of.to_owned(), round);
        }
    }

    /// Changes of one project that lags behind. Once it has caught up it is followed with the others.
    async fn catch_up(&mut self, project: &Followed) -> Result<(), MirrorError> {
        let Lane::Behind(since) = self.state.lane(&project.id) else {
            return Ok(());
        };
        let from = since.saturating_sub(self.overlap()).max(0);
        let before = self.state.rounds.remove(&project.id);
        let mut round = before.unwrap_or_else(|| Round::since(from));
        let group = round.group(&[project], 1);
        let read = self.read(&mut round, &group).await;
        for why in std::mem::take(&mut round.unmatched).into_values() {
            self.split_off(&project.id, &why);
            round.is_doubtful = true;
        }
        match read {
            Ok(Read::Whole) => self.caught_up(&project.id, since, round),
            Ok(Read::Slice) => drop(self.state.rounds.insert(project.id.clone(), round)),
            Ok(Read::Anew) => self.fill_anew(&project.id),
            Err(error) => {
                let Some(message) = error.refused_query() else {
                    self.keep_round(&project.id, round);
                    return Err(error);
                };
                let trouble = Trouble::Refused(message.to_owned());
                self.report.troubled.insert(project.id.clone(), trouble);
            }
        }
        Ok(())
    }

    fn caught_up(&mut self, id: &str, since: i64, mut round: Round) {
        round.finish_group();
        if round.is_doubtful {
            self.report.incomplete |= !self.report.troubled.contains_key(id);
            if self.is_long_doubtful(id) {
                self.fill_anew(id);
            }
            return;
        }
        self.state.doubtful.remove(id);
        self.report.troubled.remove(id);
        let is_level = self.state.cursor.is_none_or(|cursor| round.began_after(cursor));
        let lane = if is_level && !self.is_round_open() {
            self.state.settled = false;
            Lane::Joined
        } else {
            Lane::Behind(round.reached_behind(since, self.overlap()))
        };
        self.state.lanes.insert(id.to_owned(), lane);
    }

    /// Of projects that are followed together nothing tells any more which changes were seen.
    fn begin_anew(&mut self) {
        for project in in_lane(self.settings, self.state, |lane| lane == Lane::Joined) {
            self.fill_anew(&project.id);
        }
        self.state.reach(None);
    }

    /// A project is listed and fetched anew. What is mirrored of it stays until then.
    pub(super) fn fill_anew(&mut self, id: &str) {
        self.state.lanes.insert(id.to_owned(), Lane::UNFILLED);
        self.state.queued.remove(id);
        self.state.doubtful.remove(id);
    }

    fn overlap(&self) -> i64 {
        i64::try_from(self.settings.overlap.as_millis()).unwrap_or(i64::MAX)
    }

    /// Notes up to when changes were seen. Where a page may lack issues it is asked for again on the
    /// next pass; but not for ever.
    fn reach(&mut self, round: &Round) {
        if round.is_doubtful {
            self.report.incomplete = true;
            if self.is_long_doubtful(TOGETHER) {
                self.begin_anew();
            }
            return;
        }
        self.state.doubtful.remove(TOGETHER);
        let reached = round.reached();
        if reached > self.state.cursor {
            self.state.reach(reached);
        } else if let Some(cursor) = self.state.cursor {
            self.state.settled |= round.settles(cursor, self.overlap());
        }
    }

    /// Whether pages of these projects have been doubtful for as long as it takes to list everything anew.
    fn is_long_doubtful(&mut self, of: &str) -> bool {
        let now = self.moment.now;
        let since = *self.state.doubtful.entry(of.to_owned()).or_insert(now);
        now.duration_since(since) >= self.settings.sweep_every
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
    async fn read(&mut self, round: &mut Round, projects: &[&Followed]) -> Result<Read, MirrorError> {
        let ids: Vec<&str> = projects.iter().map(|project| project.id.as_str()).collect();
        let mut token = None;
        let (mut seen, mut idle) = (HashSet::new(), 0);
        loop {
            let jql = changed(&ids, round.at);
            let page = self
                .jira
                .search(self.settings.cloud_id, &jql, Wanted::Issues, token.as_deref())
                .await?;
            round.see(&page);
            self.clock = latest(&page).or(self.clock);
            if round.begins_ahead() {
                return Ok(Read::Anew);
            }
            let news = page.found.issues.iter().map(|issue| (issue.id.clone(), updated(issue)));
            let brings_news = news.filter(|news| seen.insert(news.clone())).count() > 0;
            idle = if brings_news { 0 } else { idle + 1 };
            let onward = onward(&page, round.at);
            self.report.odd += page.found.odd;
            let unmatched = self.take_changed(page.found.issues, Source::Search).await?;
            round.unmatched.extend(unmatched);
            match onward {
                Onward::Since(last) => (round.at, token) = (last, None),
                Onward::By(next) if token.as_ref() != Some(&next) && idle <= MOST_IDLE => token = Some(next),
                Onward::By(_) => return Err(MirrorError::Pages("the same page was given again")),
                Onward::Ended | Onward::CutOff => {
                    round.is_doubtful |= matches!(onward, Onward::CutOff);
                    return Ok(Read::Whole);
                }
            }
            if round.read > MOST_CHANGES.max(4 * self.state.index.len()) {
                return Ok(Read::Anew);
            }
            if token.is_none() && (self.moment.is_over)() {
                return Ok(Read::Slice);
            }
        }
    }
}
