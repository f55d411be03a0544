//! Keeps mirrored issues as `JiraIssue` objects: two writes for a new one, because a status is
//! dropped on creation, one for a changed one, one for a removed one.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kube::{
    Api, Client, ResourceExt,
    api::{DeleteParams, ListParams, Patch, PatchParams, PostParams, Preconditions},
};
use serde_json::{Value, json};

use super::{
    error::MirrorError,
    index::{Index, Stored, Tracked},
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
    /// Objects without an issue, because a crash came between the two writes that make one, and such as
    /// hold an issue that another object holds: names and versions.
    pub half_made: BTreeMap<String, String>,
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
                    // Of two that hold one issue the first is its object.
                    Some((id, tracked)) if found.index.get(id).is_none() => found.index.insert(id, tracked),
                    _ => {
                        let stored = stored(issue);
                        found.half_made.insert(stored.object, stored.version);
                    }
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

    /// Creates the object, under its natural name or, where that is somebody else's, under another one.
    /// None where both are.
    async fn create(&self, issue: &Observed) -> kube::Result<Option<Stored>> {
        let natural = names::object(&self.owner.name, &issue.status.key);
        if let Some(stored) = self.create_named(issue, &natural).await? {
            return Ok(Some(stored));
        }
        let other = names::object_disambiguated(&self.owner.name, &issue.status.key, &self.owner.uid, &issue.status.id);
        self.create_named(issue, &other).await
    }

    /// The object under this name, if it is the issue's: a new one, or one that was left half made.
    async fn create_named(&self, issue: &Observed, name: &str) -> kube::Result<Option<Stored>> {
        let object = self.object(name);
        match self.api.create(&PostParams::default(), &object).await {
            Ok(created) => Ok(Some(stored(&created))),
            Err(kube::Error::Api(status)) if status.code == 409 && status.reason == "AlreadyExists" => {
                // Where nothing is there any more, or was not, the name is tried again later.
                let existing = self.api.get_opt(name).await?.ok_or(kube::Error::Api(status))?;
                if !self.is_issue(&existing, issue) {
                    return Ok(None);
                }
                if self.is_labelled(&existing) {
                    return Ok(Some(stored(&existing)));
                }
                // Somebody took its labels away, by which alone it is found after a restart.
                self.delete(&stored(&existing)).await?;
                let created = self.api.create(&PostParams::default(), &object).await?;
                Ok(Some(stored(&created)))
            }
            Err(error) => Err(error),
        }
    }

    fn object(&self, name: &str) -> JiraIssue {
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
        object
    }

    /// Whether an object is ours and holds this issue, or none yet.
    fn is_issue(&self, found: &JiraIssue, issue: &Observed) -> bool {
        let id = found.status.as_ref().map(|status| &status.id);
        self.is_own(found) && id.is_none_or(|id| *id == issue.status.id)
    }

    fn is_labelled(&self, found: &JiraIssue) -> bool {
        let wanted = [
            (names::INTEGRATION_LABEL, self.owner.name.as_str()),
            (names::ORIGIN_LABEL, names::ORIGIN_MIRROR),
        ];
        let labels = found.labels();
        wanted
            .iter()
            .all(|(name, value)| labels.get(*name).is_some_and(|label| label == value))
    }

    /// Writes onto the version that is known: an object that somebody put in its place keeps what it has.
    async fn write(&self, onto: &Stored, status: &JiraIssueStatus) -> kube::Result<Stored> {
        let patch = json!({ "metadata": { "resourceVersion": onto.version }, "status": whole(status) });
        let params = PatchParams::default();
        let written = self
            .api
            .patch_status(&onto.object, &params, &Patch::Merge(patch))
            .await?;
        Ok(stored(&written))
    }

    /// Writes what an issue became. None where somebody deleted its object, or put another one in its place.
    async fn change(&self, issue: &Observed, known: &Stored) -> kube::Result<Option<Stored>> {
        match self.write(known, &issue.status).await {
            Ok(written) => Ok(Some(written)),
            Err(error) if is_gone(&error) => Ok(None),
            Err(error) if is_conflict(&error) => {
                // Somebody wrote it meanwhile: labels of a person's, for example.
                let now = self.api.get_opt(&known.object).await?;
                match now.filter(|found| self.is_issue(found, issue)) {
                    Some(now) => self.write(&stored(&now), &issue.status).await.map(Some),
                    None => Ok(None),
                }
            }
            Err(error) => Err(error),
        }
    }

    /// None where all names that it could have are taken.
    async fn keep(&self, issue: &Observed, known: Option<&Tracked>) -> kube::Result<Option<Stored>> {
        if let Some(known) = known
            && let Some(written) = self.change(issue, &known.stored).await?
        {
            return Ok(Some(written));
        }
        match self.create(issue).await? {
            Some(made) => self.write(&made, &issue.status).await.map(Some),
            None => Ok(None),
        }
    }

    /// Deletes this version of an object, unless it is gone.
    async fn delete(&self, stored: &Stored) -> kube::Result<()> {
        let only_this = Preconditions {
            uid: None,
            resource_version: Some(stored.version.clone()),
        };
        let params = DeleteParams::default().preconditions(only_this);
        match self.api.delete(&stored.object, &params).await {
            Ok(_) => Ok(()),
            Err(error) if is_gone(&error) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Deletes the object of an issue. What somebody put in its place stays.
    async fn take_away(&self, known: &Tracked) -> kube::Result<()> {
        match self.delete(&known.stored).await {
            Err(error) if is_conflict(&error) => {
                let now = self.api.get_opt(&known.stored.object).await?;
                let is_same = |found: &JiraIssue| {
                    let id = found.status.as_ref().map(|status| status.id.as_str());
                    self.is_own(found) && id.is_none_or(|id| id.parse() == Ok(known.id))
                };
                match now.filter(is_same) {
                    Some(now) => self.delete(&stored(&now)).await,
                    None => Ok(()),
                }
            }
            deleted => deleted,
        }
    }
}

fn stored(object: &JiraIssue) -> Stored {
    Stored {
        object: object.name_any(),
        version: object.resource_version().unwrap_or_default(),
    }
}

fn is_gone(error: &kube::Error) -> bool {
    let about_namespace = |status: &kube::core::Status| {
        let kind = status.details.as_ref().map(|details| details.kind.as_str());
        kind == Some("namespaces")
    };
    matches!(error, kube::Error::Api(status) if status.code == 404 && !about_namespace(status))
}

fn is_conflict(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.code == 409)
}

/// The issue that an object holds.
fn tracked(issue: &JiraIssue) -> Option<(u64, Tracked)> {
    let status = issue.status.as_ref()?;
    let updated: Option<Timestamp> = status.updated.parse().ok();
    let id = status.id.parse().ok()?;
    let tracked = Tracked {
        id,
        stored: stored(issue),
        project_id: status.project_id.clone(),
        updated: updated.map_or(0, Timestamp::as_millisecond),
        is_open: status.category != "done",
        digest: u64::from_str_radix(&status.hash, 16).unwrap_or(0),
    };
    Some((id, tracked))
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
    async fn put(&self, issue: &Observed, known: Option<&Tracked>) -> Result<Stored, MirrorError> {
        let object = known.map_or_else(
            || names::object(&self.owner.name, &issue.status.key),
            |known| known.stored.object.clone(),
        );
        match self.keep(issue, known).await {
            Ok(Some(stored)) => Ok(stored),
            Ok(None) => Err(MirrorError::Taken { object }),
            Err(source) => Err(failed(object, source)),
        }
    }

    async fn discard(&self, stored: &Stored) -> Result<(), MirrorError> {
        match self.delete(stored).await {
            // It is another one by now, or became an issue's.
            Err(error) if is_conflict(&error) => Ok(()),
            deleted => deleted.map_err(|source| failed(stored.object.clone(), source)),
        }
    }

    async fn remove(&self, known: &Tracked) -> Result<(), MirrorError> {
        let removed = self.take_away(known).await;
        removed.map_err(|source| failed(known.stored.object.clone(), source))
    }
}

fn failed(object: String, source: kube::Error) -> MirrorError {
    let source = Box::new(source);
    MirrorError::Cluster { object, source }
}
