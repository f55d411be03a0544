//! Lists the ids of everything that is to be mirrored, or what was updated last where there is not room for all,
//! page by page and slice by slice, and counts it.

use super::{
    counting::counted,
    error::MirrorError,
    fetch::IN_FLIGHT,
    index::Index,
    issue_counts::IssueCounts,
    listing::{CountQuery, IdListing, IdQuery},
    listing_state::ListingState,
    paged_query::PageStep,
    project_states::{ProjectStates, ProjectSyncError},
    query::{FollowedProject, blamed},
    report::ListReport,
    run::StepContext,
};
use crate::{api::integration::MirrorMode, atlassian::jira::SearchFields};

/// How far a listing came.
pub(super) enum ListingStep {
    /// To the end of the slice, or nothing is to be listed.
    Paused,
    /// To its end.
    Complete(Box<IdListing>),
    /// There is not room for all, as it had seemed.
    Overflow {
        /// It was a listing of everything.
        everything: bool,
    },
}

pub(super) struct Lister<'p, 'a> {
    pub(super) run: StepContext<'a>,
    pub(super) listing: &'p mut ListingState,
    pub(super) projects: &'p mut ProjectStates,
    pub(super) index: &'p Index,
    pub(super) report: ListReport,
}

impl Lister<'_, '_> {
    /// Resumes the listing under way, until it is complete or the slice is over.
    pub(super) async fn list(mut self) -> (ListReport, Result<ListingStep, MirrorError>) {
        let step = self.list_pages().await;
        (self.report, step)
    }

    async fn list_pages(&mut self) -> Result<ListingStep, MirrorError> {
        while let Some(mut listing) = self.listing.take() {
            if listing.counting.is_empty() && listing.todo.is_empty() {
                return Ok(ListingStep::Complete(Box::new(listing)));
            }
            let listed = if listing.counting.is_empty() {
                self.list_page(&mut listing).await
            } else {
                self.count_some(&mut listing).await
            };
            if listed.is_ok() && self.overflows(&listing) {
                let everything = listing.everything;
                return Ok(ListingStep::Overflow { everything });
            }
            self.listing.open(listing);
            listed?;
            if self.run.is_over() {
                break;
            }
        }
        Ok(ListingStep::Paused)
    }

    fn overflows(&self, listing: &IdListing) -> bool {
        let settings = self.run.settings;
        settings.mode != MirrorMode::None && !listing.is_cut && listing.found.total() > settings.max
    }

    /// One page of ids.
    async fn list_page(&mut self, listing: &mut IdListing) -> Result<(), MirrorError> {
        let Some(mut list) = listing.todo.pop_front() else {
            return Ok(());
        };
        let wanted = SearchFields::SomeIds(list.page());
        let query = list.query(self.run.settings.mode);
        let page = self.run.jira.search(&query, wanted, list.token()).await;
        let page = match page.map_err(MirrorError::from) {
            Ok(page) => page,
            Err(error) => {
                if let Some(message) = error.refused_query() {
                    if list.token().is_none() {
                        self.list_without(listing, &list, message);
                        return Ok(());
                    }
                    // The token may be too old.
                    list.begin_anew();
                }
                listing.todo.push_front(list);
                return Err(error);
            }
        };
        match list.take(page) {
            Ok(PageStep::Ended) => {
                self.report.incomplete |= !list.is_complete;
                let projects = self.run.followed(&list.projects);
                for project in &projects {
                    self.projects.of(&project.id).list_answered();
                }
                listing.found.add(&projects, list, self.index);
                Ok(())
            }
            Ok(PageStep::Onward) => {
                listing.todo.push_front(list);
                Ok(())
            }
            Err(error) => {
                listing.todo.push_front(list);
                Err(error)
            }
        }
    }

    /// Jira refuses a list: it is asked for without the project that Jira names, or, where it names none, one by
    /// one.
    fn list_without(&mut self, listing: &mut IdListing, list: &IdQuery, message: &str) {
        let projects = self.run.followed(&list.projects);
        let refused = match (blamed(message, &projects), projects.as_slice()) {
            (Some(project), _) => Some(project),
            (None, [project]) => Some(*project),
            (None, _) => None,
        };
        let ids = projects.iter().map(|project| project.id.clone());
        let Some(refused) = refused else {
            let singles: Vec<IdQuery> = ids.map(|id| list.of(vec![id], list.jql.clone())).collect();
            let singles = singles.into_iter().rev();
            singles.for_each(|single| listing.todo.push_front(single));
            return;
        };
        self.refused(listing, refused, message);
        let rest: Vec<String> = ids.filter(|id| *id != refused.id).collect();
        if !rest.is_empty() {
            listing.todo.push_front(list.of(rest, list.jql.clone()));
        }
    }

    fn refused(&mut self, listing: &mut IdListing, refused: &FollowedProject, message: &str) {
        let error = match &refused.jql {
            Some(_) => ProjectSyncError::Jql(message.to_owned()),
            None => ProjectSyncError::Refused(message.to_owned()),
        };
        self.projects.fail(&refused.id, error);
        self.projects.of(&refused.id).list_refused(self.run.now);
        listing.resumed.remove(&refused.id);
    }

    /// Counts the next few projects.
    async fn count_some(&mut self, listing: &mut IdListing) -> Result<(), MirrorError> {
        let some: Vec<CountQuery> = listing.counting.iter().take(IN_FLIGHT).cloned().collect();
        for (query, answer) in counted(self.run, some).await {
            match answer {
                Ok(Some(about)) => self.note_about(&query, about),
                Ok(None) => {}
                Err(error) => {
                    let message = error.refused_query().map(str::to_owned);
                    let Some(message) = message else { return Err(error) };
                    if query.mode == MirrorMode::None {
                        listing.resumed.remove(&query.project);
                    }
                    self.projects.fail(&query.project, ProjectSyncError::Refused(message));
                }
            }
            listing.counting.pop_front();
        }
        Ok(())
    }

    fn note_about(&mut self, query: &CountQuery, about: usize) {
        let project = self.projects.of(&query.project);
        let mut counts = project.counts.unwrap_or(IssueCounts::unknown(self.run.now));
        (counts.about, counts.as_of) = (true, self.run.now);
        if query.mode == self.run.settings.mode {
            counts.matching = Some(about);
        }
        if query.mode != MirrorMode::All {
            counts.open = Some(about);
        }
        project.counts = Some(counts);
    }
}
