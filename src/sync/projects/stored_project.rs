//! A `JiraProject` object as it is read back: that one cannot be read keeps none of the others from being read.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::ResourceExt;
use serde_json::Value;
use tracing::warn;

use crate::{
    api::project::{JiraProject, JiraProjectSpec, JiraProjectStatus},
    cluster::lenient_object::LenientObject,
};

/// One of a project.
pub type ProjectObject = LenientObject<JiraProject, Value>;

impl ProjectObject {
    /// Its conditions, as far as they can be read: a status that is written anew keeps their times.
    #[must_use]
    pub fn conditions(&self) -> Vec<Condition> {
        let conditions = self.status.get("conditions").cloned();
        conditions
            .and_then(|all| serde_json::from_value(all).ok())
            .unwrap_or_default()
    }

    /// The project. Of a status that cannot be read the identity is kept, which is found nowhere else once Jira
    /// does not show the project; the next full reconcile writes the status anew.
    ///
    /// # Errors
    /// Where it is unknown which project it is.
    pub fn read(self) -> Result<JiraProject, serde_json::Error> {
        let spec: JiraProjectSpec = serde_json::from_value(self.spec)?;
        let identity = identity(&self.status);
        let status: Option<JiraProjectStatus> = serde_json::from_value(self.status).unwrap_or_else(|error| {
            let (namespace, name) = (self.metadata.namespace.as_deref(), self.metadata.name.as_deref());
            warn!(namespace, name, %error, "the status of this JiraProject cannot be read, and is written anew");
            identity
        });
        let mut project = JiraProject::new("", spec);
        project.metadata = self.metadata;
        project.status = status;
        Ok(project)
    }

    /// The project, if it is known which it is. Else the object is left alone, and its name too.
    #[must_use]
    pub fn read_or_leave(self) -> Option<JiraProject> {
        let (namespace, name) = (self.namespace(), self.name_any());
        self.read()
            .inspect_err(|error| warn!(namespace, name, %error, "this JiraProject cannot be read, and is left alone"))
            .ok()
    }
}

/// Which project a status is of, and since when Jira does not show it.
fn identity(status: &Value) -> Option<JiraProjectStatus> {
    let text = |field: &str| Some(status.get(field)?.as_str()?.to_owned());
    let missing_since = status.get("missingSince").cloned();
    Some(JiraProjectStatus {
        id: Some(text("id")?),
        key: text("key"),
        missing_since: missing_since.and_then(|at| serde_json::from_value(at).ok()),
        ..JiraProjectStatus::default()
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn object(spec: &Value, status: &Value) -> ProjectObject {
        let object = json!({
            "apiVersion": "jira-operator.dev/v1alpha1", "kind": "JiraProject",
            "metadata": {"name": "acme-sup", "uid": "u-1"}, "spec": spec, "status": status,
        });
        serde_json::from_value(object).unwrap()
    }

    #[test]
    fn of_a_status_of_another_version_the_project_is_known() {
        let spec = json!({"integration": "acme", "key": "SUP"});
        let read = |status: Value| object(&spec, &status).read().unwrap();
        let whole = read(json!({"id": "10000", "lifecycle": "Live"}));
        assert_eq!(whole.status.as_ref().unwrap().id.as_deref(), Some("10000"));
        assert_eq!(
            (whole.name_any(), whole.uid().as_deref()),
            ("acme-sup".to_owned(), Some("u-1"))
        );
        for malformed in [
            json!({"id": 7, "lifecycle": "Resting"}),
            json!({"issueTypes": [{"id": "1"}]}),
            // The API server takes any number of digits for a time.
            json!({"lastChanged": "2026-04-28T15:33:02.12345678901Z"}),
            json!("none"),
        ] {
            let project = read(malformed.clone());
            assert_eq!(
                (project.spec.key.as_str(), project.status),
                ("SUP", None),
                "{malformed}"
            );
        }
        assert_eq!(read(Value::Null).status, None);
        let missing = "2026-04-28T15:33:02Z";
        let resting = read(json!({"id": "10000", "key": "SUP", "lifecycle": "Resting", "missingSince": missing}));
        let status = resting.status.unwrap();
        assert_eq!(
            (status.id.as_deref(), status.key.as_deref()),
            (Some("10000"), Some("SUP"))
        );
        assert_eq!(status.missing_since.unwrap().0.to_string(), missing);
        assert!(status.conditions.is_empty(), "nothing else is believed");
        let ready = json!({
            "type": "Ready", "status": "True", "reason": "Usable", "message": "", "lastTransitionTime": "2026-04-28T15:33:02Z",
        });
        let resting = object(&spec, &json!({"lifecycle": "Resting", "conditions": [ready]}));
        assert_eq!(resting.conditions().len(), 1);
        assert!(object(&spec, &json!({"conditions": 7})).conditions().is_empty());
    }

    #[test]
    fn an_object_that_names_no_project_is_left_alone() {
        for malformed in [
            json!({"integration": "acme"}),
            json!({"integration": "acme", "key": 7}),
            Value::Null,
        ] {
            assert!(object(&malformed, &json!({})).read_or_leave().is_none(), "{malformed}");
        }
    }
}
