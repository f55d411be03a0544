//! Follows changes: one query for all projects that are followed together, one for each that catches up.

use std::collections::HashSet;

use super::{
    error::MirrorError,
    intake::Intake,
    mirror::Mirror,
    project_state::SyncPhase,
    project_states::{ProjectStates, ProjectSyncError},
    query::{FollowedProject, blamed, changed},
    report::ScanReport,
    run::MirrorSettings,
    scan::{NextPage, OpenScan, Scan, latest, next_page, updated},
    scan_state::ScanState,
    writer::Source,
};
use crate::{api::integration::MirrorMode, atlassian::jira::SearchFields};

/// Most pages in a row that bring nothing new.
const MOST_IDLE: usize = 5;

/// Most changes that are read before everything is listed and fetched anew instead, which is cheaper
/// where a long time has gone by.
const MOST_CHANGES: usize = 20_000;

/// How far a scan came.
enum ScanResult {
    /// To its end.
    Complete,
    /// To the end of the slice.
    Paused,
    /// Listing everything is cheaper, or the cursor is worth nothing.
    Restart,
}

/// The projects in such a phase.
fn in_phase<'s>(
    settings: &'s MirrorSettings<'_>,
    projects: &ProjectStates,
    fits: impl Fn(SyncPhase) -> bool,
) -> Vec<&'s FollowedProject> {
    let followed = settings.followed.iter();
    followed.filter(|project| fits(projects.phase(&project.id))).collect()
}

const fn is_catching_up(phase: SyncPhase) -> bool {
    matches!(phase, SyncPhase::CatchingUp(_))
}

/// Drops scans of projects that are not followed in that way any more.
pub(super) fn drop_outdated(settings: &MirrorSettings<'_>, scan: &mut ScanState, projects: &mut ProjectStates) {
    let mirrors = settings.mode != MirrorMode::None;
    if !mirrors || in_phase(settings, projects, |phase| phase == SyncPhase::Live).is_empty() {
        scan.open = OpenScan::default();
    }
    for (id, project) in projects.iter_mut() {
        let is_followed = settings.project(id).is_some();
        if !mirrors || !is_followed || !is_catching_up(project.phase()) {
            project.scan = OpenScan::default();
        }
    }
}

pub(super) struct Scanner<'p, 'a, M> {
    pub(super) scan: &'p mut ScanState,
    pub(super) intake: &'p mut Intake<'a, M>,
    pub(super) report: ScanReport,
}

impl<M: Mirror> Scanner<'_, '_, M> {
    /// Fetches what changed; in a slice, only by scans that it resumes.
    pub(super) async fn follow(mut self) -> (ScanReport, Result<(), MirrorError>) {
        let ended = self.follow_all().await;
        (self.report, ended)
    }

    async fn follow_all(&mut self) -> Result<(), MirrorError> {
        let run = self.intake.run;
        if !run.slice || self.scan.open.is_open() {
            self.follow_live().await?;
        }
        for project in in_phase(run.settings, self.intake.projects, is_catching_up) {
            if !run.slice || self.intake.projects.of(&project.id).scan.is_open() {
                self.catch_up(project).await?;
            }
        }
        Ok(())
    }

    /// Changes of projects that are followed together, in as many groups as it takes.
    async fn follow_live(&mut self) -> Result<(), MirrorError> {
        let from = self.scan.from(self.overlap());
        let mut scan = self.scan.open.take().unwrap_or_else(|| Scan::since(from));
        match self.read_groups(&mut scan).await {
            Ok(ScanResult::Complete) => self.complete(&scan),
            Ok(ScanResult::Restart) => self.restart(),
            Ok(ScanResult::Paused) => self.scan.open.keep(scan),
            Err(error) => {
                // What was read before a failure is not read again.
                if scan.has_begun() {
                    self.scan.open.keep(scan);
                }
                return Err(error);
            }
        }
        Ok(())
    }

