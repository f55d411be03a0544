//! The life of a project in the mirror: it is listed and fetched, then its changes are followed, alone until it has
//! caught up, then with the others. Pure.

use jiff::{SignedDuration, Timestamp};

use super::{deferred::wait, issue_counts::IssueCounts, scan::OpenScan};

/// How the issues of a project are synchronised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncPhase {
    /// Its issues are listed and fetched: none is mirrored yet, or under other settings.
    Initial {
        /// What is mirrored of it is as the settings want it: only the rest is to be fetched.
        resumed: bool,
        /// From when its changes are to be followed once all is fetched, in epoch milliseconds: the cursor
        /// at the time when it was listed. None before it is listed.
        since: Option<i64>,
    },
    /// Its changes are followed alone; its own cursor, in epoch milliseconds.
    CatchingUp(i64),
    /// Its changes are followed with those of the others.
    Live,
}

impl Default for SyncPhase {
    fn default() -> Self {
        Self::NEW
    }
}

impl SyncPhase {
    /// Nothing of it is mirrored, and it was not listed.
    pub const NEW: Self = Self::Initial {
        resumed: false,
        since: None,
    };

    #[must_use]
    pub const fn is_initial(self) -> bool {
        matches!(self, Self::Initial { .. })
    }

    /// Whether it was not even listed.
    #[must_use]
    pub const fn is_unlisted(self) -> bool {
        matches!(self, Self::Initial { since: None, .. })
    }

    /// Whether its first synchronisation resumes with what is mirrored already.
    #[must_use]
    pub const fn is_resumed(self) -> bool {
        matches!(self, Self::Initial { resumed: true, .. })
    }

    /// The cursor of its own that its status keeps.
    #[must_use]
    pub const fn cursor(self) -> Option<i64> {
        match self {
            Self::Initial { since, .. } => since,
            Self::CatchingUp(since) => Some(since),
            Self::Live => None,
        }
    }
}

/// What is remembered of a project.
#[derive(Clone, Debug, Default)]
pub struct ProjectState {
    phase: SyncPhase,
    /// All that is to be fetched for its first synchronisation is queued.
    is_queued: bool,
    /// The scan of its changes, while it catches up.
    pub(super) scan: OpenScan,
    /// Stands for the settings under which it is mirrored.
    pub(super) filter: Option<String>,
    /// Stands for its statuses and issue types.
    workflow: Option<String>,
    pub(super) counts: Option<IssueCounts>,
    /// How often in a row Jira refused to list it, and when last.
    refusals: Option<(u32, Timestamp)>,
}

/// The transitions.
impl ProjectState {
    /// As its status keeps it across a restart.
    pub(super) fn restored(phase: SyncPhase, filter: Option<String>, counts: IssueCounts) -> Self {
        Self {
            phase,
            filter,
            counts: Some(counts),
            ..Self::default()
        }
    }

    /// It was listed, and what is to be fetched of it is queued. Changes were followed up to `cursor` by then.
    pub(super) fn listed(&mut self, cursor: i64, now: Timestamp) {
        let SyncPhase::Initial { resumed, since } = self.phase else {
            return;
        };
        // What is there already was fetched after an earlier time.
        let since = since.filter(|_| resumed).or(Some(cursor));
        self.phase = SyncPhase::Initial { resumed, since };
        self.is_queued = true;
        self.counts.get_or_insert(IssueCounts::unknown(now));
    }

    /// All that was queued is fetched. It joins the others if their cursor is where it was when the project was
    /// listed, and no scan of theirs is open. Whether it joined them.
    pub(super) fn filled(&mut self, cursor: i64, is_scan_open: bool) -> bool {
        if !std::mem::take(&mut self.is_queued) {
            return false;
        }
        let SyncPhase::Initial { since, .. } = self.phase else {
            return false;
        };
        let since = since.unwrap_or(cursor);
        let joins = since == cursor && !is_scan_open;
        self.phase = if joins {
            SyncPhase::Live
        } else {
            SyncPhase::CatchingUp(since)
        };
        joins
    }

    /// It is followed alone from the cursor of the others on: Jira refuses a query of all, or it cannot be read now.
    pub(super) fn split_off(&mut self, cursor: Option<i64>) {
        if self.phase == SyncPhase::Live {
            self.phase = SyncPhase::CatchingUp(cursor.unwrap_or(0));
        }
    }

    /// Its own cursor advances, unless it is to be fetched anew by now.
    pub(super) const fn advance(&mut self, cursor: i64) {
        if let SyncPhase::CatchingUp(own) = &mut self.phase {
            *own = cursor;
        }
    }

    /// It joins the others, unless it is to be fetched anew by now.
    pub(super) const fn caught_up(&mut self) {
        if let SyncPhase::CatchingUp(_) = self.phase {
            self.phase = SyncPhase::Live;
        }
    }

