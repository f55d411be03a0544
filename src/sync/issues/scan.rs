//! A scan of changes: all that changed in some projects since a time, read page by page, over several
//! slices where one is not enough. Pure.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::query::FollowedProject;
use crate::atlassian::{
    issue_answers::SearchPage,
    issue_fields::{Issue, time},
};

/// So many issues of the same moment may be fetched twice, to resume from that moment.
const FEW: usize = 10;
/// So much later than Jira's clock no time of Jira's is, in milliseconds.
const AHEAD: i64 = 60_000;
/// What a clock of whole seconds leaves out at most, in milliseconds.
const FRACTION: i64 = 999;

/// A scan under way, or one that ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scan {
    /// Since when changes are asked for, in epoch milliseconds.
    from: i64,
    /// From where the scan of the projects that are being read resumes.
    pub(super) at: i64,
    /// Ids of the projects that are being read, by one query.
    reading: BTreeSet<String>,
    /// Ids of those that were read.
    done: BTreeSet<String>,
    /// The newest update that was seen, unless it is in Jira's future.
    newest: Option<i64>,
    /// When it began, by Jira's clock.
    began: Option<i64>,
    /// Jira warned that the pages of the query under way may lack issues.
    is_cut: bool,
    /// Whether pages may lack issues, as Jira warned or as they look.
    pub(super) is_doubtful: bool,
    /// Projects whose issues could not be matched with their jql, by id, and why.
    pub(super) unmatched: BTreeMap<String, String>,
    /// How many issues were read.
    pub(super) read: usize,
}

/// A scan that goes on over several slices, and since when what such scans read is in doubt.
#[derive(Clone, Debug, Default)]
pub struct OpenScan {
    scan: Option<Scan>,
    doubtful_since: Option<Timestamp>,
}

impl OpenScan {
    /// Whether a scan resumes in the next slice.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.scan.is_some()
    }

    pub(super) const fn take(&mut self) -> Option<Scan> {
        self.scan.take()
    }

    /// The scan resumes in the next slice.
    pub(super) fn keep(&mut self, scan: Scan) {
        self.scan = Some(scan);
    }

    /// Notes that a scan may lack issues. Whether that has been so for so long.
    pub(super) fn is_doubtful_for(&mut self, long: SignedDuration, now: Timestamp) -> bool {
        now.duration_since(*self.doubtful_since.get_or_insert(now)) >= long
    }

    /// Nothing was lacking, or all is read anew.
    pub(super) const fn trust(&mut self) {
        self.doubtful_since = None;
    }
}

impl Scan {
    /// A scan of what changed since this time.
    pub(super) fn since(from: i64) -> Self {
        Self {
            from,
            at: from,
            ..Self::default()
        }
    }

