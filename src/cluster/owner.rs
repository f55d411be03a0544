//! Whom objects belong to.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};

/// The integration that the objects belong to.
#[derive(Clone, Debug)]
pub struct Owner {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: String,
    /// Owner reference to it, for the objects that it controls.
    pub reference: OwnerReference,
}

impl Owner {
    /// Whether the object belongs to it.
    #[must_use]
    pub fn owns(&self, object: &ObjectMeta) -> bool {
        let owners = object.owner_references.as_deref().unwrap_or_default();
        owners.iter().any(|reference| reference.uid == self.uid)
    }
}
