//! What the mirror remembers between passes. All but the index can be told from what is written in
//! status; the index is read from the cluster.

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};

use jiff::{SignedDuration, Timestamp};

use super::{
    deferred::DeferredIssues,
    followed::FollowedProjects,
    index::{Index, OrphanedObject, StoredObject},
    listing::IdListing,
    mirrored_issue::MappingContext,
    paged_query::PagedQuery,
    query::FollowedProject,
    recently_removed::RecentlyRemoved,
    scan::Scan,
};
use crate::api::integration::{MirrorMode, RemovedIssues};

/// How a project is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncPhase {
    /// Nothing of it is mirrored yet, or under other settings.
    Initial {
        /// What is mirrored of it is as the settings want it: only the rest is to be fetched.
        resumed: bool,
        /// From when its changes are to be followed once all is fetched, in epoch milliseconds: up to
        /// when those of the others were seen when it was listed. None before it is listed.
        since: Option<i64>,
    },
    /// Its changes were fetched up to this time, in epoch milliseconds: it lags behind the others.
    CatchingUp(i64),
    /// It is followed with the others.
    Live,
}

impl SyncPhase {
    /// Nothing of it is mirrored, and it was not listed.
    pub const NEW: Self = Self::Initial {
        resumed: false,
        since: None,
    };

    /// Whether it is still being filled.
    #[must_use]
    pub const fn is_initial(self) -> bool {
        matches!(self, Self::Initial { .. })
    }
}

/// A mirrored issue that a list did not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MissingIssue {
    /// Since when.
    pub since: Timestamp,
    /// What must come before it is looked up.
    pub awaits: AwaitedEvidence,
}

impl MissingIssue {
    /// Missing since then, and looked up after a while.
    #[must_use]
    pub const fn since(since: Timestamp) -> Self {
        let awaits = AwaitedEvidence::Time;
        Self { since, awaits }
    }
}

/// What must come before a missing issue is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AwaitedEvidence {
    /// Time alone.
    Time,
    /// A pass that knows all projects in scope: it is in one that no object tells of.
    Scope,
    /// Another list that lacks it.
    List,
}

/// How many issues a project has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IssueCounts {
    /// Not done; none where only the mirror tells, once it has all.
    pub open: Option<usize>,
    /// To be mirrored; none where only the mirror tells, once it has all.
    pub matching: Option<usize>,
    /// Jira estimated them.
    pub about: bool,
    /// When they were counted.
    pub as_of: Timestamp,
}

impl IssueCounts {
    /// Nobody has counted yet.
    #[must_use]
    pub const fn unknown(now: Timestamp) -> Self {
        Self {
            open: None,
            matching: None,
            about: false,
            as_of: now,
        }
    }
}

/// What is being fetched page by page.
#[derive(Clone, Debug, Default)]
pub struct InitialFetch {
    /// Queries that are under way.
    pub walks: VecDeque<PagedQuery>,
    /// About how many issues they find.
    pub expected: usize,
    /// Ids that came.
    pub seen: HashSet<u64>,
    /// Ids of the projects of which all is walked.
    pub fresh: BTreeSet<String>,
    /// Ids of projects of which pages may lack issues.
    pub doubtful: BTreeSet<String>,
    /// Issues are left that find no room.
    pub overflows: bool,
    /// All projects are walked until there is no room, so that it tells whether there is room for all.
    pub tells_room: bool,
}

impl InitialFetch {
    /// Goes on with these projects only.
    pub fn retain(&mut self, known: impl Fn(&String) -> bool) {
        for walk in &mut self.walks {
            if !walk.projects.iter().all(&known) {
                walk.projects.retain(&known);
                walk.begin_anew();
            }
        }
        self.walks.retain(|walk| !walk.projects.is_empty());
        self.fresh.retain(&known);
    }

    /// About how many issues are still to come.
    #[must_use]
    pub fn remaining(&self) -> usize {
        if self.walks.is_empty() {
            return 0;
        }
        self.expected.saturating_sub(self.seen.len()).max(1)
    }
}

