//! Fetches what is to be mirrored and is not there yet: what was listed by id, and whole projects page by
//! page, many queries side by side, until the slice is over.

use super::{
    counting::grouped,
    deferred::DeferReason,
    engine::{Engine, ProjectSyncError},
    error::MirrorError,
    fetch::{FetchAnswer, Fetching, IN_FLIGHT},
    mirror::Mirror,
    paged_query::{PageStep, PagedQuery, QueryRange},
    query::{FollowedProject, PROJECTS, blamed},
    state::{MissingIssue, SyncPhase},
    write::Source,
};
use crate::atlassian::{
    error::JiraError,
    issue_models::{IssueBatch, SearchPage},
    jira::PAGE,
};

/// A query is worth a place of its own where it has so many issues.
const WINDOW: usize = 300;
/// A query under way is cut in two while each has so many issues to come, so that none is left alone at the end.
const PART: usize = 150;
/// Fewest issues in a page where many lists compete for little room.
const LEAST: usize = 10;

/// Queries for all issues of these projects, about so many: as many queries as may be in flight, where there
/// are enough projects. Where there are not, they are cut by time while they are walked.
#[must_use]
pub fn windows(projects: &[&FollowedProject], expected: usize) -> Vec<PagedQuery> {
    let part = QueryRange::Window(None, None);
    let (narrowed, plain): (Vec<&FollowedProject>, Vec<&FollowedProject>) =
        projects.iter().copied().partition(|project| project.jql.is_some());
    let places = expected.div_ceil(WINDOW).clamp(1, IN_FLIGHT);
    let size = plain.len().div_ceil(places).clamp(1, PROJECTS);
    let plain = plain.chunks(size).map(|group| walk(group, part, PAGE));
    plain
        .chain(narrowed.iter().map(|project| walk(&[project], part, PAGE)))
        .collect()
}

/// Queries for the issues of these projects that were updated last, not after a time. There is room for so
/// many.
#[must_use]
pub fn latest_first(projects: &[&FollowedProject], until: Option<i64>, room: usize) -> Vec<PagedQuery> {
    let groups = grouped(projects);
    // Of each list the first page is fetched before it is known which has the latest.
    let size = (2 * room).checked_div(groups.len()).unwrap_or(PAGE).clamp(LEAST, PAGE);
    let size = size.min(room.max(1));
    let part = QueryRange::Latest(until);
    groups.iter().map(|group| walk(group, part, size)).collect()
}

fn walk(group: &[&FollowedProject], part: QueryRange, size: usize) -> PagedQuery {
    let ids = group.iter().map(|project| project.id.clone()).collect();
    PagedQuery::new(ids, group.first().and_then(|project| project.jql.clone()), part, size)
}

