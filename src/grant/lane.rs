//! What this process holds of one grant besides the Secret, and how that gets back into it.

use tracing::info;

use super::{
    held::Trouble,
    record::Record,
    store::{GrantKey, Store, WriteError, describe},
};
use crate::atlassian::secret::{Secret, TokenHash};

/// How often a write starts again after somebody else changed the Secret under it.
pub(super) const ATTEMPTS: usize = 6;
/// What is said when that was not enough.
pub(super) const CONTENDED: &str = "it is changed by others all the time";

/// What this process knows of one grant besides the Secret.
#[derive(Default)]
pub(super) struct Lane {
    /// As last stored: written back if the Secret is deleted.
    pub(super) stored: Option<Record>,
    /// Tokens that could not be stored yet.
    pub(super) unsaved: Option<Unsaved>,
    /// An access token that came of a forced refresh: it is not forced again.
    pub(super) forced: Option<Secret>,
}

pub(super) struct Unsaved {
    pub(super) record: Record,
    pub(super) spent: TokenHash,
}

impl Lane {
    /// Stores tokens that are in memory only. A conflict is read and written again as long as
    /// the Secret still holds what was spent; if it holds something else, another process was
    /// faster and its tokens stand.
    pub(super) async fn save(&mut self, store: &Store, holder: &str, key: &GrantKey) -> Result<(), Trouble> {
        let mut attempts = 0;
        while let Some(unsaved) = &mut self.unsaved {
            attempts += 1;
            if attempts > ATTEMPTS {
                return Err(Trouble::not_writable(CONTENDED, self.stored.as_ref()));
            }
            match store.write(&unsaved.record).await {
                Ok(stored) => {
                    self.stored = Some(stored);
                    self.unsaved = None;
                }
                Err(WriteError::Terminating) => {
                    self.unsaved = None;
                    return Err(Trouble::Terminating);
                }
                Err(WriteError::Refused(detail)) => {
                    return Err(Trouble::not_writable(&detail, self.stored.as_ref()));
                }
                Err(WriteError::Conflict | WriteError::Gone) => {
                    let current = store
                        .read(key)
                        .await
                        .map_err(|e| Trouble::not_writable(&describe(&e), self.stored.as_ref()))?;
                    if current.as_ref().is_some_and(Record::is_foreign) {
                        return Err(Trouble::NameTaken);
                    }
                    if !rebase(unsaved, current, holder) {
                        self.unsaved = None;
                    } else if unsaved.record.secret.metadata.uid.is_none() {
                        Self::recreate(store, key, unsaved, self.stored.as_ref()).await?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Writes a deleted grant Secret back from memory.
    pub(super) async fn write_back(&mut self, store: &Store, holder: &str, key: &GrantKey) -> Result<(), Trouble> {
        let Some(mut record) = self.stored.clone() else {
            return Ok(());
        };
        let spent = record
            .refresh_token
            .as_ref()
            .map_or_else(|| TokenHash::stored(""), Secret::hash);
        record.secret = Record::new(&key.namespace, &key.secret_name()).secret;
        record.mark = None;
        let mut unsaved = Unsaved { record, spent };
        info!(
            namespace = key.namespace,
            grant = key.secret_name(),
            "the grant Secret was deleted; writing it back"
        );
        Self::recreate(store, key, &mut unsaved, self.stored.as_ref()).await?;
        self.unsaved = Some(unsaved);
        self.save(store, holder, key).await
    }

    /// Creates the Secret without tokens, so that the tokens are written to a uid that is known.
    async fn recreate(
        store: &Store,
        key: &GrantKey,
        unsaved: &mut Unsaved,
        stored: Option<&Record>,
    ) -> Result<(), Trouble> {
        let mut empty = Record::new(&key.namespace, &key.secret_name());
        empty.adopted.clone_from(&unsaved.record.adopted);
        match store.write(&empty).await {
            Ok(created) => {
                unsaved.record.home_uid.clone_from(&created.secret.metadata.uid);
                unsaved.record.secret = created.secret;
                Ok(())
            }
            Err(WriteError::Conflict | WriteError::Gone) => Ok(()),
            Err(WriteError::Terminating) => Err(Trouble::Terminating),
            Err(WriteError::Refused(detail)) => Err(Trouble::not_writable(&detail, stored)),
        }
    }
}

/// Moves unsaved tokens onto the Secret as it is now. False when they are no longer wanted.
fn rebase(unsaved: &mut Unsaved, current: Option<Record>, holder: &str) -> bool {
    let Some(current) = current else {
        unsaved.record.secret.metadata.uid = None;
        unsaved.record.secret.metadata.resource_version = None;
        return true;
    };
    let still_marked = current
        .mark
        .as_ref()
        .is_some_and(|m| m.holder == holder && m.spends == unsaved.spent);
    let still_stored = current
        .refresh_token
        .as_ref()
        .is_some_and(|token| token.hash() == unsaved.spent);
    let nothing_there = current.refresh_token.is_none() && current.mark.is_none();
    unsaved.record.home_uid.clone_from(&current.secret.metadata.uid);
    unsaved.record.secret = current.secret;
    still_marked || still_stored || nothing_there
}
