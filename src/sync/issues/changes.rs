//! Follows changes: one query for all projects that are followed together, one for each that lags
//! behind.

use std::collections::HashSet;

use super::{
    engine::{Engine, ProjectSyncError},
    error::MirrorError,
    mirror::Mirror,
    query::{FollowedProject, PROJECTS, blamed, changed},
    scan::{NextPage, Scan, latest, next_page, updated},
    state::{MirrorSettings, MirrorState, SyncPhase},
    write::Source,
};
use crate::{api::integration::MirrorMode, atlassian::jira::SearchFields};

/// Most pages in a row that bring nothing new.
const MOST_IDLE: usize = 5;

/// Most changes that are read before everything is listed and fetched anew instead, which is cheaper
/// where a long time has gone by.
const MOST_CHANGES: usize = 20_000;

/// Stands for the round of the projects that are followed together; no id is empty.
const TOGETHER: &str = "";

/// How far a query was read.
enum ScanResult {
    /// To its end.
    Whole,
    /// As far as the slice went.
    Slice,
    /// There is so much that listing everything is cheaper, or what was known of changes is worth nothing.
    Anew,
}

/// The projects that are followed in this way.
fn in_phase<'s>(
    settings: &'s MirrorSettings<'_>,
    state: &MirrorState,
    fits: impl Fn(SyncPhase) -> bool,
) -> Vec<&'s FollowedProject> {
    let followed = settings.followed.iter();
    followed.filter(|project| fits(state.phase(&project.id))).collect()
}