    async fn read_groups(&mut self, scan: &mut Scan) -> Result<ScanResult, MirrorError> {
        loop {
            let settings = self.intake.run.settings;
            let live = in_phase(settings, self.intake.projects, |phase| phase == SyncPhase::Live);
            let group = scan.group(&live, self.scan.group_size());
            if group.is_empty() {
                return Ok(ScanResult::Complete);
            }
            match self.read(scan, &group).await {
                Ok(ScanResult::Complete) => {
                    if !scan.finish_group() {
                        self.scan.limit_group(group.len().div_ceil(2));
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

    /// A project that Jira refuses the query for is followed alone from the cursor on.
    fn split_refused(&mut self, group: &[&FollowedProject], error: MirrorError) -> Result<(), MirrorError> {
        let Some(message) = error.refused_query().map(str::to_owned) else {
            return Err(error);
        };
        // Where Jira names none of them, each is asked for alone, once.
        let refused = blamed(&message, group).map_or_else(|| group.to_vec(), |project| vec![project]);
        for project in refused {
            self.split_off(&project.id, &message);
        }
        Ok(())
    }

    fn split_off(&mut self, id: &str, message: &str) {
        self.intake.projects.of(id).split_off(self.scan.cursor());
        self.refused(id, message);
    }

    fn refused(&mut self, id: &str, message: &str) {
        let error = ProjectSyncError::Refused(message.to_owned());
        self.intake.projects.fail(id, error);
    }

    /// Changes of one project that catches up.
    async fn catch_up(&mut self, project: &FollowedProject) -> Result<(), MirrorError> {
        let state = self.intake.projects.of(&project.id);
        let SyncPhase::CatchingUp(since) = state.phase() else {
            return Ok(());
        };
        let before = state.scan.take();
        let from = since.saturating_sub(self.overlap()).max(0);
        let mut scan = before.unwrap_or_else(|| Scan::since(from));
        let group = scan.group(&[project], 1);
        let read = self.read(&mut scan, &group).await;
        for why in std::mem::take(&mut scan.unmatched).into_values() {
            self.refused(&project.id, &why);
            scan.is_doubtful = true;
        }
        match read {
            Ok(ScanResult::Complete) => self.caught_up(&project.id, since, scan),
            Ok(ScanResult::Paused) => self.intake.projects.of(&project.id).scan.keep(scan),
            Ok(ScanResult::Restart) => self.intake.projects.of(&project.id).restart(),
            Err(error) => {
                let Some(message) = error.refused_query() else {
                    if scan.has_begun() {
                        self.intake.projects.of(&project.id).scan.keep(scan);
                    }
                    return Err(error);
                };
                self.refused(&project.id, message);
            }
        }
        Ok(())
    }

    /// The scan of a project that catches up is complete: it joins the others, or its own cursor advances.
    fn caught_up(&mut self, id: &str, since: i64, mut scan: Scan) {
        scan.finish_group();
        let run = self.intake.run;
        if scan.is_doubtful {
            self.report.incomplete |= !self.intake.projects.has_failed(id);
            let project = self.intake.projects.of(id);
            if project.scan.is_doubtful_for(run.settings.sweep_every, run.now) {
                project.restart();
            }
            return;
        }
        self.intake.projects.recover(id);
        let (cursor, overlap) = (self.scan.cursor(), self.overlap());
        let project = self.intake.projects.of(id);
        project.scan.trust();
        let is_level = cursor.is_none_or(|cursor| scan.began_after(cursor));
        if is_level && !self.scan.open.is_open() {
            self.scan.reopen_overlap();
            project.caught_up();
        } else {
            project.advance(scan.own_cursor(since, overlap));
        }
    }

    /// It is unknown which changes were seen of the projects that are followed together.
    fn restart(&mut self) {
        let settings = self.intake.run.settings;
        for project in in_phase(settings, self.intake.projects, |phase| phase == SyncPhase::Live) {
            self.intake.projects.of(&project.id).restart();
        }
        self.scan.set_cursor(None);
    }

    fn overlap(&self) -> i64 {
        self.intake.run.settings.overlap_ms()
    }

    /// The scan of the projects that are followed together is complete. Where a page may lack issues it is
    /// scanned again by the next pass; but not for ever.
    fn complete(&mut self, scan: &Scan) {
        let (run, overlap) = (self.intake.run, self.overlap());
        if !scan.is_doubtful {
            self.scan.complete(scan, overlap);
            return;
        }
        self.report.incomplete = true;
        if self.scan.open.is_doubtful_for(run.settings.sweep_every, run.now) {
            self.restart();
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
            let page = self
                .intake
                .run
                .jira
                .search(&jql, SearchFields::Issues, token.as_deref())
                .await?;
            scan.see(&page);
            self.intake.writer.set_clock(latest(&page));
            if scan.begins_ahead() {
                return Ok(ScanResult::Restart);
            }
            let news = page.found.issues.iter().map(|issue| (issue.id.clone(), updated(issue)));
            let brings_news = news.filter(|news| seen.insert(news.clone())).count() > 0;
            idle = if brings_news { 0 } else { idle + 1 };
            let next = next_page(&page, scan.at);
            self.report.malformed += page.found.malformed;
            let unmatched = self.intake.take_changed(page.found.issues, Source::Search).await?;
            scan.unmatched.extend(unmatched);
            match next {
                NextPage::Since(last) => (scan.at, token) = (last, None),
                NextPage::By(page) if token.as_ref() != Some(&page) && idle <= MOST_IDLE => token = Some(page),
                NextPage::By(_) => return Err(MirrorError::Pages("the same page was given again")),
                NextPage::Ended | NextPage::CutOff => {
                    scan.is_doubtful |= matches!(next, NextPage::CutOff);
                    return Ok(ScanResult::Complete);
                }
            }
            if scan.read > MOST_CHANGES.max(4 * self.intake.writer.index().len()) {
                return Ok(ScanResult::Restart);
            }
            if token.is_none() && self.intake.run.is_over() {
                return Ok(ScanResult::Paused);
            }
        }
    }
}