    /// It is to be listed and fetched anew. What is mirrored of it stays until then.
    pub(super) const fn restart(&mut self) {
        (self.phase, self.is_queued) = (SyncPhase::NEW, false);
        self.scan.trust();
    }

    /// It was mirrored under other settings.
    pub(super) fn settings_changed(&mut self) {
        self.filter = None;
        self.restart();
    }

    /// Jira refuses to search it while it is being fetched.
    pub(super) fn refused(&mut self, now: Timestamp) {
        self.list_refused(now);
        self.is_queued = false;
        if self.phase.is_initial() {
            self.phase = SyncPhase::NEW;
        }
    }

    /// It cannot be read now, and may be later.
    pub(super) fn hold(&mut self, cursor: Option<i64>) {
        (self.is_queued, self.refusals) = (false, None);
        self.split_off(cursor);
    }

    /// What is queued of it is fetched no more.
    pub(super) const fn unqueue(&mut self) {
        self.is_queued = false;
    }
}

/// What is known of it.
impl ProjectState {
    #[must_use]
    pub const fn phase(&self) -> SyncPhase {
        self.phase
    }

    /// Notes its statuses and issue types as they are now. Whether they were others before.
    pub(super) fn workflow_changes(&mut self, now: &str) -> bool {
        let before = self.workflow.replace(now.to_owned());
        before.is_some_and(|before| before != now)
    }

    pub(super) fn forget_workflow(&mut self) {
        self.workflow = None;
    }

    /// How often in a row Jira refused to list it, and when last.
    #[must_use]
    pub const fn refusals(&self) -> Option<(u32, Timestamp)> {
        self.refusals
    }

    /// Jira refused to list it: it is asked again after a backoff.
    pub(super) fn list_refused(&mut self, now: Timestamp) {
        let before = self.refusals.map_or(0, |(times, _)| times);
        self.refusals = Some((before.saturating_add(1), now));
    }

    pub(super) const fn list_answered(&mut self) {
        self.refusals = None;
    }

    /// Whether the backoff after a refusal is not over. A slice asks for nothing that was refused, and what was
    /// refused once is asked for again by the next pass.
    pub(super) fn is_backing_off(&self, now: Timestamp, slice: bool, longest: SignedDuration) -> bool {
        self.refusals.is_some_and(|(times, last)| {
            let since = now.duration_since(last);
            let waits = !since.is_negative() && since < wait(times.saturating_sub(1), longest);
            slice || (times > 1 && waits)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    #[test]
    fn a_project_is_listed_and_filled_and_joins_the_others() {
        let mut project = ProjectState::default();
        assert!(!project.filled(5, false), "nothing of it was queued");
        project.listed(5, NOW);
        assert!(project.filled(5, false));
        assert_eq!(project.phase(), SyncPhase::Live);
        project.listed(9, NOW);
        assert!(!project.filled(9, false), "it is filled");
    }

    #[test]
    fn a_project_catches_up_where_the_others_went_on_while_it_was_filled() {
        for (cursor, is_scan_open) in [(6, false), (5, true)] {
            let mut project = ProjectState::default();
            project.listed(5, NOW);
            assert!(!project.filled(cursor, is_scan_open));
            assert_eq!(project.phase(), SyncPhase::CatchingUp(5));
            project.split_off(Some(7));
            assert_eq!(project.phase(), SyncPhase::CatchingUp(5), "its own cursor stays");
            project.caught_up();
            project.split_off(Some(7));
            assert_eq!(project.phase(), SyncPhase::CatchingUp(7));
        }
    }

    #[test]
    fn a_resumed_project_keeps_the_cursor_of_its_first_listing() {
        let phase = SyncPhase::Initial {
            resumed: true,
            since: Some(3),
        };
        let mut project = ProjectState::restored(phase, None, IssueCounts::unknown(NOW));
        project.listed(5, NOW);
        assert_eq!(project.phase(), phase);
        project.restart();
        project.advance(4);
        project.caught_up();
        assert_eq!(project.phase(), SyncPhase::NEW, "it is fetched anew");
        project.listed(5, NOW);
        assert_eq!(project.phase().cursor(), Some(5));
    }

    #[test]
    fn what_jira_refuses_is_listed_anew_and_asked_for_less_and_less_often() {
        let hour = SignedDuration::from_hours(1);
        let mut project = ProjectState::default();
        project.listed(5, NOW);
        project.refused(NOW);
        assert!(project.phase().is_unlisted() && !project.filled(5, false));
        assert!(!project.is_backing_off(NOW, false, hour) && project.is_backing_off(NOW, true, hour));
        project.list_refused(NOW);
        assert!(project.is_backing_off(NOW, false, hour));
        project.hold(None);
        assert_eq!(project.refusals(), None);
    }
}
