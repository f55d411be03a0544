//! Keeps mirrored issues as `JiraIssue` objects: two writes for a new one, because a status is
//! dropped on creation, one for a changed one, one for a removed one.

use std::collections::{BTreeMap, HashMap};

use kube::{
    Api, Client, ResourceExt,
    api::{ListParams, PartialObjectMeta, PostParams, Preconditions},
    core::Request,
};

use super::{
    error::MirrorError,
    index::{Index, IndexEntry, OrphanedObject, StoredObject},
    mirror::Mirror,
    mirrored_issue::MirroredIssue,
    stored_issue::IssueObject,
};
use crate::{
    api::{
        issue::{JiraIssue, JiraIssueSpec, JiraIssueStatus},
        names,
    },
    cluster::{
        error::{is_conflict, is_gone},
        owned::{CreateResult, delete, or_existing},
        owner::Owner,
        paged_list::{list, list_metadata},
        status::{Statuses, Target},
    },
};

/// Objects in one page of a list.
const PAGE: u32 = 500;

/// What stands in the cluster.
#[derive(Clone, Debug, Default)]
pub struct StoredIssues {
    /// The issues.
    pub index: Index,
    /// Objects that hold no issue, by name.
    pub orphaned: BTreeMap<String, OrphanedObject>,
}

impl StoredIssues {
    /// Sorts an object. Of two that are of one issue the first is its object.
    fn take(&mut self, object: &IssueObject) {
        match object.entry() {
            Some(entry) if self.index.get(entry.id).is_none() => self.index.insert(entry.id, entry),
            _ => {
                let stored = object.stored();
                let (issue, project) = (object.issue(), object.project());
                let name = stored.object.clone();
                self.orphaned.insert(name, OrphanedObject { stored, issue, project });
            }
        }
    }

    /// Whether an issue has no object any more, or one that cannot be read.
    #[must_use]
    pub fn lacks_any_of(&self, known: &Index) -> bool {
        known.iter().any(|(id, _)| self.index.get(id).is_none())
    }

    /// Whether an orphaned object was made for an issue.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        self.orphaned.values().any(|orphaned| orphaned.issue.is_some())
    }
}

/// Mirrored issues of one integration.
pub struct ClusterMirror {
    client: Client,
    api: Api<IssueObject>,
    statuses: Statuses<IssueObject>,
    owner: Owner,
}

impl ClusterMirror {
    /// The issues of the integration.
    #[must_use]
    pub fn new(client: &Client, owner: &Owner) -> Self {
        Self {
            client: client.clone(),
            api: Api::namespaced(client.clone(), &owner.namespace),
            statuses: Statuses::namespaced(client, &owner.namespace),
            owner: owner.clone(),
        }
    }

    fn all(&self) -> ListParams {
        let selector = format!(
            "{}={},{}={}",
            names::INTEGRATION_LABEL,
            self.owner.name,
            names::ORIGIN_LABEL,
            names::ORIGIN_MIRROR
        );
        ListParams::default().labels(&selector).limit(PAGE)
    }

    /// What is there.
    ///
    /// # Errors
    /// When the API server cannot be asked.
    pub async fn read(&self) -> kube::Result<StoredIssues> {
        let take = |found: &mut StoredIssues, object: IssueObject| {
            if self.owner.owns(&object) {
                found.take(&object);
            }
            true
        };
        let listed = list(&self.api, self.all(), StoredIssues::default, take).await?;
        Ok(listed.items)
    }

    /// Whether the very objects are there that are known, each in the version that is known. Their metadata
    /// tell, so that objects which nobody touched are read once in the life of a process.
    ///
    /// # Errors
    /// When the API server cannot be asked.
    pub async fn is_as_known(&self, index: &Index, orphaned: &BTreeMap<String, OrphanedObject>) -> kube::Result<bool> {
        let start = || {
            let issues = index.iter().map(|(_, entry)| &entry.stored);
            let all = issues.chain(orphaned.values().map(|orphaned| &orphaned.stored));
            let all = all.map(|stored| (stored.object.as_str(), stored.version.as_str()));
            (all.collect::<HashMap<_, _>>(), true)
        };
        let take = |(left, same): &mut (HashMap<&str, &str>, bool), object: PartialObjectMeta<IssueObject>| {
            if self.owner.owns(&object) {
                let version = left.remove(object.name_any().as_str());
                *same = version.is_some() && version == object.metadata.resource_version.as_deref();
            }
            *same
        };
        let (left, same) = list_metadata(&self.api, self.all(), start, take).await?.items;
        Ok(same && left.is_empty())
    }

    /// Creates the object, under its natural name or, where that is taken, under another one.
    /// None where both are.
    async fn create(&self, issue: &MirroredIssue) -> kube::Result<Option<StoredObject>> {
        let natural = names::object(&self.owner.name, &issue.status.key);
        if let Some(stored) = self.create_named(issue, &natural).await? {
            return Ok(Some(stored));
        }
        let other = names::object_disambiguated(&self.owner.name, &issue.status.key, &self.owner.uid, &issue.status.id);
        self.create_named(issue, &other).await
    }

