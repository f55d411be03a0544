//! The CRDs as they are applied: what the derive writes, plus what it cannot say.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSON, JSONSchemaProps, JSONSchemaPropsOrArray,
};
use kube::CustomResourceExt;

use super::{UNOBSERVED, integration::JiraIntegration, issue::JiraIssue, names, project::JiraProject, reason::Holds};

/// A name of a DNS subdomain, as metav1.Condition has it before the slash of a type.
const PREFIX: &str = r"([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?";

/// Every CRD, in the order they are documented in.
#[must_use]
pub fn all() -> Vec<CustomResourceDefinition> {
    let mut issue = JiraIssue::crd();
    part(&mut issue, "status", &mut optional);
    [JiraIntegration::crd(), JiraProject::crd(), issue]
        .into_iter()
        .map(|mut crd| {
            each_schema(&mut crd, &mut unwrap_lines);
            part(&mut crd, "spec", &mut |spec| descend(spec, &mut not_nullable));
            part(&mut crd, "status", &mut unobserved);
            part(&mut crd, "status", &mut checked_conditions);
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

/// A status that was never observed tells kstatus to wait for the first write instead of taking
/// an object without conditions for a finished one.
fn unobserved(status: &mut JSONSchemaProps) {
    status.default = Some(JSON(serde_json::json!({"observedGeneration": UNOBSERVED})));
}

/// All fields are optional: the status of an object that was just made has none of them.
fn optional(status: &mut JSONSchemaProps) {
    status.required = None;
    for property in status.properties.iter_mut().flat_map(|all| all.values_mut()) {
        property.default = None;
    }
}

/// A null stands for a field that is left out, and the API server drops it rather than stores it.
fn not_nullable(schema: &mut JSONSchemaProps) {
    schema.nullable = None;
}

/// The bounds that metav1.Condition has, which its OpenAPI description does not tell.
fn checked_conditions(status: &mut JSONSchemaProps) {
    let conditions = status.properties.as_mut().and_then(|all| all.get_mut("conditions"));
    let Some(JSONSchemaPropsOrArray::Schema(condition)) = conditions.and_then(|list| list.items.as_mut()) else {
        return;
    };
    for (name, field) in condition.properties.iter_mut().flatten() {
        match name.as_str() {
            "type" => {
                field.max_length = Some(316);
                field.pattern = Some(format!("^{PREFIX}(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$"));
            }
            "status" => {
                let values = [Holds::True, Holds::False, Holds::Unknown];
                field.enum_ = Some(values.map(|value| JSON(value.as_str().into())).to_vec());
            }
            "reason" => {
                field.min_length = Some(1);
                field.max_length = Some(1024);
                field.pattern = Some("^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$".to_owned());
            }
            "message" => field.max_length = Some(32_768),
            "observedGeneration" => field.minimum = Some(0.0),
            _ => {}
        }
    }
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

/// Changes the spec or the status.
fn part(crd: &mut CustomResourceDefinition, name: &str, change: &mut dyn FnMut(&mut JSONSchemaProps)) {
    each_root(crd, &mut |root| {
        let part = root.properties.as_mut().and_then(|properties| properties.get_mut(name));
        part.into_iter().for_each(&mut *change);
    });
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
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use serde_json::{Value, json};

    use super::*;
    use crate::api::{condition::LONGEST_MESSAGE, reason::Reason};

    /// `kubectl apply` keeps the whole object in an annotation of at most 256 KiB.
    #[test]
    fn crds_fit_into_client_side_apply() {
        for crd in all() {
            let size = serde_json::to_string(&crd).unwrap().len();
            assert!(size < 200 * 1024, "{:?} has {size} bytes", crd.metadata.name);
        }
    }

    fn schemas() -> Vec<Value> {
        let root = "/spec/versions/0/schema/openAPIV3Schema/properties";
        let value = |crd| serde_json::to_value(crd).unwrap().pointer(root).unwrap().clone();
        all().iter().map(value).collect()
    }

    #[test]
    fn a_new_object_counts_as_not_observed() {
        for schema in schemas() {
            assert_eq!(schema["status"]["default"], json!({"observedGeneration": -1}));
        }
        let issue = &schemas()[2]["status"];
        assert!(issue.get("required").is_none(), "the default has to be a valid status");
        let defaults = issue["properties"].as_object().unwrap().values();
        assert!(defaults.clone().all(|field| field.get("default").is_none()));
    }

    #[test]
    fn what_is_left_out_of_a_spec_is_absent_and_never_null() {
        for schema in schemas() {
            assert!(!schema["spec"].to_string().contains("nullable"));
        }
    }

    /// A condition that the definition does not accept could never be written.
    #[test]
    fn every_condition_that_is_written_keeps_within_the_bounds_of_one() {
        let fields = &schemas()[0]["status"]["properties"]["conditions"]["items"]["properties"];
        assert_eq!(
            fields,
            &schemas()[1]["status"]["properties"]["conditions"]["items"]["properties"]
        );
        assert_eq!(fields["status"]["enum"], json!(["True", "False", "Unknown"]));
        // Both patterns accept letters, and an API server is asked about the rest.
        let fits = |text: &str| (1..=316).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphabetic());
        for reason in Reason::ALL {
            assert!(fits(reason.as_str()), "{reason}");
            assert!(
                reason.entry().conditions.iter().all(|type_| fits(type_.as_str())),
                "{reason}"
            );
        }
        // In bytes too, of which a character has at most four.
        assert!(fields["message"]["maxLength"].as_u64() > Some(4 * LONGEST_MESSAGE as u64));
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
