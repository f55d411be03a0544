//! Lists everything that is to be mirrored, or what was updated last where there is not room for all;
//! counts it, and says what is to be fetched. It goes on from page to page, and from slice to slice.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::{
    engine::{Engine, ProjectSyncError},
    error::MirrorError,
    filling::latest_first,
    listing::{IdListing, IdQuery, ListedIds},
    mirror::Mirror,
    paged_query::PageStep,
    plan::{ListingRequest, counting_only, plan},
    query::{FollowedProject, blamed},
    state::{AwaitedEvidence, InitialFetch, IssueCounts, MissingIssue, SyncPhase},
};
use crate::{api::integration::MirrorMode, atlassian::jira};

/// So many issues of a project may be missing at once, however few it has.
const MANY: usize = 10;

impl<M: Mirror> Engine<'_, M> {
    /// Plans a listing of everything, or only of projects of which nothing is mirrored yet.
    pub(super) async fn sweep(&mut self, everything: bool) -> Result<(), MirrorError> {
        let settings = self.settings;
        let is_new: BTreeSet<String> = settings
            .followed
            .iter()
            .filter(|project| self.state.phase(&project.id).is_initial())
            .map(|project| project.id.clone())
            .collect();
        let unfilled = |project: &&FollowedProject| is_new.contains(&project.id);
        let asked = |project: &&FollowedProject| everything || (unfilled(project) && !self.is_refused(project));
        let projects: Vec<&FollowedProject> = settings.followed.iter().filter(asked).collect();
        self.validate(&projects).await?;
        let valid = projects
            .iter()
            .copied()
            .filter(|project| self.invalid(project).is_none());
        let (new, filled): (Vec<&FollowedProject>, Vec<&FollowedProject>) = valid.partition(unfilled);
        if settings.mode == MirrorMode::None {
            let all: Vec<&FollowedProject> = new.into_iter().chain(filled).collect();
            let expected = self.expected(&all).await?;
            self.state.listing = Some(counting_only(&all, expected, everything));
            return Ok(());
        }
        // Where changes are followed from is asked for before the first page.
        let begins = self.state.cursor.is_none();
        let (reached, expected) = futures::join!(
            async {
                if begins {
                    self.begin(projects.clone()).await
                } else {
                    Ok(None)
                }
            },
            self.expected(&new)
        );
        if begins {
            self.state.advance_cursor(reached?);
        }
        let wanted = ListingRequest {
            new: &new,
            filled: &filled,
            expected: expected?,
            everything,
        };
        self.state.listing = Some(plan(self.state, settings, &wanted));
        Ok(())
    }

    /// Goes on with the listing under way, until it is done or the slice is over.
    pub(super) async fn list(&mut self) -> Result<(), MirrorError> {
        while let Some(mut listing) = self.state.listing.take() {
            let is_done = listing.counting.is_empty() && listing.todo.is_empty();
            if is_done {
                self.conclude(listing);
                return Ok(());
            }
            let went = if listing.counting.is_empty() {
                self.list_page(&mut listing).await
            } else {
                self.count_some(&mut listing).await
            };
            let is_too_much = !listing.is_cut && listing.found.total() > self.settings.max;
            let is_too_much = is_too_much && self.settings.mode != MirrorMode::None;
            if is_too_much && went.is_ok() {
                // There is not room for all, as it seemed.
                self.state.is_truncated = true;
                self.sweep(listing.everything).await?;
            } else {
                self.state.listing = Some(listing);
            }
            went?;
            if (self.moment.is_over)() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// One page of ids.
    async fn list_page(&mut self, listing: &mut IdListing) -> Result<(), MirrorError> {
        let Some(mut list) = listing.todo.pop_front() else {
            return Ok(());
        };
        let wanted = jira::SearchFields::SomeIds(list.page());
        let query = list.query(self.settings.mode);
        let page = self.jira.search(&query, wanted, list.token()).await;
        let turn = match page {
            Ok(page) => list.take(page),
            Err(error) => {
                let error = MirrorError::from(error);
                let message = error.refused_query().map(str::to_owned);
                let Some(message) = message.filter(|_| list.token().is_none()) else {
                    // A token may be too old.
                    if error.refused_query().is_some() {
                        list.begin_anew();
                    }
                    listing.todo.push_front(list);
                    return Err(error);
                };
                self.list_without(listing, &list, &message);
                return Ok(());
            }
        };
        match turn {
            Ok(PageStep::Ended) => {
                self.report.incomplete |= !list.is_complete;
                let settings = self.settings;
                let projects = list.projects.iter().filter_map(|id| settings.project(id));
                let projects: Vec<&FollowedProject> = projects.collect();
                for project in &projects {
                    self.state.refused_lists.remove(&project.id);
                }
                listing.found.add(&projects, list, &self.state.index);
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

    /// Jira refuses a list: it goes on without the project that it names, or, where it names nobody,
    /// one by one.
    fn list_without(&mut self, listing: &mut IdListing, list: &IdQuery, message: &str) {
        let settings = self.settings;
        let projects: Vec<&FollowedProject> = list.projects.iter().filter_map(|id| settings.project(id)).collect();
        let refused = match (blamed(message, &projects), projects.as_slice()) {
            (Some(project), _) => Some(project),
            (None, [project]) => Some(*project),
            (None, _) => None,
        };
        let ids = projects.iter().map(|project| project.id.clone());
        let Some(refused) = refused else {
            let singles: Vec<IdQuery> = ids.map(|id| list.of(vec![id], list.jql.clone())).collect();
            singles
                .into_iter()
                .rev()
                .for_each(|single| listing.todo.push_front(single));
            return;
        };
        let trouble = match &refused.jql {
            Some(_) => ProjectSyncError::Jql(message.to_owned()),
            None => ProjectSyncError::Refused(message.to_owned()),
        };
        self.report.failed_projects.insert(refused.id.clone(), trouble);
        listing.resumed.remove(&refused.id);
        self.note_refused(&refused.id);
        let rest: Vec<String> = ids.filter(|id| *id != refused.id).collect();
        if !rest.is_empty() {
            listing.todo.push_front(list.of(rest, list.jql.clone()));
        }
    }

    /// Everything was listed: what is to be concluded from it, and what to be fetched.
    fn conclude(&mut self, listing: IdListing) {
        self.count(&listing);
        self.note_listed(&listing);
        if self.settings.mode == MirrorMode::None {
            return;
        }
        self.queue(&listing.found);
        self.note_missing(&listing.found);
        self.fill_from(listing);
        self.state.listed = self.state.remaining();
    }

    /// Keeps the counts. How many issues are open is told by the mirror where it has all.
    fn count(&mut self, listing: &IdListing) {
        let (all, found) = (self.settings.mode == MirrorMode::All, &listing.found);
        for (id, matching) in &found.counts {
            // A list that may lack issues tells less than an earlier one.
            let is_known = |counts: &IssueCounts| counts.matching.is_some();
            let is_worse = !found.complete.contains(id) && self.state.counts.get(id).is_some_and(is_known);
            if is_worse || listing.is_cut {
                continue;
            }
            let counts = IssueCounts {
                open: (!all).then_some(*matching),
                matching: Some(*matching),
                about: false,
                as_of: self.moment.now,
            };
            self.state.counts.insert(id.clone(), counts);
        }
    }

    /// Notes what was listed: until when the others were followed by then, and when to list again.
    fn note_listed(&mut self, listing: &IdListing) {
        let found = &listing.found;
        self.state
            .recently_removed
            .prune(self.moment.now, self.settings.overlap);
        let is_doubtful = found.counts.keys().any(|id| !found.complete.contains(id));
        if is_doubtful {
            self.doubt();
        } else if listing.everything {
            self.state.last_sweep = Some(self.moment.now);
            (self.state.doubted, self.state.doubts, self.state.most_together) = (None, 0, None);
            (self.state.is_listed, self.state.is_crowded) = (true, false);
            self.verify_more();
        }
        for id in listing.resumed.iter().chain(&listing.fresh) {
            if let SyncPhase::Initial { resumed, since } = self.state.phase(id) {
                // What is there already was fetched after an earlier time.
                let since = since.filter(|_| resumed).or(Some(listing.reached));
                let phase = SyncPhase::Initial { resumed, since };
                self.state.phases.insert(id.clone(), phase);
                self.state.queued.insert(id.clone());
                let unknown = IssueCounts::unknown(self.moment.now);
                self.state.counts.entry(id.clone()).or_insert(unknown);
            }
        }
    }

    /// What is to be walked. Where not all has room, all that is left below what is mirrored, if there
    /// is room, or if Jira's numbers say that there may be.
    fn fill_from(&mut self, listing: IdListing) {
        let (settings, state) = (self.settings, &mut *self.state);
        let mut walks = listing.walks;
        let has_room = state.index.len() < settings.max || state.matching() <= settings.max;
        let oldest = state.index.by_update().next().map(|(updated, _)| updated);
        if listing.is_cut && has_room && oldest.is_some() {
            let there = settings.followed.iter().filter(|p| listing.resumed.contains(&p.id));
            let there: Vec<&FollowedProject> = there.collect();
            walks.extend(latest_first(&there, oldest, settings.max));
        }
        state.is_truncated = listing.is_cut;
        state.filling = InitialFetch {
            expected: if walks.is_empty() { 0 } else { listing.expected },
            walks: walks.into(),
            fresh: listing.fresh,
            tells_room: listing.is_cut && listing.everything && has_room,
            ..InitialFetch::default()
        };
    }

    /// Queues what is not mirrored yet, or under other settings: of each list as many as there may
    /// be objects, newest first, and the lists in turns.
    fn queue(&mut self, sweep: &ListedIds) {
        let is_there = |id: &u64| {
            let entry = self.state.index.get(*id);
            let phase = entry.map(|entry| self.state.phase(&entry.project_id));
            let phase = phase.filter(|_| !sweep.moved.contains(id));
            matches!(
                phase,
                Some(SyncPhase::Live | SyncPhase::CatchingUp(_) | SyncPhase::Initial { resumed: true, .. })
            )
        };
        let mut turns: BTreeMap<usize, Vec<u64>> = BTreeMap::new();
        for list in &sweep.lists {
            for (turn, id) in list.iter().take(self.settings.max).enumerate() {
                if !is_there(id) {
                    turns.entry(turn).or_default().push(*id);
                }
            }
        }
        self.state.queue = turns.into_values().flatten().collect();
    }

    /// Jira refused to list or to fetch a project: it is asked for less and less often.
    pub(super) fn note_refused(&mut self, project: &str) {
        let now = self.moment.now;
        let refusals = self.state.refused_lists.entry(project.to_owned()).or_insert((0, now));
        *refusals = (refusals.0.saturating_add(1), now);
    }

    /// Everything is listed again soon; less and less soon, where it is so again and again.
    pub(super) fn doubt(&mut self) {
        self.state.doubted = Some(self.moment.now);
        self.state.doubts = self.state.doubts.saturating_add(1);
    }

    /// Notes what is mirrored and was not listed. Of projects that were not listed whole nothing is
    /// missing; and where most of what is mirrored of a project is missing at once, that is believed only
    /// of a second list.
    fn note_missing(&mut self, sweep: &ListedIds) {
        let listed: HashSet<u64> = sweep.lists.iter().flatten().copied().collect();
        let is_missing = |id: u64, project: &str| sweep.complete.contains(project) && !listed.contains(&id);
        let mut by_project: BTreeMap<&str, (usize, Vec<u64>)> = BTreeMap::new();
        for (id, entry) in self.state.index.iter() {
            let (all, missing) = by_project.entry(&entry.project_id).or_default();
            *all += 1;
            missing.extend(is_missing(id, &entry.project_id).then_some(id));
        }
        let (now, mut is_landslide) = (self.moment.now, false);
        self.state.missing.retain(|id, _| !listed.contains(id));
        for (all, missing) in by_project.into_values() {
            let most = missing.len() > MANY && missing.len() * 2 > all;
            let awaits = if most {
                AwaitedEvidence::List
            } else {
                AwaitedEvidence::Time
            };
            for id in missing {
                let known = self.state.missing.entry(id);
                let again = |known: &mut MissingIssue| {
                    if known.awaits == AwaitedEvidence::List {
                        known.awaits = AwaitedEvidence::Time;
                    }
                };
                known.and_modify(again).or_insert_with(|| {
                    is_landslide |= most;
                    MissingIssue { since: now, awaits }
                });
            }
        }
        if is_landslide {
            self.doubt();
        }
    }
}
