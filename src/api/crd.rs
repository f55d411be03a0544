//! The CRDs as they are applied: what the derive writes, plus what it cannot say.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSON, JSONSchemaProps, JSONSchemaPropsOrArray,
};
use kube::CustomResourceExt;

use super::{integration::JiraIntegration, issue::JiraIssue, names, project::JiraProject};

/// Every CRD, in the order they are documented in.
#[must_use]
pub fn all() -> Vec<CustomResourceDefinition> {
    let mut integration = JiraIntegration::crd();
    default_status(&mut integration);
    [integration, JiraProject::crd(), JiraIssue::crd()]
        .into_iter()
        .map(|mut crd| {
            each_schema(&mut crd, &mut unwrap_lines);
            crd.metadata
                .labels
                .get_or_insert_default()
                .insert("app.kubernetes.io/name".to_owned(), names::MANAGER.to_owned());
            crd
        })
        .collect()
}

/// The CRDs as YAML documents, each with its object name, as `kubectl apply -f` takes them.
///
/// # Errors
/// When a CRD cannot be written as YAML, which a test rules out.
pub fn documents() -> Result<Vec<(String, String)>, serde_saphyr::ser::Error> {
    all()
        .iter()
        .map(|crd| {
            let name = crd.metadata.name.clone().unwrap_or_default();
            serde_saphyr::to_string(crd).map(|text| (name, text))
        })
        .collect()
}

/// A status that was never observed tells kstatus to wait for the first pass instead of taking
/// an object without conditions for a finished one.
fn default_status(crd: &mut CustomResourceDefinition) {
    each_root(crd, &mut |root| {
        let status = root
            .properties
            .as_mut()
            .and_then(|properties| properties.get_mut("status"));
        if let Some(status) = status {
            status.default = Some(JSON(serde_json::json!({"observedGeneration": -1})));
        }
    });
}

/// Descriptions come with the line breaks of the source; `kubectl explain` breaks lines itself.
fn unwrap_lines(schema: &mut JSONSchemaProps) {
    if let Some(description) = &mut schema.description {
        *description = description.split_whitespace().collect::<Vec<_>>().join(" ");
    }
}

fn each_root(crd: &mut CustomResourceDefinition, change: &mut dyn FnMut(&mut JSONSchemaProps)) {
    let schemas = crd
        .spec
        .versions
        .iter_mut()
        .filter_map(|version| version.schema.as_mut());
    schemas
        .filter_map(|schema| schema.open_api_v3_schema.as_mut())
        .for_each(change);
}

fn each_schema(crd: &mut CustomResourceDefinition, change: &mut dyn FnMut(&mut JSONSchemaProps)) {
    each_root(crd, &mut |root| descend(root, change));
}

fn descend(schema: &mut JSONSchemaProps, change: &mut dyn FnMut(&mut JSONSchemaProps)) {
    change(schema);
    for property in schema.properties.iter_mut().flat_map(|all| all.values_mut()) {
        descend(property, change);
    }
    if let Some(JSONSchemaPropsOrArray::Schema(items)) = &mut schema.items {
        descend(items, change);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// `kubectl apply` keeps the whole object in an annotation of at most 256 KiB.
    #[test]
    fn crds_fit_into_client_side_apply() {
        for crd in all() {
            let size = serde_json::to_string(&crd).unwrap().len();
            assert!(size < 200 * 1024, "{:?} has {size} bytes", crd.metadata.name);
        }
    }

    #[test]
    fn a_new_integration_counts_as_not_observed() {
        let text = serde_json::to_value(all().first().unwrap()).unwrap();
        let default = "/spec/versions/0/schema/openAPIV3Schema/properties/status/default/observedGeneration";
        assert_eq!(text.pointer(default), Some(&serde_json::json!(-1)));
    }

    #[test]
    fn the_documents_are_yaml() {
        let documents = documents().unwrap();
        assert_eq!(documents.len(), 3);
        for (name, text) in documents {
            assert!(text.contains(&name) && text.contains("kind: CustomResourceDefinition"));
        }
    }
}