/// The memory of one mirror.
#[derive(Clone, Debug, Default)]
// Each is a question of its own.
#[allow(clippy::struct_excessive_bools)]
pub struct MirrorState {
    /// What is mirrored.
    pub index: Index,
    /// The newest update that was seen of the projects that are followed together, in epoch
    /// milliseconds by Jira's clock.
    pub cursor: Option<i64>,
    /// Whether changes were asked for again so long after that, that none can be late any more.
    pub overlap_done: bool,
    /// Rounds of changes that a slice did not end: of a project that lags behind by its id, of those
    /// that are followed together under an empty one.
    pub scans: BTreeMap<String, Scan>,
    /// Of which of these pages may have lacked issues, and since when.
    pub doubtful: BTreeMap<String, Timestamp>,
    /// How many projects are followed by one query, where Jira warned that more are too many.
    pub most_together: Option<usize>,
    /// Objects that tell of no issue, by name: they may still become an issue's.
    pub orphaned: BTreeMap<String, OrphanedObject>,
    /// Issues that could not be written, removed or fetched.
    pub deferred: DeferredIssues,
    /// Issues that do not belong in the mirror, as they were read by id.
    pub recently_removed: RecentlyRemoved,
    /// How each project is followed, by id.
    pub phases: BTreeMap<String, SyncPhase>,
    /// Under which settings each project was mirrored, by id.
    pub filters: BTreeMap<String, String>,
    /// Ids that are still to be fetched.
    pub queue: VecDeque<u64>,
    /// Ids of the projects that are being filled and of which all that is to be fetched was queued.
    pub queued: BTreeSet<String>,
    /// What is being fetched page by page.
    pub filling: InitialFetch,
    /// A listing under way.
    pub listing: Option<IdListing>,
    /// Ids of mirrored issues whose contents are to be looked at again.
    pub verifying: VecDeque<u64>,
    /// Up to which id the contents of mirrored issues were looked at again, in the order of the ids.
    pub verified: Option<u64>,
    /// Digests of the statuses and issue types that each project was last known to have, by its id.
    pub workflows: BTreeMap<String, String>,
    /// How many were to be fetched when they were listed.
    pub listed: usize,
    /// Mirrored issues that a sweep did not list.
    pub missing: BTreeMap<u64, MissingIssue>,
    /// Queries of persons that Jira accepted.
    pub valid_jql: BTreeSet<String>,
    /// Those that it did not, with its words.
    pub invalid_jql: BTreeMap<String, String>,
    /// Counts by id of the project.
    pub counts: BTreeMap<String, IssueCounts>,
    /// When everything was listed last.
    pub last_sweep: Option<Timestamp>,
    /// Everything was listed, and what is to be concluded from that once it was fetched is open.
    pub is_listed: bool,
    /// An issue found no room, or pushed another one out, since everything was listed.
    pub is_crowded: bool,
    /// There are more issues than there is room for.
    pub is_truncated: bool,
    /// When a list came last of which Jira warned that it may lack issues, or that lacked very many.
    pub doubted: Option<Timestamp>,
    /// How many such lists came in a row.
    pub doubts: u32,
    /// Projects that Jira refused to list, by id: how often in a row, and when last.
    pub refused_lists: BTreeMap<String, (u32, Timestamp)>,
    /// What left the mirror so far.
    pub removed: RemovedIssues,
}

impl MirrorState {
    /// How the project is followed.
    #[must_use]
    pub fn phase(&self, project_id: &str) -> SyncPhase {
        let phase = self.phases.get(project_id).copied();
        phase.unwrap_or(SyncPhase::NEW)
    }

    /// Whether issues are still to be fetched.
    #[must_use]
    pub fn is_filling(&self) -> bool {
        self.remaining() > 0 || self.listing.as_ref().is_some_and(|listing| listing.fills)
    }

    /// About how many issues are still to be fetched, as far as that is known.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.queue.len() + self.filling.remaining()
    }

    /// Whether something goes on in the next slice.
    #[must_use]
    pub fn is_under_way(&self) -> bool {
        self.is_filling() || self.listing.is_some() || !self.verifying.is_empty() || !self.scans.is_empty()
    }

    /// The object of an issue: the one that tells of it, or else one that was made for it.
    #[must_use]
    pub fn object_of(&self, id: u64) -> Option<StoredObject> {
        let known = self.index.get(id).map(|entry| entry.stored.clone());
        let orphaned = || self.orphaned.iter().find(|(_, other)| other.issue == Some(id));
        known.or_else(|| orphaned().map(|(name, other)| other.stored(name)))
    }

    /// Forgets what is being fetched: it is wanted in another way.
    pub fn stop_filling(&mut self) {
        self.queue.clear();
        self.queued.clear();
        self.filling = InitialFetch::default();
        self.listing = None;
    }

    /// Changes up to here were seen, and may be followed by late ones.
    pub fn advance_cursor(&mut self, cursor: Option<i64>) {
        self.cursor = cursor;
        self.overlap_done = false;
    }

    /// How many issues are to be mirrored, as far as they were counted.
    #[must_use]
    pub fn matching(&self) -> usize {
        self.counts.values().filter_map(|counts| counts.matching).sum()
    }
}

/// What is to be mirrored.
#[derive(Clone, Debug)]
pub struct MirrorSettings<'a> {
    /// What issues are seen through.
    pub mapping: MappingContext<'a>,
    /// Which issues.
    pub mode: MirrorMode,
    /// How many at most.
    pub max: usize,
    /// Projects that can be read.
    pub followed: &'a FollowedProjects,
    /// Ids of projects in scope that cannot be read now: what is mirrored of them stays.
    pub held: &'a BTreeSet<String>,
    /// Ids of projects in scope that are archived.
    pub archived: &'a BTreeSet<String>,
    /// Whether every project in scope is among these, so that any other is out of scope.
    pub is_whole: bool,
    /// How long changes may be late in Jira's index.
    pub overlap: SignedDuration,
    /// How long an issue must be missing before it is looked up.
    pub confirm_after: SignedDuration,
    /// How often everything is listed.
    pub sweep_every: SignedDuration,
}

impl MirrorSettings<'_> {
    /// Whether a project is in scope, or may be, and cannot be read now.
    #[must_use]
    pub fn is_held(&self, id: &str) -> bool {
        self.held.contains(id) || self.is_unplaced(id)
    }

    /// Whether nothing tells where a project belongs, until every project in scope is known.
    #[must_use]
    pub fn is_unplaced(&self, id: &str) -> bool {
        let is_known = self.held.contains(id) || self.archived.contains(id) || self.project(id).is_some();
        !self.is_whole && !is_known
    }

    /// A project that can be read.
    #[must_use]
    pub fn project(&self, id: &str) -> Option<&FollowedProject> {
        self.followed.get(id)
    }
}

/// The time of a pass.
#[derive(Clone, Copy)]
pub struct RunContext<'a> {
    /// Now. Only spans are told from it: a clock that is off by hours does no harm.
    pub now: Timestamp,
    /// Whether the slice is over.
    pub is_over: &'a (dyn Fn() -> bool + Sync),
    /// A person asked for everything.
    pub requested: bool,
    /// Only what was left unfinished is to be done.
    pub slice: bool,
}
