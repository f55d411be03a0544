//! An object of ours as it is read back, of which only the metadata is taken for granted: a person can have written the
//! rest, or a version of the operator that knows other fields. Reading it does not fail, neither alone nor in a list of
//! many.

use std::{borrow::Cow, marker::PhantomData};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::{Resource, core::NamespaceResourceScope};
use serde::Deserialize;
use serde_json::Value;

/// An object of the kind `K`. Its spec is read as `S`, which takes anything.
#[derive(Clone, Debug, Deserialize)]
#[serde(bound = "S: Default + Deserialize<'de>")]
pub struct LenientObject<K, S> {
    /// Its metadata, which the API server answers for.
    pub metadata: ObjectMeta,
    /// Its spec.
    #[serde(default)]
    pub spec: S,
    /// Its status, whatever stands there.
    #[serde(default)]
    pub status: Value,
    #[serde(skip)]
    kind: PhantomData<K>,
}

impl<K: Resource<DynamicType = (), Scope = NamespaceResourceScope>, S> Resource for LenientObject<K, S> {
    type DynamicType = ();
    type Scope = NamespaceResourceScope;

    fn kind((): &()) -> Cow<'_, str> {
        K::kind(&())
    }

    fn group((): &()) -> Cow<'_, str> {
        K::group(&())
    }

    fn version((): &()) -> Cow<'_, str> {
        K::version(&())
    }

    fn plural((): &()) -> Cow<'_, str> {
        K::plural(&())
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}
