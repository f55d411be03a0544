//! Keeps the directory in `ConfigMaps`: one write for each that differs, none for the rest.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::{
    Api, Client, ResourceExt,
    api::{ListParams, PostParams},
};

use super::{
    error::DirectoryError,
    shards::{Shard, parse, render},
};
use crate::{
    api::names,
    cluster::{
        owned::{CreateResult, delete, only_this, or_existing},
        owner::Owner,
        paged_list::list,
    },
};

/// Key with the people.
pub const USERS: &str = "users.json";
/// `ConfigMaps` in one page of a list: each may have 900 KiB.
const PAGE: u32 = 20;

/// The `ConfigMaps` of one integration.
pub struct ConfigMaps {
    api: Api<ConfigMap>,
    owner: Owner,
}

/// A `ConfigMap` that is there.
#[derive(Clone, Debug)]
pub struct WrittenShard {
    object: ConfigMap,
    /// Who is in it.
    pub shard: Shard,
}

/// A name that another owner's object has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenName {
    /// The name.
    pub name: String,
    /// What is used instead.
    pub instead: String,
}

impl ConfigMaps {
    /// The `ConfigMaps` of the integration.
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
    pub async fn read(&self) -> Result<Vec<WrittenShard>, DirectoryError> {
        let selector = format!(
            "{}={},{}={}",
            names::INTEGRATION_LABEL,
            self.owner.name,
            names::COMPONENT_LABEL,
            names::COMPONENT_USERS
        );
        let params = ListParams::default().labels(&selector).limit(PAGE);
        let take = |all: &mut Vec<WrittenShard>, found: ConfigMap| {
            if self.owner.owns(&found) {
                all.push(kept(found));
            }
            true
        };
        let listed = list(&self.api, params, Vec::new, take).await;
        let listed = listed.map_err(|error| DirectoryError::Unreadable(Box::new(error)))?;
        Ok(listed.items)
    }

    /// Brings the `ConfigMaps` to what is wanted. One without anybody goes, unless it was that already
    /// and the listing is not complete: then it is unknown whose place it is. Returns the names that
    /// are taken.
    ///
    /// # Errors
    /// That of the first write that fails; those before it stand.
    pub async fn write(
        &self,
        kept: &[WrittenShard],
        wanted: &[Shard],
        complete: bool,
    ) -> Result<Vec<TakenName>, DirectoryError> {
        let mut used: BTreeSet<String> = kept.iter().map(|kept| kept.object.name_any()).collect();
        let mut taken = Vec::new();
        for shard in wanted {
            let before = kept.iter().find(|kept| kept.shard.name == shard.name);
            match before {
                Some(before) if shard.people.is_empty() => {
                    if complete || !before.shard.people.is_empty() {
                        self.remove(before).await?;
                    }
                }
                Some(before) => self.replace(&before.object, shard).await?,
                None => taken.extend(self.create(shard, &mut used).await?),
            }
        }
        Ok(taken)
    }

    /// Removes all.
    ///
    /// # Errors
    /// That of the first that cannot be removed.
    pub async fn remove_all(&self) -> Result<(), DirectoryError> {
        for kept in self.read().await? {
            self.remove(&kept).await?;
        }
        Ok(())
    }

    async fn replace(&self, before: &ConfigMap, shard: &Shard) -> Result<(), DirectoryError> {
        let wanted = self.desired(before, &before.name_any(), shard);
        if wanted == *before {
            return Ok(());
        }
        let name = before.name_any();
        let replaced = self.api.replace(&name, &PostParams::default(), &wanted).await;
        replaced.map(|_| ()).map_err(|source| unwritable(&name, source))
    }

    /// Creates a `ConfigMap` under the first name that is not in use, or, where that is somebody
    /// else's, under one that cannot be.
    async fn create(&self, shard: &Shard, used: &mut BTreeSet<String>) -> Result<Option<TakenName>, DirectoryError> {
        let numbered = |number| {
            let natural = names::users(&self.owner.name, number);
            (
                natural,
                names::users_disambiguated(&self.owner.name, number, &self.owner.uid),
            )
        };
        let mut free = (0..).map(numbered);
        let Some((natural, other)) = free.find(|(a, b)| !used.contains(a) && !used.contains(b)) else {
            return Ok(None);
        };
        if self.create_named(&natural, shard).await? {
            used.insert(natural);
            return Ok(None);
        }
        used.insert(other.clone());
        self.create_named(&other, shard).await?;
        Ok(Some(TakenName {
            name: natural,
            instead: other,
        }))
    }

    /// Whether the `ConfigMap` under this name is ours: a new one, or one that lost its labels.
    async fn create_named(&self, name: &str, shard: &Shard) -> Result<bool, DirectoryError> {
        let object = self.desired(&ConfigMap::default(), name, shard);
        let created = self.api.create(&PostParams::default(), &object).await;
        let named = or_existing(created, &self.api, name).await;
        match named.map_err(|source| unwritable(name, source))? {
            CreateResult::Created(_) => Ok(true),
            CreateResult::Existing(own) if self.owner.owns(&own) => self.replace(&own, shard).await.map(|()| true),
            CreateResult::Existing(_) => Ok(false),
        }
    }

    async fn remove(&self, kept: &WrittenShard) -> Result<(), DirectoryError> {
        let name = kept.object.name_any();
        let deleted = delete(&self.api, &name, only_this(&kept.object)).await;
        deleted.map_err(|source| unwritable(&name, source))
    }

    /// Data is replaced whole; labels and annotations of others stay.
    fn desired(&self, before: &ConfigMap, name: &str, shard: &Shard) -> ConfigMap {
        let mut object = before.clone();
        object.metadata.name = Some(name.to_owned());
        let labels = object.metadata.labels.get_or_insert_default();
        for (key, value) in [
            (names::MANAGED_BY, names::MANAGER),
            (names::COMPONENT_LABEL, names::COMPONENT_USERS),
            (names::INTEGRATION_LABEL, self.owner.name.as_str()),
        ] {
            labels.insert(key.to_owned(), value.to_owned());
        }
        if !self.owner.owns(&object) {
            let owners = object.metadata.owner_references.get_or_insert_default();
            owners.push(self.owner.reference.clone());
        }
        object.binary_data = None;
        object.data = Some([(USERS.to_owned(), render(&shard.people))].into());
        object
    }
}

fn kept(object: ConfigMap) -> WrittenShard {
    let text = object.data.as_ref().and_then(|data| data.get(USERS));
    let shard = Shard {
        name: Some(object.name_any()),
        people: text.map(|text| parse(text)).unwrap_or_default(),
    };
    WrittenShard { object, shard }
}

fn unwritable(object: &str, source: kube::Error) -> DirectoryError {
    DirectoryError::Unwritable {
        object: object.to_owned(),
        source: Box::new(source),
    }
}
