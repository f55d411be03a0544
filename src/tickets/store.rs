//! The object of a ticket in one reconciliation: read once, and written onto the version that is known.

use std::sync::{Arc, Mutex, PoisonError};

use kube::{Api, Client, ResourceExt};

use crate::{
    api::issue::{JiraIssue, JiraIssueStatus},
    cluster::{
        error::{is_conflict, is_gone},
        status::{Statuses, Target},
    },
};

/// How often a change is tried again that meets another one.
const ATTEMPTS: u32 = 8;

/// The way to one object. All clones know what one of them read or wrote.
#[derive(Clone)]
pub struct TicketStore {
    objects: Api<JiraIssue>,
    statuses: Statuses<JiraIssue>,
    /// The object as it was read or written last.
    latest: Arc<Mutex<Option<JiraIssue>>>,
}

impl TicketStore {
    /// To an object in this namespace, of which nothing is known yet.
    #[must_use]
    pub fn new(client: &Client, namespace: &str) -> Self {
        Self {
            objects: Api::namespaced(client.clone(), namespace),
            statuses: Statuses::namespaced(client, namespace),
            latest: Arc::default(),
        }
    }

    /// The object as it is now, if it is still this very one.
    ///
    /// # Errors
    /// When the API server cannot be asked.
    pub async fn live(&self, object: &JiraIssue) -> kube::Result<Option<JiraIssue>> {
        let found = self.objects.get_opt(&object.name_any()).await?;
        let found = found.filter(|found| found.uid() == object.uid());
        if let Some(found) = &found {
            self.note(found);
        }
        Ok(found)
    }

    /// The object of this name in the same namespace, if there is one.
    ///
    /// # Errors
    /// When the API server cannot be asked.
    pub async fn named(&self, name: &str) -> kube::Result<Option<JiraIssue>> {
        self.objects.get_opt(name).await
    }

    /// The object as it was read or written last, without asking: `object` where it was neither yet. Somebody else may
    /// have written since, which ends with a conflict where it is written.
    #[must_use]
    pub fn latest(&self, object: &JiraIssue) -> JiraIssue {
        let latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        latest.as_ref().unwrap_or(object).clone()
    }

    fn note(&self, object: &JiraIssue) {
        let mut known = object.clone();
        // They are long, and nobody asks for them after the first read.
        known.managed_fields_mut().clear();
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        *latest = Some(known);
    }

    /// Writes a status onto the version that was read.
    ///
    /// # Errors
    /// A conflict where it changed since; or when the API server refuses it or cannot be asked.
    pub async fn write(&self, read: &JiraIssue, status: &JiraIssueStatus) -> kube::Result<JiraIssue> {
        let written = self.statuses.replace(Target::of(read), status).await?;
        self.note(&written);
        Ok(written)
    }

    /// Changes the status as it is known, and as it is now where somebody else wrote since. None where the object is gone.
    ///
    /// # Errors
    /// When the API server refuses it or cannot be asked, or it changes again and again.
    pub async fn change(
        &self,
        read: &JiraIssue,
        change: impl Fn(&JiraIssue) -> JiraIssueStatus + Send,
    ) -> kube::Result<Option<JiraIssue>> {
        let mut current = self.latest(read);
        let mut attempt = 0;
        loop {
            let status = change(&current);
            if current.status.as_ref() == Some(&status) {
                return Ok(Some(current));
            }
            attempt += 1;
            match self.write(&current, &status).await {
                Ok(written) => return Ok(Some(written)),
                Err(error) if is_gone(&error) => return Ok(None),
                Err(error) if is_conflict(&error) && attempt < ATTEMPTS => match self.live(read).await? {
                    Some(live) => current = live,
                    None => return Ok(None),
                },
                Err(error) => return Err(error),
            }
        }
    }
}
