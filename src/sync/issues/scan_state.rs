//! How far changes were followed of the projects that are followed together.

use super::{
    query::PROJECTS,
    scan::{OpenScan, Scan},
};

#[derive(Clone, Debug, Default)]
pub struct ScanState {
    /// The newest update that was seen, in epoch milliseconds by Jira's clock.
    cursor: Option<i64>,
    /// Whether changes up to the cursor were asked for so long after it that none can be late any more.
    overlap_done: bool,
    /// The scan under way.
    pub(super) open: OpenScan,
    /// How many projects one query names, where Jira warned that more are too many.
    group_size: Option<usize>,
}

impl ScanState {
    /// Changes up to this time were seen; with `overlap_done` none of them can be late.
    #[must_use]
    pub fn at(cursor: Option<i64>, overlap_done: bool) -> Self {
        Self {
            cursor,
            overlap_done,
            ..Self::default()
        }
    }

    #[must_use]
    pub const fn cursor(&self) -> Option<i64> {
        self.cursor
    }

    /// Changes up to here were seen, and may be followed by late ones.
    pub(super) const fn set_cursor(&mut self, cursor: Option<i64>) {
        (self.cursor, self.overlap_done) = (cursor, false);
    }

    /// Changes of a project that joins may be late: the next scans reach back for them.
    pub(super) const fn reopen_overlap(&mut self) {
        self.overlap_done = false;
    }

    /// From when changes are asked for. Changes come late into Jira's index, so the query reaches
    /// back; not for ever, or a burst before a quiet time would be fetched on each pass.
    pub(super) const fn from(&self, overlap: i64) -> i64 {
        match self.cursor {
            None => 0,
            Some(cursor) if self.overlap_done => cursor.saturating_add(1),
            Some(cursor) => match cursor.saturating_sub(overlap) {
                from if from < 0 => 0,
                from => from,
            },
        }
    }

    /// A whole scan advances the cursor, or shows that nothing up to it can be late any more.
    pub(super) fn complete(&mut self, scan: &Scan, overlap: i64) {
        self.open.trust();
        let cursor = scan.cursor();
        if cursor > self.cursor {
            self.set_cursor(cursor);
        } else if let Some(cursor) = self.cursor {
            self.overlap_done |= scan.covers_overlap(cursor, overlap);
        }
    }

    pub(super) fn group_size(&self) -> usize {
        self.group_size.unwrap_or(PROJECTS)
    }

    /// Queries name so many projects at most, until everything was listed anew.
    pub const fn limit_group(&mut self, most: usize) {
        self.group_size = Some(most);
    }

    pub(super) const fn lift_group_limit(&mut self) {
        self.group_size = None;
    }
}
