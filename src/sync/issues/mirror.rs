//! Where mirrored issues are kept. The engine knows no more of it than this.

use std::future::Future;

use super::{
    error::MirrorError,
    index::{IndexEntry, StoredObject},
    mirrored_issue::MirroredIssue,
};

/// Keeps issues.
pub trait Mirror: Sync {
    /// Keeps an issue as it is now; `known` is the object in which it was kept so far. The one in which it is
    /// kept now.
    ///
    /// # Errors
    /// When it could not be kept.
    fn put(
        &self,
        issue: &MirroredIssue,
        known: Option<&StoredObject>,
    ) -> impl Future<Output = Result<StoredObject, MirrorError>> + Send;

    /// Removes an orphaned object, unless it is another one by now.
    ///
    /// # Errors
    /// When it is still there.
    fn discard(&self, object: &StoredObject) -> impl Future<Output = Result<(), MirrorError>> + Send;

    /// Keeps an issue no longer.
    ///
    /// # Errors
    /// When it is still there.
    fn remove(&self, known: &IndexEntry) -> impl Future<Output = Result<(), MirrorError>> + Send;
}
