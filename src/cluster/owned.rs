//! Objects that belong to one of ours: created where their name is free, and deleted as the very object that is known.

use std::fmt::Debug;

use kube::{
    Api, Resource,
    api::{DeleteParams, Preconditions},
};
use serde::de::DeserializeOwned;

use super::error::{already_exists, is_gone};

/// What has a name after it was to be created.
pub enum CreateResult<C, F> {
    /// The new object.
    Created(C),
    /// One that was there before.
    Existing(F),
}

/// What a creation came to: the object, or the one that has its name already, read as it may be.
///
/// # Errors
/// When the API server refuses it or cannot be asked. Also when the object that had the name is gone by now: the name is
/// free then, and to be tried again later.
pub async fn or_existing<C, F>(created: kube::Result<C>, found: &Api<F>, name: &str) -> kube::Result<CreateResult<C, F>>
where
    F: Clone + DeserializeOwned + Debug,
{
    match created {
        Ok(created) => Ok(CreateResult::Created(created)),
        Err(error) if already_exists(&error) => Ok(CreateResult::Existing(found.get_opt(name).await?.ok_or(error)?)),
        Err(error) => Err(error),
    }
}

/// The object of this uid, whatever else has its name by now.
#[must_use]
pub fn only_this(object: &impl Resource) -> Preconditions {
    Preconditions {
        uid: object.meta().uid.clone(),
        resource_version: None,
    }
}

/// Deletes an object, unless it is gone.
///
/// # Errors
/// When the API server refuses it, or cannot be asked. A conflict says that another object, or another version, is there.
pub async fn delete<K>(api: &Api<K>, name: &str, only: Preconditions) -> kube::Result<()>
where
    K: Clone + DeserializeOwned + Debug,
{
    match api.delete(name, &DeleteParams::default().preconditions(only)).await {
        Ok(_) => Ok(()),
        Err(error) if is_gone(&error) => Ok(()),
        Err(error) => Err(error),
    }
}
