//! One pass over a mirror: changes → listing → fetching → deletions → verification, each of which resumes where
//! the last pass stopped.

use std::collections::BTreeSet;

use super::{
    confirmer::Confirmer,
    decide::leaving,
    error::MirrorError,
    fill_state::{FillState, PagedFetch},
    filler::Filler,
    intake::Intake,
    lister::{Lister, ListingStep},
    listing::IdListing,
    listing_state::ListingState,
    mirror::Mirror,
    missing::MissingIssues,
    planner::Planner,
    project_state::SyncPhase,
    project_states::ProjectSyncError,
    report::{ConfirmReport, FillReport, ListReport, ScanReport, StepReports, SyncReport, VerifyReport},
    run::{MirrorSettings, RunContext, StepContext},
    scan_state::ScanState,
    scanner::{Scanner, drop_outdated},
    state::MirrorState,
    unlisted::Unlisted,
    verify::{Verifier, VerifyState},
    writer::Writer,
};
use crate::{
    api::integration::MirrorMode,
    atlassian::jira::{PAGE, Session},
};

/// A pass under way: the parts of the state, of which each step gets those that it changes.
struct Engine<'a, M> {
    run: StepContext<'a>,
    /// The projects, their jql and the writer, by which issues come in at every step.
    intake: Intake<'a, M>,
    scan: &'a mut ScanState,
    listing: &'a mut ListingState,
    fill: &'a mut FillState,
    missing: &'a mut MissingIssues,
    verify: &'a mut VerifyState,
    reports: StepReports,
}

/// Runs one pass. What it did is in the report, also of one that failed.
///
/// # Errors
/// The first failure that concerns more than one project. Everything before it stands.
pub async fn run<M: Mirror>(
    jira: &Session,
    mirror: &M,
    settings: &MirrorSettings<'_>,
    moment: RunContext<'_>,
    state: &mut MirrorState,
) -> (SyncReport, Result<(), MirrorError>) {
    let run = StepContext { jira, settings, moment };
    let intake = Intake {
        run,
        jql: &mut state.jql,
        projects: &mut state.projects,
        writer: Writer::new(mirror, &run, &mut state.objects),
    };
    let mut engine = Engine {
        run,
        intake,
        scan: &mut state.scan,
        listing: &mut state.listing,
        fill: &mut state.fill,
        missing: &mut state.missing,
        verify: &mut state.verify,
        reports: StepReports::default(),
    };
    let ended = engine.pass().await;
    let Engine { intake, reports, .. } = engine;
    let written = intake.writer.finish();
    let failed_projects = state.projects.take_errors();
    let report = SyncReport::of(reports, written, failed_projects, state.is_unfinished());
    (report, ended)
}

/// The steps.
impl<'a, M: Mirror> Engine<'a, M> {
    async fn pass(&mut self) -> Result<(), MirrorError> {
        self.leave_scope().await?;
        self.follow_changes().await?;
        self.intake.take_released().await?;
        self.list_if_due().await?;
        self.fail_invalid();
        if !self.listing.is_open() {
            self.retry_deferred();
            self.fill().await?;
        }
        self.confirm_deletions().await?;
        self.verify().await?;
        // Jira's own words, on what was verified, say less than those of the validation.
        self.fail_invalid();
        self.recount();
        Ok(())
    }

    /// Removes what is no longer in scope. What cannot be read now stays.
    async fn leave_scope(&mut self) -> Result<(), MirrorError> {
        let settings = self.run.settings;
        let leaving = leaving(settings, self.intake.writer.objects());
        self.intake.writer.remove_all(leaving).await?;
        let is_followed = |id: &String| settings.project(id).is_some();
        self.intake
            .projects
            .retain(is_followed, |id| settings.is_held(id), self.scan.cursor());
        self.fill.retain(is_followed);
        self.listing.retain(is_followed);
        self.intake.writer.remove_surplus().await
    }

    async fn follow_changes(&mut self) -> Result<(), MirrorError> {
        let run = self.run;
        drop_outdated(run.settings, self.scan, self.intake.projects);
        if run.settings.mode == MirrorMode::None {
            // What changes from now on is not followed.
            self.scan.set_cursor(None);
            return Ok(());
        }
        let scanner = Scanner {
            scan: self.scan,
            intake: &mut self.intake,
            report: ScanReport::default(),
        };
        let (report, ended) = scanner.follow().await;
        self.reports.scan = report;
        ended
    }

    async fn list_if_due(&mut self) -> Result<(), MirrorError> {
        let before = self.run.jira.points();
        let listed = self.open_and_list().await;
        self.reports.listing_points = self.run.jira.points().saturating_sub(before);
        listed
    }

    async fn open_and_list(&mut self) -> Result<(), MirrorError> {
        // What was listed is fetched before anything is listed again.
        if !self.listing.is_open()
            && self.fill.remaining() == 0
            && let Some(everything) = self.planner().due()
        {
            if self.intake.projects.phases().all(SyncPhase::is_unlisted) {
                // Nothing is followed: what changed until now comes with the lists.
                self.scan.set_cursor(None);
            }
            self.planner().open(everything).await?;
        }
        loop {
            match self.list().await? {
                ListingStep::Paused => return Ok(()),
                ListingStep::Complete(listing) => {
                    self.listed(*listing);
                    return Ok(());
                }
                ListingStep::Overflow { everything } => {
                    self.intake.writer.set_truncated(true);
                    self.planner().open(everything).await?;
                }
            }
            if self.run.is_over() {
                return Ok(());
            }
        }
    }

