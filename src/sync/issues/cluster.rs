//! Keeps mirrored issues as `JiraIssue` objects: two writes for a new one, because a status is
//! dropped on creation, one for a changed one, one for a removed one.

use std::collections::BTreeSet;

use jiff::Timestamp;
use kube::{
    Api, Client, ResourceExt,
    api::{DeleteParams, ListParams, Patch, PatchParams, PostParams},
};
use serde_json::{Value, json};

use super::{
    error::MirrorError,
    index::{Index, Tracked},
    mirror::Mirror,
    observed::Observed,
};
use crate::{
    api::{
        issue::{JiraIssue, JiraIssueSpec, JiraIssueStatus},
        names,
    },
    sync::apply::Owner,
};

/// Objects in one page of a list.
const PAGE: u32 = 500;

/// What stands in the cluster.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The issues.
    pub index: Index,
    /// Names of objects without an issue: a crash came between the two writes that make one.
    pub half_made: BTreeSet<String>,
}

/// Mirrored issues of one integration.
pub struct ClusterMirror {
    api: Api<JiraIssue>,
    owner: Owner,
}

impl ClusterMirror {
    /// The issues of the integration.
    #[must_use]
    pub fn new(client: &Client, owner: &Owner) -> Self {
        Self {
            api: Api::namespaced(client.clone(), &owner.namespace),
            owner: owner.clone(),
        }
    }

    /// What is there.
    ///
    /// # Errors
    /// When the API server cannot be asked.
    pub async fn read(&self) -> kube::Result<Found> {
        let selector = format!(
            "{}={},{}={}",
            names::INTEGRATION_LABEL,
            self.owner.name,
            names::ORIGIN_LABEL,
            names::ORIGIN_MIRROR
        );
        let mut found = Found::default();
        let mut params = ListParams::default().labels(&selector).limit(PAGE);
        loop {
            let page = self.api.list(&params).await?;
            for issue in page.items.iter().filter(|issue| self.is_own(issue)) {
                match tracked(issue) {
                    Some((id, tracked)) => found.index.insert(id, tracked),
                    None => drop(found.half_made.insert(issue.name_any())),
                }
            }
            match page.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) => params = params.continue_token(&token),
                None => return Ok(found),
            }
        }
    }

    fn is_own(&self, issue: &JiraIssue) -> bool {
        let owners = issue.owner_references();
        owners.iter().any(|reference| reference.uid == self.owner.uid)
    }

    /// Creates the object, under its natural name or, where that is somebody else's, under one that
    /// cannot be.
    async fn create(&self, issue: &Observed) -> kube::Result<String> {
        let natural = names::object(&self.owner.name, &issue.status.key);
        if self.create_named(issue, &natural).await? {
            return Ok(natural);
        }
        let other = names::object_disambiguated(&self.owner.name, &issue.status.key, &self.owner.uid, &issue.status.id);
        self.create_named(issue, &other).await?;
        Ok(other)
    }

    /// Whether the object under this name is the issue's: a new one, or one that was left half made.
    async fn create_named(&self, issue: &Observed, name: &str) -> kube::Result<bool> {
        let spec = JiraIssueSpec {
            integration: self.owner.name.clone(),
        };
        let mut object = JiraIssue::new(name, spec);
        let labels = [
            (names::INTEGRATION_LABEL, self.owner.name.as_str()),
            (names::ORIGIN_LABEL, names::ORIGIN_MIRROR),
            (names::MANAGED_BY, names::MANAGER),
        ];
        object.metadata.labels = Some(labels.map(|(key, value)| (key.to_owned(), value.to_owned())).into());
        object.metadata.owner_references = Some(vec![self.owner.reference.clone()]);
        match self.api.create(&PostParams::default(), &object).await {
            Ok(_) => Ok(true),
            Err(kube::Error::Api(status)) if status.code == 409 && status.reason == "AlreadyExists" => {
                let existing = self.api.get_opt(name).await?;
                let is_issue = |found: &JiraIssue| {
                    let id = found.status.as_ref().map(|status| &status.id);
                    self.is_own(found) && id.is_none_or(|id| *id == issue.status.id)
                };
                Ok(existing.is_some_and(|found| is_issue(&found)))
            }
            Err(error) => Err(error),
        }
    }

    async fn write(&self, name: &str, status: &JiraIssueStatus) -> kube::Result<()> {
        let patch = Patch::Merge(json!({ "status": whole(status) }));
        self.api.patch_status(name, &PatchParams::default(), &patch).await?;
        Ok(())
    }

    async fn keep(&self, issue: &Observed, known: Option<&Tracked>) -> kube::Result<String> {
        if let Some(known) = known {
            match self.write(&known.object, &issue.status).await {
                Ok(()) => return Ok(known.object.clone()),
                // Somebody deleted the object: it is made anew.
                Err(kube::Error::Api(status)) if status.code == 404 => {}
                Err(error) => return Err(error),
            }
        }
        let name = self.create(issue).await?;
        self.write(&name, &issue.status).await?;
        Ok(name)
    }
}

/// The issue that an object holds.
fn tracked(issue: &JiraIssue) -> Option<(u64, Tracked)> {
    let status = issue.status.as_ref()?;
    let updated: Option<Timestamp> = status.updated.parse().ok();
    let tracked = Tracked {
        object: issue.name_any(),
        project_id: status.project_id.clone(),
        updated: updated.map_or(0, Timestamp::as_millisecond),
        is_open: status.category != "done",
        digest: u64::from_str_radix(&status.hash, 16).unwrap_or(0),
    };
    Some((status.id.parse().ok()?, tracked))
}

/// The status with a null for what it has not, so that a merge removes what was there before.
fn whole(status: &JiraIssueStatus) -> Value {
    let mut value = serde_json::to_value(status).unwrap_or_default();
    if let Some(fields) = value.as_object_mut() {
        for optional in ["priority", "assignee", "reporter", "labels", "resolved"] {
            fields.entry(optional).or_insert(Value::Null);
        }
    }
    value
}

impl Mirror for ClusterMirror {
    async fn put(&self, issue: &Observed, known: Option<&Tracked>) -> Result<String, MirrorError> {
        let kept = self.keep(issue, known).await;
        kept.map_err(|source| MirrorError::Cluster {
            object: known.map_or_else(
                || names::object(&self.owner.name, &issue.status.key),
                |known| known.object.clone(),
            ),
            source: Box::new(source),
        })
    }

    async fn discard(&self, object: &str) -> Result<(), MirrorError> {
        match self.api.delete(object, &DeleteParams::default()).await {
            Ok(_) => Ok(()),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
            Err(source) => Err(MirrorError::Cluster {
                object: object.to_owned(),
                source: Box::new(source),
            }),
        }
    }

    async fn remove(&self, known: &Tracked) -> Result<(), MirrorError> {
        self.discard(&known.object).await
    }
}
