//! Ends a grant on a person's wish: its tokens go, and a tombstone with the hashes stays, so that no
//! copy of them in Git is adopted again.

use jiff::Timestamp;

use super::{
    active::GrantError,
    connect::WaitForLock,
    slot::{ATTEMPTS, CONTENDED},
    store::{GrantKey, GrantStore},
};
use crate::atlassian::secret::Secret;
use crate::cluster::error::WriteError;

/// Leaves the tombstone. `supplied` is the refresh token in the person's Secret, if there is one. Whether there
/// was a grant to end.
///
/// # Errors
/// When the grant Secret cannot be read or written; it is as before then.
pub async fn disconnect(store: &GrantStore, key: &GrantKey, supplied: Option<&Secret>) -> Result<bool, GrantError> {
    let mut wait = WaitForLock::default();
    for _ in 0..ATTEMPTS {
        let mut record = wait.until_unlocked(store, key, "").await?;
        let was_connected = record.refresh_token.is_some();
        record.disconnect(supplied, Timestamp::now());
        match store.write(&record).await {
            Ok(_) => return Ok(was_connected),
            Err(WriteError::Conflict | WriteError::Gone) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(GrantError::unwritten(CONTENDED))
}
