//! What is to be fetched because it is not mirrored yet, or under other settings. Pure.

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};

use super::{
    index::Index,
    listing::{IdListing, ListedIds},
    objects::ObjectState,
    paged_query::PagedQuery,
    project_states::ProjectStates,
    query::FollowedProject,
    run::MirrorSettings,
    split::latest_first,
};

/// What is being fetched page by page.
#[derive(Clone, Debug, Default)]
pub(super) struct PagedFetch {
    /// Queries of which pages are left.
    pub(super) queries: VecDeque<PagedQuery>,
    /// About how many issues they find.
    pub(super) expected: usize,
    /// Ids that came.
    pub(super) seen: HashSet<u64>,
    /// Ids of the projects of which all issues are fetched.
    pub(super) fresh: BTreeSet<String>,
    /// Ids of projects of which pages may lack issues.
    pub(super) doubtful: BTreeSet<String>,
    /// Issues are left that find no room.
    pub(super) overflows: bool,
    /// All projects are fetched until there is no room: it shows whether there is room for all.
    pub(super) is_probe: bool,
}

impl PagedFetch {
    /// What is fetched after a listing. Where not all has room, all that is left below what is mirrored, if there
    /// is room, or if Jira's numbers (`matching` in all) say that there may be.
    pub(super) fn after(
        listing: IdListing,
        settings: &MirrorSettings<'_>,
        objects: &ObjectState,
        matching: usize,
    ) -> Self {
        let mut queries = listing.queries;
        let has_room = objects.index().len() < settings.max || matching <= settings.max;
        let oldest = objects.oldest();
        if listing.is_cut && has_room && oldest.is_some() {
            let there = settings.followed.iter().filter(|p| listing.resumed.contains(&p.id));
            let there: Vec<&FollowedProject> = there.collect();
            queries.extend(latest_first(&there, oldest, settings.max));
        }
        Self {
            expected: if queries.is_empty() { 0 } else { listing.expected },
            queries: queries.into(),
            fresh: listing.fresh,
            is_probe: listing.is_cut && listing.everything && has_room,
            ..Self::default()
        }
    }

    fn retain(&mut self, is_followed: impl Fn(&String) -> bool) {
        for query in &mut self.queries {
            if !query.projects.iter().all(&is_followed) {
                query.projects.retain(&is_followed);
                query.begin_anew();
            }
        }
        self.queries.retain(|query| !query.projects.is_empty());
        self.fresh.retain(&is_followed);
    }

    /// About how many issues are still to come.
    fn remaining(&self) -> usize {
        if self.queries.is_empty() {
            return 0;
        }
        self.expected.saturating_sub(self.seen.len()).max(1)
    }

    /// Whether a project was fetched whole, without this issue.
    pub(super) fn lacks(&self, id: u64, project: &str) -> bool {
        self.fresh.contains(project) && !self.doubtful.contains(project) && !self.seen.contains(&id)
    }
}

#[derive(Clone, Debug, Default)]
pub struct FillState {
    /// Ids that are still to be fetched.
    pub(super) queue: VecDeque<u64>,
    pub(super) pages: PagedFetch,
    /// How many were to be fetched when they were listed.
    total: usize,
}

impl FillState {
    /// About how many issues are still to be fetched, as far as that is known.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.queue.len() + self.pages.remaining()
    }

    /// Whether the number that remains is an estimate.
    #[must_use]
    pub fn is_estimate(&self) -> bool {
        self.pages.remaining() > 0
    }

    /// How many were to be fetched when they were listed.
    #[must_use]
    pub const fn total(&self) -> usize {
        self.total
    }

    /// Queues what is not mirrored yet, or under other settings: of each list as many as there may
    /// be objects, newest first, and the lists in turns.
    pub(super) fn queue_missing(&mut self, found: &ListedIds, index: &Index, projects: &ProjectStates, max: usize) {
        let is_there = |id: &u64| {
            let entry = index.get(*id).filter(|_| !found.moved.contains(id));
            entry.is_some_and(|entry| {
                let phase = projects.phase(&entry.project_id);
                !phase.is_initial() || phase.is_resumed()
            })
        };
        let mut turns: BTreeMap<usize, Vec<u64>> = BTreeMap::new();
        for list in &found.lists {
            for (turn, id) in list.iter().take(max).enumerate() {
                if !is_there(id) {
                    turns.entry(turn).or_default().push(*id);
                }
            }
        }
        self.queue = turns.into_values().flatten().collect();
    }

    /// Begins to fetch these pages, besides what is queued.
    pub(super) fn start(&mut self, pages: PagedFetch) {
        self.pages = pages;
        self.total = self.remaining();
    }

    /// One that was deferred is to be fetched again.
    pub(super) fn retry(&mut self, id: u64) {
        if !self.queue.contains(&id) {
            self.queue.push_back(id);
            self.total += 1;
        }
    }

    /// Resumes with these projects only.
    pub(super) fn retain(&mut self, is_followed: impl Fn(&String) -> bool) {
        self.pages.retain(is_followed);
    }

    pub(super) fn finish(&mut self) -> PagedFetch {
        std::mem::take(&mut self.pages)
    }

    pub(super) fn stop(&mut self) {
        self.queue.clear();
        self.pages = PagedFetch::default();
    }
}