    /// The projects that are read by the next query, so many at most: those that are being read, or the
    /// next of those that were not. None when all were.
    pub(super) fn group<'p>(&mut self, projects: &[&'p FollowedProject], most: usize) -> Vec<&'p FollowedProject> {
        let open = projects
            .iter()
            .copied()
            .filter(|project| !self.done.contains(&project.id));
        let open: Vec<&FollowedProject> = open.collect();
        let under_way = open
            .iter()
            .copied()
            .filter(|project| self.reading.contains(&project.id));
        let under_way: Vec<&FollowedProject> = under_way.collect();
        if !under_way.is_empty() {
            return under_way;
        }
        let next: Vec<&FollowedProject> = open.into_iter().take(most).collect();
        self.reading = next.iter().map(|project| project.id.clone()).collect();
        (self.at, self.is_cut) = (self.from, false);
        next
    }

    /// Takes note of a page.
    pub(super) fn see(&mut self, page: &SearchPage) {
        self.began = self.began.or(page.date.map(Timestamp::as_millisecond));
        self.is_cut |= page.is_cut();
        self.read += page.found.issues.len();
        // An import may set a date that is still to come: followed from there, nothing would be seen
        // before it.
        let has_been = |at: &i64| latest(page).is_none_or(|latest| *at <= latest);
        let newest = page.found.issues.iter().filter_map(updated).filter(has_been).max();
        self.newest = self.newest.max(newest);
    }

    /// The projects under way were read to the end. False where pages may have lacked issues, and
    /// fewer projects at once may not: they are to be read again.
    pub(super) fn finish_group(&mut self) -> bool {
        if self.is_cut && self.reading.len() > 1 {
            self.reading.clear();
            return false;
        }
        self.is_doubtful |= self.is_cut;
        self.done.append(&mut self.reading);
        true
    }

    /// Up to when it has seen changes: the newest of them, and never later than when the scan began,
    /// for what was read first may have changed since.
    pub(super) fn cursor(&self) -> Option<i64> {
        let began = self.began.map_or(i64::MAX, |began| began.saturating_add(FRACTION));
        self.newest.map(|newest| newest.min(began))
    }

    /// The cursor of a project that catches up, and whose cursor was `since`. Its next scan reaches back by
    /// the overlap: what is older than that when a scan begins cannot be late any more.
    pub(super) fn own_cursor(&self, since: i64, overlap: i64) -> i64 {
        let newest = self.newest.unwrap_or(since).max(since);
        let complete = newest.saturating_add(overlap).saturating_add(1);
        let began = self.began.unwrap_or(newest);
        complete.min(began).max(since)
    }

    /// Whether it began at this time or later, by Jira's clock.
    pub(super) fn began_after(&self, time: i64) -> bool {
        self.began.is_some_and(|began| began.saturating_add(FRACTION) >= time)
    }

    /// Whether no change up to the cursor can be late any more: it asked for them once the overlap was over.
    pub(super) fn covers_overlap(&self, cursor: i64, overlap: i64) -> bool {
        let asked = self.from <= cursor.saturating_sub(overlap).max(0);
        let is_late = |began| began > cursor.saturating_add(overlap);
        asked && self.began.is_some_and(is_late)
    }

    /// Whether there is anything to resume from.
    pub(super) fn has_begun(&self) -> bool {
        self.at > self.from || !self.done.is_empty()
    }

    /// Whether it asks for what changes in Jira's future only: the time up to which changes were seen
    /// was none of Jira's.
    pub(super) fn begins_ahead(&self) -> bool {
        let is_ahead = |began: i64| self.from > began.saturating_add(AHEAD);
        self.began.is_some_and(is_ahead)
    }
}

/// The latest moment at which a page may have been answered, by Jira's clock.
pub(super) fn latest(page: &SearchPage) -> Option<i64> {
    let date = page.date.map(Timestamp::as_millisecond);
    date.map(|date| date.saturating_add(FRACTION))
}

/// What follows a page.
pub(super) enum NextPage {
    /// With the next page, by Jira's token.
    By(String),
    /// With what changed since this time: there is no token, or none is needed.
    Since(i64),
    /// There is no more.
    Ended,
    /// There is more, and no way to it.
    CutOff,
}

/// When an issue was updated last.
pub(super) fn updated(issue: &Issue) -> Option<i64> {
    let time = issue.fields.updated.as_deref().and_then(time);
    time.map(Timestamp::as_millisecond)
}