impl<M: Mirror> Engine<'_, M> {
    /// Whether a round of the projects that are followed together goes on.
    pub(super) fn is_scan_open(&self) -> bool {
        self.state.scans.contains_key(TOGETHER)
    }

    /// Forgets rounds of projects that are no longer followed in their way.
    pub(super) fn review_scans(&mut self) {
        let settings = self.settings;
        let together = !in_phase(settings, self.state, |phase| phase == SyncPhase::Live).is_empty();
        let behind = in_phase(settings, self.state, |phase| matches!(phase, SyncPhase::CatchingUp(_)));
        let goes_on = |id: &String| match id.as_str() {
            TOGETHER => together,
            id => behind.iter().any(|project| project.id == id),
        };
        let mirrors = settings.mode != MirrorMode::None;
        self.state.scans.retain(|id, _| mirrors && goes_on(id));
        self.state.doubtful.retain(|id, _| mirrors && goes_on(id));
    }

    /// Fetches what changed; in a slice, only what was left unfinished.
    pub(super) async fn follow(&mut self) -> Result<(), MirrorError> {
        if !self.moment.slice || self.is_scan_open() {
            self.follow_together().await?;
        }
        for project in in_phase(self.settings, self.state, |phase| {
            matches!(phase, SyncPhase::CatchingUp(_))
        }) {
            let goes_on = !self.moment.slice || self.state.scans.contains_key(&project.id);
            if goes_on {
                self.catch_up(project).await?;
            }
        }
        Ok(())
    }

    /// Changes of projects that are followed together, in as many groups as it takes.
    async fn follow_together(&mut self) -> Result<(), MirrorError> {
        let since = self.since();
        let before = self.state.scans.remove(TOGETHER);
        let mut scan = before.unwrap_or_else(|| Scan::since(since));
        let read = self.read_groups(&mut scan).await;
        match read {
            Ok(ScanResult::Whole) => self.reach(&scan),
            Ok(ScanResult::Anew) => self.begin_anew(),
            Ok(ScanResult::Slice) => drop(self.state.scans.insert(TOGETHER.to_owned(), scan)),
            Err(error) => {
                self.keep_scan(TOGETHER, scan);
                return Err(error);
            }
        }
        Ok(())
    }

    async fn read_groups(&mut self, scan: &mut Scan) -> Result<ScanResult, MirrorError> {
        loop {
            let joined = in_phase(self.settings, self.state, |phase| phase == SyncPhase::Live);
            let most = self.state.most_together.unwrap_or(PROJECTS);
            let group = scan.group(&joined, most);
            if group.is_empty() {
                return Ok(ScanResult::Whole);
            }
            match self.read(scan, &group).await {
                Ok(ScanResult::Whole) => {
                    if !scan.finish_group() {
                        self.state.most_together = Some(group.len().div_ceil(2));
                    }
                }
                Ok(other) => return Ok(other),
                Err(error) => self.split_refused(&group, error)?,
            }
            for (id, why) in std::mem::take(&mut scan.unmatched) {
                self.split_off(&id, &why);
            }
        }
    }

    /// A project that Jira refuses the query for goes its own way from here, with the time up to which
    /// it was followed.
    fn split_refused(&mut self, group: &[&FollowedProject], error: MirrorError) -> Result<(), MirrorError> {
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
        if self.state.phase(project) == SyncPhase::Live {
            let since = self.state.cursor.unwrap_or(0);
            self.state
                .phases
                .insert(project.to_owned(), SyncPhase::CatchingUp(since));
        }
        let trouble = ProjectSyncError::Refused(message.to_owned());
        self.report.failed_projects.insert(project.to_owned(), trouble);
    }

    /// What was read before a failure is not read again.
    fn keep_scan(&mut self, of: &str, scan: Scan) {
        if scan.has_begun() {
            self.state.scans.insert(of.to_owned(), scan);
        }
    }

    /// Changes of one project that lags behind. Once it has caught up it is followed with the others.
    async fn catch_up(&mut self, project: &FollowedProject) -> Result<(), MirrorError> {
        let SyncPhase::CatchingUp(since) = self.state.phase(&project.id) else {
            return Ok(());
        };
        let from = since.saturating_sub(self.overlap()).max(0);
        let before = self.state.scans.remove(&project.id);
        let mut scan = before.unwrap_or_else(|| Scan::since(from));
        let group = scan.group(&[project], 1);
        let read = self.read(&mut scan, &group).await;
        for why in std::mem::take(&mut scan.unmatched).into_values() {
            self.split_off(&project.id, &why);
            scan.is_doubtful = true;
        }
        match read {
            Ok(ScanResult::Whole) => self.caught_up(&project.id, since, scan),
            Ok(ScanResult::Slice) => drop(self.state.scans.insert(project.id.clone(), scan)),
            Ok(ScanResult::Anew) => self.fill_anew(&project.id),
            Err(error) => {
                let Some(message) = error.refused_query() else {
                    self.keep_scan(&project.id, scan);
                    return Err(error);
                };
                let trouble = ProjectSyncError::Refused(message.to_owned());
                self.report.failed_projects.insert(project.id.clone(), trouble);
            }
        }
        Ok(())
    }

    fn caught_up(&mut self, id: &str, since: i64, mut scan: Scan) {
        scan.finish_group();
        if scan.is_doubtful {
            self.report.incomplete |= !self.report.failed_projects.contains_key(id);
            if self.is_long_doubtful(id) {
                self.fill_anew(id);
            }
            return;
        }
        self.state.doubtful.remove(id);
        self.report.failed_projects.remove(id);
        let is_level = self.state.cursor.is_none_or(|cursor| scan.began_after(cursor));
        let phase = if is_level && !self.is_scan_open() {
            self.state.overlap_done = false;
            SyncPhase::Live
        } else {
            SyncPhase::CatchingUp(scan.reached_behind(since, self.overlap()))
        };
        self.state.phases.insert(id.to_owned(), phase);
    }

    /// Of projects that are followed together nothing tells any more which changes were seen.
    fn begin_anew(&mut self) {
        for project in in_phase(self.settings, self.state, |phase| phase == SyncPhase::Live) {
            self.fill_anew(&project.id);
        }
        self.state.advance_cursor(None);
    }

    /// A project is listed and fetched anew. What is mirrored of it stays until then.
    pub(super) fn fill_anew(&mut self, id: &str) {
        self.state.phases.insert(id.to_owned(), SyncPhase::NEW);
        self.state.queued.remove(id);
        self.state.doubtful.remove(id);
    }

    fn overlap(&self) -> i64 {
        i64::try_from(self.settings.overlap.as_millis()).unwrap_or(i64::MAX)
    }

    /// Notes up to when changes were seen. Where a page may lack issues it is asked for again on the
    /// next pass; but not for ever.
    fn reach(&mut self, scan: &Scan) {
        if scan.is_doubtful {
            self.report.incomplete = true;
            if self.is_long_doubtful(TOGETHER) {
                self.begin_anew();
            }
            return;
        }
        self.state.doubtful.remove(TOGETHER);
        let reached = scan.reached();
        if reached > self.state.cursor {
            self.state.advance_cursor(reached);
        } else if let Some(cursor) = self.state.cursor {
            self.state.overlap_done |= scan.settles(cursor, self.overlap());
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
            Some(cursor) if self.state.overlap_done => cursor.saturating_add(1),
            Some(cursor) => cursor.saturating_sub(self.overlap()).max(0),
        }
    }

    /// Page after page of what changed, in the order of the changes. Each page is asked for from
    /// where the last one ended, so that nothing is skipped when an issue changes meanwhile and
    /// moves to the end; Jira's own token is used only where that would not lead on.
    async fn read(&mut self, scan: &mut Scan, projects: &[&FollowedProject]) -> Result<ScanResult, MirrorError> {
        let ids: Vec<&str> = projects.iter().map(|project| project.id.as_str()).collect();
        let mut token = None;
        let (mut seen, mut idle) = (HashSet::new(), 0);
        loop {
            let jql = changed(&ids, scan.at);
            let page = self.jira.search(&jql, SearchFields::Issues, token.as_deref()).await?;
            scan.see(&page);
            self.clock = latest(&page).or(self.clock);
            if scan.begins_ahead() {
                return Ok(ScanResult::Anew);
            }
            let news = page.found.issues.iter().map(|issue| (issue.id.clone(), updated(issue)));
            let brings_news = news.filter(|news| seen.insert(news.clone())).count() > 0;
            idle = if brings_news { 0 } else { idle + 1 };
            let onward = next_page(&page, scan.at);
            self.report.malformed += page.found.malformed;
            let unmatched = self.take_changed(page.found.issues, Source::Search).await?;
            scan.unmatched.extend(unmatched);
            match onward {
                NextPage::Since(last) => (scan.at, token) = (last, None),
                NextPage::By(next) if token.as_ref() != Some(&next) && idle <= MOST_IDLE => token = Some(next),
                NextPage::By(_) => return Err(MirrorError::Pages("the same page was given again")),
                NextPage::Ended | NextPage::CutOff => {
                    scan.is_doubtful |= matches!(onward, NextPage::CutOff);
                    return Ok(ScanResult::Whole);
                }
            }
            if scan.read > MOST_CHANGES.max(4 * self.state.index.len()) {
                return Ok(ScanResult::Anew);
            }
            if token.is_none() && (self.moment.is_over)() {
                return Ok(ScanResult::Slice);
            }
        }
    }
}
