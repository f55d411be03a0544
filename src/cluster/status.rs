//! Writes of a status: by server-side apply under one field manager, onto the version that is known.

use std::{fmt::Debug, marker::PhantomData};

use kube::{
    Api, Client, Resource, ResourceExt,
    api::{ApiResource, DynamicObject, Patch, PatchParams},
    core::NamespaceResourceScope,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

use tracing::debug;

use crate::api::names;

use super::error::{is_invalid, is_undeclared};

/// The object whose status is written, as it was read. On a newer one a write ends with a conflict, and an object that was
/// deleted is not created again.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its uid, where it is known.
    pub uid: Option<&'a str>,
    /// Its resourceVersion.
    pub version: &'a str,
}

impl<'a> Target<'a> {
    /// The object in the version that was read.
    #[must_use]
    pub fn of(object: &'a impl Resource) -> Self {
        let meta = object.meta();
        Self {
            name: meta.name.as_deref().unwrap_or_default(),
            uid: meta.uid.as_deref(),
            version: meta.resource_version.as_deref().unwrap_or_default(),
        }
    }

    fn metadata(&self) -> Value {
        let mut metadata = json!({ "name": self.name, "resourceVersion": self.version });
        if let (Some(uid), Some(fields)) = (self.uid, metadata.as_object_mut()) {
            fields.insert("uid".to_owned(), uid.into());
        }
        metadata
    }
}

/// The statuses of one kind in one namespace.
#[derive(Clone)]
pub struct Statuses<K> {
    api: Api<DynamicObject>,
    resource: ApiResource,
    manager: &'static str,
    kind: PhantomData<fn() -> K>,
}

impl<K> Statuses<K>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + DeserializeOwned + Debug,
{
    /// Those of the namespace.
    #[must_use]
    pub fn namespaced(client: &Client, namespace: &str) -> Self {
        let resource = ApiResource::erase::<K>(&());
        Self {
            api: Api::namespaced_with(client.clone(), namespace, &resource),
            resource,
            manager: names::MANAGER,
            kind: PhantomData,
        }
    }

    /// The same, written under another field manager: what it applies is a part of its own.
    #[must_use]
    pub fn under(self, manager: &'static str) -> Self {
        Self { manager, ..self }
    }

    /// Applies the status, and returns the object. What was applied before and is not in it now is removed; what another
    /// field manager wrote stays.
    ///
    /// # Errors
    /// When the API server refuses it or cannot be asked.
    pub async fn apply(&self, target: Target<'_>, status: &impl Serialize) -> kube::Result<K> {
        typed(self.send(target, &value(status)?).await?)
    }

    /// Applies the status of an object whose status the operator alone writes, and returns the object. What another
    /// field manager owns, an earlier version of the operator for example, stays through an apply: it is removed by a
    /// further write where the operator no longer says it.
    ///
    /// # Errors
    /// When the API server refuses it or cannot be asked.
    pub async fn replace(&self, target: Target<'_>, status: &impl Serialize) -> kube::Result<K> {
        let status = value(status)?;
        let applied = match self.send(target, &status).await {
            // What another manager owns may be left without a field that it needs.
            Err(error) if is_invalid(&error) => self.send_after_removal(target, &status, error).await?,
            // A merge patch loses what an older definition in the cluster does not know.
            Err(error) if is_undeclared(&error) => self.merge(target, &status).await?,
            sent => sent?,
        };
        let stored = applied.data.get("status").unwrap_or(&Value::Null);
        let Some(surplus) = surplus(stored, &status) else {
            return typed(applied);
        };
        match self.merge(Target::of(&applied), &surplus).await {
            Ok(removed) => typed(removed),
            // It is removed with the next change; what was to be said is said.
            Err(error) => {
                debug!(%error, name = target.name, "what an earlier field manager left in a status stays for now");
                typed(applied)
            }
        }
    }

    /// Removes first what is not to be said any more, so that what remains is whole.
    async fn send_after_removal(
        &self,
        target: Target<'_>,
        status: &Value,
        refused: kube::Error,
    ) -> kube::Result<DynamicObject> {
        let live = self.api.get(target.name).await?;
        let is_same = live.resource_version().as_deref() == Some(target.version);
        let stored = live.data.get("status").unwrap_or(&Value::Null);
        let Some(surplus) = surplus(stored, status).filter(|_| is_same) else {
            return Err(refused);
        };
        let removed = self.merge(target, &surplus).await?;
        self.send(Target::of(&removed), status).await
    }