    /// A listing is complete: what follows from it, and what is to be fetched.
    fn listed(&mut self, listing: IdListing) {
        let (settings, now) = (self.run.settings, self.run.now);
        self.intake.projects.count(&listing, settings.mode, now);
        self.intake.writer.prune();
        if listing.is_doubtful() {
            self.listing.doubt(now);
        } else if listing.everything {
            self.listing.swept(now);
            self.scan.lift_group_limit();
            self.intake.writer.clear_crowded();
            self.verify.queue_share(self.intake.writer.index(), now);
        }
        self.intake.projects.listed(&listing, now);
        if settings.mode == MirrorMode::None {
            return;
        }
        let index = self.intake.writer.index();
        self.fill
            .queue_missing(&listing.found, index, self.intake.projects, settings.max);
        if self.missing.note_unlisted(&listing.found, index, now) {
            self.listing.doubt(now);
        }
        self.intake.writer.set_truncated(listing.is_cut);
        let matching = self.intake.projects.matching();
        self.fill.start(PagedFetch::after(
            listing,
            settings,
            self.intake.writer.objects(),
            matching,
        ));
    }

    async fn fill(&mut self) -> Result<(), MirrorError> {
        let (report, ended) = self.filler().fill().await;
        let is_out_of_room = report.is_out_of_room;
        self.reports.fill = report;
        ended?;
        // What was given up is not done: it is listed anew.
        if is_out_of_room || self.fill.remaining() > 0 {
            return Ok(());
        }
        self.filled();
        if !self.listing.end_sweep() {
            return Ok(());
        }
        let unlisted = Unlisted {
            settings: self.run.settings,
            jql: self.intake.jql,
            projects: self.intake.projects,
        };
        self.intake.writer.discard(&unlisted).await
    }

    /// All that was listed is fetched: what follows from it.
    fn filled(&mut self) {
        let (fetch, now) = (self.fill.finish(), self.run.now);
        self.missing.note_unfetched(&fetch, self.intake.writer.index(), now);
        if !fetch.doubtful.is_empty() {
            self.listing.doubt(now);
            self.listing.forget_sweep();
        }
        if fetch.is_probe {
            let is_crowded = self.intake.writer.objects().is_crowded;
            self.intake.writer.set_truncated(fetch.overflows || is_crowded);
        }
        let (cursor, is_scan_open) = (self.scan.cursor().unwrap_or(0), self.scan.open.is_open());
        if self.intake.projects.filled(cursor, is_scan_open) {
            // What was late in the index when it was listed comes with the next changes.
            self.scan.reopen_overlap();
        }
    }

    /// What was deferred is fetched again, or looked up where it is mirrored: it may be gone.
    fn retry_deferred(&mut self) {
        let run = self.run;
        if run.slice {
            return;
        }
        for id in self.intake.writer.take_deferred(PAGE) {
            if self.intake.writer.index().get(id).is_some() {
                let since = run.now.checked_sub(run.settings.confirm_after).unwrap_or(run.now);
                self.missing.suspect(id, since);
            } else {
                self.fill.retry(id);
            }
        }
    }

    async fn confirm_deletions(&mut self) -> Result<(), MirrorError> {
        let confirmer = Confirmer {
            missing: self.missing,
            intake: &mut self.intake,
            report: ConfirmReport::default(),
        };
        let (report, ended) = confirmer.confirm().await;
        self.reports.confirm = report;
        ended
    }

    async fn verify(&mut self) -> Result<(), MirrorError> {
        // What a search has just brought may be older than what is asked for by id: it is verified in
        // the next slice, so that nothing is written twice in one pass.
        if self.reports.fill.filled > 0 || self.intake.writer.changed() > 0 {
            return Ok(());
        }
        let verifier = Verifier {
            verify: self.verify,
            missing: self.missing,
            intake: &mut self.intake,
            report: VerifyReport::default(),
        };
        let (report, ended) = verifier.verify().await;
        self.reports.verify = report;
        ended
    }

    /// A jql that Jira did not accept is not asked for again before the next listing, and the project fails all
    /// the same.
    fn fail_invalid(&mut self) {
        for project in self.run.settings.followed.iter() {
            if let Some(error) = self.intake.jql.error_of(project) {
                self.intake
                    .projects
                    .fail(&project.id, ProjectSyncError::Jql(error.clone()));
            }
        }
    }

    /// Where the mirror has all issues, they are counted there.
    fn recount(&mut self) {
        let objects = self.intake.writer.objects();
        let is_filling = self.fill.remaining() > 0 || self.listing.is_of_new();
        let is_short = objects.is_crowded || objects.is_truncated;
        if self.run.settings.mode != MirrorMode::None && self.listing.is_certain() && !is_filling && !is_short {
            self.intake.projects.recount(objects.index(), self.run.now);
        }
    }

    fn planner(&mut self) -> Planner<'_, 'a> {
        Planner {
            run: self.run,
            listing: self.listing,
            scan: self.scan,
            jql: self.intake.jql,
            projects: self.intake.projects,
            objects: self.intake.writer.objects(),
        }
    }

    async fn list(&mut self) -> Result<ListingStep, MirrorError> {
        let lister = Lister {
            run: self.run,
            listing: self.listing,
            projects: self.intake.projects,
            index: self.intake.writer.index(),
            report: ListReport::default(),
        };
        let (report, step) = lister.list().await;
        self.reports.list.incomplete |= report.incomplete;
        step
    }

    fn filler(&mut self) -> Filler<'_, 'a, M> {
        Filler {
            run: self.run,
            fill: self.fill,
            projects: self.intake.projects,
            missing: self.missing,
            writer: &mut self.intake.writer,
            report: FillReport::default(),
            cursor: self.scan.cursor().unwrap_or(0),
            unanswered: BTreeSet::new(),
        }
    }
}