    /// The object under this name, if it is the issue's: a new one, or an orphaned one.
    async fn create_named(&self, issue: &MirroredIssue, name: &str) -> kube::Result<Option<StoredObject>> {
        let object = self.object(name);
        let existing = match or_existing(self.post(&object).await, &self.api, name).await? {
            CreateResult::Created(created) => return Ok(Some(created.stored())),
            CreateResult::Existing(existing) => existing,
        };
        if !self.is_of(&existing, issue.id) {
            return Ok(None);
        }
        if self.is_labelled(&existing) {
            return Ok(Some(existing.stored()));
        }
        // Somebody took its labels away, by which alone it is found after a restart.
        self.delete(&existing.stored()).await?;
        Ok(Some(self.post(&object).await?.stored()))
    }

    async fn post(&self, object: &JiraIssue) -> kube::Result<IssueObject> {
        let body = serde_json::to_vec(object).map_err(kube::Error::SerdeError)?;
        let request = Request::new(self.api.resource_url()).create(&PostParams::default(), body);
        self.client.request(request.map_err(kube::Error::BuildRequest)?).await
    }

    fn object(&self, name: &str) -> JiraIssue {
        let spec = JiraIssueSpec::mirrored(&self.owner.name);
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

    /// Whether an object is ours and of this issue, or of none as far as can be read.
    fn is_of(&self, found: &IssueObject, issue: u64) -> bool {
        self.owner.owns(found) && found.issue().is_none_or(|id| id == issue)
    }

    fn is_labelled(&self, found: &IssueObject) -> bool {
        let wanted = [
            (names::INTEGRATION_LABEL, self.owner.name.as_str()),
            (names::ORIGIN_LABEL, names::ORIGIN_MIRROR),
        ];
        let labels = found.labels();
        wanted
            .iter()
            .all(|(name, value)| labels.get(*name).is_some_and(|label| label == value))
    }

    /// Writes onto the version that is known: an object that took its place keeps what it has.
    async fn write(&self, onto: &StoredObject, status: &JiraIssueStatus) -> kube::Result<StoredObject> {
        let target = Target {
            name: &onto.object,
            uid: None,
            version: &onto.version,
        };
        let status = JiraIssueStatus {
            observed_generation: Some(onto.generation),
            ..status.clone()
        };
        let written = self.statuses.replace(target, &status).await?;
        Ok(written.stored())
    }

    /// Writes what an issue became. None where its object was deleted, or another one took its place.
    async fn change(&self, issue: &MirroredIssue, known: &StoredObject) -> kube::Result<Option<StoredObject>> {
        match self.write(known, &issue.status).await {
            Ok(written) => Ok(Some(written)),
            Err(error) if is_gone(&error) => Ok(None),
            Err(error) if is_conflict(&error) => {
                // Somebody wrote it meanwhile: labels of a person's, for example.
                let now = self.api.get_opt(&known.object).await?;
                match now.filter(|found| self.is_of(found, issue.id)) {
                    Some(now) => self.write(&now.stored(), &issue.status).await.map(Some),
                    None => Ok(None),
                }
            }
            Err(error) => Err(error),
        }
    }

    /// None where all names that it could have are taken.
    async fn keep(&self, issue: &MirroredIssue, known: Option<&StoredObject>) -> kube::Result<Option<StoredObject>> {
        if let Some(known) = known
            && let Some(written) = self.change(issue, known).await?
        {
            return Ok(Some(written));
        }
        match self.create(issue).await? {
            Some(made) => self.write(&made, &issue.status).await.map(Some),
            None => Ok(None),
        }
    }

    /// Deletes this version of an object, unless it is gone.
    async fn delete(&self, stored: &StoredObject) -> kube::Result<()> {
        let only_this = Preconditions {
            uid: None,
            resource_version: Some(stored.version.clone()),
        };
        delete(&self.api, &stored.object, only_this).await
    }

    /// Deletes the object of an issue. An object that took its place stays.
    async fn take_away(&self, known: &IndexEntry) -> kube::Result<()> {
        match self.delete(&known.stored).await {
            Err(error) if is_conflict(&error) => {
                let now = self.api.get_opt(&known.stored.object).await?;
                match now.filter(|found| self.is_of(found, known.id)) {
                    Some(now) => self.delete(&now.stored()).await,
                    None => Ok(()),
                }
            }
            deleted => deleted,
        }
    }
}

impl Mirror for ClusterMirror {
    async fn put(&self, issue: &MirroredIssue, known: Option<&StoredObject>) -> Result<StoredObject, MirrorError> {
        let object = known.map_or_else(
            || names::object(&self.owner.name, &issue.status.key),
            |known| known.object.clone(),
        );
        match self.keep(issue, known).await {
            Ok(Some(stored)) => Ok(stored),
            Ok(None) => Err(MirrorError::Taken { object }),
            Err(source) => Err(failed(object, source)),
        }
    }

    async fn discard(&self, stored: &StoredObject) -> Result<(), MirrorError> {
        match self.delete(stored).await {
            // It is another one by now, or became an issue's.
            Err(error) if is_conflict(&error) => Ok(()),
            deleted => deleted.map_err(|source| failed(stored.object.clone(), source)),
        }
    }

    async fn remove(&self, known: &IndexEntry) -> Result<(), MirrorError> {
        let removed = self.take_away(known).await;
        removed.map_err(|source| failed(known.stored.object.clone(), source))
    }
}

fn failed(object: String, source: kube::Error) -> MirrorError {
    let source = Box::new(source);
    MirrorError::Cluster { object, source }
}

#[cfg(test)]
mod tests;
