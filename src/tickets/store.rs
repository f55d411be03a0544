//! The objects of tickets, read live and written onto the version that was read.

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

/// The objects of one namespace.
#[derive(Clone)]
pub struct TicketStore {
    objects: Api<JiraIssue>,
    statuses: Statuses<JiraIssue>,
}

impl TicketStore {
    /// Those of a namespace.
    #[must_use]
    pub fn new(client: &Client, namespace: &str) -> Self {
        Self {
            objects: Api::namespaced(client.clone(), namespace),
            statuses: Statuses::namespaced(client, namespace),
        }
    }

    /// The object as it is now, if it is still this very one.
    ///
    /// # Errors
    /// When the API server cannot be asked.
    pub async fn live(&self, object: &JiraIssue) -> kube::Result<Option<JiraIssue>> {
        let found = self.objects.get_opt(&object.name_any()).await?;
        Ok(found.filter(|found| found.uid() == object.uid()))
    }

    /// Writes a status onto the version that was read.
    ///
    /// # Errors
    /// A conflict where it changed since; or when the API server refuses it or cannot be asked.
    pub async fn write(&self, read: &JiraIssue, status: &JiraIssueStatus) -> kube::Result<JiraIssue> {
        self.statuses.replace(Target::of(read), status).await
    }

    /// Changes the status as it is now. None where the object is gone.
    ///
    /// # Errors
    /// When the API server refuses it or cannot be asked, or it changes again and again.
    pub async fn change(
        &self,
        read: &JiraIssue,
        change: impl Fn(&JiraIssue) -> JiraIssueStatus + Send,
    ) -> kube::Result<Option<JiraIssue>> {
        let mut current = read.clone();
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
