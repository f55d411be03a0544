//! The listing under way, and when the last ones ended.

use jiff::{SignedDuration, Timestamp};

use super::{deferred::wait, listing::IdListing};

#[derive(Clone, Debug, Default)]
pub struct ListingState {
    open: Option<IdListing>,
    /// When everything was listed last.
    last_sweep: Option<Timestamp>,
    /// When a list came last of which Jira warned that it may lack issues, or that lacked very many.
    doubted: Option<Timestamp>,
    /// How many such lists came in a row.
    doubts: u32,
    /// Everything was listed, and not yet fetched: orphaned objects are discarded then.
    is_sweep_open: bool,
}

impl ListingState {
    pub(super) fn restored(last_sweep: Option<Timestamp>) -> Self {
        Self {
            last_sweep,
            ..Self::default()
        }
    }

    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Whether new projects are among those that are being listed.
    #[must_use]
    pub fn is_of_new(&self) -> bool {
        self.open.as_ref().is_some_and(|listing| listing.fills)
    }

    #[must_use]
    pub const fn last_sweep(&self) -> Option<Timestamp> {
        self.last_sweep
    }

    /// Whether a listing of everything ended at this time, or is under way.
    #[must_use]
    pub fn has_swept(&self, now: Timestamp) -> bool {
        let is_sweep = self.open.as_ref().is_some_and(|listing| listing.everything);
        self.last_sweep == Some(now) || self.doubted == Some(now) || is_sweep
    }

    /// Whether the last listing of everything is complete.
    pub(super) const fn is_certain(&self) -> bool {
        self.last_sweep.is_some() && self.doubted.is_none()
    }

    /// Whether everything is to be listed again.
    pub(super) fn is_due(&self, now: Timestamp, every: SignedDuration) -> bool {
        let is_over = |last: Timestamp, wait: SignedDuration| {
            let since = now.duration_since(last);
            since >= wait || since.is_negative()
        };
        match (self.doubted, self.last_sweep) {
            (Some(doubted), _) => is_over(doubted, wait(self.doubts, every)),
            (None, last) => last.is_none_or(|last| is_over(last, every)),
        }
    }

    pub(super) fn open(&mut self, listing: IdListing) {
        self.open = Some(listing);
    }

    pub(super) const fn take(&mut self) -> Option<IdListing> {
        self.open.take()
    }

    pub(super) fn stop(&mut self) {
        self.open = None;
    }

    /// A listing of other projects than these is planned anew, without the others.
    pub(super) fn retain(&mut self, is_followed: impl Fn(&String) -> bool) {
        let listing = self.open.take();
        self.open = listing.filter(|listing| listing.projects().all(is_followed));
    }

    /// Everything was listed.
    pub(super) const fn swept(&mut self, now: Timestamp) {
        self.last_sweep = Some(now);
        (self.doubted, self.doubts, self.is_sweep_open) = (None, 0, true);
    }

    /// Everything is listed again soon, with a backoff where that is so again and again.
    pub(super) fn doubt(&mut self, now: Timestamp) {
        self.doubted = Some(now);
        self.doubts = self.doubts.saturating_add(1);
    }

    /// What was fetched after the last listing may lack issues.
    pub(super) const fn forget_sweep(&mut self) {
        self.last_sweep = None;
    }

    /// Whether all that a listing of everything found is fetched now, for the first time.
    pub(super) const fn end_sweep(&mut self) -> bool {
        std::mem::replace(&mut self.is_sweep_open, false)
    }
}