    async fn merge(&self, target: Target<'_>, status: &Value) -> kube::Result<DynamicObject> {
        let patch = json!({ "metadata": target.metadata(), "status": status });
        let params = PatchParams::default();
        self.api.patch_status(target.name, &params, &Patch::Merge(patch)).await
    }

    async fn send(&self, target: Target<'_>, status: &Value) -> kube::Result<DynamicObject> {
        let patch = json!({
            "apiVersion": self.resource.api_version,
            "kind": self.resource.kind,
            "metadata": target.metadata(),
            "status": status,
        });
        let params = PatchParams::apply(self.manager).force();
        self.api.patch_status(target.name, &params, &Patch::Apply(patch)).await
    }
}

fn value(status: &impl Serialize) -> kube::Result<Value> {
    serde_json::to_value(status).map_err(kube::Error::SerdeError)
}

fn typed<K: DeserializeOwned>(object: DynamicObject) -> kube::Result<K> {
    let value = serde_json::to_value(object).and_then(serde_json::from_value);
    value.map_err(kube::Error::SerdeError)
}

/// The merge patch that removes of what is stored what is not applied, and changes nothing else: of a list the entries of
/// a type that is not applied. None where there is nothing to remove.
fn surplus(stored: &Value, applied: &Value) -> Option<Value> {
    match (stored, applied) {
        (Value::Object(stored), Value::Object(applied)) => {
            let fields = stored.iter().filter_map(|(name, stored)| {
                let patch = match applied.get(name) {
                    Some(applied) => surplus(stored, applied)?,
                    None => Value::Null,
                };
                Some((name.clone(), patch))
            });
            let fields: Map<String, Value> = fields.collect();
            (!fields.is_empty()).then_some(Value::Object(fields))
        }
        (Value::Array(stored), Value::Array(applied)) => {
            let is_applied = |entry: &&Value| {
                let type_ = entry.get("type");
                type_.is_none() || applied.iter().any(|applied| applied.get("type") == type_)
            };
            let kept: Vec<Value> = stored.iter().filter(is_applied).cloned().collect();
            (kept.len() < stored.len()).then_some(Value::Array(kept))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{issue::JiraIssueStatus, project::JiraProjectStatus};

    #[test]
    fn what_was_not_applied_is_removed_and_nothing_else() {
        let applied =
            json!({"id": "1", "labels": ["a", "b"], "issues": {"open": 3}, "conditions": [{"type": "Ready"}]});
        assert_eq!(surplus(&applied, &applied), None);
        let cases = [
            (json!({"resolved": "x"}), json!({"resolved": null})),
            (
                json!({"issues": {"open": 3, "cursor": "x"}}),
                json!({"issues": {"cursor": null}}),
            ),
            (json!({"assignee": {"accountId": "7"}}), json!({"assignee": null})),
            (
                json!({"conditions": [{"type": "Ready"}, {"type": "Former"}]}),
                json!({"conditions": [{"type": "Ready"}]}),
            ),
        ];
        for (more, patch) in cases {
            let mut stored = applied.clone();
            for (name, value) in more.as_object().into_iter().flatten() {
                stored
                    .as_object_mut()
                    .and_then(|fields| fields.insert(name.clone(), value.clone()));
            }
            assert_eq!(surplus(&stored, &applied), Some(patch), "{more}");
        }
    }

    #[test]
    fn what_the_definition_drops_is_not_removed_again_and_again() {
        let applied = json!({"later": "x", "conditions": [{"type": "Ready", "later": "x"}], "types": [["a", "b"]]});
        let stored = json!({"conditions": [{"type": "Ready"}], "types": [["a"]]});
        assert_eq!(surplus(&stored, &applied), None);
        assert_eq!(surplus(&Value::Null, &applied), None);
    }

    /// In an applied object a null is a value, and no absent field.
    #[test]
    fn an_empty_status_holds_no_null() {
        for status in [value(&JiraIssueStatus::default()), value(&JiraProjectStatus::default())] {
            let status = status.unwrap_or_default();
            assert!(status.is_object() && !status.to_string().contains("null"), "{status}");
        }
    }
}
