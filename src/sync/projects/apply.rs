//! Writes the planned `JiraProject` objects: two writes for a new one, one for a changed one,
//! none for the rest.

use std::collections::BTreeSet;

use futures::{FutureExt, StreamExt, TryFutureExt, stream};
use jiff::Timestamp;
use k8s_openapi::{
    api::core::v1::ObjectReference,
    apimachinery::pkg::apis::meta::v1::{Condition, Time},
};
use kube::{
    Api, Client, Resource, ResourceExt,
    api::{ListParams, PostParams},
};
use thiserror::Error;

use super::{plan::ProjectPlan, planned::PlannedProject, removal::ProjectRemoval, stored_project::ProjectObject};
use crate::{
    api::{
        condition::keep_times,
        names,
        project::{JiraProject, JiraProjectSpec, JiraProjectStatus},
    },
    cluster::{
        error::{is_conflict, is_gone},
        owned::{CreateResult, delete, only_this, or_existing},
        owner::Owner,
        paged_list::list,
        status::{Statuses, Target},
    },
};

/// How many writes are in flight.
pub const IN_FLIGHT: usize = 8;
/// Objects in one page of a list.
const PAGE: u32 = 500;
/// How often a write is retried after a conflict.
const WRITES: usize = 4;

/// A project whose conditions may have flipped.
#[derive(Clone, Debug)]
pub struct ConditionTransition {
    /// The object.
    pub object: ObjectReference,
    /// Its conditions before.
    pub before: Vec<Condition>,
    /// Its conditions now.
    pub after: Vec<Condition>,
}

/// Why an object could not be written.
#[derive(Debug, Error)]
pub enum ApplyFailure {
    /// The API server refused it.
    #[error(transparent)]
    Cluster(#[from] kube::Error),
    /// An object of the integration has its name, and it is unknown of which project it is.
    #[error("the object of this name cannot be read ({0}); where no later version of the operator wrote it, delete it")]
    Unreadable(serde_json::Error),
    /// Both names that it could have are those of objects that are not the operator's.
    #[error("{0}, which it would be called, is somebody else's: delete or rename that one")]
    Taken(String),
}

/// What was done.
#[derive(Debug, Default)]
pub struct Applied {
    /// Objects created, changed or removed.
    pub changed: usize,
    /// Objects that could not be written, by name.
    pub failures: Vec<(String, ApplyFailure)>,
    /// Objects that were written.
    pub transitions: Vec<ConditionTransition>,
    /// These objects as they are now.
    pub written: Vec<JiraProject>,
    /// Projects whose objects were removed.
    pub removed: Vec<(String, ProjectRemoval)>,
}

/// The objects that belong to the integration, as far as they can be read.
///
/// # Errors
/// When the API server cannot be asked.
pub async fn known(client: &Client, owner: &Owner) -> kube::Result<Vec<JiraProject>> {
    let api: Api<ProjectObject> = Api::namespaced(client.clone(), &owner.namespace);
    let selector = format!("{}={}", names::INTEGRATION_LABEL, owner.name);
    let params = ListParams::default().labels(&selector).limit(PAGE);
    let take = |all: &mut Vec<JiraProject>, object: ProjectObject| {
        if owner.owns(&object) {
            all.extend(object.read_or_leave());
        }
        true
    };
    Ok(list(&api, params, Vec::new, take).await?.items)
}

impl Applied {
    /// The objects that there are now, of those that were there before.
    #[must_use]
    pub fn leaves(&self, mut known: Vec<JiraProject>) -> Vec<JiraProject> {
        let written: BTreeSet<_> = self.written.iter().map(|project| &project.metadata.uid).collect();
        let removed: BTreeSet<_> = self.removed.iter().map(|(key, _)| key).collect();
        known.retain(|project| !removed.contains(&project.spec.key) && !written.contains(&project.metadata.uid));
        known.extend(self.written.iter().cloned());
        known
    }
}

/// Carries the plan out. What fails is reported and does not stop the rest.
pub async fn apply(client: &Client, owner: &Owner, plan: &ProjectPlan) -> Applied {
    let objects = &Objects::new(client, owner);
    let mut applied = Applied::default();
    let changed = plan.entries.iter().filter(|entry| entry.is_changed());
    let writes: Vec<_> = changed
        .map(|entry| {
            let named = |error| (object_name(owner, entry), error);
            objects.write(entry).map_err(named).boxed()
        })
        .collect();
    let mut written = stream::iter(writes).buffer_unordered(IN_FLIGHT);
    while let Some(result) = written.next().await {
        match result {
            Ok((transition, project)) => {
                applied.changed += 1;
                applied.transitions.push(transition);
                applied.written.push(project);
            }
            Err(failure) => applied.failures.push(failure),
        }
    }
    let removals: Vec<_> = plan
        .removals
        .iter()
        .map(|(project, why)| {
            let named = |error: kube::Error| (project.name_any(), error.into());
            objects.remove(project, *why).map_err(named).boxed()
        })
        .collect();
    let mut removed = stream::iter(removals).buffer_unordered(IN_FLIGHT);
    while let Some(result) = removed.next().await {
        match result {
            Ok(removal) => {
                applied.changed += 1;
                applied.removed.push(removal);
            }
            Err(failure) => applied.failures.push(failure),
        }
    }
    applied
}

fn object_name(owner: &Owner, entry: &PlannedProject) -> String {
    let existing = entry.existing.as_ref().map(ResourceExt::name_any);
    existing.unwrap_or_else(|| names::object(&owner.name, &entry.key))
}

/// The conditions that other steps wrote, and this one does not.
fn others(before: &[Condition], own: &[Condition]) -> Vec<Condition> {
    let is_other = |condition: &&Condition| own.iter().all(|own| own.type_ != condition.type_);
    before.iter().filter(is_other).cloned().collect()
}

/// The objects of an integration: as they are written, and as they are read.
struct Objects<'a> {
    owner: &'a Owner,
    api: Api<JiraProject>,
    found: Api<ProjectObject>,
    statuses: Statuses<JiraProject>,
}