/// What follows a page. Jira leaves the token out on the last page; after a page that says that it is
/// not the last and has none the scan continues by time, as after every page that ends with few issues of
/// one moment.
pub(super) fn next_page(page: &SearchPage, since: i64) -> NextPage {
    let issues = &page.found.issues;
    let last = issues.iter().filter_map(updated).max();
    let ties = issues.iter().filter(|issue| updated(issue) == last).count();
    let leads_on = last.filter(|last| *last > since);
    let token = page.next_page_token.clone().filter(|token| !token.is_empty());
    match (token, leads_on) {
        (Some(_), Some(last)) if ties <= FEW => NextPage::Since(last),
        (Some(next), _) => NextPage::By(next),
        (None, _) if page.is_last != Some(false) => NextPage::Ended,
        (None, Some(last)) => NextPage::Since(last),
        (None, None) => NextPage::CutOff,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const MINUTE: i64 = 60_000;

    fn page(date: i64, updates: &[i64]) -> SearchPage {
        let at = |ms: i64| Timestamp::from_millisecond(ms).unwrap();
        let issue =
            |(id, ms): (usize, &i64)| serde_json::json!({"id": id, "fields": {"updated": format!("{:.3}", at(*ms))}});
        let issues: Vec<_> = updates.iter().enumerate().map(issue).collect();
        let page: SearchPage = serde_json::from_value(serde_json::json!({"issues": issues})).unwrap();
        SearchPage {
            date: Some(at(date)),
            ..page
        }
    }

    fn project(id: &str) -> FollowedProject {
        FollowedProject {
            id: id.into(),
            key: id.into(),
            declared: id.into(),
            jql: None,
            is_desk: false,
        }
    }

    #[test]
    fn a_date_to_come_moves_nothing() {
        let mut scan = Scan::since(0);
        scan.see(&page(10 * MINUTE, &[4 * MINUTE, 10 * MINUTE + 700, 500 * MINUTE]));
        assert_eq!(scan.cursor(), Some(10 * MINUTE + 700));
        let mut scan = Scan::since(0);
        scan.see(&page(10 * MINUTE, &[500 * MINUTE]));
        assert_eq!(scan.cursor(), None);
    }

    /// What changes while a scan takes several slices does not move the cursor past what it read first.
    #[test]
    fn the_cursor_is_never_later_than_the_beginning_of_the_scan() {
        let mut scan = Scan::since(0);
        scan.see(&page(10 * MINUTE, &[9 * MINUTE]));
        assert_eq!(scan.cursor(), Some(9 * MINUTE), "a burst that was over is read once");
        scan.see(&page(14 * MINUTE, &[13 * MINUTE]));
        assert_eq!(scan.cursor(), Some(10 * MINUTE + FRACTION));
    }

    #[test]
    fn only_a_scan_that_began_after_the_overlap_covers_it() {
        let mut scan = Scan::since(90 * MINUTE);
        scan.see(&page(105 * MINUTE, &[]));
        scan.see(&page(200 * MINUTE, &[]));
        assert!(
            !scan.covers_overlap(100 * MINUTE, 10 * MINUTE),
            "what is late until then was not asked for"
        );
        let mut scan = Scan::since(90 * MINUTE);
        scan.see(&page(111 * MINUTE, &[]));
        assert!(scan.covers_overlap(100 * MINUTE, 10 * MINUTE));
        assert!(
            !scan.covers_overlap(99 * MINUTE, 10 * MINUTE),
            "it did not reach back so far"
        );
    }

    /// A burst that took several slices is not read for ever by a project that catches up.
    #[test]
    fn a_project_that_catches_up_leaves_a_burst_behind() {
        let mut scan = Scan::since(0);
        scan.see(&page(30 * MINUTE, &[12 * MINUTE]));
        assert_eq!(scan.own_cursor(0, 10 * MINUTE), 22 * MINUTE + 1, "from after the burst");
        let mut scan = Scan::since(0);
        scan.see(&page(14 * MINUTE, &[12 * MINUTE]));
        assert_eq!(
            scan.own_cursor(0, 10 * MINUTE),
            14 * MINUTE,
            "once more: some may be late"
        );
        assert_eq!(Scan::since(0).own_cursor(7, 10 * MINUTE), 7);
    }

    #[test]
    fn projects_are_read_group_by_group_and_in_smaller_ones_where_jira_cuts() {
        let all: Vec<FollowedProject> = ["1", "2", "3"].iter().map(|id| project(id)).collect();
        let all: Vec<&FollowedProject> = all.iter().collect();
        let ids = |group: &[&FollowedProject]| group.iter().map(|p| p.id.clone()).collect::<Vec<_>>().join(" ");
        let mut scan = Scan::since(5);
        assert_eq!(ids(&scan.group(&all, 2)), "1 2");
        scan.at = 50;
        assert_eq!((ids(&scan.group(&all, 1)).as_str(), scan.at), ("1 2", 50), "resumed");
        scan.is_cut = true;
        assert!(!scan.finish_group());
        assert_eq!(
            (ids(&scan.group(&all, 1)).as_str(), scan.at),
            ("1", 5),
            "again, by fewer"
        );
        scan.is_cut = true;
        assert!(scan.finish_group() && scan.is_doubtful, "there is no less than one");
        assert_eq!(ids(&scan.group(&all, 2)), "2 3");
        assert!(scan.finish_group() && scan.group(&all, 2).is_empty());
    }
}