impl<M: Mirror> Engine<'_, M> {
    /// Fetches what is to be fetched, until the slice is over.
    pub(super) async fn fill(&mut self) -> Result<(), MirrorError> {
        let mut fetching = Fetching::new(self.jira, self.settings.mode);
        let mut first_error = None;
        loop {
            if first_error.is_none() && !(self.moment.is_over)() {
                fetching.send(&mut self.state.queue);
                self.send_walks(&mut fetching);
            }
            let Some(answer) = fetching.next().await else {
                break;
            };
            let taken = match answer {
                FetchAnswer::ById(ids, found) => self.take_fetched(ids, found).await,
                FetchAnswer::Page(walk, page) => self.take_page(walk, page, fetching.under_way()).await,
            };
            if let Err(error) = taken {
                first_error.get_or_insert(error);
            }
        }
        if let Some(error) = first_error {
            return Err(error);
        }
        if self.state.remaining() == 0 && self.state.listing.is_none() {
            self.end_filling();
            self.join_filled();
            self.discard().await?;
        }
        Ok(())
    }

    async fn take_fetched(&mut self, ids: Vec<u64>, found: Result<IssueBatch, JiraError>) -> Result<(), MirrorError> {
        let taken = match found {
            Ok(found) => {
                self.report.filled += found.issues.len();
                self.report.malformed += found.malformed;
                self.fetch_again(&found.failed);
                self.take(found.issues, None, Source::ById).await
            }
            Err(error) => Err(error.into()),
        };
        if taken.is_err() {
            ids.into_iter().rev().for_each(|id| self.state.queue.push_front(id));
        }
        taken
    }

    /// What Jira could not answer is asked for once more, and then later.
    fn fetch_again(&mut self, failed: &[u64]) {
        for id in failed {
            if self.again.insert(*id) {
                self.state.queue.push_back(*id);
            } else {
                self.state.deferred.add(*id, DeferReason::Jira);
            }
        }
    }

    /// Sends queries on. Of those that go from the latest update back, only the one that is the furthest
    /// from its end: there may be no room for what the others have.
    fn send_walks(&mut self, fetching: &mut Fetching) {
        while fetching.free() > 0 {
            let ahead = |walk: &PagedQuery| match walk.part {
                QueryRange::Window(..) => i64::MAX,
                QueryRange::Latest(until) => walk.reached.or(until).unwrap_or(i64::MAX),
            };
            let walks = self.state.filling.walks.iter().enumerate();
            let next = walks.max_by_key(|(at, walk)| (ahead(walk), std::cmp::Reverse(*at)));
            let Some((at, first)) = next.map(|(at, walk)| (at, ahead(walk))) else {
                return;
            };
            // Which goes on is known when all that are under way have come back.
            if first < i64::MAX && fetching.under_way() > 0 {
                return;
            }
            if self.finds_no_room(first) {
                self.state.filling.overflows = true;
                self.state.filling.walks.clear();
                return;
            }
            if let Some(walk) = self.state.filling.walks.remove(at) {
                fetching.turn(walk);
            }
        }
    }

    async fn take_page(
        &mut self,
        mut walk: PagedQuery,
        page: Result<SearchPage, JiraError>,
        under_way: usize,
    ) -> Result<(), MirrorError> {
        let page = match page {
            Ok(page) => page,
            Err(error) => return self.page_failed(walk, error.into()),
        };
        let before = walk.clone();
        let turn = walk.turn(&page);
        let ids = page
            .found
            .issues
            .iter()
            .filter_map(|issue| issue.id.parse::<u64>().ok());
        for id in ids {
            self.state.filling.seen.insert(id);
            self.state.missing.remove(&id);
        }
        self.report.filled += page.found.issues.len();
        self.report.malformed += page.found.malformed;
        if let Err(error) = self.take(page.found.issues, None, Source::Search).await {
            self.state.filling.walks.push_front(before);
            return Err(error);
        }
        if walk.is_doubtful {
            self.report.incomplete = true;
            self.state.filling.doubtful.extend(walk.projects.iter().cloned());
        }
        match turn {
            Err(error) => {
                self.state.filling.walks.push_front(walk);
                Err(error)
            }
            Ok(PageStep::Ended) => {
                for project in &walk.projects {
                    self.state.refused_lists.remove(project);
                }
                Ok(())
            }
            Ok(PageStep::Onward) => {
                self.go_on_with(walk, under_way);
                Ok(())
            }
        }
    }

    /// Goes on with a query, or with both of its halves, where there are places left.
    fn go_on_with(&mut self, mut walk: PagedQuery, under_way: usize) {
        if self.is_out_of_room(&walk) {
            self.state.filling.overflows = true;
            return;
        }
        let filling = &self.state.filling;
        let active = under_way + filling.walks.len() + 1;
        let worth = filling.expected.saturating_sub(filling.seen.len()) >= PART * (active + 1);
        let later = if worth && active < IN_FLIGHT {
            walk.cut(self.state.cursor.unwrap_or(0))
        } else {
            None
        };
        self.state.filling.walks.push_back(walk);
        self.state.filling.walks.extend(later);
    }

    /// Whether there is no room for what was updated before this time.
    fn finds_no_room(&self, updated: i64) -> bool {
        let oldest = self.state.index.by_update().next();
        self.is_full() && oldest.is_some_and(|(oldest, _)| updated < oldest)
    }

    /// Whether nothing that a query still has finds room. Where there is not room for all, as it had
    /// seemed when windows were chosen, what was updated last is listed instead.
    fn is_out_of_room(&mut self, walk: &PagedQuery) -> bool {
        match walk.part {
            QueryRange::Latest(_) => walk.reached.is_some_and(|reached| self.finds_no_room(reached)),
            QueryRange::Window(..) if self.state.is_crowded || self.state.is_truncated => {
                self.state.stop_filling();
                (self.state.is_truncated, self.report.unfinished) = (true, true);
                true
            }
            QueryRange::Window(..) => false,
        }
    }

    /// A page that did not come. One that Jira refuses may be so for one project.
    fn page_failed(&mut self, mut walk: PagedQuery, error: MirrorError) -> Result<(), MirrorError> {
        let message = error.refused_query().map(str::to_owned);
        let Some(message) = message.filter(|_| walk.token().is_none()) else {
            // A token may be too old.
            if error.refused_query().is_some() {
                walk.begin_anew();
            }
            self.state.filling.walks.push_front(walk);
            return Err(error);
        };
        let settings = self.settings;
        let projects = walk.projects.iter().filter_map(|id| settings.project(id));
        let projects: Vec<&FollowedProject> = projects.collect();
        let refused = blamed(&message, &projects).map(|project| project.id.clone());
        let refused = refused.or_else(|| walk.projects.first().filter(|_| walk.projects.len() == 1).cloned());
        let rest: Vec<PagedQuery> = match &refused {
            Some(refused) => {
                self.refuse(refused, message, walk.jql.is_some());
                walk.projects.retain(|id| id != refused);
                if walk.projects.is_empty() {
                    Vec::new()
                } else {
                    vec![walk]
                }
            }
            // Jira names nobody: one by one.
            None => walk.projects.iter().map(|id| one_of(&walk, id)).collect(),
        };
        self.state.filling.walks.extend(rest);
        Ok(())
    }

    /// A project that is not filled, because Jira refuses to search it.
    fn refuse(&mut self, project: &str, message: String, narrowed: bool) {
        let trouble = if narrowed {
            ProjectSyncError::Jql(message)
        } else {
            ProjectSyncError::Refused(message)
        };
        self.report.failed_projects.insert(project.to_owned(), trouble);
        self.note_refused(project);
        self.state.queued.remove(project);
        self.state.filling.fresh.remove(project);
        if self.state.phase(project).is_initial() {
            self.state.phases.insert(project.to_owned(), SyncPhase::NEW);
        }
    }

    /// Everything came: what it tells of the whole.
    fn end_filling(&mut self) {
        let filling = std::mem::take(&mut self.state.filling);
        let is_unseen = |id: u64, project: &String| {
            filling.fresh.contains(project) && !filling.doubtful.contains(project) && !filling.seen.contains(&id)
        };
        let index = self.state.index.iter();
        let unseen = index.filter(|(id, entry)| is_unseen(*id, &entry.project_id));
        let missing = MissingIssue::since(self.moment.now);
        for (id, _) in unseen {
            self.state.missing.entry(id).or_insert(missing);
        }
        if !filling.doubtful.is_empty() {
            self.doubt();
            self.state.last_sweep = None;
        }
        if filling.tells_room {
            self.state.is_truncated = filling.overflows || self.state.is_crowded;
        }
    }

    /// Projects of which everything was fetched are followed, with the others unless those went on
    /// since it was listed.
    fn join_filled(&mut self) {
        let reached = self.state.cursor.unwrap_or(0);
        for id in std::mem::take(&mut self.state.queued) {
            let SyncPhase::Initial { since, .. } = self.state.phase(&id) else {
                continue;
            };
            let since = since.unwrap_or(reached);
            let phase = if since == reached && !self.is_scan_open() {
                // What was late in the index when it was listed comes with the next changes.
                self.state.advance_cursor(self.state.cursor);
                SyncPhase::Live
            } else {
                SyncPhase::CatchingUp(since)
            };
            self.state.phases.insert(id, phase);
        }
    }
}

fn one_of(walk: &PagedQuery, project: &str) -> PagedQuery {
    PagedQuery::new(vec![project.to_owned()], walk.jql.clone(), walk.part, walk.size)
}