impl<'a> Objects<'a> {
    fn new(client: &Client, owner: &'a Owner) -> Self {
        Self {
            owner,
            api: Api::namespaced(client.clone(), &owner.namespace),
            found: Api::namespaced(client.clone(), &owner.namespace),
            statuses: Statuses::namespaced(client, &owner.namespace),
        }
    }

    /// Writes onto the version that was read. After a conflict, as with another process, the object is read again.
    async fn write(&self, entry: &PlannedProject) -> Result<(ConditionTransition, JiraProject), ApplyFailure> {
        let mut object = match &entry.existing {
            Some(existing) => existing.clone(),
            None => self.create(entry).await?,
        };
        // A status that could not be read has conditions all the same.
        let is_read = |status: &JiraProjectStatus| !status.conditions.is_empty();
        let mut unread = match &entry.existing {
            Some(existing) if !existing.status.as_ref().is_some_and(is_read) => {
                self.found.get(&existing.name_any()).await?.conditions()
            }
            _ => Vec::new(),
        };
        let mut attempts = 0;
        loop {
            attempts += 1;
            let mut status = entry.status.clone();
            let read = object.status.take().filter(is_read).map(|status| status.conditions);
            let before = read.unwrap_or_else(|| {
                status.conditions.extend(others(&unread, &status.conditions));
                std::mem::take(&mut unread)
            });
            keep_times(&mut status.conditions, &before);
            match self.statuses.replace(Target::of(&object), &status).await {
                Err(error) if is_conflict(&error) && attempts < WRITES => {
                    let found = self.found.get(&object.name_any()).await?;
                    if !self.owner.owns(&found) {
                        return Err(error.into());
                    }
                    unread = found.conditions();
                    object = found.read().map_err(ApplyFailure::Unreadable)?;
                }
                result => {
                    let written = result?;
                    let transition = ConditionTransition {
                        object: written.object_ref(&()),
                        before,
                        after: written.status.clone().unwrap_or_default().conditions,
                    };
                    return Ok((transition, written));
                }
            }
        }
    }

    /// Creates the object under its natural name, or, where that is another integration's or a
    /// person's, under one that cannot be. Nothing that exists is taken over.
    async fn create(&self, entry: &PlannedProject) -> Result<JiraProject, ApplyFailure> {
        let natural = names::object(&self.owner.name, &entry.key);
        let identity = entry.status.id.as_deref().unwrap_or(&entry.key);
        let other = names::object_disambiguated(&self.owner.name, &entry.key, &self.owner.uid, identity);
        match self.create_named(entry, &natural).await? {
            Some(created) => Ok(created),
            None => match self.create_named(entry, &other).await? {
                Some(created) => Ok(created),
                None => Err(ApplyFailure::Taken(other)),
            },
        }
    }

    /// None when another owner's object has the name.
    async fn create_named(&self, entry: &PlannedProject, name: &str) -> Result<Option<JiraProject>, ApplyFailure> {
        let created = self.api.create(&PostParams::default(), &self.object(entry, name)).await;
        match or_existing(created, &self.found, name).await? {
            CreateResult::Created(created) => Ok(Some(created)),
            CreateResult::Existing(other) if !self.owner.owns(&other) => Ok(None),
            CreateResult::Existing(own) => {
                // It may well be of this very project, which is to have no second one.
                let own = own.read().map_err(ApplyFailure::Unreadable)?;
                Ok(Some(own).filter(|project| project.spec.key == entry.key))
            }
        }
    }

    fn object(&self, entry: &PlannedProject, name: &str) -> JiraProject {
        let spec = JiraProjectSpec {
            integration: self.owner.name.clone(),
            key: entry.key.clone(),
        };
        let mut object = JiraProject::new(name, spec);
        let labels = [
            (names::INTEGRATION_LABEL, self.owner.name.as_str()),
            (names::MANAGED_BY, names::MANAGER),
        ];
        object.metadata.labels = Some(labels.map(|(key, value)| (key.to_owned(), value.to_owned())).into());
        object.metadata.owner_references = Some(vec![self.owner.reference.clone()]);
        object
    }

    async fn remove(&self, project: &JiraProject, why: ProjectRemoval) -> kube::Result<(String, ProjectRemoval)> {
        delete(&self.found, &project.name_any(), only_this(project)).await?;
        Ok((project.spec.key.clone(), why))
    }
}

/// Writes a status that was found out after the rest, onto the version that was read. None when
/// the object was written or removed meanwhile: the next reconcile looks again.
///
/// # Errors
/// When the API server refuses it.
pub async fn write_status(
    client: &Client,
    project: &JiraProject,
    status: JiraProjectStatus,
    now: Timestamp,
) -> kube::Result<Option<JiraProject>> {
    let namespace = project.namespace().unwrap_or_default();
    let status = JiraProjectStatus {
        last_changed: Some(Time(now)),
        ..status
    };
    let statuses = Statuses::namespaced(client, &namespace);
    match statuses.replace(Target::of(project), &status).await {
        Ok(written) => Ok(Some(written)),
        Err(error) if is_gone(&error) || is_conflict(&error) => Ok(None),
        Err(error) => Err(error),
    }
}
