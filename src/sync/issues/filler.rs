//! Fetches what is to be mirrored and is not there yet: what was listed by id, and whole projects page by
//! page, many queries side by side, until the slice is over.

use std::collections::BTreeSet;

use super::{
    error::MirrorError,
    fetch::{FetchAnswer, Fetching, IN_FLIGHT},
    fill_state::FillState,
    mirror::Mirror,
    missing::MissingIssues,
    paged_query::{PageStep, PagedQuery, QueryRange},
    project_states::{ProjectStates, ProjectSyncError},
    query::blamed,
    report::FillReport,
    run::StepContext,
    writer::{Source, Writer},
};
use crate::atlassian::{
    error::JiraError,
    issue_answers::{IssueBatch, SearchPage},
};

/// A query is cut in two while each half has so many issues to come, so that none is left alone at the end.
const PART: usize = 150;

pub(super) struct Filler<'p, 'a, M> {
    pub(super) run: StepContext<'a>,
    pub(super) fill: &'p mut FillState,
    pub(super) projects: &'p mut ProjectStates,
    pub(super) missing: &'p mut MissingIssues,
    pub(super) writer: &'p mut Writer<'a, M>,
    pub(super) report: FillReport,
    /// Up to when changes were followed, in epoch milliseconds.
    pub(super) cursor: i64,
    /// Issues that Jira could not answer once in this pass.
    pub(super) unanswered: BTreeSet<u64>,
}

impl<M: Mirror> Filler<'_, '_, M> {
    /// Fetches what is to be fetched, until the slice is over.
    pub(super) async fn fill(mut self) -> (FillReport, Result<(), MirrorError>) {
        let ended = self.fetch().await;
        if self.report.is_out_of_room {
            // What a page that failed meanwhile has put back.
            self.fill.stop();
        }
        (self.report, ended)
    }

    async fn fetch(&mut self) -> Result<(), MirrorError> {
        let mut fetching = Fetching::new(self.run.jira, self.run.settings.mode);
        let mut first_error = None;
        loop {
            if first_error.is_none() && !self.run.is_over() {
                fetching.send(&mut self.fill.queue);
                self.send_pages(&mut fetching);
            }
            let Some(answer) = fetching.next().await else {
                break;
            };
            let taken = match answer {
                FetchAnswer::ById(ids, found) => self.take_fetched(ids, found).await,
                FetchAnswer::Page(query, page) => self.take_page(query, page, fetching.in_flight()).await,
            };
            if let Err(error) = taken {
                first_error.get_or_insert(error);
            }
        }
        first_error.map_or(Ok(()), Err)
    }

    async fn take_fetched(&mut self, ids: Vec<u64>, found: Result<IssueBatch, JiraError>) -> Result<(), MirrorError> {
        let taken = match found {
            Ok(found) => {
                self.report.filled += found.issues.len();
                self.report.malformed += found.malformed;
                self.retry(&found.failed);
                self.writer.take(found.issues, None, Source::ById).await
            }
            Err(error) => Err(error.into()),
        };
        if taken.is_err() {
            let ids = ids.into_iter().rev();
            ids.for_each(|id| self.fill.queue.push_front(id));
        }
        taken
    }

    /// What Jira could not answer is asked for once more, and then deferred.
    fn retry(&mut self, failed: &[u64]) {
        for id in failed {
            if self.unanswered.insert(*id) {
                self.fill.queue.push_back(*id);
            } else {
                self.writer.defer_unanswered(*id);
            }
        }
    }

    /// Asks for next pages. Of queries that begin with the latest update, only of the one that is the furthest
    /// from its end: there may be no room for what the others have.
    fn send_pages(&mut self, fetching: &mut Fetching) {
        while fetching.free() > 0 {
            let ahead = |query: &PagedQuery| match query.part {
                QueryRange::Window(..) => i64::MAX,
                QueryRange::Latest(until) => query.reached.or(until).unwrap_or(i64::MAX),
            };
            let queries = self.fill.pages.queries.iter().enumerate();
            let next = queries.max_by_key(|(at, query)| (ahead(query), std::cmp::Reverse(*at)));
            let Some((at, first)) = next.map(|(at, query)| (at, ahead(query))) else {
                return;
            };
            // Which one is the furthest is known when all pages in flight have come back.
            if first < i64::MAX && fetching.in_flight() > 0 {
                return;
            }
            if self.has_no_room_for(first) {
                self.fill.pages.overflows = true;
                self.fill.pages.queries.clear();
                return;
            }
            if let Some(query) = self.fill.pages.queries.remove(at) {
                fetching.turn(query);
            }
        }
    }

