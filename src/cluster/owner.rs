//! Whom objects belong to.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::Resource;

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
    /// Whether the object belongs to it: not to one of the same name before it.
    #[must_use]
    pub fn owns(&self, object: &impl Resource) -> bool {
        let mut owners = object.meta().owner_references.iter().flatten();
        owners.any(|reference| reference.uid == self.uid)
    }
}