    async fn take_page(
        &mut self,
        mut query: PagedQuery,
        page: Result<SearchPage, JiraError>,
        in_flight: usize,
    ) -> Result<(), MirrorError> {
        let page = match page {
            Ok(page) => page,
            Err(error) => return self.page_failed(query, error.into()),
        };
        let before = query.clone();
        let turn = query.turn(&page);
        let ids = page.found.issues.iter();
        for id in ids.filter_map(|issue| issue.id.parse::<u64>().ok()) {
            self.fill.pages.seen.insert(id);
            self.missing.found(id);
        }
        self.report.filled += page.found.issues.len();
        self.report.malformed += page.found.malformed;
        if let Err(error) = self.writer.take(page.found.issues, None, Source::Search).await {
            self.fill.pages.queries.push_front(before);
            return Err(error);
        }
        if query.is_doubtful {
            self.report.incomplete = true;
            self.fill.pages.doubtful.extend(query.projects.iter().cloned());
        }
        match turn {
            Err(error) => {
                self.fill.pages.queries.push_front(query);
                Err(error)
            }
            Ok(PageStep::Ended) => {
                for project in &query.projects {
                    self.projects.of(project).list_answered();
                }
                Ok(())
            }
            Ok(PageStep::Onward) => {
                self.requeue(query, in_flight);
                Ok(())
            }
        }
    }

    /// Queues the next page of a query, or of both of its halves, where more calls may be in flight.
    fn requeue(&mut self, mut query: PagedQuery, in_flight: usize) {
        if self.is_out_of_room(&query) {
            return;
        }
        let pages = &mut self.fill.pages;
        let active = in_flight + pages.queries.len() + 1;
        let is_worth = pages.expected.saturating_sub(pages.seen.len()) >= PART * (active + 1);
        let later = if is_worth && active < IN_FLIGHT {
            query.cut(self.cursor)
        } else {
            None
        };
        pages.queries.push_back(query);
        pages.queries.extend(later);
    }

    fn has_no_room_for(&self, updated: i64) -> bool {
        self.writer.objects().has_no_room_for(updated, self.run.settings.max)
    }

    /// Whether nothing that a query still has finds room. Where there is not room for all, as it had
    /// seemed when windows were chosen, what was updated last is listed instead.
    fn is_out_of_room(&mut self, query: &PagedQuery) -> bool {
        let objects = self.writer.objects();
        match query.part {
            QueryRange::Latest(_) if query.reached.is_some_and(|reached| self.has_no_room_for(reached)) => {}
            QueryRange::Window(..) if objects.is_crowded || objects.is_truncated => {
                self.fill.stop();
                self.projects.unqueue();
                self.writer.set_truncated(true);
                self.report.is_out_of_room = true;
            }
            _ => return false,
        }
        self.fill.pages.overflows = true;
        true
    }

    /// A page that did not come. One that Jira refuses may be so for one project.
    fn page_failed(&mut self, mut query: PagedQuery, error: MirrorError) -> Result<(), MirrorError> {
        let Some(message) = error.refused_query().map(str::to_owned) else {
            self.fill.pages.queries.push_front(query);
            return Err(error);
        };
        if query.token().is_some() {
            // The token may be too old.
            query.begin_anew();
            self.fill.pages.queries.push_front(query);
            return Err(error);
        }
        let projects = self.run.followed(&query.projects);
        let refused = blamed(&message, &projects).map(|project| project.id.clone());
        let only = query.projects.first().filter(|_| query.projects.len() == 1);
        let rest: Vec<PagedQuery> = match refused.or_else(|| only.cloned()) {
            Some(refused) => {
                self.refuse(&refused, message, query.jql.is_some());
                query.projects.retain(|id| *id != refused);
                let is_left = !query.projects.is_empty();
                is_left.then_some(query).into_iter().collect()
            }
            // Jira names none of them: one by one.
            None => query.projects.iter().map(|id| one_of(&query, id)).collect(),
        };
        self.fill.pages.queries.extend(rest);
        Ok(())
    }

    /// A project that is not filled, because Jira refuses to search it.
    fn refuse(&mut self, project: &str, message: String, has_jql: bool) {
        let error = if has_jql {
            ProjectSyncError::Jql(message)
        } else {
            ProjectSyncError::Refused(message)
        };
        self.projects.fail(project, error);
        self.projects.of(project).refused(self.run.now);
        self.fill.pages.fresh.remove(project);
    }
}

fn one_of(query: &PagedQuery, project: &str) -> PagedQuery {
    PagedQuery::new(vec![project.to_owned()], query.jql.clone(), query.part, query.size)
}
